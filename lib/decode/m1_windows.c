/* m1_windows.c - decodes windows after each of which M1 is reset. Many are decoded in turn, then their texts are put
 * in order. */
#include <stdlib.h>
#include <string.h>

#include "coder/bits.h"
#include "decode/m1_block.h"

#define GROUP 4096u /* windows that are decoded before their texts are put in order */

/* The text of a decoded window: heap.text[at..at + n), then EOD if `eod`. */
struct result {
	uint32_t at, n;
	int eod;
};

/* A lane, and the window that it decodes. */
struct lane {
	nct_context *context;    /* borrowed */
	struct nct_window window;
	size_t number;           /* of the window, in its group */
	int busy;                /* it has a window */
	unsigned n;              /* bytes of text so far */
	uint8_t text[NCT_WINDOW_SYMBOLS];
};

struct windows_decoder {
	struct nct_m1_block *u;
	const uint8_t *code;     /* borrowed: the windows of all parts, one behind the other */
	uint64_t from, end;      /* bits: where the group begins; where all windows end */
	size_t n, next;          /* windows of the group; the first that was not begun */
	struct result *result;   /* (GROUP) owned */
	struct nct_decoded heap; /* owned: texts in the order in which windows were done */
	struct lane *lane;       /* owned */
	nct_err err;
};

/* The value of window i of the group. */
static nct_u128
value(const struct windows_decoder *d, size_t i)
{
	const unsigned b = d->u->plan.window_bits;

	return nct_bits_get(d->code, d->end, d->from + i * (uint64_t)b, b);
}

/* Gives a lane the next window; 0 if none is left. */
static int
begin(struct windows_decoder *d, struct lane *l)
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

/* Decodes as far as possible without evaluating M1. Returns 1 if the window is done. */
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
finish(struct windows_decoder *d, struct lane *l)
{
	d->result[l->number] = (struct result){(uint32_t)d->heap.bytes, l->n, l->window.eod};
	d->err = nct_decoded_append(&d->heap, l->text, l->n);
	l->busy = 0;
}

/* Gives the context of lane i that waits for M1; NULL if there are no more windows. For nct_worker_run(). */
static nct_context *
turn(void *self, size_t i)
{
	struct windows_decoder *d = self;
	struct lane *l = &d->lane[i];

	while (d->err == NCT_OK && (l->busy || begin(d, l)) && advance(l))
		finish(d, l);
	return d->err == NCT_OK && l->busy ? l->context : NULL;
}

/* Appends the text of window i of the group. */
static nct_err
append_window(struct windows_decoder *d, size_t i)
{
	const struct result *result = &d->result[i];
	struct nct_decoded *to = &d->u->to;
	const size_t before = to->bytes;
	nct_err err = NCT_OK;

	if (result->n > to->text_max - to->text_bytes)
		return NCT_EDATA;
	if (result->n > 0)
		err = nct_decoded_append(to, d->heap.text + result->at, result->n);
	to->text_bytes += result->n;
	if (result->eod && err == NCT_OK)
		err = nct_decoded_symbol(to, NCT_EOD);
	if (to->show && err == NCT_OK)
		err = nct_decoded_show(to, d->u->plan.window_bits, value(d, i), before, result->eod);
	return err;
}

/* Decodes all windows of the n parts r[], a group at a time. */
static nct_err
decode(struct windows_decoder *d, nct_worker *w, size_t lanes, struct nct_part_job *r, size_t n)
{
	uint64_t left = 0, of_part = 0;
	size_t part = 0;
	nct_err err;

	for (size_t i = 0; i < n; i++) {
		left += r[i].units;
		r[i].eod = 0;
		r[i].text_bytes = 0;
	}
	for (; left > 0; left -= d->n) {
		d->n = left < GROUP ? (size_t)left : GROUP;
		d->next = d->heap.bytes = 0;
		nct_worker_run(w, lanes, turn, d);
		if (d->err != NCT_OK)
			return d->err;
		for (size_t i = 0; i < d->n; i++, of_part++) {
			for (; of_part == r[part].units; of_part = 0)
				part++;
			if (r[part].eod && !d->u->loose)
				return NCT_EDATA;
			if ((err = append_window(d, i)) != NCT_OK)
				return err;
			r[part].eod = d->result[i].eod;
			r[part].text_bytes += d->result[i].n;
		}
		d->from += (uint64_t)d->n * d->u->plan.window_bits;
	}
	return NCT_OK;
}

nct_err
nct_m1_block_windows(struct nct_m1_block *u, nct_worker *w, struct nct_part_job *r, size_t n)
{
	const size_t lanes = nct_worker_lanes(w) < NCT_M1_BLOCK_LANES ? nct_worker_lanes(w) : NCT_M1_BLOCK_LANES;
	struct windows_decoder d = {.u = u};
	nct_err err = NCT_ENOMEM;

	if (n == 0)
		return NCT_OK;
	d.code = r[0].p;
	d.from = r[0].from;
	d.end = r[n - 1].from + r[n - 1].bits;
	d.result = calloc(GROUP, sizeof *d.result);
	d.lane = calloc(lanes, sizeof *d.lane);
	if (d.result != NULL && d.lane != NULL) {
		for (size_t i = 0; i < lanes; i++)
			d.lane[i].context = nct_worker_context(w, i);
		err = decode(&d, w, lanes, r, n);
	}
	nct_decoded_free(&d.heap);
	free(d.lane);
	free(d.result);
	return err;
}
