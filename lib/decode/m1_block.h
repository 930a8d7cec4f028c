/* m1_block.h - decoding windows, or an unbroken code, back to text by M1: the inverse of encode/m1_chunk.h. */
#ifndef NCT_DECODE_M1_BLOCK_H
#define NCT_DECODE_M1_BLOCK_H

#include "m1/context.h"
#include "m1/plan.h"

/* Decodes parts of chunks, as the directory lists them. */
struct nct_m1_block {
	struct nct_plan plan;
	nct_context *context; /* borrowed */
	uint32_t since_reset;
	uint8_t *text;        /* owned: what was decoded, appended to */
	size_t bytes, cap;
	uint64_t text_bytes;  /* as headers count: without separators */
	uint64_t text_max;    /* more than this is damage */
	uint64_t documents;
	int separator;        /* a byte to write for each EOD; -1: none */
	int show;             /* write a line per window instead: its value and its text in escapes */
};

/* A run of windows, or of unbroken symbols, of one chunk: what a directory's entry tells of. */
struct nct_run {
	const uint8_t *p;     /* the code is bits [from, from + bits) of this */
	uint64_t from, bits, units;
	int eod;              /* results: the last symbol was EOD; */
	uint64_t text_bytes;  /* the run's text */
};

void nct_m1_block_begin(struct nct_m1_block *u); /* a chunk starts: resets M1 */
/* Decodes a run, appending to u->text. NCT_EDATA if there is more than u->text_max text, or if EOD comes before the end (unless
 * `loose`: generated windows may hold one anywhere). NCT_ENOMEM. */
nct_err nct_m1_block_run(struct nct_m1_block *u, struct nct_run *r, int loose) NCT_USED;
/* The same for n runs that each begin a chunk, one after the other, decoded side by side in the contexts of a worker: */
nct_err nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n, int loose) NCT_USED; /* resets: 1 */
nct_err nct_m1_block_runs(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n, int loose) NCT_USED;
#define NCT_M1_BLOCK_LANES 96    /* contexts that a worker should have for the former */
#define NCT_M1_BLOCK_LONG_LANES 8 /* for the latter: so many keys and values stay in the cache */

/* For all three. Takes a symbol into the text: NCT_EDATA if that is too long, NCT_ENOMEM. */
nct_err nct_m1_block_symbol(struct nct_m1_block *u, unsigned symbol) NCT_USED;
/* Turns the text of window k, which stands at u->text + from, into a line that shows it. NCT_ENOMEM. */
nct_err nct_m1_block_show(struct nct_m1_block *u, nct_u128 k, size_t from, int eod) NCT_USED;
void nct_m1_block_free(struct nct_m1_block *u);

#endif
