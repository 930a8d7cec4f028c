/* m1_chunk.c - encodes a chunk of text to windows, or to an unbroken code, by M1's frequencies. */
#include "encode/m1_chunk.h"

#include "stream/stream.h"

void
nct_chunk_begin(struct nct_chunk *c, const struct nct_plan *p, nct_context *context, struct nct_coded *coded)
{
	c->plan = *p;
	c->coded = coded;
	c->context = context;
	c->since_reset = 0;
	c->bound.symbols = 0;
	nct_context_reset(context);
	if (p->window_bits > 0)
		c->node = nct_split_root(p->window_bits);
	else
		nct_ac_start(&c->ac);
}

void
nct_chunk_free(struct nct_chunk *c)
{
	nct_ac_free(&c->ac);
}

/* ---- windows ---- */

/* Closes the window. Its value is the first code point of the node reached. */
static nct_err
end_window(struct nct_chunk *c)
{
	nct_err err = nct_bits_put(&c->coded->code, c->node.first, c->plan.window_bits);

	if (err != NCT_OK)
		return err;
	c->coded->part.units++;
	c->coded->part.bits += c->plan.window_bits;
	c->node = nct_split_root(c->plan.window_bits);
	c->bound.symbols = 0;
	if (c->plan.resets != 0 && ++c->since_reset == c->plan.resets) {
		nct_context_reset(c->context);
		c->since_reset = 0;
	}
	return NCT_OK;
}

/* Closes the window at the last boundary in it, or, if there is none, before text[0]. *step receives minus the number
 * of bytes that are to be encoded again. */
static nct_err
end_aligned(struct nct_chunk *c, const uint8_t *text, ptrdiff_t *step)
{
	const unsigned back = c->bound.symbols > 0 ? c->node.symbols - c->bound.symbols : 0;

	*step = -(ptrdiff_t)back;
	if (back == 0)
		return end_window(c);
	c->node = c->bound;
	c->coded->part.text_bytes -= back;
	if (c->plan.resets != 1) /* with 1, end_window() resets the context anyway */
		nct_context_rewind(c->context, back, text[*step - 1]);
	return end_window(c);
}

/* If the next symbol begins a window and the part is full, ends the part. */
static nct_err
begin_window(struct nct_chunk *c)
{
	return c->node.symbols == 0 && nct_coded_full(c->coded) ? nct_coded_end_part(c->coded) : NCT_OK;
}

/* Adds a symbol to the window if it fits. *fits: 1 added; 0 it does not fit; -1 M1 has to be evaluated first. */
static nct_err
take_symbol(struct nct_chunk *c, unsigned symbol, int *fits)
{
	nct_err err = begin_window(c);

	*fits = -1;
	if (err != NCT_OK || !nct_context_ready(c->context))
		return err;
	*fits = nct_context_take(c->context, &c->node, symbol);
	if (*fits) {
		c->coded->part.text_bytes += symbol != NCT_EOD;
		nct_context_push(c->context, symbol);
	}
	return NCT_OK;
}

/* Encodes a symbol, and closes the window before it if it does not fit. In an empty window every symbol fits. *done is
 * 0 if M1 has to be evaluated first. */
static nct_err
put_window_symbol(struct nct_chunk *c, unsigned symbol, size_t *done)
{
	nct_err err;
	int fits;

	*done = 0;
	do {
		fits = 0;
		if (!nct_split_ended(&c->node)) /* an aligned window is left open when it is full */
			if ((err = take_symbol(c, symbol, &fits)) != NCT_OK || fits < 0)
				return err;
		if (!fits && (err = end_window(c)) != NCT_OK)
			return err;
	} while (!fits);
	*done = 1;
	return symbol == NCT_EOD || (!c->plan.aligned && nct_split_ended(&c->node)) ? end_window(c) : NCT_OK;
}

/* Encodes text[0] where windows are aligned. `mark` is 1 if a boundary stands before it.
 *
 * A full window may still end at a boundary. We learn that from the mark of the next byte, so the window stays open
 * until then. *step receives by how much the place in the text moves: 1, 0, or less if a window closed at a boundary.
 * *ready is 0 if M1 has to be evaluated first. */
static nct_err
put_aligned_byte(struct nct_chunk *c, const uint8_t *text, int mark, ptrdiff_t *step, int *ready)
{
	nct_err err = NCT_OK;
	int fits = 0;

	if (mark && c->node.symbols > 0)
		c->bound = c->node;
	if (!nct_split_ended(&c->node))
		err = take_symbol(c, text[0], &fits);
	*step = fits > 0;
	*ready = fits >= 0;
	return err == NCT_OK && fits == 0 ? end_aligned(c, text, step) : err;
}

/* ---- unbroken ---- */

/* Finishes the arithmetic code of a part, and begins the next one. */
static nct_err
end_code(struct nct_chunk *c)
{
	nct_err err = nct_ac_finish(&c->ac, &c->coded->code);

	c->coded->part.bits = c->ac.code.bits;
	nct_ac_start(&c->ac);
	return err;
}

static nct_err
put_unbroken_symbol(struct nct_chunk *c, unsigned symbol, size_t *done)
{
	nct_err err;
	uint32_t lo = 0;

	*done = 0;
	if (!nct_context_ready(c->context))
		return NCT_OK;
	*done = 1;
	if (c->coded->part.units == NCT_PART_SYMBOLS &&
	    ((err = end_code(c)) != NCT_OK || (err = nct_coded_end_part(c->coded)) != NCT_OK))
		return err;
	const uint32_t *freq = nct_context_freq(c->context);
	for (unsigned s = 0; s < symbol; s++)
		lo += freq[s];
	if ((err = nct_ac_put(&c->ac, lo, lo + freq[symbol])) != NCT_OK)
		return err;
	c->coded->part.units++;
	c->coded->part.text_bytes += symbol != NCT_EOD;
	nct_context_push(c->context, symbol);
	return NCT_OK;
}

/* ---- both ---- */

static nct_err
put_symbol(struct nct_chunk *c, unsigned symbol, size_t *done)
{
	return c->plan.window_bits > 0 ? put_window_symbol(c, symbol, done) : put_unbroken_symbol(c, symbol, done);
}

nct_err
nct_chunk_text(struct nct_chunk *c, const uint8_t *text, const uint8_t *mark, ptrdiff_t n, ptrdiff_t *at)
{
	nct_err err = NCT_OK;
	ptrdiff_t step;
	size_t one;
	int ready = 1;

	while (*at < n && err == NCT_OK && ready) {
		if (c->plan.aligned) {
			err = put_aligned_byte(c, text + *at, mark[*at], &step, &ready);
			*at += step;
		} else {
			err = put_symbol(c, text[*at], &one);
			*at += (ptrdiff_t)one;
			ready = one > 0;
		}
	}
	return err;
}

/* Closes the open window. Then encodes EOD as a window of its own: the last code point of the root, whatever M1's
 * frequencies are. */
static nct_err
put_eod_alone(struct nct_chunk *c)
{
	nct_err err = c->node.symbols > 0 ? end_window(c) : NCT_OK;

	if (err != NCT_OK || (err = begin_window(c)) != NCT_OK)
		return err;
	c->node = nct_split_eod(c->plan.window_bits);
	return end_window(c);
}

nct_err
nct_chunk_end(struct nct_chunk *c, int eod, size_t *done)
{
	nct_err err = NCT_OK;

	*done = 1;
	if (eod && c->plan.eod_alone)
		err = put_eod_alone(c);
	else if (eod && ((err = put_symbol(c, NCT_EOD, done)) != NCT_OK || !*done))
		return err;
	if (err == NCT_OK && c->plan.window_bits == 0)
		err = end_code(c);
	else if (err == NCT_OK && c->node.symbols > 0)
		err = end_window(c);
	if (err != NCT_OK)
		return err;
	c->coded->part.ends_document = eod;
	c->coded->part.ends_chunk = 1;
	return nct_coded_end_part(c->coded);
}
