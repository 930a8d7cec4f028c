/* same_tokens.h - tells whether equal ids of two streams mean the same, by their headers. */
#ifndef NCT_STREAM_SAME_TOKENS_H
#define NCT_STREAM_SAME_TOKENS_H

#include "nct.h"

/* A field that decides what ids mean, with its values in two headers. */
struct nct_difference {
	/* A fingerprint of 0 is not known, and differs from no other. */
	enum { NCT_FIELD_NUMBER, NCT_FIELD_CODE, NCT_FIELD_EOD, NCT_FIELD_FINGERPRINT } type;
	const char *name;
	unsigned at;   /* offset of the field in a stream header */
	uint64_t a, b; /* its values */
};

/* Finds the first such field in which headers *a and *b differ: 1, with *d; 0 if there is none. Token bits are not
 * compared, as vocabulary and code imply them. */
int nct_header_difference(const struct nct_header *a, const struct nct_header *b, struct nct_difference *d);
/* Writes to `why`: NAME is b, not a, followed by `where`. Returns `err`. */
nct_err nct_header_disagree(const struct nct_difference *d, nct_err err, const char *where, nct_why *why) NCT_USED;

#endif
