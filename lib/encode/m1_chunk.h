/* m1_chunk.h - encoding a chunk of text to windows (or one unbroken code) and decoding them: where M1 and coder meet.
 *
 * Encoding: nct_chunk_begin(), nct_chunk_text() any number of times, nct_chunk_end(). The result is one part, or
 * several where the chunk is very long (stream.h, NCT_PART_WINDOWS). nct_stretches() does it for many chunks side by side, so that
 * M1 is evaluated for all of them together. */
#ifndef NCT_ENCODE_M1_CHUNK_H
#define NCT_ENCODE_M1_CHUNK_H

#include <stdatomic.h>

#include "coder/ac.h"
#include "coder/bits.h"
#include "coder/split.h"
#include "m1/context.h"

/* How text becomes code; the same for a whole stream. */
struct nct_plan {
	unsigned window_bits; /* b, 0: unbroken */
	uint32_t resets;      /* r */
	int aligned;          /* boundaries are known, and windows that would end elsewhere close at the last one */
};

/* Fingerprint of the code: over M1's, b, r and the way strings are chosen (nct-formats(5), "Fingerprints"). */
uint64_t nct_plan_fingerprint(const struct nct_plan *p, uint64_t m1);
/* Contexts are remembered only where each window starts afresh. */
static inline int
nct_plan_remembers(const struct nct_plan *p)
{
	return p->window_bits > 0 && p->resets == 1;
}

/* A run of whole windows (or of unbroken symbols) of one chunk. */
struct nct_part {
	uint64_t units;      /* windows, or symbols */
	uint64_t text_bytes;
	uint64_t bits;       /* of code, taken from the chunk's bit string one part after the other */
	int ends_document;   /* the last symbol is EOD */
	int ends_chunk;
};

struct nct_chunk {
	struct nct_plan plan;
	nct_context *context;     /* borrowed; the chunk's own until it ends */
	nct_bits code;            /* owned */
	struct nct_part *parts;   /* owned */
	size_t count, cap;
	struct nct_part part;     /* the one being made */
	struct nct_node node;     /* the open window */
	struct nct_node bound;    /* aligned: the last boundary in it, the root if there is none */
	uint32_t since_reset;     /* windows */
	struct nct_ac_enc ac;     /* unbroken */
};

void nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context); /* *c: zero, or ended */
/* Codes symbols of text[*at..n) as far as is known what M1 expects (nct_context_ready()), and moves *at there. A window that closes
 * early moves it back, perhaps below 0: text and marks (piece->mark; aligned only) of an open window still lie before text[0] and
 * mark[0]. NCT_ENOMEM. */
nct_err nct_chunk_text(struct nct_chunk *c, const uint8_t *text, const uint8_t *mark, ptrdiff_t n, ptrdiff_t *at) NCT_USED;
/* Codes EOD if `eod` (*done 0: not yet, what M1 expects is not known), closes the window. NCT_ENOMEM. */
nct_err nct_chunk_end(struct nct_chunk *c, int eod, size_t *done) NCT_USED;
nct_err nct_chunk_drop(struct nct_chunk *c) NCT_USED; /* forgets finished parts and their code: NCT_ENOMEM */
void nct_chunk_free(struct nct_chunk *c);

/* A chunk, or the next stretch of one that goes on from batch to batch, and its text. */
struct nct_stretch {
	struct nct_chunk chunk;
	const uint8_t *text, *mark; /* borrowed, as for nct_chunk_text() */
	size_t n;
	ptrdiff_t done;
	int begins, ends, eod;
	nct_err err;
};

#define NCT_STRETCH_LANES 64 /* contexts that a crew for nct_stretches() should have; 1 where M1 is never reset */

/* Encodes those of all[0..n) that no other worker took, up to `most` at a time: *next, shared by the workers, is the first not yet
 * taken. One that does not begin its chunk brings its context. */
void nct_stretches(nct_crew *w, size_t most, struct nct_stretch *all, size_t n, const struct nct_plan *p, atomic_size_t *next);

/* Decodes parts of chunks, as the directory lists them. */
struct nct_unchunk {
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

void nct_unchunk_begin(struct nct_unchunk *u); /* a chunk starts: resets M1 */
/* Decodes a run, appending to u->text. NCT_EDATA if there is more than u->text_max text, or if EOD comes before the end (unless
 * `loose`: generated windows may hold one anywhere). NCT_ENOMEM. */
nct_err nct_unchunk_run(struct nct_unchunk *u, struct nct_run *r, int loose) NCT_USED;
/* The same for n runs that each begin a chunk, one after the other, decoded side by side in the contexts of a crew: */
nct_err nct_unchunk_windows(struct nct_unchunk *u, nct_crew *w, struct nct_run *r, size_t n, int loose) NCT_USED; /* resets: 1 */
nct_err nct_unchunk_runs(struct nct_unchunk *u, nct_crew *w, struct nct_run *r, size_t n, int loose) NCT_USED;
#define NCT_UNCHUNK_LANES 96    /* contexts that a crew should have for the former */
#define NCT_UNCHUNK_LONG_LANES 8 /* for the latter: so many keys and values stay in the cache */

/* For all three. Takes a symbol into the text: NCT_EDATA if that is too long, NCT_ENOMEM. */
nct_err nct_unchunk_symbol(struct nct_unchunk *u, unsigned symbol) NCT_USED;
/* Turns the text of window k, which stands at u->text + from, into a line that shows it. NCT_ENOMEM. */
nct_err nct_unchunk_show(struct nct_unchunk *u, nct_u128 k, size_t from, int eod) NCT_USED;
void nct_unchunk_free(struct nct_unchunk *u);

#endif
