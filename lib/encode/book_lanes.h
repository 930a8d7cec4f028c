/* book_lanes.h - encodes jobs by walking their text through a trie, several in turn. */
#ifndef NCT_ENCODE_BOOK_LANES_H
#define NCT_ENCODE_BOOK_LANES_H

#include "encode/batch.h"

/* The lanes of one thread. A job has a lane for a turn: some bytes of its text. Then it waits for its next turn. */
struct nct_book_lanes {
	const struct nct_trie *trie; /* borrowed */
	unsigned how;           /* NCT_WALK_... */
	uint32_t *out;          /* owned: numbers of the windows that close, a row for each lane of the trie */
	struct nct_encode_job **ring; /* (cap) owned: jobs that wait, ring[head] first */
	size_t cap, head, count;
	struct nct_encode_job *job[NCT_LANES]; /* the jobs in lanes 0..n */
	size_t left[NCT_LANES]; /* bytes left of their turns */
	unsigned n;
};

/* Makes lanes for up to jobs_max jobs. `how`: a sum of NCT_WALK_.... *t is borrowed. NCT_ENOMEM: the
 * caller still has to free *l. */
nct_err nct_book_lanes_new(struct nct_book_lanes *l, const struct nct_trie *t, size_t jobs_max,
                           unsigned how) NCT_USED;
void nct_book_lanes_free(struct nct_book_lanes *l);
/* Encodes all text of jobs[0..n), n <= jobs_max, and closes the chunks that end. Sets the `err` of each: NCT_ENOMEM. */
void nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n);

#endif
