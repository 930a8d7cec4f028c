/* test_train.c - text, order of examples, schedule, checkpoints, and runs that stop and go on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/m1.h"
#include "train/batch.h"
#include "train/checkpoint.h"
#include "train/loop.h"
#include "train/measure.h"
#include "train/schedule.h"
#include "train/text.h"
#include "train/unigram.h"

static char folder[] = "/tmp/nct-test-train.XXXXXX";

static char *
in_folder(char *path, const char *name)
{
	snprintf(path, 256, "%s/%s", folder, name);
	return path;
}

/* ---- Text ---- */

struct piece {
	const char *bytes;
	size_t n;
};

/* Operands from memory: each is a file of its own, the list ends with bytes NULL. */
static nct_err
from_pieces(void *ctx, size_t i, int *fd)
{
	const struct piece *p = ctx;
	char path[256];

	*fd = -1;
	if (p[i].bytes == NULL)
		return NCT_OK;
	*fd = open(in_folder(path, "piece"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, p[i].bytes, p[i].n), (ssize_t)p[i].n);
	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	return NCT_OK;
}

static nct_text *
text_of(struct piece *p, enum nct_separator separator)
{
	const struct nct_text_options o = {.separator = separator, .tmpdir = folder};
	nct_text *t;
	nct_why why = {""};
	size_t at;

	if (nct_text_read(&t, from_pieces, p, &o, &at, &why) != NCT_OK)
		fail_msg("operand %zu: %s", at, why.text);
	return t;
}

static void
expect_symbols(const nct_text *t, const uint32_t *want, size_t n)
{
	assert_int_equal(nct_text_symbols(t), n);
	for (size_t from = 0; from < n; from++) /* every part of it, from everywhere */
		for (size_t len = 0; from + len <= n; len++) {
			uint32_t got[16];
			size_t bytes = 0;

			for (size_t i = 0; i < len; i++)
				bytes += want[from + i] != NCT_EOD;
			assert_int_equal(nct_text_get(t, from, len, got), bytes);
			assert_memory_equal(got, want + from, len * sizeof *got);
		}
}

static void
test_documents(void **state)
{
	struct piece p[] = {{"ab", 2}, {"", 0}, {"\0c", 2}, {NULL, 0}};
	struct piece q[] = {{"a\0\0b", 4}, {"c\0d", 3}, {NULL, 0}};
	const uint32_t operands[] = {'a', 'b', NCT_EOD, 0, 'c', NCT_EOD};
	const uint32_t nuls[] = {'a', NCT_EOD, NCT_EOD, 'b', 'c', NCT_EOD, 'd'};
	nct_text *t = text_of(p, NCT_SEP_OPERAND);

	(void)state;
	expect_symbols(t, operands, 6);
	assert_int_equal(nct_text_bytes(t), 4);
	assert_int_equal(nct_text_documents(t), 2);
	nct_text_free(t);
	t = text_of(q, NCT_SEP_NUL);
	expect_symbols(t, nuls, 7); /* the last document has no NUL: it stays open */
	assert_int_equal(nct_text_documents(t), 3);
	nct_text_free(t);
}

static void
test_text_crc_sees_ends(void **state)
{
	struct piece p[] = {{"ab", 2}, {"c", 1}, {NULL, 0}}, q[] = {{"a", 1}, {"bc", 2}, {NULL, 0}};
	nct_text *a = text_of(p, NCT_SEP_OPERAND), *b = text_of(q, NCT_SEP_OPERAND);

	(void)state;
	assert_true(nct_text_crc(a) != nct_text_crc(b));
	nct_text_free(a);
	nct_text_free(b);
}

/* ---- Order ---- */

static void
test_permutation(void **state)
{
	static const uint64_t sizes[] = {1, 2, 3, 4, 5, 16, 17, 1000, 4096, 4097};

	(void)state;
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		const uint64_t n = sizes[k];
		uint8_t *seen = calloc(n, 1);
		uint64_t fixed = 0;

		assert_non_null(seen);
		for (uint64_t i = 0; i < n; i++) {
			uint64_t to = nct_permute(n, 7, i);

			if (to >= n || seen[to]++)
				fail_msg("n=%zu: %zu goes to %zu", (size_t)n, (size_t)i, (size_t)to);
			fixed += to == i;
		}
		if (n >= 1000)
			assert_in_range(fixed, 0, 10); /* one is expected; 10 has odds of 1 in 10^7 */
		free(seen);
	}
	assert_in_range(nct_permute(UINT64_MAX, 7, UINT64_MAX - 1), 0, UINT64_MAX - 1);
}

static void
test_epochs(void **state)
{
	const struct nct_examples e = {.count = 500, .length = 1};
	uint8_t seen[500] = {0};
	size_t same = 0;

	(void)state;
	for (uint64_t i = 0; i < 1500; i++)
		seen[nct_examples_order(&e, 3, i)]++;
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(seen[i], 3); /* each once an epoch */
	for (uint64_t i = 0; i < 500; i++)
		same += nct_examples_order(&e, 3, i) == nct_examples_order(&e, 3, i + 500);
	assert_in_range(same, 0, 12); /* but not in the same order */
	same = 0;
	for (uint64_t i = 0; i < 500; i++)
		same += nct_examples_order(&e, 3, i) == nct_examples_order(&e, 4, i);
	assert_in_range(same, 0, 12);
}

static void
test_examples(void **state)
{
	struct piece p[] = {{"abcde", 5}, {NULL, 0}};
	const uint32_t in[2][4] = {{NCT_EOD, 'a', 'b', 'c'}, {NCT_EOD, 'e', NCT_EOD, NCT_EOD}};
	const uint32_t target[2][4] = {{'a', 'b', 'c', 'd'}, {'e', NCT_EOD, NCT_NO_TARGET, NCT_NO_TARGET}};
	nct_text *t = text_of(p, NCT_SEP_OPERAND);
	struct nct_examples e;
	uint32_t x[4], y[4];

	(void)state;
	nct_text_examples(&e, t, 4);
	assert_int_equal(e.count, 2);
	for (uint64_t i = 0; i < 2; i++) {
		assert_int_equal(e.get(&e, i, x, y), i == 0 ? 4 : 1); /* EOD is not a byte of text */
		assert_memory_equal(x, in[i], sizeof x);
		assert_memory_equal(y, target[i], sizeof y);
	}
	nct_text_free(t);
}

/* ---- Schedule, frequencies ---- */

static void
test_schedule(void **state)
{
	const struct nct_schedule s = {.lr = 2, .steps = 1000, .warmup = 100, .cooldown = 9};
	struct nct_train_options o;

	(void)state;
	assert_true(nct_schedule_rate(&s, 1) == 0.2);
	assert_true(nct_schedule_rate(&s, 100) == 0.2);
	assert_true(nct_schedule_rate(&s, 400) == 0.1);
	assert_true(nct_schedule_rate(&s, 991) == 2 / sqrt(991));
	assert_true(nct_schedule_rate(&s, 992) == 2 / sqrt(992) * 9 / 10);
	assert_true(nct_schedule_rate(&s, 1000) == 2 / sqrt(1000) * 1 / 10);
	nct_train_defaults(&o);
	o.steps = 50000;
	assert_int_equal(nct_schedule_make(&o).warmup, 5000);
	assert_int_equal(nct_schedule_make(&o).cooldown, 10000);
	o.steps = 500;
	assert_int_equal(nct_schedule_make(&o).warmup, 1000);
	o.steps = 2500000;
	assert_int_equal(nct_schedule_make(&o).warmup, 10000);
	o.warmup = 7;
	o.cooldown = 0;
	assert_int_equal(nct_schedule_make(&o).warmup, 7);
	assert_int_equal(nct_schedule_make(&o).cooldown, 0);
}

static void
test_unigram(void **state)
{
	uint64_t count[NCT_SYMBOLS] = {['a'] = 3, ['b'] = 3, ['c'] = 1};
	uint32_t freq[NCT_SYMBOLS];
	uint64_t sum = 0;

	(void)state;
	nct_unigram_frequencies(count, freq);
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		sum += freq[s];
	assert_int_equal(sum, NCT_FREQ_TOTAL);
	assert_int_equal(freq['c'], 1 + (NCT_FREQ_TOTAL - NCT_SYMBOLS) / 7);
	assert_int_equal(freq['b'], 1 + (NCT_FREQ_TOTAL - NCT_SYMBOLS) * 3 / 7);
	assert_in_range(freq['a'], freq['b'] + 1, freq['b'] + 2); /* the rest goes to the smaller of equals */
	assert_int_equal(freq['d'], 1);
	count['a'] = UINT64_C(1) << 62; /* no overflow */
	nct_unigram_frequencies(count, freq);
	assert_int_equal(freq['b'], 1);
	assert_int_equal(freq['a'], NCT_FREQ_TOTAL - 256);
}

static void
test_measure(void **state)
{
	struct piece p[] = {{"aab", 3}, {NULL, 0}};
	uint32_t freq[NCT_SYMBOLS];
	nct_text *t = text_of(p, NCT_SEP_OPERAND);
	struct nct_examples e;
	nct_m1 *m;
	double bits;

	(void)state;
	for (size_t s = 0; s < NCT_SYMBOLS; s++)
		freq[s] = 1;
	freq['a'] = 1 << 19;
	freq['b'] = 1 << 18;
	freq['z'] = NCT_FREQ_TOTAL - (1 << 19) - (1 << 18) - 254;
	nct_text_examples(&e, t, 2);
	assert_int_equal(nct_m1_new_unigram(&m, freq, NULL, NULL), NCT_OK);
	for (unsigned threads = 1; threads <= 2; threads++) {
		assert_int_equal(nct_m1_measure(m, &e, threads, &bits, NULL), NCT_OK);
		assert_true(bits == (1 + 1 + 2 + 20) / 3.0); /* EOD's 20 bits are carried by the text */
	}
	nct_m1_free(m);
	nct_text_free(t);
}

/* ---- Checkpoints ---- */

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

static void
test_checkpoint(void **state)
{
	float x[3] = {1, -2, 3}, y[4] = {5, 6, 7, 8};
	struct nct_slot slots[2] = {{"x", 1, {3}, x, 3}, {"y", 2, {2, 2}, y, 4}};
	struct nct_state s = {made_with, 2, slots, 2};
	const struct nct_st_pair other[] = {{"seed", "1"}, {"rows", "9"}};
	char path[256], prev[256], whole[4096], broken[4096];
	uint64_t step = 99;
	int old;
	size_t n;
	nct_why why = {""};

	(void)state;
	in_folder(path, "ck");
	in_folder(prev, "ck.prev");
	assert_int_equal(nct_checkpoint_load(path, &s, &step, &old, &why), NCT_OK);
	assert_int_equal(step, 0); /* none is there */
	assert_int_equal(nct_checkpoint_save(path, &s, 10, &why), NCT_OK);
	x[1] = 4;
	assert_int_equal(nct_checkpoint_save(path, &s, 20, &why), NCT_OK);
	x[1] = y[3] = 0;
	assert_int_equal(nct_checkpoint_load(path, &s, &step, &old, &why), NCT_OK);
	assert_true(step == 20 && !old && x[1] == 4 && y[3] == 8);

	s.options = other;
	assert_int_equal(nct_checkpoint_load(path, &s, &step, &old, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "rows 8, not 9"));
	s.options = made_with;

	bytes_of(path, whole, sizeof whole, &n);
	for (size_t i = 0; i < n; i++) { /* any flipped bit: noticed, and the one before is used */
		memcpy(broken, whole, n);
		broken[i] ^= 4;
		write_bytes(path, broken, n);
		nct_err err = nct_checkpoint_load(path, &s, &step, &old, &why);
		if (err != NCT_OK || !old || step != 10 || x[1] != -2)
			fail_msg("byte %zu flipped: error %d, old %d, step %u: %s", i, (int)err, old, (unsigned)step, why.text);
	}
	for (size_t i = 0; i < n; i += 7) { /* and any cut */
		write_bytes(path, whole, i);
		assert_int_equal(nct_checkpoint_load(path, &s, &step, &old, &why), NCT_OK);
		assert_true(old && step == 10);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(nct_checkpoint_load(path, &s, &step, &old, &why), NCT_EMODEL);
	assert_non_null(strstr(why.text, "ck.prev is there"));
	write_bytes(prev, whole, n / 2);
	write_bytes(path, whole, n / 2);
	assert_true(nct_checkpoint_load(path, &s, &step, &old, &why) != NCT_OK);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(prev), 0);
}

/* ---- Runs ---- */

enum { STEPS = 6 };

/* Counts the steps of a run, to stop it at one. */
struct watch {
	uint64_t step, stop; /* stop 0: never */
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

	nct_train_defaults(&o);
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

/* Runs to step `to`, stopping at step `stop` (0: not); gives a copy of the parameters. */
static float *
run(const struct nct_examples *e, struct nct_train_options o, uint64_t stop, size_t *n)
{
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 16, .heads = 2, .layers = 2, .inner = 32,
	    .reach = 16};
	struct nct_tensor t[NCT_P_COUNT];
	struct watch w = {.stop = stop};
	nct_why why = {""};
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
		int stopped;

		o.steps = trained ? 150 : 0;
		assert_int_equal(nct_loop_new(&l, &o, &shape, &e, &e, NULL), NCT_OK);
		assert_int_equal(nct_loop_run(l, &stopped, NULL), NCT_OK);
		assert_int_equal(nct_loop_evaluate(l, trained ? &after : &before, NULL), NCT_OK);
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
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 16, .heads = 2, .layers = 1, .inner = 32,
	    .reach = 16};
	struct nct_examples e;
	nct_why why = {""};
	nct_loop *l;
	int stopped;
	char path[256];

	(void)state;
	nct_text_examples(&e, t, 24);
	o.lr = 1e30; /* bursts */
	o.steps = 20;
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_OK);
	assert_int_equal(nct_loop_run(l, &stopped, &why), NCT_ENAN);
	if (strncmp(why.text, "step ", 5) != 0)
		fail_msg("the step is not named: %s", why.text);
	assert_true(nct_loop_step(l) < 20);
	nct_loop_free(l);
	o.checkpoint = in_folder(path, "nan");
	o.save_every = 1; /* what is not finite is never saved, whenever that happens */
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
	const struct nct_shape shape = {.vocab = NCT_SYMBOLS, .inputs = NCT_SYMBOLS, .width = 2048, .heads = 32, .layers = 24, .inner = 8192,
	    .reach = 1024};
	struct nct_examples e;
	nct_why why = {""};
	nct_loop *l;

	(void)state;
	nct_text_examples(&e, t, 24);
	o.rows = 1 << 20;
	assert_int_equal(nct_loop_new(&l, &o, &shape, &e, NULL, &why), NCT_ENOMEM);
	assert_null(l);
	assert_non_null(strstr(why.text, "GB of memory"));
	nct_text_free(t);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
drop_folder(void **state)
{
	static const char *const names[] = {"piece", "a", "a.prev", "b", "b.prev", "a.log", "b.log"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unlink(in_folder(path, names[i]));
	return rmdir(folder); /* fails if a test left something behind */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_text_crc_sees_ends),
		cmocka_unit_test(test_permutation),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_unigram),
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_checkpoint),
		cmocka_unit_test(test_resume_is_exact),
		cmocka_unit_test(test_training_learns),
		cmocka_unit_test(test_nan_stops),
		cmocka_unit_test(test_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
