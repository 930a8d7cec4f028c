/* cores.h - how many processors this process may keep busy. */
#ifndef NCT_BASE_CORES_H
#define NCT_BASE_CORES_H

/* Processors that this process may use, at least 1. This is the smaller of two numbers: processors in its mask (as
 * set by taskset or Slurm), and the quota of its control groups (as set by containers), rounded up. */
unsigned nct_cores(void);

/* The quota alone: processors that the control groups of a process allow, rounded up. 0 if they set no limit.
 * `groups` is the file that lists the process's groups (/proc/self/cgroup). `mounts` is the folder where the
 * hierarchies are mounted (/sys/fs/cgroup). */
unsigned nct_cores_quota(const char *groups, const char *mounts);

#endif
