/* m1_block.c - decoding windows, or an unbroken code, back to text: the inverse of m1_chunk.c. */
#include "decode/m1_block.h"

#include <stdlib.h>

#include "coder/ac.h"
#include "coder/bits.h"
#include "decode/show.h"

void
nct_m1_block_begin(struct nct_m1_block *u)
{
	nct_context_reset(u->context);
	u->since_reset = 0;
}

void
nct_m1_block_free(struct nct_m1_block *u)
{
	free(u->text);
	u->text = NULL;
	u->cap = 0;
}

static nct_err
append(struct nct_m1_block *u, unsigned byte)
{
	if (u->bytes == u->cap) {
		size_t cap = u->cap * 2 + 65536;
		uint8_t *p = realloc(u->text, cap);

		if (p == NULL)
			return NCT_ENOMEM;
		u->text = p;
		u->cap = cap;
	}
	u->text[u->bytes++] = (uint8_t)byte;
	return NCT_OK;
}

nct_err
nct_m1_block_symbol(struct nct_m1_block *u, unsigned symbol)
{
	if (symbol != NCT_EOD)
		return u->text_bytes++ < u->text_max ? append(u, symbol) : NCT_EDATA;
	u->documents++;
	return u->separator >= 0 && !u->show ? append(u, (unsigned)u->separator) : NCT_OK;
}

/* Follows code point k down from the root. */
static nct_err
decode_window(struct nct_m1_block *u, nct_u128 k, int *eod)
{
	struct nct_node node = nct_split_root(u->plan.window_bits);
	nct_err err;

	*eod = 0;
	while (!*eod && (node.symbols == 0 || (k != node.first && !nct_split_ended(&node)))) {
		unsigned symbol = nct_context_find(u->context, &node, k);

		nct_context_push(u->context, symbol);
		*eod = symbol == NCT_EOD;
		if ((err = nct_m1_block_symbol(u, symbol)) != NCT_OK)
			return err;
	}
	if (*eod || (u->plan.resets != 0 && ++u->since_reset == u->plan.resets))
		nct_m1_block_begin(u);
	return NCT_OK;
}

nct_err
nct_m1_block_show(struct nct_m1_block *u, nct_u128 k, size_t from, int eod)
{
	uint8_t line[NCT_SHOW_ROOM(NCT_WINDOW_SYMBOLS)];
	const uint8_t *text = u->bytes > from ? u->text + from : NULL; /* a first window of EOD alone: there is no buffer yet */
	const size_t n = nct_show_window(line, u->plan.window_bits, k, text, u->bytes - from, eod);
	nct_err err = NCT_OK;

	u->bytes = from;
	for (size_t i = 0; i < n && err == NCT_OK; i++)
		err = append(u, line[i]);
	return err;
}

static nct_err
decode_unbroken(struct nct_m1_block *u, struct nct_run *r, int loose)
{
	struct nct_ac_dec d;
	nct_err err;

	nct_ac_open(&d, r->p, r->from, r->bits);
	for (uint64_t i = 0; i < r->units; i++) {
		if (r->eod && !loose)
			return NCT_EDATA;
		unsigned symbol = nct_ac_get(&d, nct_context_freq(u->context));

		nct_context_push(u->context, symbol);
		r->eod = symbol == NCT_EOD;
		if ((err = nct_m1_block_symbol(u, symbol)) != NCT_OK)
			return err;
	}
	return NCT_OK;
}

nct_err
nct_m1_block_run(struct nct_m1_block *u, struct nct_run *r, int loose)
{
	const unsigned b = u->plan.window_bits;
	const uint64_t text_before = u->text_bytes;
	nct_err err = NCT_OK;

	r->eod = 0;
	if (b == 0)
		err = decode_unbroken(u, r, loose);
	for (uint64_t i = 0; b > 0 && i < r->units && err == NCT_OK; i++) {
		if (r->eod && !loose)
			return NCT_EDATA;
		nct_u128 k = nct_bits_get(r->p, r->from + r->bits, r->from + i * b, b);
		size_t before = u->bytes;

		err = decode_window(u, k, &r->eod);
		if (u->show && err == NCT_OK)
			err = nct_m1_block_show(u, k, before, r->eod);
	}
	r->text_bytes = u->text_bytes - text_before;
	return err;
}
