/* cpus.c - the names of kernels that trainers accept: those of training and those of the exact byte model. */
#include <string.h>

#include "base/ladder.h"
#include "nct-train.h"
#include "net/transformer.h"

static int
among(const char *name, const char *(*names)(size_t i))
{
	for (size_t i = 0; names(i) != NULL; i++)
		if (strcmp(names(i), name) == 0)
			return 1;
	return 0;
}

const char *
nct_train_cpu_name(size_t i)
{
	const char *name;

	for (size_t r = 0; (name = nct_ladder_name(r)) != NULL; r++)
		if ((among(name, nct_net_cpu) || among(name, nct_cpu_name)) && i-- == 0)
			return name;
	return NULL;
}
