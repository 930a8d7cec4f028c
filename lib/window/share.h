/* share.h - chunks walked through a trie by several threads, each with several in turn, a stretch at a time. */
#ifndef NCT_WINDOW_SHARE_H
#define NCT_WINDOW_SHARE_H

#include "coder/bits.h"
#include "window/chunk.h"
#include "window/trie.h"

/* A chunk, or the next stretch of one that goes on from batch to batch. */
struct nct_job {
	const uint8_t *text;      /* borrowed; what is not yet walked */
	const uint8_t *mark;      /* borrowed; aligned: its marks, as in struct nct_lane, and one behind them; else NULL */
	size_t n;
	int ends, eod;            /* the chunk ends with it; and with EOD */
	nct_bits code;            /* owned: windows closed */
	struct nct_part *parts;   /* owned: finished ones */
	size_t parts_n, parts_cap;
	struct nct_part part;     /* the one being made */
	struct nct_open open;     /* the open window */
	nct_err err;              /* NCT_ENOMEM */
};

void nct_job_begin(struct nct_job *j, const uint8_t *text, const uint8_t *mark); /* *j: zero, or used before; its buffers are kept */
/* Makes *j go on where *from, which is walked, has left a chunk: takes what is not part of finished parts. */
nct_err nct_job_go_on(struct nct_job *j, const struct nct_job *from) NCT_USED;
void nct_job_free(struct nct_job *j);

struct nct_worker {
	uint32_t *out;   /* (NCT_LANES, stretch and a window) owned */
	uint64_t bytes;  /* walked */
	char apart[48];  /* no two workers' counts in one cache line */
};

/* Jobs that wait, in a ring: a thread takes some, walks a stretch of each, and puts back what is left. */
struct nct_share {
	const struct nct_trie *trie;
	unsigned threads;
	struct nct_worker *worker; /* owned */
	uint64_t *work;            /* borrowed, may be NULL */
	struct nct_job **ring;     /* owned */
	size_t cap, head, count;   /* ring[head], ... wait */
	size_t unfinished;         /* those and the ones taken */
};

/* work: NULL, or where each worker's bytes are added up. NCT_ENOMEM. */
nct_err nct_share_new(struct nct_share *s, const struct nct_trie *t, unsigned threads, size_t jobs_max, uint64_t *work) NCT_USED;
void nct_share_free(struct nct_share *s);
void nct_share_begin(struct nct_share *s, struct nct_job *jobs, size_t n); /* before any work */
/* Walks jobs until none waits. For many threads at once, each with a number of its own. */
void nct_share_work(struct nct_share *s, unsigned worker);

#endif
