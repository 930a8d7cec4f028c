/* same_tokens.h - whether equal ids of two streams mean the same. */
#ifndef NCT_STREAM_SAME_TOKENS_H
#define NCT_STREAM_SAME_TOKENS_H

#include "nct.h"

/* A field that decides what ids mean: its place in the header of a stream, and its values in two. */
struct nct_difference {
	/* a fingerprint of 0 is not known: it differs from none */
	enum { NCT_FIELD_NUMBER, NCT_FIELD_CODE, NCT_FIELD_EOD, NCT_FIELD_FINGERPRINT } type;
	const char *name;
	unsigned at;
	uint64_t a, b;
};

/* The first such field in which the headers differ; 0 if there is none. (Vocabulary and code imply the token bits.) */
int nct_header_difference(const struct nct_header *a, const struct nct_header *b, struct nct_difference *d);
/* Says in `why` that the field is b, not a, and gives back `err`. */
nct_err nct_header_disagree(const struct nct_difference *d, nct_err err, const char *where, nct_why *why) NCT_USED;

#endif
