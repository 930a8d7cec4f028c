/* test_aware.c - window-aware training: rows of contexts, rounds, runs that are resumed, and runs that begin with
 * another run's parameters. */
#include "train_text.h"

#include <math.h>

#include "train/checkpoint.h"
#include "train/loop.h"
#include "train/rounds.h"

enum { LENGTH = 40, ROWS = 100, STEPS = 9 };

static const struct nct_shape shape = {
    .vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 16, .heads = 2, .layers = 2, .inner = 32, .reach = 16};

static struct nct_train_options
options(unsigned threads)
{
	struct nct_train_options o;

	nct_train_defaults(&o, sizeof o);
	o.steps = STEPS;
	o.rows = 3;
	o.length = LENGTH;
	o.accumulate = 2;
	o.save_every = 0;
	o.threads = threads;
	o.window_bits = 16;
	o.align = NCT_ALIGN_WORDS;
	return o;
}

static nct_text *
some_text(void)
{
	static char text[3000];
	struct piece p[] = {{text, 900}, {text + 17, 60}, {text + 900, 2100}, {NULL, 0}};

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "the quick brown fox "[i % 20];
	for (size_t i = 0; i < sizeof text; i += 7)
		text[i] = (char)('a' + i % 26);
	return text_of(p, NCT_SEP_OPERAND);
}

/* ---- rows ---- */

struct rows {
	uint32_t in[ROWS * LENGTH], target[ROWS * LENGTH], seen[ROWS * LENGTH];
	uint64_t targets, units;
};

static void
fill(struct rows *r, const nct_text *t, const struct nct_train_options *o)
{
	struct nct_examples e;
	struct nct_round_found found;
	nct_why why = {0};
	nct_rounds *a;
	nct_net *net;

	nct_text_examples(&e, t, LENGTH);
	assert_int_equal(nct_net_new(&net, &shape, 1, LENGTH, 1, NULL, NULL), NCT_OK);
	nct_net_init(net, 1);
	if (nct_rounds_new(&a, t, &shape, o, &why) != NCT_OK ||
	    nct_rounds_parse(a, &e, nct_net_params(net), 0, &found, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_true(found.symbols == nct_text_symbols(t) && found.windows > found.symbols / 4 &&
	            found.windows < found.symbols);
	r->targets = r->units = 0;
	nct_rounds_fill(a, &e, 7, ROWS, r->in, r->target, r->seen, &r->targets, &r->units);
	nct_rounds_free(a);
	nct_net_free(net);
}

/* Of a hundred rows, exactly long_share are long, and these are the examples of general training. */
static void
test_long_rows(void **state)
{
	static struct rows r;
	nct_text *t = some_text();
	struct nct_train_options o = options(2);
	struct nct_examples e;

	(void)state;
	nct_text_examples(&e, t, LENGTH);
	for (o.long_share = 0; o.long_share < 100; o.long_share += 33) {
		size_t longs = 0;

		fill(&r, t, &o);
		for (size_t i = 0; i < ROWS; i++) {
			uint32_t in[LENGTH], target[LENGTH];
			uint64_t targets = 0, units = 0;
			int same;

			nct_examples_fill(&e, o.seed, 7 + i, 1, in, target, &targets, &units);
			same = memcmp(in, r.in + i * LENGTH, sizeof in) == 0 && memcmp(target, r.target + i * LENGTH, sizeof target) == 0;
			longs += (size_t)same;
			for (size_t j = 0; same && j < LENGTH; j++)
				assert_int_equal(r.seen[i * LENGTH + j], 0);
		}
		assert_int_equal(longs, o.long_share);
	}
	nct_text_free(t);
}

/* The length of the context that begins at position `at` of a row. */
static size_t
context_at(const uint32_t *seen, size_t at)
{
	size_t n = 1;

	assert_int_equal(seen[at], at);
	while (at + n < LENGTH && seen[at + n] == at)
		n++;
	return n;
}

/* A context begins with BOS and is text of one document. If there is room, it has at least one symbol more than a
 * window. */
static void
test_contexts(void **state)
{
	static struct rows r;
	static uint32_t symbols[4000];
	nct_text *t = some_text();
	struct nct_train_options o = options(1);
	size_t ends = 0, bytes = 0, all = (size_t)nct_text_symbols(t);

	(void)state;
	o.long_share = 0;
	fill(&r, t, &o);
	(void)nct_text_get(t, 0, all, symbols);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t at = 0, n; at < LENGTH; at += n) {
			const uint32_t *in = r.in + i * LENGTH + at, *target = r.target + i * LENGTH + at;
			size_t place = 0;

			n = context_at(r.seen + i * LENGTH, at);
			assert_int_equal(in[0], NCT_EOD);
			assert_memory_equal(in + 1, target, (n - 1) * sizeof *in);
			while (place + n <= all && memcmp(symbols + place, target, n * sizeof *target) != 0)
				place++;
			assert_true(place + n <= all);
			for (size_t j = 0; j + 1 < n; j++)
				assert_int_not_equal(target[j], NCT_EOD); /* EOD only ends a context */
			ends += target[n - 1] == NCT_EOD;
			bytes += n - (target[n - 1] == NCT_EOD);
			assert_true(n >= 3 || at + n == LENGTH || target[n - 1] == NCT_EOD);
		}
	assert_true(ends > 0);
	assert_int_equal(bytes, r.units);
	assert_int_equal(r.targets, ROWS * LENGTH);
	nct_text_free(t);
}

/* The loss and gradients of a row of contexts are the sums of those of each context alone. */
static void
test_packing_changes_nothing(void **state)
{
	static struct rows r;
	nct_text *t = some_text();
	struct nct_train_options o = options(1);
	struct nct_tensor tensors[NCT_P_COUNT];
	size_t total, contexts = 0;
	nct_net *packed, *single;
	double nats, sum = 0, one, largest = 0;
	uint64_t count;

	(void)state;
	o.long_share = 0;
	fill(&r, t, &o);
	assert_int_equal(nct_net_new(&packed, &shape, 4, LENGTH, 1, "ref", NULL), NCT_OK);
	assert_int_equal(nct_net_new(&single, &shape, 1, LENGTH, 1, "ref", NULL), NCT_OK);
	nct_net_init(packed, 5);
	nct_net_init(single, 5);
	const struct nct_batch b = {.rows = 4, .length = LENGTH, .in = r.in, .target = r.target, .first = r.seen};
	assert_int_equal(nct_net_backward(packed, &b, 0.01f, 1e-4f, &nats, &count), NCT_OK);
	assert_int_equal(count, 4 * LENGTH);
	for (size_t at = 0, n; at < 4 * LENGTH; at += n, contexts++) {
		n = context_at(r.seen + at / LENGTH * LENGTH, at % LENGTH);
		const struct nct_batch c = {.rows = 1, .length = n, .in = r.in + at, .target = r.target + at};
		assert_int_equal(nct_net_backward(single, &c, 0.01f, 1e-4f, &one, &count), NCT_OK);
		sum += one;
	}
	assert_true(contexts > 12);
	if (!(fabs(nats - sum) <= 1e-5 * sum)) /* other orders of summing floats differ by 1e-7 */
		fail_msg("packed %.9g, each alone %.9g", nats, sum);
	assert_int_equal(nct_shape_tensors(&shape, tensors, &total, NULL), NCT_OK);
	for (size_t i = 0; i < total; i++)
		largest = fmax(largest, fabs((double)nct_net_grads(single)[i]));
	for (size_t i = 0; i < total; i++) {
		const double a = (double)nct_net_grads(packed)[i], g = (double)nct_net_grads(single)[i];

		if (!(fabs(a - g) <= 1e-5 * largest))
			fail_msg("gradient %zu: packed %.9g, each alone %.9g", i, a, g);
	}
	nct_net_free(packed);
	nct_net_free(single);
	nct_text_free(t);
}

/* ---- rounds ---- */

static void
test_rounds(void **state)
{
	struct nct_train_options o = options(1);

	(void)state;
	for (o.steps = 1; o.steps < 40; o.steps++)
		for (o.rounds = 1; o.rounds < 6; o.rounds++)
			for (int from = 0; from < 2; from++) {
				uint64_t last = NCT_NO_ROUND, begun = 0, longest = 0;

				for (uint64_t s = 0; s < o.steps; s++) {
					const uint64_t round = nct_rounds_round(&o, from, s);

					assert_true((round == NCT_NO_ROUND) == (!from && s < o.steps / 2));
					assert_true(round == NCT_NO_ROUND || (round <= s && (round == s || round == last)));
					begun += round != last;
					last = round;
					longest = round != NCT_NO_ROUND && s - round + 1 > longest ? s - round + 1 : longest;
				}
				const uint64_t steps = o.steps - (from ? 0 : o.steps / 2);
				assert_true(begun <= o.rounds && longest == (steps + o.rounds - 1) / o.rounds);
			}
	o.steps = 60;
	o.rounds = 3;
	assert_int_equal(nct_rounds_round(&o, 0, 59), 50);
	assert_int_equal(nct_rounds_round(&o, 1, 59), 40);
}

/* ---- runs ---- */

struct watch {
	uint64_t step, stop; /* steps so far; where to stop (0: nowhere) */
};

static void
count_step(void *ctx, const struct nct_train_progress *p)
{
	((struct watch *)ctx)->step = p->step;
}

static int
stop_now(void *ctx)
{
	const struct watch *w = ctx;

	return w->stop != 0 && w->step == w->stop;
}

/* Runs to the end, or to step `stop` if that is not 0. Returns a copy of the parameters. */
static float *
run(const nct_text *t, struct nct_train_options o, uint64_t stop, size_t *n)
{
	struct nct_tensor tensors[NCT_P_COUNT];
	struct watch w = {.stop = stop};
	struct nct_examples e;
	nct_why why = {0};
	nct_loop *l;
	int stopped;
	float *copy;

	o.progress = count_step;
	o.stop = stop_now;
	o.ctx = &w;
	nct_text_examples(&e, t, LENGTH);
	if (o.window_bits > 0 && nct_rounds_new(&e.rounds, t, &shape, &o, &why) != NCT_OK)
		fail_msg("%s", why.text);
	if (nct_loop_new(&l, &o, &shape, &e, NULL, &why) != NCT_OK || nct_loop_run(l, &stopped, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_int_equal(nct_loop_had_rounds(l), o.window_bits > 0 && (o.from != NULL || nct_loop_step(l) > o.steps / 2));
	assert_int_equal(nct_shape_tensors(&shape, tensors, n, NULL), NCT_OK);
	copy = malloc(*n * sizeof *copy);
	assert_non_null(copy);
	memcpy(copy, nct_loop_params(l), *n * sizeof *copy);
	nct_loop_free(l);
	nct_rounds_free(e.rounds);
	return copy;
}

static void
drop_checkpoint(const char *name)
{
	char path[256], prev[300];

	snprintf(prev, sizeof prev, "%s.prev", in_folder(path, name));
	(void)unlink(path);
	(void)unlink(prev);
}

/* A run that is stopped at any step, between rounds or inside one, ends with the same bits when resumed, with any
 * number of threads. */
static void
test_resume_is_exact(void **state)
{
	char general[256], ck[256];
	nct_text *t = some_text();
	struct nct_train_options o = options(1);
	size_t n;
	float *first, *whole, *parts;

	(void)state;
	o.window_bits = 0;
	o.steps = 4;
	o.checkpoint = in_folder(general, "general");
	first = run(t, o, 0, &n);
	for (int from = 0; from < 2; from++) {
		o = options(1);
		o.from = from ? general : NULL;
		whole = run(t, o, 0, &n);
		assert_memory_not_equal(whole, first, n * sizeof *whole);
		o.checkpoint = in_folder(ck, "ck");
		for (uint64_t stop = 1; stop < STEPS; stop++) {
			o.threads = (unsigned)(1 + stop % 3);
			parts = run(t, o, stop, &n);
			assert_memory_not_equal(parts, whole, n * sizeof *whole);
			free(parts);
			o.threads = (unsigned)(3 - stop % 3);
			parts = run(t, o, 0, &n);
			assert_memory_equal(parts, whole, n * sizeof *whole);
			free(parts);
			drop_checkpoint("ck");
		}
		free(whole);
	}
	free(first);
	drop_checkpoint("general");
	nct_text_free(t);
}

/* A run that begins from another run's checkpoint has its parameters, as it shows after 0 steps. */
static void
test_from(void **state)
{
	char general[256], ck[256];
	nct_text *t = some_text();
	struct nct_train_options o = options(1);
	struct nct_shape other = shape;
	struct nct_examples e;
	nct_why why = {0};
	nct_loop *l;
	size_t n;

	(void)state;
	o.window_bits = 0;
	o.steps = 4;
	o.checkpoint = in_folder(general, "general");
	float *first = run(t, o, 0, &n);
	o.checkpoint = NULL;
	o.from = general;
	o.seed = 9; /* options need not be those of the other run */
	o.rows = 1;
	o.steps = 0;
	float *again = run(t, o, 0, &n);
	assert_memory_equal(again, first, n * sizeof *first);
	free(again);
	o.steps = 2;
	again = run(t, o, 0, &n);
	assert_memory_not_equal(again, first, n * sizeof *first);
	free(again);
	free(first);

	other.inner = 48;
	nct_text_examples(&e, t, LENGTH);
	assert_int_equal(nct_loop_new(&l, &o, &other, &e, NULL, &why), NCT_EMODEL);
	assert_non_null(strstr(
	    why.text,
	    "general: made with size d=16,layers=2,heads=2,ff=32,reach=16, not d=16,layers=2,heads=2,ff=48,reach=16"));
	o.from = in_folder(ck, "nothing");
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_EIO);
	assert_non_null(strstr(why.text, "nothing: No such file"));
	drop_checkpoint("general");
	nct_text_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_rows),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_packing_changes_nothing),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_resume_is_exact),
		cmocka_unit_test(test_from),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
