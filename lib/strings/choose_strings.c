/* choose_strings.c - chooses the strings of a codebook from a text.
 *
 * Which strings are best depends on where windows begin, and that depends on the strings. So there are several rounds:
 * each cuts the text into windows by the strings of the round before, counts, and chooses again. The first rounds see
 * a part of the text only. They give the others strings to begin with.
 *
 * Tokens that cost the same (by_bits is 0; --token-cost=inf): all rounds choose the strings that take the fewest
 * windows (fewest.c).
 *
 * Tokens that cost their bits, too (by_bits): such rounds find the strings to begin with, more than are wanted. The
 * next rounds drop some each (prune.c). If windows are aligned, that is done with strings of one word first, by a table
 * of the text's words. If strings of several words are wanted and save anything, it is done again by the text, with
 * those that are left and as many of several words. */
#include "strings/count_windows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/options.h"
#include "book/codebook.h"
#include "data/mapped_text.h"
#include "train/loop.h"
#include "m1/m1.h"
#include "train/notes.h"
#include "strings/fewest.h"
#include "strings/prune.h"
#include "strings/tally_codebook.h"

#define FIRST_ROUNDS 3       /* rounds over a part of the text */
#define FIRST_STRIDE 16      /* that part: one of 16 segments */
#define NODES_BITS 7u        /* nodes of the tally: 2^(b + 7), by bits 2^(b + 10), but at most NCT_TALLY_MOST */
#define GROW_BITS 4u         /* a node may get children once it was counted in one of 2^(b + 4) windows */
#define LEAST 3              /* a string may be chosen if it was counted three times as often as that */
#define MORE_BITS 3u         /* by bits: 2^(b + 3) strings to begin with */
#define SHARDS 4u            /* by bits, the tally grows over four parts of the text by themselves */
#define KEPT 7               /* tenths of the strings that a round of pruning keeps */
#define WORD_ROUNDS 2        /* rounds over the words before they are pruned, ... */
#define WORD_TURNS 2         /* ... and how often both is done; later turns have one round less */
#define SEVERAL_ROUNDS 2     /* rounds in which strings of several words are found */
#define SEVERAL_BITS 1u      /* ... by counts that are so many bits larger */
#define GROW_STRIDE 2        /* by bits, a tally grows over one of so many segments, ... */
#define GROW_BYTES ((uint64_t)1 << 23) /* ... but of a smaller text so many bytes at least */
#define WORDS_BYTES ((uint64_t)1 << 30)   /* words are counted in so many bytes of the text, about, spread over it */
#define WORDS_MOST ((size_t)1 << 24) /* distinct words, at most */
#define DOCUMENTS 3          /* by bits, so many segments at least have a string, ... */
#define DOCUMENTS_OF 32      /* ... or a 32nd of all segments, if that is fewer */
#define NOTES_ROOM 64        /* bytes of a note's key */

/* ---- rounds ---- */

struct chooser {
	nct_m1 *m;
	const nct_text *text;
	const struct nct_train_options *o;
	struct nct_boundaries bounds;
	struct nct_tally tally;
	struct nct_word_table words; /* those of the text, while strings of one word are chosen */
	uint32_t documents;          /* a string is chosen if so many segments have it */
	nct_why *why;
};

static struct nct_source
source(const struct chooser *c, uint64_t stride)
{
	return (struct nct_source){.text = c->text,
	                           .stride = stride,
	                           .shards = c->o->by_bits ? SHARDS : 1,
	                           .words = c->words.n > 0 ? &c->words : NULL};
}

static void
report(const struct chooser *c, const char *key, const struct nct_parsed *p)
{
	char value[96];

	if (c->o->report == NULL)
		return;
	snprintf(value, sizeof value, "%" PRIu64 " bytes_per_window=%.4f at_boundaries=%.4f", p->windows,
	         p->windows > 0 ? (double)p->bytes / (double)p->windows : 0.0,
	         p->windows > 0 ? (double)p->bounded / (double)p->windows : 0.0);
	c->o->report(c->o->ctx, key, value);
}

/* One of 2^(bits + GROW_BITS) of the windows that one of `stride` segments has, by an estimate of 5 bytes each. */
static uint32_t
often(const struct chooser *c, uint64_t stride, unsigned bits, uint32_t least)
{
	const uint64_t n = nct_text_bytes(c->text) / stride / 5 >> (bits + GROW_BITS);

	return n < least ? least : n > UINT32_MAX / LEAST ? UINT32_MAX / LEAST : (uint32_t)n;
}

/* One round: counts the windows of one of `stride` segments of the text, or of the words, and chooses 2^bits strings,
 * which were counted `least` times. The tally grows by nodes counted `grow` times. */
static nct_err
round_over(struct chooser *c, uint64_t stride, unsigned bits, uint32_t grow, uint32_t least)
{
	const struct nct_source text = source(c, stride);
	struct nct_parsed p;
	nct_err err;

	nct_tally_clear(&c->tally);
	if ((err = nct_count_windows(&c->tally, &text, &c->bounds, grow, c->o, &p, c->why)) != NCT_OK ||
	    nct_train_stop(c->o))
		return err;
	report(c, "windows", &p);
	err = nct_choose_fewest(&c->tally, &(struct nct_fewest){.strings = (size_t)1 << bits,
	                                                        .enough = (size_t)1 << c->o->window_bits,
	                                                        .aligned = c->o->align != NCT_ALIGN_NONE,
	                                                        .least = least,
	                                                        .documents = c->documents});
	return err == NCT_OK ? err : nct_fail(c->why, err, "out of memory");
}

/* Drops strings until there are 2^bits. */
static nct_err
prune(struct chooser *c, unsigned bits)
{
	const size_t wanted = (size_t)1 << bits;
	const struct nct_source text = source(c, 1);
	nct_err err = NCT_OK;

	for (size_t have; err == NCT_OK && (have = nct_tally_chosen(&c->tally)) > wanted && !nct_train_stop(c->o);) {
		const size_t next = have / 10 * KEPT;
		struct nct_parsed p;

		nct_tally_keep_chosen(&c->tally);
		nct_tally_clear(&c->tally);
		if ((err = nct_count_windows(&c->tally, &text, &c->bounds, 0, c->o, &p, c->why)) != NCT_OK ||
		    nct_train_stop(c->o))
			return err;
		report(c, "windows", &p);
		err = nct_prune(&c->tally, p.windows, next > wanted ? next : wanted, c->o->align != NCT_ALIGN_NONE,
		                c->o->token_cost);
	}
	return err == NCT_ENOMEM ? nct_fail(c->why, err, "out of memory") : err;
}

/* Chooses the most frequent words, to begin with: no more than `strings`, which occur `least` times or more. */
static void
choose_whole_words(struct chooser *c, size_t strings, uint32_t least)
{
	for (size_t i = 0; i < c->words.n && i < strings && c->words.word[i].count >= least; i++) {
		const struct nct_word *w = &c->words.word[i];
		uint32_t v = 0;

		for (uint32_t k = 0; k < w->n && w->documents >= c->documents && (k == 0 || v != 0); k++)
			v = nct_tally_add(&c->tally, v, w->text[k], 0);
		if (v != 0)
			c->tally.node[v].chosen = 1;
	}
}

/* Chooses strings of one word, by a table of the words. */
static nct_err
choose_words(struct chooser *c)
{
	const unsigned bits = c->o->window_bits;
	const uint64_t stride = 1 + nct_text_bytes(c->text) / WORDS_BYTES;
	uint32_t grow;
	nct_err err = nct_word_table_new(&c->words, c->text, stride, WORDS_MOST, &c->bounds, c->o, c->why);

	c->documents = c->words.segments / DOCUMENTS_OF < DOCUMENTS ? (uint32_t)(c->words.segments / DOCUMENTS_OF) : DOCUMENTS;
	grow = often(c, stride, bits + MORE_BITS, c->documents < DOCUMENTS ? 2 : 1);
	c->bounds.words_most = 1;
	choose_whole_words(c, (size_t)1 << (bits + MORE_BITS), grow * LEAST);
	for (unsigned turn = 0; turn < WORD_TURNS && err == NCT_OK; turn++) {
		for (unsigned i = turn; i < WORD_ROUNDS && err == NCT_OK && !nct_train_stop(c->o); i++)
			err = round_over(c, 1, bits + MORE_BITS, grow, grow * LEAST);
		if (err == NCT_OK)
			err = prune(c, bits);
	}
	nct_word_table_free(&c->words);
	c->bounds.words_most = c->o->string_words;
	return err;
}

static uint64_t
grow_stride(const struct chooser *c)
{
	const uint64_t most = nct_text_bytes(c->text) / GROW_BYTES;

	return most < 1 ? 1 : most < GROW_STRIDE ? most : GROW_STRIDE;
}

/* Adds strings of several words, and prunes again. */
static nct_err
choose_several(struct chooser *c)
{
	const unsigned bits = c->o->window_bits;
	const uint64_t stride = grow_stride(c);
	const uint32_t n = c->tally.n, least = often(c, stride, bits - SEVERAL_BITS, 2) * LEAST;
	uint8_t *const single = malloc(n); /* by node: its string of one word is chosen */
	nct_err err = NCT_OK;

	if (single == NULL)
		return nct_fail(c->why, NCT_ENOMEM, "out of memory");
	for (uint32_t v = 0; v < n; v++)
		single[v] = c->tally.node[v].chosen;
	for (unsigned i = 0; i < SEVERAL_ROUNDS && err == NCT_OK && !nct_train_stop(c->o); i++) {
		err = round_over(c, stride, bits, least, least);
		for (uint32_t v = 1; v < c->tally.n && err == NCT_OK; v++)
			if (c->tally.node[v].words == 1)
				c->tally.node[v].chosen = v < n && single[v];
	}
	free(single);
	return err == NCT_OK ? prune(c, bits) : err;
}

/* Chooses the strings whose tokens cost least. */
static nct_err
choose_cheapest(struct chooser *c)
{
	const unsigned bits = c->o->window_bits;
	nct_err err = NCT_OK;

	if (c->o->align != NCT_ALIGN_NONE) {
		err = choose_words(c);
		/* Strings of several words save tokens, which must have a cost. */
		if (err == NCT_OK && c->o->string_words != 1 && c->o->token_cost > 0 && !nct_train_stop(c->o))
			err = choose_several(c);
		return err;
	}
	for (unsigned i = 0; i < FIRST_ROUNDS && err == NCT_OK && !nct_train_stop(c->o); i++) {
		const uint64_t stride = i + 1 < FIRST_ROUNDS ? FIRST_STRIDE : grow_stride(c);
		const uint32_t grow = often(c, stride, bits + MORE_BITS, 2);

		err = round_over(c, stride, bits + MORE_BITS, grow, grow * LEAST);
	}
	return err == NCT_OK ? prune(c, bits) : err;
}

/* Chooses the strings that take the fewest windows. */
static nct_err
choose_fewest(struct chooser *c)
{
	nct_err err = NCT_OK;

	for (unsigned i = 0; i < FIRST_ROUNDS + c->o->rounds && err == NCT_OK && !nct_train_stop(c->o); i++) {
		const uint64_t stride = i < FIRST_ROUNDS ? FIRST_STRIDE : 1;
		const uint32_t grow = often(c, stride, c->o->window_bits, 2);

		err = round_over(c, stride, c->o->window_bits, grow, grow * LEAST);
	}
	return err;
}

static nct_err
begin(struct chooser *c)
{
	const uint32_t most = (uint32_t)1 << (c->o->window_bits + NODES_BITS + (c->o->by_bits ? MORE_BITS : 0));
	nct_err err = NCT_OK;

	c->bounds.align = c->o->align;
	c->bounds.pattern = c->o->align_pattern;
	c->bounds.words_most = c->o->string_words;
	if (c->o->align == NCT_ALIGN_WORDS)
		err = nct_words_new(&c->bounds.words, NULL);
	if (err == NCT_OK)
		err = nct_tally_new(&c->tally, most < NCT_TALLY_MOST ? most : NCT_TALLY_MOST);
	for (unsigned s = 0; s < NCT_SYMBOLS && err == NCT_OK; s++) /* first, while there is room */
		err = nct_tally_add(&c->tally, 0, s, 0) != 0 ? NCT_OK : NCT_ENOMEM;
	return err == NCT_ENOMEM ? nct_fail(c->why, err, "out of memory") : err;
}

/* Gives the codebook to the model, which then owns it, with notes, which replace those of an earlier choice. */
static nct_err
take(struct chooser *c, struct nct_codebook *book)
{
	const char *const name = c->o->book_name != NULL ? c->o->book_name : "";
	char prefix[NOTES_ROOM - 16], key[5][NOTES_ROOM];
	const char *const what[5] = {"text_bytes", "text_crc64", "align", c->o->by_bits ? "token_cost" : "rounds", "words"};
	struct nct_notes n = {.n = 0};
	nct_err err;

	snprintf(prefix, sizeof prefix, "note.best%u%s%s.", c->o->window_bits, name[0] != '\0' ? "/" : "", name);
	for (size_t i = 0; i < 5; i++)
		snprintf(key[i], sizeof key[i], "%s%s", prefix, what[i]);
	nct_m1_drop_notes(c->m, prefix);
	snprintf(book->name, sizeof book->name, "%s", name);
	book->align = c->o->align;
	if (name[0] != '\0' && c->o->align_pattern != NULL && (book->align_pattern = strdup(c->o->align_pattern)) == NULL)
		return nct_fail(c->why, NCT_ENOMEM, "out of memory");
	nct_note(&n, key[0], "%" PRIu64, nct_text_bytes(c->text));
	nct_note(&n, key[1], "%016" PRIx64, nct_text_crc(c->text));
	nct_note(&n, key[2], "%s",
	         c->o->align == NCT_ALIGN_NONE    ? "none"
	         : c->o->align == NCT_ALIGN_WORDS ? "words"
	                                          : "regex");
	if (c->o->by_bits)
		nct_note(&n, key[3], "%g", c->o->token_cost);
	else
		nct_note(&n, key[3], "%u", c->o->rounds);
	if (c->o->string_words > 0)
		nct_note(&n, key[4], "%u", c->o->string_words);
	if ((err = nct_codebook_seal(book, nct_m1_fingerprint(c->m), c->why)) != NCT_OK ||
	    (err = nct_codebook_keep_places(book)) != NCT_OK || (err = nct_m1_add_notes(c->m, n.pair, n.n)) != NCT_OK)
		return err == NCT_ENOMEM ? nct_fail(c->why, err, "out of memory") : err;
	/* Strings with a name are used only where they are asked for, so they do not change what windows the model is for. */
	if ((name[0] == '\0' || nct_m1_trained_for(c->m).bits == 0) &&
	    (err = nct_m1_set_windows(
		 c->m, &(struct nct_m1_windows){c->o->window_bits, c->o->align, c->o->align_pattern})) != NCT_OK)
		return nct_fail(c->why, err, "out of memory");
	nct_m1_take_codebook(c->m, book);
	return NCT_OK;
}

/* Chosen strings of two symbols or more that no window of the text began with when it was cut last. */
static uint64_t
unmet(const struct nct_tally *t)
{
	uint64_t n = 0;

	for (uint32_t v = 1; v < t->n; v++)
		n += t->node[v].chosen && t->node[v].length > 1 && t->node[v].begun == 0;
	return n;
}

/* Cuts the text by the strings that were chosen last, and reports the windows. */
static nct_err
report_last(struct chooser *c)
{
	const struct nct_source text = source(c, 1);
	struct nct_parsed p;
	nct_err err;

	nct_tally_clear(&c->tally);
	err = nct_count_windows(&c->tally, &text, &c->bounds, 0, c->o, &p, c->why);
	if (err == NCT_OK && !nct_train_stop(c->o))
		report(c, "windows", &p);
	return err;
}

static nct_err
choose(struct chooser *c, const nct_text *eval, struct nct_m1_choose_result *r)
{
	struct nct_codebook *book = NULL;
	struct nct_parsed p = {0};
	nct_err err = begin(c);

	if (err == NCT_OK)
		err = c->o->by_bits ? choose_cheapest(c) : choose_fewest(c);
	r->unmet = unmet(&c->tally);
	if (err == NCT_OK && c->o->report != NULL && !nct_train_stop(c->o))
		err = report_last(c);
	r->stopped = nct_train_stop(c->o);
	if (err == NCT_OK && !r->stopped && eval != NULL) {
		err = nct_count_windows(&c->tally, &(struct nct_source){.text = eval, .stride = 1}, &c->bounds, 0, c->o, &p, c->why);
		r->windows = p.windows;
		r->bytes = p.bytes;
		r->bounded = p.bounded;
		r->stopped = nct_train_stop(c->o);
	}
	if (err != NCT_OK || r->stopped)
		return err;
	if ((err = nct_tally_codebook(&book, &c->tally, c->o->window_bits)) != NCT_OK)
		return nct_fail(c->why, err, "out of memory");
	if ((err = take(c, book)) != NCT_OK)
		nct_codebook_free(book);
	return err;
}

nct_err
nct_m1_choose(nct_m1 *m, const nct_text *text, const nct_text *eval, const struct nct_train_options *options,
              struct nct_m1_choose_result *result, nct_why *why)
{
	struct nct_train_options o;
	nct_why own;
	struct chooser c = {.m = m, .text = text, .o = &o, .why = nct_why_begin(why, &own)};
	nct_err err;

	*result = (struct nct_m1_choose_result){0};
	if ((err = nct_options_take(&o, sizeof o, options, c.why)) != NCT_OK)
		return err;
	if (o.window_bits < NCT_WINDOW_MIN || o.window_bits > NCT_CODEBOOK_MAX || o.rounds < 1 ||
	    (o.align == NCT_ALIGN_REGEX) != (o.align_pattern != NULL))
		return nct_fail(c.why, NCT_EARG, "window bits, rounds, alignment: out of range");
	if (o.by_bits && !(o.token_cost >= 0 && o.token_cost <= NCT_TOKEN_COST_MAX))
		return nct_fail(c.why, NCT_EARG, "token cost: out of range");
	if (o.book_name != NULL && !nct_codebook_name_good(o.book_name))
		return nct_fail(c.why, NCT_EARG, "a codebook's name has 1 to %d of a-z, 0-9, '-' and '_', not '%.100s'",
		                NCT_CODEBOOK_NAME, o.book_name);
	if (o.book_name != NULL && !nct_m1_codebook_fits(m, o.window_bits, o.book_name))
		return nct_fail(c.why, NCT_EARG, "the model has %d codebooks with names already", NCT_BOOKS_NAMED);
	if (nct_text_bytes(text) == 0)
		return nct_fail(c.why, NCT_ECUT, "no text to choose from");
	err = choose(&c, eval, result);
	nct_words_free(c.bounds.words);
	nct_tally_free(&c.tally);
	return err;
}
