/* m1_windows.c - windows on which M1 starts afresh, decoded side by side: each on its own, in any order, then put in
 * line. */
#include <stdlib.h>
#include <string.h>

#include "coder/bits.h"
#include "decode/m1_block.h"

#define ABREAST 4096u /* windows whose text waits to be put in line */

/* What a window decoded to: its bytes in `heap`, then perhaps EOD. */
struct piece {
	uint32_t at, n;
	int eod;
};

/* A window being decoded. */
struct lane {
	nct_context *context;
	struct nct_window window;
	size_t number;           /* among those abreast */
	int busy;
	unsigned n;
	uint8_t text[NCT_WINDOW_SYMBOLS];
};

struct decoder {
	struct nct_m1_block *u;
	const uint8_t *code;     /* of all runs, whose bits follow each other */
	uint64_t from, end;      /* the first window abreast; behind the last of all */
	size_t n, next;          /* windows abreast; the first not yet begun */
	struct piece *piece;     /* (ABREAST) owned */
	struct nct_decoded heap; /* owned */
	struct lane *lane;       /* owned */
	nct_err err;
};

static nct_u128
value(const struct decoder *d, size_t i)
{
	const unsigned b = d->u->plan.window_bits;

	return nct_bits_get(d->code, d->end, d->from + i * (uint64_t)b, b);
}

static int
begin(struct decoder *d, struct lane *l)
{
	if (d->next == d->n)
		return 0;
	l->busy = 1;
	l->n = 0;
	l->number = d->next++;
	l->window = (struct nct_window){.k = value(d, l->number), .node = nct_split_root(d->u->plan.window_bits)};
	nct_context_reset(l->context);
	return 1;
}

/* Decodes as far as is known what M1 expects; 1 if the window is done. */
static int
advance(struct lane *l)
{
	while (!nct_window_done(&l->window)) {
		if (!nct_context_ready(l->context))
			return 0;
		const unsigned symbol = nct_window_next(&l->window, l->context);

		if (symbol != NCT_EOD)
			l->text[l->n++] = (uint8_t)symbol;
	}
	return 1;
}

static void
finish(struct decoder *d, struct lane *l)
{
	d->piece[l->number] = (struct piece){(uint32_t)d->heap.bytes, l->n, l->window.eod};
	d->err = nct_decoded_append(&d->heap, l->text, l->n);
	l->busy = 0;
}

static nct_context *
turn(void *self, size_t i)
{
	struct decoder *d = self;
	struct lane *l = &d->lane[i];

	while (d->err == NCT_OK && (l->busy || begin(d, l)) && advance(l))
		finish(d, l);
	return d->err == NCT_OK && l->busy ? l->context : NULL;
}

/* Takes window i of those abreast into the text. */
static nct_err
put_in_line(struct decoder *d, size_t i)
{
	const struct piece *piece = &d->piece[i];
	struct nct_decoded *to = &d->u->to;
	const size_t before = to->bytes;
	nct_err err = NCT_OK;

	if (piece->n > to->text_max - to->text_bytes)
		return NCT_EDATA;
	if (piece->n > 0)
		err = nct_decoded_append(to, d->heap.text + piece->at, piece->n);
	to->text_bytes += piece->n;
	if (piece->eod && err == NCT_OK)
		err = nct_decoded_symbol(to, NCT_EOD);
	if (to->show && err == NCT_OK)
		err = nct_decoded_show(to, d->u->plan.window_bits, value(d, i), before, piece->eod);
	return err;
}

/* All windows of the runs, ABREAST at a time. */
static nct_err
decode(struct decoder *d, nct_worker *w, size_t lanes, struct nct_run *r, size_t n)
{
	uint64_t left = 0, of_run = 0;
	size_t run = 0;
	nct_err err;

	for (size_t i = 0; i < n; i++) {
		left += r[i].units;
		r[i].eod = 0;
		r[i].text_bytes = 0;
	}
	for (; left > 0; left -= d->n) {
		d->n = left < ABREAST ? (size_t)left : ABREAST;
		d->next = d->heap.bytes = 0;
		nct_worker_run(w, lanes, turn, d);
		if (d->err != NCT_OK)
			return d->err;
		for (size_t i = 0; i < d->n; i++, of_run++) {
			for (; of_run == r[run].units; of_run = 0)
				run++;
			if (r[run].eod && !d->u->loose)
				return NCT_EDATA;
			if ((err = put_in_line(d, i)) != NCT_OK)
				return err;
			r[run].eod = d->piece[i].eod;
			r[run].text_bytes += d->piece[i].n;
		}
		d->from += (uint64_t)d->n * d->u->plan.window_bits;
	}
	return NCT_OK;
}

nct_err
nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n)
{
	const size_t lanes = nct_worker_lanes(w) < NCT_M1_BLOCK_LANES ? nct_worker_lanes(w) : NCT_M1_BLOCK_LANES;
	struct decoder d = {.u = u};
	nct_err err = NCT_ENOMEM;

	if (n == 0)
		return NCT_OK;
	d.code = r[0].p;
	d.from = r[0].from;
	d.end = r[n - 1].from + r[n - 1].bits;
	d.piece = calloc(ABREAST, sizeof *d.piece);
	d.lane = calloc(lanes, sizeof *d.lane);
	if (d.piece != NULL && d.lane != NULL) {
		for (size_t i = 0; i < lanes; i++)
			d.lane[i].context = nct_worker_context(w, i);
		err = decode(&d, w, lanes, r, n);
	}
	nct_decoded_free(&d.heap);
	free(d.lane);
	free(d.piece);
	return err;
}
