/* cores.c - how many processors this process may keep busy: its processor mask, and the quotas of its control groups
 * (cgroups(7)). */
#include "base/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MASK_MAX (1 << 16) /* the most processors that we look for */

/* The smaller of two limits; 0 means no limit. */
static unsigned
smaller(unsigned a, unsigned b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Processors in this process's mask; 0 if unknown. */
static unsigned
in_mask(void)
{
	for (int cpus = 1024; cpus <= MASK_MAX; cpus *= 4) { /* too small a mask is refused */
		cpu_set_t *set = CPU_ALLOC((size_t)cpus);
		const size_t bytes = CPU_ALLOC_SIZE((size_t)cpus);

		if (set == NULL)
			return 0;
		const int known = sched_getaffinity(0, bytes, set) == 0, n = known ? CPU_COUNT_S(bytes, set) : 0;
		CPU_FREE(set);
		if (known)
			return n > 0 ? (unsigned)n : 0;
	}
	return 0;
}

/* Reads the first line of folder/name; "" if there is no such file. */
static void
read_line(char line[64], const char *folder, const char *name)
{
	char path[PATH_MAX];
	FILE *f = NULL;

	line[0] = '\0';
	if (snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
		f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(line, 64, f) == NULL)
		line[0] = '\0';
	(void)fclose(f);
}

/* Processors that a quota allows, rounded up: `quota` microseconds of processor time in every `period`. 0 if there
 * is no limit: then the quota is "max" or -1. */
static unsigned
processors(const char *quota, const char *period)
{
	const double q = strtod(quota, NULL), p = strtod(period, NULL);

	if (!(q > 0) || !(p > 0) || q / p >= MASK_MAX)
		return 0;
	const unsigned whole = (unsigned)(q / p);
	return whole + (whole * p < q);
}

/* The limit of the group in `folder` alone; 0 if none. `v2` is the version of cgroups. */
static unsigned
quota_of(const char *folder, int v2)
{
	char quota[64], period[64], *space;

	read_line(quota, folder, v2 ? "cpu.max" : "cpu.cfs_quota_us");
	if (!v2)
		read_line(period, folder, "cpu.cfs_period_us");
	else if ((space = strchr(quota, ' ')) != NULL)
		snprintf(period, sizeof period, "%s", space);
	else
		return 0;
	return processors(quota, period);
}

/* The smallest limit of a group and of all groups above it, as these bind it, too. In a container the group may be
 * "/". */
static unsigned
quota_of_branch(const char *mount, const char *group, int v2)
{
	char folder[PATH_MAX];
	const size_t root = strlen(mount);
	unsigned least = 0;

	if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
		return 0;
	for (;;) {
		char *slash;

		least = smaller(least, quota_of(folder, v2));
		slash = strrchr(folder + root, '/');
		if (slash == NULL)
			return least;
		*slash = '\0';
	}
}

/* True if a comma-separated list contains the word "cpu". */
static int
has_cpu(const char *list)
{
	for (const char *p = list;; p++) {
		const size_t n = strcspn(p, ",");

		if (n == 3 && strncmp(p, "cpu", 3) == 0)
			return 1;
		p += n;
		if (*p == '\0')
			return 0;
	}
}

unsigned
nct_cores_quota(const char *groups, const char *mounts)
{
	char line[PATH_MAX + 64], mount[PATH_MAX];
	unsigned least = 0;
	FILE *f = fopen(groups, "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) { /* number:controllers:/group */
		char *list = strchr(line, ':'), *group = list != NULL ? strchr(list + 1, ':') : NULL;

		if (group == NULL)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		list++;
		if (*list == '\0') { /* version 2: at `mounts`, or in `unified` beside version 1 */
			least = smaller(least, quota_of_branch(mounts, group, 1));
			if (snprintf(mount, sizeof mount, "%s/unified", mounts) < (int)sizeof mount)
				least = smaller(least, quota_of_branch(mount, group, 1));
		} else if (has_cpu(list) && snprintf(mount, sizeof mount, "%s/%s", mounts, list) < (int)sizeof mount) {
			least = smaller(least, quota_of_branch(mount, group, 0));
		}
	}
	if (f != NULL)
		(void)fclose(f);
	return least;
}

unsigned
nct_cores(void)
{
	const unsigned mask = in_mask();
	const unsigned quota = nct_cores_quota("/proc/self/cgroup", "/sys/fs/cgroup");
	const long online = mask == 0 ? sysconf(_SC_NPROCESSORS_ONLN) : 0;
	const unsigned n = smaller(mask != 0 ? mask : online > 0 ? (unsigned)online : 1, quota);

	return n > 0 ? n : 1;
}
