/* codec.c - text of documents to ids and back in memory, by a codebook. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "book/text_table.h"
#include "encode/batch.h"
#include "encode/book_lanes.h"
#include "encode/by_book.h"
#include "m1/m1.h"
#include "tokens/repack.h"

#define CHUNK 131072u    /* acwin's default c where windows have a codebook */
#define BATCH_JOBS 1024u /* jobs of a batch */
#define GROUP 256u       /* windows that are decoded, and ids that are unpacked, at a time */

struct nct_codec {
	const struct nct_codebook *book; /* borrowed from M1 */
	struct nct_trie trie;
	struct nct_text_table texts;
	nct_words *words;        /* owned; NULL unless windows are aligned to words */
	char *pattern;           /* owned; NULL unless they are aligned by it */
	enum nct_align align;
	unsigned b, v, how;      /* bits of windows, bits of ids, NCT_WALK_... */
	uint64_t chunk;          /* c; 0: documents are never cut */
};

struct nct_codec_scratch {
	const struct nct_codec *codec;
	struct nct_batches batches;
	struct nct_book_lanes lanes;
	struct nct_encode_job going; /* the chunk that goes on in the next batch */
	nct_bounds *bounds;          /* owned: marks where the pattern matches; NULL unless there is one */
	uint8_t *mark;               /* (mark_cap) owned: a document's marks */
	size_t mark_cap;
};

/* ---- making ---- */

/* Checks options, after defaults. *book receives the codebook. */
static nct_err
check(const struct nct_codec_options *o, const nct_m1 *m1, const struct nct_codebook **book, nct_why *why)
{
	*book = nct_m1_codebook_named(m1, o->code, o->window_bits, o->codebook);
	if ((unsigned)o->align > NCT_ALIGN_REGEX || (unsigned)o->eod > NCT_EOD_ALONE ||
	    (o->align == NCT_ALIGN_REGEX) != (o->align_pattern != NULL))
		return nct_fail(why, NCT_EARG, "impossible options");
	if (*book == NULL)
		return nct_fail(why, NCT_EARG, "M1 has no %scodebook for windows of %u bits",
		                o->codebook != NULL ? "such " : "", o->window_bits);
	if (o->token_bits > 16 || o->token_bits == 0 || o->window_bits % o->token_bits != 0)
		return nct_fail(why, NCT_EARG, "ids of %u bits do not divide windows of %u", o->token_bits, o->window_bits);
	return NCT_OK;
}

static nct_err
codec_new(nct_codec *c, const nct_m1 *m1, struct nct_codec_options *o, nct_why *why)
{
	nct_err err;

	if (o->window_bits == 0) {
		const struct nct_m1_windows w =
		    o->codebook != NULL ? nct_m1_codebook_made_for(m1, o->codebook) : nct_m1_trained_for(m1);

		if (o->align != NCT_ALIGN_NONE || o->align_pattern != NULL)
			return nct_fail(why, NCT_EARG, "an alignment is given without the windows' bits");
		o->window_bits = w.bits;
		o->align = w.align;
		o->align_pattern = w.align_pattern;
	}
	o->token_bits = o->token_bits != 0 ? o->token_bits : nct_token_bits_for(o->window_bits);
	if ((err = check(o, m1, &c->book, why)) != NCT_OK)
		return err;
	const int best = c->book->code == NCT_CODE_BEST;
	const int joined = o->eod == NCT_EOD_JOINED || (o->eod == NCT_EOD_BY_CODE && !best);

	c->align = o->align;
	c->b = o->window_bits;
	c->v = o->token_bits;
	c->how = (o->align != NCT_ALIGN_NONE ? NCT_WALK_ALIGNED : 0) | (joined ? NCT_WALK_JOINED : 0);
	c->chunk = o->chunk == 0 ? CHUNK : o->chunk == UINT64_MAX ? 0 : o->chunk;
	if (o->align_pattern != NULL && (c->pattern = strdup(o->align_pattern)) == NULL)
		return NCT_ENOMEM;
	if (o->align == NCT_ALIGN_WORDS && (err = nct_words_new(&c->words, nct_m1_cpu(m1))) != NCT_OK)
		return err;
	if ((err = nct_trie_new(&c->trie, c->book, nct_m1_cpu(m1))) == NCT_OK)
		err = nct_text_table_new(&c->texts, c->book);
	if (err == NCT_EARG || err == NCT_EDATA)
		return nct_fail(why, NCT_EDATA, "the codebook of %u bits is packed wrongly, or cannot be", c->b);
	return err;
}

nct_err
nct_codec_new(nct_codec **out, const nct_m1 *m1, const struct nct_codec_options *options, nct_why *why)
{
	struct nct_codec_options o;
	nct_why own;
	nct_err err;

	*out = NULL;
	why = nct_why_begin(why, &own);
	if ((err = nct_options_take(&o, sizeof o, options, why)) != NCT_OK)
		return err;
	nct_codec *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NCT_ENOMEM;
	err = codec_new(c, m1, &o, why);
	if (err == NCT_OK && c->pattern != NULL) { /* is the pattern good? */
		nct_bounds *b = NULL;

		err = nct_bounds_new(&b, NULL, c->align, c->pattern, NULL, why);
		nct_bounds_free(b);
	}
	if (err == NCT_OK)
		*out = c;
	else
		nct_codec_free(c);
	return err;
}

void
nct_codec_free(nct_codec *c)
{
	if (c == NULL)
		return;
	nct_trie_free(&c->trie);
	nct_text_table_free(&c->texts);
	nct_words_free(c->words);
	free(c->pattern);
	free(c);
}

nct_err
nct_codec_scratch_new(nct_codec_scratch **out, const nct_codec *c)
{
	const struct nct_batch_plan plan = {.batches = 1,
	                                    .text_bytes = NCT_BOOK_BATCH_MIN + 1,
	                                    .jobs = BATCH_JOBS,
	                                    .chunk = c->chunk,
	                                    .aligned = c->align != NCT_ALIGN_NONE,
	                                    .marks = 1,
	                                    .first_mark = NCT_MARK_BOUNDARY,
	                                    .whole = 1};
	const struct nct_text_source none = {0};
	nct_codec_scratch *s = calloc(1, sizeof *s);
	nct_err err;

	*out = NULL;
	if (s == NULL)
		return NCT_ENOMEM;
	s->codec = c;
	err = nct_batches_new(&s->batches, &none, &plan);
	if (err == NCT_OK)
		err = nct_book_lanes_new(&s->lanes, &c->trie, BATCH_JOBS, c->how);
	if (err == NCT_OK && c->pattern != NULL)
		err = nct_bounds_new(&s->bounds, NULL, c->align, c->pattern, NULL, NULL);
	if (err == NCT_OK)
		*out = s;
	else
		nct_codec_scratch_free(s);
	return err;
}

void
nct_codec_scratch_free(nct_codec_scratch *s)
{
	if (s == NULL)
		return;
	nct_batches_free(&s->batches);
	nct_book_lanes_free(&s->lanes);
	nct_encode_job_free(&s->going);
	nct_bounds_free(s->bounds);
	free(s->mark);
	free(s);
}

/* ---- what it is ---- */

unsigned
nct_codec_window_bits(const nct_codec *c)
{
	return c->b;
}

unsigned
nct_codec_token_bits(const nct_codec *c)
{
	return c->v;
}

unsigned
nct_codec_eod_ids(const nct_codec *c)
{
	return c->how & NCT_WALK_JOINED ? 0 : c->b / c->v;
}

uint64_t
nct_codec_ids_max(const nct_codec *c, uint64_t text_bytes, uint64_t documents)
{
	return (text_bytes + documents) * (c->b / c->v); /* a window has a byte at least, or EOD */
}

/* ---- encoding ---- */

/* What a call encodes, and how far it is. */
struct encoding {
	nct_codec_scratch *s;
	const uint8_t *text;
	const uint64_t *offsets;
	size_t documents;
	int open;
	size_t given;     /* documents that are read */

	uint16_t *ids;
	size_t room;
	uint64_t *id_offsets;
	size_t done;      /* documents that are encoded */
	uint64_t at;      /* ids of all text that is encoded */
	uint64_t bytes;   /* encoded, of document `done` */
};

/* Gives the next document. */
static nct_err
next_document(void *ctx, struct nct_piece *p, nct_why *why)
{
	struct encoding *e = ctx;
	nct_codec_scratch *s = e->s;

	if (e->given == e->documents) {
		*p = (struct nct_piece){.done = 1};
		return NCT_OK;
	}
	const uint64_t from = e->offsets[e->given], to = e->offsets[e->given + 1];
	e->given++;
	*p = (struct nct_piece){.text = e->text + from, .n = (size_t)(to - from), .ends = 1, .eod = !e->open};
	if (s->bounds == NULL || p->n == 0)
		return NCT_OK;
	if (s->mark_cap < p->n) {
		uint8_t *mark = realloc(s->mark, p->n + p->n / 2);

		if (mark == NULL)
			return NCT_ENOMEM;
		s->mark = mark;
		s->mark_cap = p->n + p->n / 2;
	}
	p->mark = s->mark;
	return nct_bounds_mark(s->bounds, p->text, p->n, s->mark, why);
}

static int
always(const void *ctx)
{
	(void)ctx;
	return 1;
}

/* Writes n ids of v bits from bit `from` of p on. They lie before bit `end`. */
static void
put_ids(uint16_t *ids, uint64_t n, const uint8_t *p, uint64_t from, uint64_t end, unsigned v)
{
	uint32_t some[GROUP];

	if (v == 16 && from % 8 == 0) {
		p += from / 8;
		for (uint64_t i = 0; i < n; i++)
			ids[i] = (uint16_t)(p[2 * i] << 8 | p[2 * i + 1]);
		return;
	}
	for (uint64_t i = 0; i < n; i += GROUP) {
		const size_t now = n - i < GROUP ? (size_t)(n - i) : GROUP;

		nct_bits_get_all(some, now, p, end, from + i * v, v);
		for (size_t k = 0; k < now; k++)
			ids[i + k] = (uint16_t)some[k];
	}
}

/* Takes a part of a chunk. */
static nct_err
take_part(void *ctx, const struct nct_part *part, const uint8_t *p, uint64_t from)
{
	struct encoding *e = ctx;
	const unsigned v = e->s->codec->v;
	const uint64_t n = part->bits / v, room = e->at < e->room ? e->room - e->at : 0;

	if (room > 0)
		put_ids(e->ids + e->at, n < room ? n : room, p, from, from + part->bits, v);
	e->at += n;
	e->bytes += part->text_bytes;
	const uint64_t document = e->offsets[e->done + 1] - e->offsets[e->done];
	if (part->ends_document || (e->open && part->ends_chunk && e->bytes == document)) {
		e->id_offsets[++e->done] = e->at;
		e->bytes = 0;
	}
	return NCT_OK;
}

nct_err
nct_codec_encode(const nct_codec *c, nct_codec_scratch *s, const void *text, const uint64_t *offsets, size_t documents,
                 int open, uint16_t *ids, size_t room, uint64_t *id_offsets, nct_why *why)
{
	struct encoding e = {.s = s, .text = text, .offsets = offsets, .documents = documents, .open = open,
	                     .ids = ids, .room = room, .id_offsets = id_offsets};
	const struct nct_text_source source = {next_document, always, &e, c->words};
	const struct nct_part_sink sink = {take_part, &e};
	struct nct_batch *b = s->batches.batch;
	nct_why own;
	nct_err err = NCT_OK;

	why = nct_why_begin(why, &own);
	for (size_t i = 0; i < documents; i++)
		if (offsets[i] > offsets[i + 1])
			return nct_fail(why, NCT_EARG, "offset %zu is above the next", i);
	id_offsets[0] = 0;
	const uint64_t share = documents > 0 ? (offsets[documents] - offsets[0]) / NCT_LANES + 1 : 0;
	const size_t most = s->batches.plan.text_bytes / NCT_LANES;

	nct_batches_again(&s->batches, &source);
	s->batches.plan.series = share < most ? (size_t)share : most; /* a series for each lane */
	for (int last = 0; err == NCT_OK && !last;) {
		last = nct_batches_fill(&s->batches, b);
		if (b->goes_on)
			err = nct_encode_job_go_on(&b->jobs[0], &s->going);
		if (err == NCT_OK) {
			nct_book_lanes_walk(&s->lanes, b->jobs, b->count);
			err = nct_batch_write(b, c->b, &sink, &s->going);
		}
	}
	return err == NCT_OK ? nct_batches_failed(&s->batches, why) : err;
}

/* ---- decoding ---- */

/* Text that is decoded, in the caller's memory as far as that goes. */
struct decoding {
	uint8_t *text;
	size_t room;
	uint64_t at;
};

static void
put_text(struct decoding *d, const uint8_t *p, size_t n)
{
	if (d->at < d->room)
		memcpy(d->text + d->at, p, d->room - d->at < n ? d->room - d->at : n);
	d->at += n;
}

/* Decodes windows k[0..n), n <= GROUP. */
static void
decode_group(const struct nct_text_table *t, struct decoding *d, const uint32_t *k, size_t n)
{
	uint8_t some[GROUP * NCT_STRING_SHORT + NCT_WINDOW_SYMBOLS];
	size_t length;

	for (size_t i = 0; i < n;) {
		const int direct = d->at < d->room && d->room - d->at >= (n - i) * NCT_STRING_SHORT;
		uint8_t *to = direct ? d->text + d->at : some;

		i += nct_text_table_copy(t, k + i, n - i, to, &length);
		if (direct)
			d->at += length;
		else
			put_text(d, some, length);
		if (i < n) { /* a long string, or one with EOD */
			nct_text_copy(t, k[i], some);
			put_text(d, some, nct_codebook_bytes(t->book, k[i]));
			i++;
		}
	}
}

/* Decodes ids[0..n), a document's. */
static nct_err
decode_document(const nct_codec *c, struct decoding *d, const uint16_t *ids, uint64_t n, nct_why *why)
{
	const unsigned per = c->b / c->v;
	uint32_t k[GROUP];

	if (n % per != 0)
		return nct_fail(why, NCT_ECUT, "a window has %u ids, and the last window has fewer", per);
	for (uint64_t i = 0; i < n;) {
		size_t count = 0;

		for (; count < GROUP && i < n; count++) {
			k[count] = 0;
			for (unsigned j = 0; j < per; j++, i++) {
				if (ids[i] >> c->v != 0)
					return nct_fail(why, NCT_EDATA, "id %u is not below %u", ids[i], 1u << c->v);
				k[count] = k[count] << c->v | ids[i];
			}
		}
		decode_group(&c->texts, d, k, count);
	}
	return NCT_OK;
}

nct_err
nct_codec_decode(const nct_codec *c, const uint16_t *ids, const uint64_t *id_offsets, size_t documents, void *text,
                 size_t room, uint64_t *offsets, nct_why *why)
{
	struct decoding d = {text, room, 0};
	nct_why own;
	nct_err err = NCT_OK;

	why = nct_why_begin(why, &own);
	offsets[0] = 0;
	for (size_t i = 0; i < documents && err == NCT_OK; i++) {
		if (id_offsets[i] > id_offsets[i + 1])
			return nct_fail(why, NCT_EARG, "offset %zu is above the next", i);
		err = decode_document(c, &d, ids + id_offsets[i], id_offsets[i + 1] - id_offsets[i], why);
		offsets[i + 1] = d.at;
	}
	return err;
}
