/* book_lanes.h - chunks walked through a trie, several in turn, a stretch at a time. */
#ifndef NCT_ENCODE_BOOK_LANES_H
#define NCT_ENCODE_BOOK_LANES_H

#include "book/trie.h"
#include "coder/bits.h"
#include "encode/m1_chunk.h"

/* A chunk, or the next stretch of one that goes on from batch to batch. */
struct nct_book_job {
	const uint8_t *text;      /* borrowed; what is not yet walked */
	const uint8_t *mark;      /* borrowed; aligned: its marks, as in struct nct_book_lane, and one behind them; else NULL */
	size_t n;
	int ends, eod;            /* the chunk ends with it; and with EOD */
	nct_bits code;            /* owned: windows closed */
	struct nct_part *parts;   /* owned: finished ones */
	size_t parts_n, parts_cap;
	struct nct_part part;     /* the one being made */
	struct nct_open open;     /* the open window */
	nct_err err;              /* NCT_ENOMEM */
};

void nct_book_job_begin(struct nct_book_job *j, const uint8_t *text, const uint8_t *mark); /* *j: zero, or used before; its buffers are kept */
/* Makes *j go on where *from, which is walked, has left a chunk: takes what is not part of finished parts. */
nct_err nct_book_job_go_on(struct nct_book_job *j, const struct nct_book_job *from) NCT_USED;
void nct_book_job_free(struct nct_book_job *j);

/* One thread's. */
struct nct_book_lanes {
	const struct nct_trie *trie;
	uint32_t *out;          /* (NCT_LANES, stretch and a window) owned */
	struct nct_book_job **ring;  /* jobs that wait: a stretch of some is walked, and what is left put back. Owned */
	size_t cap, head, count;
	struct nct_book_job *job[NCT_LANES]; /* being walked */
	size_t left[NCT_LANES]; /* of the job's turn */
	unsigned n;
};

nct_err nct_book_lanes_new(struct nct_book_lanes *l, const struct nct_trie *t, size_t jobs_max) NCT_USED; /* NCT_ENOMEM */
void nct_book_lanes_free(struct nct_book_lanes *l);
void nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_book_job *jobs, size_t n); /* n <= jobs_max; errors: in the jobs */

#endif
