/* m1_chunks.c - chunks in which M1 keeps its context, decoded side by side: a symbol of each in turn, then their texts in line. */
#include <stdlib.h>

#include "coder/ac.h"
#include "coder/bits.h"
#include "decode/m1_block.h"

struct lane {
	struct nct_run *run;   /* NULL: none */
	struct nct_m1_block u;  /* its text; what it counts is taken over at the end */
	size_t of;             /* the run's number */
	uint64_t unit;         /* windows or symbols done */
	struct nct_ac_dec ac;
	int open;              /* within a window */
	struct nct_node node;
	nct_u128 k;
	size_t before;         /* where the window's text begins */
};

/* What the runs decoded to. */
struct text {
	uint8_t *bytes; /* owned */
	size_t n;
	uint64_t text_bytes, documents;
};

static void
begin(struct lane *l, const struct nct_m1_block *u, struct nct_run *r, size_t i)
{
	nct_context *context = l->u.context;

	l->run = &r[i];
	l->of = i;
	l->unit = 0;
	l->open = 0;
	l->u = *u;
	l->u.context = context;
	l->u.text = NULL;
	l->u.bytes = l->u.cap = 0;
	l->u.text_bytes = l->u.documents = 0;
	l->run->eod = 0;
	nct_m1_block_begin(&l->u);
	if (u->plan.window_bits == 0)
		nct_ac_open(&l->ac, r[i].p, r[i].from, r[i].bits);
}

/* Takes a symbol; *left, which all lanes share, is how much text may still come. */
static nct_err
take(struct lane *l, unsigned symbol, uint64_t *left)
{
	nct_context_push(l->u.context, symbol);
	l->run->eod = symbol == NCT_EOD;
	if (symbol != NCT_EOD && (*left)-- == 0)
		return NCT_EDATA;
	return nct_m1_block_symbol(&l->u, symbol);
}

/* The next symbol of the window that is open, or the end of that window. */
static nct_err
window_step(struct lane *l, uint64_t *left)
{
	const int fresh = l->node.symbols == 0;

	if (!(fresh ? 0 : l->run->eod) && (fresh || (l->k != l->node.first && !nct_split_ended(&l->node))))
		return take(l, nct_context_find(l->u.context, &l->node, l->k), left);
	l->open = 0;
	l->unit++;
	if (l->run->eod || (l->u.plan.resets != 0 && ++l->u.since_reset == l->u.plan.resets))
		nct_m1_block_begin(&l->u);
	return l->u.show ? nct_m1_block_show(&l->u, l->k, l->before, l->run->eod) : NCT_OK;
}

/* Decodes as far as is known what M1 expects. */
static nct_err
advance(struct lane *l, uint64_t *left, int loose)
{
	const unsigned b = l->u.plan.window_bits;
	nct_err err = NCT_OK;

	while (err == NCT_OK && l->unit < l->run->units && nct_context_ready(l->u.context)) {
		if (l->run->eod && !loose && !l->open)
			return NCT_EDATA;
		if (b == 0) {
			err = take(l, nct_ac_get(&l->ac, nct_context_freq(l->u.context)), left);
			l->unit++;
			continue;
		}
		if (!l->open) {
			l->open = 1;
			l->node = nct_split_root(b);
			l->k = nct_bits_get(l->run->p, l->run->from + l->run->bits, l->run->from + l->unit * b, b);
			l->before = l->u.bytes;
		}
		err = window_step(l, left);
	}
	return err;
}

static nct_err
decode(struct nct_m1_block *u, nct_worker *w, struct lane *lane, size_t lanes, struct nct_run *r, struct text *text, size_t n,
       int loose)
{
	nct_context *waiting[NCT_M1_BLOCK_LONG_LANES];
	uint64_t left = u->text_max - u->text_bytes;
	size_t next = 0, count;
	nct_err err;

	do {
		count = 0;
		for (size_t i = 0; i < lanes; i++) {
			struct lane *l = &lane[i];

			while (l->run != NULL || next < n) {
				if (l->run == NULL)
					begin(l, u, r, next++);
				if ((err = advance(l, &left, loose)) != NCT_OK)
					return err;
				if (l->unit < l->run->units)
					break;
				text[l->of] = (struct text){l->u.text, l->u.bytes, l->u.text_bytes, l->u.documents};
				l->u.text = NULL;
				l->run = NULL;
			}
			if (l->run != NULL)
				waiting[count++] = l->u.context;
		}
		nct_contexts_ready(w, waiting, count);
	} while (count > 0);
	return NCT_OK;
}

/* Appends one run's text. */
static nct_err
put_in_line(struct nct_m1_block *u, const struct text *t)
{
	if (u->cap - u->bytes < t->n) {
		const size_t cap = u->bytes + t->n + 65536;
		uint8_t *p = realloc(u->text, cap);

		if (p == NULL)
			return NCT_ENOMEM;
		u->text = p;
		u->cap = cap;
	}
	for (size_t i = 0; i < t->n; i++)
		u->text[u->bytes++] = t->bytes[i];
	u->text_bytes += t->text_bytes;
	u->documents += t->documents;
	return NCT_OK;
}

nct_err
nct_m1_block_runs(struct nct_m1_block *u, nct_worker *w, struct nct_run *r, size_t n, int loose)
{
	const size_t lanes = nct_worker_lanes(w) < NCT_M1_BLOCK_LONG_LANES ? nct_worker_lanes(w) : NCT_M1_BLOCK_LONG_LANES;
	struct lane *lane = calloc(lanes, sizeof *lane);
	struct text *text = calloc(n, sizeof *text);
	nct_err err = lane != NULL && text != NULL ? NCT_OK : NCT_ENOMEM;

	for (size_t i = 0; i < lanes && err == NCT_OK; i++)
		lane[i].u.context = nct_worker_context(w, i);
	if (err == NCT_OK)
		err = decode(u, w, lane, lanes, r, text, n, loose);
	for (size_t i = 0; i < n && err == NCT_OK; i++) {
		r[i].text_bytes = text[i].text_bytes;
		err = put_in_line(u, &text[i]);
	}
	for (size_t i = 0; i < lanes && lane != NULL; i++)
		nct_m1_block_free(&lane[i].u);
	for (size_t i = 0; i < n && text != NULL; i++)
		free(text[i].bytes);
	free(lane);
	free(text);
	return err;
}
