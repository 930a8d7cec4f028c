/* book_lanes.h - chunks walked through a trie, several in turn, a stretch at a time. */
#ifndef NCT_ENCODE_BOOK_LANES_H
#define NCT_ENCODE_BOOK_LANES_H

#include "encode/batch.h"

/* One thread's. */
struct nct_book_lanes {
	const struct nct_trie *trie;
	int eod_alone;          /* EOD gets a window of its own */
	uint32_t *out;          /* (NCT_LANES, stretch and a window) owned */
	struct nct_encode_job **ring;  /* jobs that wait: a stretch of some is walked, and what is left put back. Owned */
	size_t cap, head, count;
	struct nct_encode_job *job[NCT_LANES]; /* being walked */
	size_t left[NCT_LANES]; /* of the job's turn */
	unsigned n;
};

/* NCT_ENOMEM */
nct_err nct_book_lanes_new(struct nct_book_lanes *l, const struct nct_trie *t, size_t jobs_max,
                           int eod_alone) NCT_USED;
void nct_book_lanes_free(struct nct_book_lanes *l);
/* n <= jobs_max; errors: in the jobs */
void nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n);

#endif
