/* m1_windows.c - windows on which M1 starts afresh, decoded side by side: each on its own, in any order, then put in line. */
#include <stdlib.h>

#include "coder/bits.h"
#include "decode/m1_block.h"

#define ABREAST 4096u /* windows whose text waits to be put in line */

/* What a window decoded to: its bytes in the heap, then perhaps EOD. */
struct piece {
	uint32_t at, n;
	int eod;
};

/* Windows first .. first + n of a run of windows that may span several chunks, all in one string of bits. */
struct batch {
	const struct nct_run *r; /* where the first of them begins */
	uint64_t bits_end;
	unsigned window_bits;
	size_t n, next;          /* the first not yet begun */
	struct piece *piece;
	uint8_t *heap;           /* owned, like piece */
	size_t used, cap;
};

struct lane {
	nct_context *context;
	struct nct_node node;
	nct_u128 k;
	size_t window;
	int busy, eod;
	unsigned n;
	uint8_t text[NCT_WINDOW_SYMBOLS];
};

static nct_u128
window(const struct batch *b, uint64_t from, size_t i)
{
	return nct_bits_get(b->r->p, b->bits_end, from + i * (uint64_t)b->window_bits, b->window_bits);
}

static int
begin(struct lane *l, struct batch *b, uint64_t from)
{
	if (b->next == b->n)
		return 0;
	l->busy = 1;
	l->eod = 0;
	l->n = 0;
	l->window = b->next++;
	l->k = window(b, from, l->window);
	l->node = nct_split_root(b->window_bits);
	nct_context_reset(l->context);
	return 1;
}

/* Decodes as far as is known what M1 expects; 1 if the window is done. */
static int
advance(struct lane *l)
{
	while (!l->eod && (l->node.symbols == 0 || (l->k != l->node.first && !nct_split_ended(&l->node)))) {
		if (!nct_context_ready(l->context))
			return 0;
		const unsigned symbol = nct_context_find(l->context, &l->node, l->k);

		nct_context_push(l->context, symbol);
		l->eod = symbol == NCT_EOD;
		if (!l->eod)
			l->text[l->n++] = (uint8_t)symbol;
	}
	return 1;
}

static nct_err
finish(struct lane *l, struct batch *b)
{
	if (b->cap - b->used < l->n) {
		const size_t cap = b->cap * 2 + 65536;
		uint8_t *p = realloc(b->heap, cap);

		if (p == NULL)
			return NCT_ENOMEM;
		b->heap = p;
		b->cap = cap;
	}
	b->piece[l->window] = (struct piece){(uint32_t)b->used, l->n, l->eod};
	for (unsigned i = 0; i < l->n; i++)
		b->heap[b->used++] = l->text[i];
	l->busy = 0;
	return NCT_OK;
}

/* Decodes all windows of a batch, which begin at bit `from`. */
static nct_err
decode(struct batch *b, nct_worker *w, struct lane *lane, size_t lanes, uint64_t from)
{
	nct_context *waiting[NCT_M1_BLOCK_LANES];
	size_t count;
	nct_err err;

	do {
		count = 0;
		for (size_t i = 0; i < lanes; i++) {
			while ((lane[i].busy || begin(&lane[i], b, from)) && advance(&lane[i]))
				if ((err = finish(&lane[i], b)) != NCT_OK)
					return err;
			if (lane[i].busy)
				waiting[count++] = lane[i].context;
		}
		nct_contexts_ready(w, waiting, count);
	} while (count > 0);
	return NCT_OK;
}

/* Takes one window into the text. */
static nct_err
put_in_line(struct nct_m1_block *u, const struct batch *b, const struct piece *piece, nct_u128 k)
{
	const size_t before = u->bytes;
	nct_err err = NCT_OK;

	for (uint32_t i = 0; i < piece->n && err == NCT_OK; i++)
		err = nct_m1_block_symbol(u, b->heap[piece->at + i]);
	if (piece->eod && err == NCT_OK)
		err = nct_m1_block_symbol(u, NCT_EOD);
	if (u->show && err == NCT_OK)
		err = nct_m1_block_show(u, k, before, piece->eod);
	return err;
}

/* All windows of the runs, ABREAST at a time; the runs' bits follow each other. */
static nct_err
decode_all(struct nct_m1_block *u, nct_worker *w, struct batch *b, struct lane *lane, size_t lanes, struct nct_run *r, size_t n,
	   int loose)
{
	uint64_t total = 0, done = 0, of_run = 0;
	size_t run = 0;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < n; i++) {
		total += r[i].units;
		r[i].eod = 0;
		r[i].text_bytes = 0;
	}
	for (; done < total; done += b->n) {
		const uint64_t from = r[0].from + done * b->window_bits;

		b->n = total - done < ABREAST ? (size_t)(total - done) : ABREAST;
		b->next = b->used = 0;
		if ((err = decode(b, w, lane, lanes, from)) != NCT_OK)
			return err;
		for (size_t i = 0; i < b->n; i++, of_run++) {
			for (; of_run == r[run].units; of_run = 0)
				run++;
			if (r[run].eod && !loose)
				return NCT_EDATA;
			if ((err = put_in_line(u, b, &b->piece[i], window(b, from, i))) != NCT_OK)
				return err;
			r[run].eod = b->piece[i].eod;
			r[run].text_bytes += b->piece[i].n;
		}
	}
	return NCT_OK;
}

nct_err
nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n, int loose)
{
	const size_t lanes = nct_worker_lanes(w) < NCT_M1_BLOCK_LANES ? nct_worker_lanes(w) : NCT_M1_BLOCK_LANES;
	struct batch b = {.r = r, .window_bits = u->plan.window_bits};
	struct lane *lane = calloc(lanes, sizeof *lane);
	nct_err err = NCT_ENOMEM;

	for (size_t i = 0; i < n; i++)
		b.bits_end = r[i].from + r[i].bits;
	if (lane != NULL && (b.piece = calloc(ABREAST, sizeof *b.piece)) != NULL) {
		for (size_t i = 0; i < lanes; i++)
			lane[i].context = nct_worker_context(w, i);
		err = decode_all(u, w, &b, lane, lanes, r, n, loose);
	}
	free(lane);
	free(b.piece);
	free(b.heap);
	return err;
}
