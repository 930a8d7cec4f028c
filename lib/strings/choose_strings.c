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
 * next rounds drop some each (prune.c). That is done with strings of one word first. If strings of several words are
 * wanted and save anything, it is done again, with those that are left and as many of several words. */
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
#define NODES_BITS 7u        /* nodes of the tally: 2^(b + 7), by bits 2^(b + 10), ... */
#define NODES_MAX (1u << 24) /* ... but at most this */
#define GROW_BITS 4u         /* a node may get children once it was counted in one of 2^(b + 4) windows */
#define LEAST 3              /* a string may be chosen if it was counted three times as often as that */
#define MORE_BITS 3u         /* by bits: 2^(b + 3) strings to begin with */
#define GROW_STRIDE 4        /* by bits: the tally grows over one of 4 segments, ... */
#define GROW_BYTES ((uint64_t)1 << 23) /* ... but of a smaller text over so many bytes at least */
#define KEPT 7               /* tenths of the strings that a round of pruning keeps */
#define SEVERAL_ROUNDS 2     /* rounds in which strings of several words are found */
#define NOTES_ROOM 64        /* bytes of a note's key */

/* ---- rounds ---- */

struct chooser {
	nct_m1 *m;
	const nct_text *text;
	const struct nct_train_options *o;
	struct nct_boundaries bounds;
	struct nct_tally tally;
	nct_why *why;
};

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

/* One round: counts the windows of one of `stride` segments of the text, and chooses 2^bits strings. */
static nct_err
round_over(struct chooser *c, uint64_t stride, unsigned bits)
{
	const uint64_t windows = nct_text_bytes(c->text) / stride / 5; /* an estimate: 5 bytes each */
	const uint64_t often = windows >> (bits + GROW_BITS);
	const uint32_t grow = often < 2 ? 2 : often > UINT32_MAX / LEAST ? UINT32_MAX / LEAST : (uint32_t)often;
	struct nct_parsed p;
	nct_err err;

	nct_tally_clear(&c->tally);
	if ((err = nct_count_windows(&c->tally, c->text, stride, &c->bounds, grow, c->o, &p, c->why)) != NCT_OK ||
	    nct_train_stop(c->o))
		return err;
	report(c, "windows", &p);
	err = nct_choose_fewest(&c->tally, (size_t)1 << bits, c->o->align != NCT_ALIGN_NONE, grow * LEAST);
	return err == NCT_OK ? err : nct_fail(c->why, err, "out of memory");
}

/* Drops strings until there are 2^bits. */
static nct_err
prune(struct chooser *c, unsigned bits)
{
	const size_t wanted = (size_t)1 << bits;
	nct_err err = NCT_OK;

	for (size_t have; err == NCT_OK && (have = nct_tally_chosen(&c->tally)) > wanted && !nct_train_stop(c->o);) {
		const size_t next = have / 10 * KEPT;
		struct nct_parsed p;

		nct_tally_keep_chosen(&c->tally);
		nct_tally_clear(&c->tally);
		if ((err = nct_count_windows(&c->tally, c->text, 1, &c->bounds, 0, c->o, &p, c->why)) != NCT_OK ||
		    nct_train_stop(c->o))
			return err;
		report(c, "windows", &p);
		err = nct_prune(&c->tally, p.windows, next > wanted ? next : wanted, c->o->align != NCT_ALIGN_NONE,
		                c->o->token_cost);
	}
	return err == NCT_ENOMEM ? nct_fail(c->why, err, "out of memory") : err;
}

/* Chooses strings of one word, then adds strings of several, and prunes again. */
static nct_err
choose_and_prune(struct chooser *c)
{
	const unsigned bits = c->o->window_bits, words = c->o->string_words;
	const uint64_t most = nct_text_bytes(c->text) / GROW_BYTES;
	const uint64_t stride = most < 1 ? 1 : most < GROW_STRIDE ? most : GROW_STRIDE;
	uint8_t *single; /* by node: its string of one word is chosen */
	nct_err err = NCT_OK;

	c->bounds.words_most = 1;
	for (unsigned i = 0; i < FIRST_ROUNDS && err == NCT_OK && !nct_train_stop(c->o); i++)
		err = round_over(c, i + 1 < FIRST_ROUNDS ? FIRST_STRIDE : stride, bits + MORE_BITS);
	if (err == NCT_OK)
		err = prune(c, bits);
	c->bounds.words_most = words;
	/* Strings of several words save tokens, which must have a cost. Without boundaries there are no words. */
	if (err != NCT_OK || words == 1 || c->o->token_cost <= 0 || c->o->align == NCT_ALIGN_NONE || nct_train_stop(c->o))
		return err;
	const uint32_t n = c->tally.n;
	if ((single = malloc(n)) == NULL)
		return nct_fail(c->why, NCT_ENOMEM, "out of memory");
	for (uint32_t v = 0; v < n; v++)
		single[v] = c->tally.node[v].chosen;
	for (unsigned i = 0; i < SEVERAL_ROUNDS && err == NCT_OK && !nct_train_stop(c->o); i++) {
		err = round_over(c, stride, bits);
		for (uint32_t v = 1; v < c->tally.n && err == NCT_OK; v++)
			if (c->tally.node[v].words == 1)
				c->tally.node[v].chosen = v < n && single[v];
	}
	free(single);
	return err == NCT_OK ? prune(c, bits) : err;
}

/* Chooses the strings that take the fewest windows. */
static nct_err
choose_fewest(struct chooser *c)
{
	nct_err err = NCT_OK;

	for (unsigned i = 0; i < FIRST_ROUNDS + c->o->rounds && err == NCT_OK && !nct_train_stop(c->o); i++)
		err = round_over(c, i < FIRST_ROUNDS ? FIRST_STRIDE : 1, c->o->window_bits);
	return err;
}

static nct_err
pattern_new(struct chooser *c)
{
	nct_why what = {0};
	const nct_err err = nct_pattern_new(&c->bounds.pattern, c->o->align_pattern, &what);

	return err == NCT_EARG ? nct_fail_about(c->why, NCT_ABOUT_ALIGNMENT, err, "alignment: %s", what.text) : err;
}

static nct_err
begin(struct chooser *c)
{
	const uint32_t most = (uint32_t)1 << (c->o->window_bits + NODES_BITS + (c->o->by_bits ? MORE_BITS : 0));
	nct_err err = NCT_OK;

	c->bounds.align = c->o->align;
	c->bounds.words_most = c->o->string_words;
	if (c->o->align == NCT_ALIGN_WORDS)
		err = nct_words_new(&c->bounds.words, NULL);
	if (c->o->align == NCT_ALIGN_REGEX)
		err = pattern_new(c);
	if (err == NCT_OK)
		err = nct_tally_new(&c->tally, most < NODES_MAX ? most : NODES_MAX);
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
	struct nct_parsed p;
	nct_err err;

	nct_tally_clear(&c->tally);
	err = nct_count_windows(&c->tally, c->text, 1, &c->bounds, 0, c->o, &p, c->why);
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
		err = c->o->by_bits ? choose_and_prune(c) : choose_fewest(c);
	r->unmet = unmet(&c->tally);
	if (err == NCT_OK && c->o->report != NULL && !nct_train_stop(c->o))
		err = report_last(c);
	r->stopped = nct_train_stop(c->o);
	if (err == NCT_OK && !r->stopped && eval != NULL) {
		err = nct_count_windows(&c->tally, eval, 1, &c->bounds, 0, c->o, &p, c->why);
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
	nct_pattern_free(c.bounds.pattern);
	nct_tally_free(&c.tally);
	return err;
}
