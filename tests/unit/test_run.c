/* test_run.c - checkpoints, and runs that are stopped and resumed. */
#include "train_text.h"

#include <math.h>

#include "train/checkpoint.h"
#include "train/loop.h"

/* ---- checkpoints ---- */

static const struct nct_st_pair made_with[] = {{"seed", "1"}, {"rows", "8"}};

static void
bytes_of(const char *path, char *buf, size_t cap, size_t *n)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	*n = fread(buf, 1, cap, f);
	assert_true(*n < cap);
	assert_int_equal(fclose(f), 0);
}

static void
write_bytes(const char *path, const char *buf, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(buf, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Another run can begin with the first of two tensors if the seed is the same, even if other options differ. */
static void
test_beginning(const char *path, const struct nct_state *s)
{
	static const char *const must[] = {"seed"};
	const struct nct_st_pair same[] = {{"seed", "1"}, {"rows", "9"}, {"length", "3"}}, other[] = {{"seed", "2"}};
	float x[3] = {0}, y[4] = {0};
	struct nct_slot slots[2] = {s->slots[0], s->slots[1]};
	struct nct_state t = {same, 3, slots, 2};
	struct nct_mark mark = {.step = 3, .round = 4};
	nct_why why = {0};

	slots[0].data = x;
	slots[1].data = y;
	assert_int_equal(nct_checkpoint_begin(path, &t, 1, must, 1, &mark, &why), NCT_OK);
	assert_true(x[0] == 1 && x[1] == 4 && x[2] == 3 && y[0] == 0 && mark.step == 3 && mark.round == 4);
	assert_int_equal(strncmp(mark.from, "step 20, CRC ", 13), 0);
	t.options = other;
	t.option_count = 1;
	assert_int_equal(nct_checkpoint_begin(path, &t, 1, must, 1, &mark, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "ck: made with seed 1, not 2"));
}

static void
test_checkpoint(void **state)
{
	float x[3] = {1, -2, 3}, y[4] = {5, 6, 7, 8};
	struct nct_slot slots[2] = {{"x", 1, {3}, x, 3}, {"y", 2, {2, 2}, y, 4}};
	struct nct_state s = {made_with, 2, slots, 2};
	const struct nct_st_pair other[] = {{"seed", "1"}, {"rows", "9"}};
	char path[256], prev[256], whole[4096], broken[4096], before[4096];
	struct nct_mark mark = {.step = 99, .best_step = 98, .best_bits = 97, .pending = 96, .train_bits = 95};
	int old;
	size_t n, before_n;
	nct_why why = {0};

	(void)state;
	in_folder(path, "ck");
	in_folder(prev, "ck.prev");
	assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_OK);
	/* there is no checkpoint */
	assert_true(mark.step == 0 && mark.best_step == 0 && mark.round == NCT_NO_ROUND && !mark.pending &&
	            mark.from[0] == '\0');
	assert_int_equal(nct_checkpoint_save(path, &s, &(struct nct_mark){.step = 10, .round = NCT_NO_ROUND}, &why), NCT_OK);
	x[1] = 4;
	assert_int_equal(nct_checkpoint_save(path, &s, &(struct nct_mark){20, 15, 1.1, 12, "step 5", 1, 3.3}, &why), NCT_OK);
	x[1] = y[3] = 0;
	assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_OK);
	assert_true(mark.step == 20 && mark.best_step == 15 && mark.best_bits == 1.1 && mark.round == 12);
	assert_true(mark.pending && mark.train_bits == 3.3);
	assert_string_equal(mark.from, "step 5");
	assert_true(!old && x[1] == 4 && y[3] == 8);

	s.options = other;
	assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "rows 8, not 9"));
	s.options = made_with;
	s.option_count = 1; /* it has an option that this run has not */
	assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "rows 8, not (none)"));
	s.option_count = 2;
	test_beginning(path, &s);

	bytes_of(path, whole, sizeof whole, &n);
	bytes_of(prev, before, sizeof before, &before_n);
	for (size_t i = 0; i < n; i++) { /* a flipped bit is noticed, and the previous file is used */
		memcpy(broken, whole, n);
		broken[i] ^= 4;
		write_bytes(path, broken, n);
		write_bytes(prev, before, before_n); /* the file used has replaced the damaged one */
		nct_err err = nct_checkpoint_load(path, &s, &mark, &old, &why);
		if (err != NCT_OK || !old || mark.step != 10 || mark.pending || x[1] != -2)
			fail_msg("byte %zu flipped: error %d, old %d, step %u: %s", i, (int)err, old, (unsigned)mark.step, why.text);
	}
	for (size_t i = 0; i < n; i += 7) { /* so is any cut */
		write_bytes(path, whole, i);
		write_bytes(prev, before, before_n);
		assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_OK);
		assert_true(old && mark.step == 10);
		assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_OK);
		assert_true(!old && mark.step == 10); /* so the next save keeps a good file */
	}
	write_bytes(prev, before, before_n);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(nct_checkpoint_load(path, &s, &mark, &old, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "ck.prev is there"));
	write_bytes(prev, whole, n / 2);
	write_bytes(path, whole, n / 2);
	assert_true(nct_checkpoint_load(path, &s, &mark, &old, &why) != NCT_OK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(prev), 0);
}

/* ---- runs ---- */

enum { STEPS = 6 };

/* Counts the steps of a run, to stop it at one. */
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

static struct nct_train_options
tiny_options(const char *checkpoint, const char *log, unsigned threads)
{
	struct nct_train_options o;

	nct_train_defaults(&o, sizeof o);
	o.steps = STEPS;
	o.rows = 2;
	o.length = 24;
	o.accumulate = 2;
	o.eval_every = 2;
	o.save_every = 0;
	o.threads = threads;
	o.checkpoint = checkpoint;
	o.log = log;
	return o;
}

/* Runs to the end, or to step `stop` if that is not 0. Returns a copy of the parameters. */
static float *
run(const struct nct_examples *e, struct nct_train_options o, uint64_t stop, size_t *n)
{
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS,
	                                .inputs = NCT_SYMBOLS,
	                                .width = 16,
	                                .heads = 2,
	                                .layers = 2,
	                                .inner = 32,
	                                .reach = 16};
	struct nct_tensor t[NCT_P_COUNT];
	struct watch w = {.stop = stop};
	nct_why why = {0};
	nct_loop *l;
	int stopped = -1;
	float *copy;

	o.progress = count_step;
	o.stop = stop_now;
	o.ctx = &w;
	if (nct_loop_new(&l, &o, &shape, e, e, &why) != NCT_OK || nct_loop_run(l, &stopped, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_int_equal(stopped, stop != 0);
	assert_int_equal(nct_loop_step(l), stop != 0 ? stop : o.steps);
	assert_int_equal(nct_shape_tensors(&shape, t, n, NULL), NCT_OK);
	copy = malloc(*n * sizeof *copy);
	assert_non_null(copy);
	memcpy(copy, nct_loop_params(l), *n * sizeof *copy);
	nct_loop_free(l);
	return copy;
}

static void
expect_same_file(const char *a, const char *b)
{
	static char x[1 << 20], y[1 << 20];
	size_t n, m;

	bytes_of(a, x, sizeof x, &n);
	bytes_of(b, y, sizeof y, &m);
	assert_int_equal(n, m);
	assert_memory_equal(x, y, n);
}

/* Enough text for several epochs and a short last example. */
static nct_text *
run_text(void)
{
	static char text[300];
	struct piece p[] = {{text, 250}, {text + 17, 260}, {NULL, 0}};

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)("the quick brown fox "[i % 20] + (i % 7 == 0));
	return text_of(p, NCT_SEP_OPERAND);
}

static void
test_resume_is_exact(void **state)
{
	char ck_a[256], ck_b[256], log_a[256], log_b[256], prev[256];
	nct_text *t = run_text();
	struct nct_examples e;
	size_t n;
	float *unbroken, *parts;

	(void)state;
	nct_text_examples(&e, t, 24);
	in_folder(ck_a, "a");
	in_folder(ck_b, "b");
	in_folder(log_a, "a.log");
	in_folder(log_b, "b.log");
	unbroken = run(&e, tiny_options(ck_a, log_a, 1), 0, &n);
	for (uint64_t stop = 1; stop < STEPS; stop += 2) {
		free(run(&e, tiny_options(ck_b, log_b, 2), stop, &n));
		FILE *f = fopen(log_b, "a"); /* rows past the checkpoint, as a crash leaves them */
		assert_non_null(f);
		fprintf(f, "%d\t0.5\t1.5\t\n%d\t0.", (int)stop + 1, (int)stop + 2);
		assert_int_equal(fclose(f), 0);
		parts = run(&e, tiny_options(ck_b, log_b, 2), 0, &n);
		assert_memory_equal(parts, unbroken, n * sizeof *parts);
		expect_same_file(ck_a, ck_b);
		expect_same_file(log_a, log_b);
		free(parts);
		assert_int_equal(unlink(ck_b), 0);
		assert_int_equal(unlink(in_folder(prev, "b.prev")), 0);
	}
	free(unbroken);
	nct_text_free(t);
	(void)unlink(ck_a);
	(void)unlink(log_a);
	(void)unlink(log_b);
}

/* A stop() that counts *ctx down, and returns 1 when it gets to 0. If *ctx is 0 at first, it never does. */
static int
stop_at_last(void *ctx)
{
	unsigned *asks = ctx;

	return *asks > 0 && --*asks == 0;
}

/* Runs until stop() has been asked `asks` times (0: to the end). Returns whether it was stopped. *step: steps done. */
static int
run_asked(const struct nct_examples *e, struct nct_train_options o, unsigned asks, uint64_t *step)
{
	const struct nct_shape shape = {
	    .vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 8, .heads = 1, .layers = 1, .inner = 8, .reach = 16};
	nct_why why = {0};
	nct_loop *l;
	int stopped;

	o.keep_best = 1;
	o.stop = stop_at_last;
	o.ctx = &asks;
	if (nct_loop_new(&l, &o, &shape, e, e, &why) != NCT_OK || nct_loop_run(l, &stopped, &why) != NCT_OK)
		fail_msg("%s", why.text);
	*step = nct_loop_step(l);
	nct_loop_free(l);
	return stopped;
}

/* A run that is stopped anywhere, also between the batches of an evaluation, ends with the same log and checkpoint
 * when resumed. */
static void
test_stop_anywhere(void **state)
{
	char ck_a[256], ck_b[256], log_a[256], log_b[256], prev[256];
	nct_text *t = run_text();
	struct nct_examples e;
	uint64_t step, before = 0;
	unsigned asks, within = 0;

	(void)state;
	nct_text_examples(&e, t, 24);
	in_folder(ck_a, "a");
	in_folder(ck_b, "b");
	in_folder(log_a, "a.log");
	in_folder(log_b, "b.log");
	assert_false(run_asked(&e, tiny_options(ck_a, log_a, 1), 0, &step));
	for (asks = 1; run_asked(&e, tiny_options(ck_b, log_b, 1), asks, &step); asks++) {
		within += step == before; /* stopped again at this step: in its evaluation */
		before = step;
		if (asks % 5 == 0) /* stopped again as soon as it is resumed */
			assert_true(run_asked(&e, tiny_options(ck_b, log_b, 1), 1, &step));
		assert_false(run_asked(&e, tiny_options(ck_b, log_b, 1), 0, &step));
		assert_int_equal(step, STEPS);
		expect_same_file(ck_a, ck_b);
		expect_same_file(log_a, log_b);
		assert_int_equal(unlink(ck_b), 0);
		(void)unlink(in_folder(prev, "b.prev"));
		(void)unlink(log_b);
	}
	assert_true(within > 10);
	nct_text_free(t);
	(void)unlink(ck_a);
	(void)unlink(ck_b);
	(void)unlink(log_a);
	(void)unlink(log_b);
}

static void
test_training_learns(void **state)
{
	nct_text *t = run_text();
	struct nct_train_options o = tiny_options(NULL, NULL, 2);
	struct nct_examples e;
	double before = NAN, after = NAN;

	(void)state;
	nct_text_examples(&e, t, 24);
	for (int trained = 0; trained < 2; trained++) {
		const struct nct_shape shape = {.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 16, .heads = 2, .layers = 2,
		    .inner = 32, .reach = 16};
		nct_loop *l;
		int stopped, broken;

		o.steps = trained ? 150 : 0;
		assert_int_equal(nct_loop_new(&l, &o, &shape, &e, &e, NULL), NCT_OK);
		assert_int_equal(nct_loop_run(l, &stopped, NULL), NCT_OK);
		assert_int_equal(nct_loop_evaluate(l, trained ? &after : &before, &broken, NULL), NCT_OK);
		assert_false(broken);
		nct_loop_free(l);
	}
	assert_true(before > 8 && before < 10); /* log2(257) = 8.006, and logits of variance 1 cost half a nat */
	assert_true(after < 2);                 /* the text repeats every 140 bytes */
	nct_text_free(t);
}

static void
test_nan_stops(void **state)
{
	nct_text *t = run_text();
	struct nct_train_options o = tiny_options(NULL, NULL, 1);
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS,
	                                .inputs = NCT_SYMBOLS,
	                                .width = 16,
	                                .heads = 2,
	                                .layers = 1,
	                                .inner = 32,
	                                .reach = 16};
	struct nct_examples e;
	nct_why why = {0};
	nct_loop *l;
	int stopped;
	char path[256];

	(void)state;
	nct_text_examples(&e, t, 24);
	o.lr = 1e30; /* so large that numbers overflow */
	o.steps = 20;
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_OK);
	assert_int_equal(nct_loop_run(l, &stopped, &why), NCT_ENAN);
	if (strncmp(why.text, "step ", 5) != 0)
		fail_msg("the step is not named: %s", why.text);
	assert_true(nct_loop_step(l) < 20);
	nct_loop_free(l);
	o.checkpoint = in_folder(path, "nan");
	o.save_every = 1; /* a state that is not finite is never saved */
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_OK);
	assert_int_equal(nct_loop_run(l, &stopped, &why), NCT_ENAN);
	nct_loop_free(l);
	if (access(path, F_OK) == 0) {
		assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_OK);
		assert_true(nct_loop_step(l) > 0);
		for (size_t i = 0; i < 257 * 16; i++)
			assert_true(isfinite(nct_loop_params(l)[i]));
		nct_loop_free(l);
	}
	(void)unlink(path);
	(void)unlink(in_folder(path, "nan.prev"));
	nct_text_free(t);
}

static void
test_memory_is_refused(void **state)
{
	nct_text *t = run_text();
	struct nct_train_options o = tiny_options(NULL, NULL, 1);
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS,
	                                .inputs = NCT_SYMBOLS,
	                                .width = 2048,
	                                .heads = 32,
	                                .layers = 24,
	                                .inner = 8192,
	                                .reach = 1024};
	struct nct_examples e;
	nct_why why = {0};
	nct_loop *l;

	(void)state;
	nct_text_examples(&e, t, 24);
	o.rows = 1 << 20;
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_ENOMEM);
	assert_null(l);
	assert_non_null(strstr(why.text, "GB of memory"));
	nct_text_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checkpoint),
		cmocka_unit_test(test_resume_is_exact),
		cmocka_unit_test(test_stop_anywhere),
		cmocka_unit_test(test_training_learns),
		cmocka_unit_test(test_nan_stops),
		cmocka_unit_test(test_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
