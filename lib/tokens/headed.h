/* headed.h - files whose header tells what only their end shows, such as the number of elements. */
#ifndef NCT_TOKENS_HEADED_H
#define NCT_TOKENS_HEADED_H

#include "nct.h"

struct nct_headed {
	int out;         /* borrowed */
	int spool;       /* a temporary file that holds the data if `out` cannot be written to twice; -1: none */
	int spool_error; /* errno of what failed with it; 0: nothing did */
	long long start; /* the header's place in `out` */
	size_t header;   /* its bytes */
	uint64_t bytes;  /* of data so far */
};

/* Leaves room for a header, NCT_HEADED_MAX bytes at most. The spool goes to `tmpdir`, NULL: /tmp. NCT_EIO. */
#define NCT_HEADED_MAX 1024
nct_err nct_headed_begin(struct nct_headed *a, int out, size_t header, const char *tmpdir) NCT_USED;
nct_err nct_headed_put(struct nct_headed *a, const void *p, size_t n) NCT_USED; /* NCT_EIO */
/* Writes the header, and what was spooled. NCT_EIO. */
nct_err nct_headed_end(struct nct_headed *a, const uint8_t *header) NCT_USED;
void nct_headed_drop(struct nct_headed *a); /* frees, if it was begun or its spool is -1 */

#endif
