/* m1_parts.c - decodes parts in which M1 keeps its context from window to window, several in turn. */
#include <stdlib.h>

#include "coder/ac.h"
#include "coder/bits.h"
#include "decode/m1_block.h"

/* A lane, and the part that it decodes. */
struct lane {
	struct nct_part_job *part; /* borrowed; NULL: none */
	struct nct_decoded *to; /* borrowed: the part's text */
	nct_context *context;   /* borrowed */
	uint32_t since_reset;   /* windows since M1's last reset */
	uint64_t unit;          /* windows or symbols decoded */
	struct nct_ac_dec ac;   /* of an unbroken code */
	int open;               /* a window is open */
	struct nct_window window;
	size_t before;          /* where the window's text begins */
};

struct parts_decoder {
	const struct nct_m1_block *u;
	struct nct_part_job *parts;
	struct nct_decoded *text; /* (count) owned: the text of each part */
	size_t count, next;    /* parts; the first that was not begun */
	int goes_on;           /* the first part continues a chunk */
	uint64_t left;         /* bytes of text that may still come, in all parts */
	struct lane *lane;
	nct_err err;
};

/* Gives a lane the next part; 0 if none is left. */
static int
begin(struct parts_decoder *d, struct lane *l)
{
	const struct nct_m1_block *u = d->u;
	const size_t i = d->next;

	if (i == d->count)
		return 0;
	d->next++;
	l->part = &d->parts[i];
	l->part->eod = 0;
	l->to = &d->text[i];
	*l->to = (struct nct_decoded){.text_max = u->to.text_max, .separator = u->to.separator, .show = u->to.show};
	l->unit = 0;
	l->open = 0;
	if (i > 0 || !d->goes_on) {
		nct_context_reset(l->context);
		l->since_reset = 0;
	}
	if (u->plan.window_bits == 0)
		nct_ac_open(&l->ac, l->part->p, l->part->from, l->part->bits);
	return 1;
}

/* Appends a symbol to the part's text. */
static nct_err
take(struct parts_decoder *d, struct lane *l, unsigned symbol)
{
	l->part->eod = symbol == NCT_EOD;
	if (symbol != NCT_EOD && d->left-- == 0)
		return NCT_EDATA;
	return nct_decoded_symbol(l->to, symbol);
}

static nct_err
unbroken_step(struct parts_decoder *d, struct lane *l)
{
	const unsigned symbol = nct_ac_get(&l->ac, nct_context_freq(l->context));

	nct_context_push(l->context, symbol);
	l->unit++;
	return take(d, l, symbol);
}

static void
open_window(struct parts_decoder *d, struct lane *l)
{
	const unsigned b = d->u->plan.window_bits;

	l->window = (struct nct_window){
	    .k = nct_bits_get(l->part->p, l->part->from + l->part->bits, l->part->from + l->unit * b, b),
	    .node = nct_split_root(b)};
	l->before = l->to->bytes;
	l->open = 1;
}

static nct_err
close_window(struct parts_decoder *d, struct lane *l)
{
	const struct nct_plan *p = &d->u->plan;

	l->open = 0;
	l->unit++;
	if (l->window.eod || (p->resets != 0 && ++l->since_reset == p->resets)) {
		nct_context_reset(l->context);
		l->since_reset = 0;
	}
	return l->to->show ? nct_decoded_show(l->to, p->window_bits, l->window.k, l->before, l->window.eod) : NCT_OK;
}

/* Decodes as far as possible without evaluating M1. Returns 1 if the part is done. */
static int
advance(struct parts_decoder *d, struct lane *l)
{
	while (d->err == NCT_OK && l->unit < l->part->units) {
		if (l->open && nct_window_done(&l->window)) {
			d->err = close_window(d, l);
			continue;
		}
		if (!nct_context_ready(l->context))
			return 0;
		if (!l->open && l->part->eod && !d->u->loose) {
			d->err = NCT_EDATA;
		} else if (d->u->plan.window_bits == 0) {
			d->err = unbroken_step(d, l);
		} else {
			if (!l->open)
				open_window(d, l);
			d->err = take(d, l, nct_window_next(&l->window, l->context));
		}
	}
	return 1;
}

/* Gives the context of lane i that waits for M1; NULL if there are no more parts. For nct_worker_run(). */
static nct_context *
turn(void *self, size_t i)
{
	struct parts_decoder *d = self;
	struct lane *l = &d->lane[i];

	while (d->err == NCT_OK && (l->part != NULL || begin(d, l)) && advance(d, l))
		l->part = NULL;
	return d->err == NCT_OK && l->part != NULL ? l->context : NULL;
}

/* Appends the text of part *r. */
static nct_err
append_part(struct nct_decoded *to, struct nct_part_job *r, const struct nct_decoded *from)
{
	r->text_bytes = from->text_bytes;
	to->text_bytes += from->text_bytes;
	to->documents += from->documents;
	return nct_decoded_append(to, from->text, from->bytes);
}

nct_err
nct_m1_block_parts(struct nct_m1_block *u, nct_worker *w, struct nct_part_job *r, size_t n, int in_order, int goes_on)
{
	struct lane lane[NCT_M1_BLOCK_LONG_LANES] = {{.context = u->context, .since_reset = u->since_reset}};
	struct parts_decoder d = {
	    .u = u, .parts = r, .count = n, .goes_on = goes_on, .left = u->to.text_max - u->to.text_bytes, .lane = lane};
	size_t lanes = nct_worker_lanes(w) < NCT_M1_BLOCK_LONG_LANES ? nct_worker_lanes(w) : NCT_M1_BLOCK_LONG_LANES;

	if ((d.text = calloc(n + 1, sizeof *d.text)) == NULL)
		return NCT_ENOMEM;
	if (in_order)
		lanes = 1;
	for (size_t i = 0; i < lanes && !in_order; i++)
		lane[i].context = nct_worker_context(w, i);
	nct_worker_run(w, lanes, turn, &d);
	for (size_t i = 0; i < n && d.err == NCT_OK; i++)
		d.err = append_part(&u->to, &r[i], &d.text[i]);
	if (in_order)
		u->since_reset = lane[0].since_reset;
	for (size_t i = 0; i < n; i++)
		nct_decoded_free(&d.text[i]);
	free(d.text);
	return d.err;
}
