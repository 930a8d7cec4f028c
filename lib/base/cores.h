/* cores.h - how many processors this process may keep busy. */
#ifndef NCT_BASE_CORES_H
#define NCT_BASE_CORES_H

/* Processors in this process's mask (taskset, Slurm), or as many as its control groups' quotas pay for (containers),
 * rounded up, whichever is less. At least 1. */
unsigned nct_cores(void);

/* The quota part of it: processors that the control groups of a process pay for, rounded up; 0 if they set no bound.
 * `groups` is the process's list (/proc/self/cgroup), `mounts` the folder where the hierarchies are mounted
 * (/sys/fs/cgroup). */
unsigned nct_cores_quota(const char *groups, const char *mounts);

#endif
