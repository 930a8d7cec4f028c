/* chunk.h - encoding a chunk of text to windows (or one unbroken code) and decoding them: where M1 and coder meet.
 *
 * Encoding: nct_chunk_begin(), nct_chunk_text() any number of times, nct_chunk_end(). The result is one part, or
 * several where the chunk is very long (stream.h, NCT_PART_WINDOWS). */
#ifndef NCT_WINDOW_CHUNK_H
#define NCT_WINDOW_CHUNK_H

#include "coder/ac.h"
#include "coder/bits.h"
#include "coder/split.h"
#include "window/context.h"

/* How text becomes code; the same for a whole stream. */
struct nct_plan {
	unsigned window_bits; /* b, 0: unbroken */
	uint32_t resets;      /* r */
};

/* Fingerprint of the code: over M1's, b, r and the way strings are chosen (nct-formats(5), "Fingerprints"). */
uint64_t nct_plan_fingerprint(const struct nct_plan *p, uint64_t m1);
/* What nct_context_new() should do: remember contexts only where each window starts afresh. */
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
	uint32_t since_reset;     /* windows */
	struct nct_ac_enc ac;     /* unbroken */
};

void nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context); /* *c: zero, or ended */
nct_err nct_chunk_text(struct nct_chunk *c, const uint8_t *text, size_t n) NCT_USED;       /* NCT_ENOMEM */
nct_err nct_chunk_end(struct nct_chunk *c, int eod) NCT_USED; /* codes EOD if `eod`, closes the window: NCT_ENOMEM */
nct_err nct_chunk_drop(struct nct_chunk *c) NCT_USED; /* forgets finished parts and their code: NCT_ENOMEM */
void nct_chunk_free(struct nct_chunk *c);

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

void nct_unchunk_begin(struct nct_unchunk *u); /* a chunk starts: resets M1 */
/* Decodes `units` windows (symbols) from the bits [from, from + bits) at p, appending to u->text. *eod: the last symbol
 * was EOD. NCT_EDATA if there is more than u->text_max text, or if EOD comes before the end (unless `loose`: generated windows may hold one anywhere). NCT_ENOMEM. */
nct_err nct_unchunk_part(struct nct_unchunk *u, const uint8_t *p, uint64_t from, uint64_t bits, uint64_t units, int loose, int *eod) NCT_USED;
void nct_unchunk_free(struct nct_unchunk *u);

#endif
