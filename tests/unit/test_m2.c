/* test_m2.c - models of tokens: training, their files, evaluation and sampling. */
#include "token_streams.h"

#include <math.h>

#include "base/io.h"
#include "base/le.h"
#include "train/m2_file.h"

/* ---- Models ---- */

static struct nct_train_options
options(uint64_t steps)
{
	struct nct_train_options o;

	nct_train_defaults(&o, sizeof o);
	o.size = "d=16,layers=2,heads=2,ff=32";
	o.steps = steps;
	o.rows = 4;
	o.length = 32;
	o.eval_every = 10;
	return o;
}

/* Trains on `c` and opens the model. */
static nct_m2 *
model_of(const nct_corpus *c, const nct_corpus *eval, const struct nct_train_options *o, struct nct_m2_train_result *r)
{
	char path[256];
	int fd = open(in_folder(path, "m2"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	nct_why why = {0};
	nct_m2 *m;

	assert_true(fd >= 0);
	if (nct_m2_train(c, eval, o, fd, r, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_int_equal(close(fd), 0);
	if (nct_m2_open(&m, path, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_int_equal(unlink(path), 0);
	return m;
}

static struct nct_m2_evaluation result;

static double
bits_per_token(const nct_m2 *m, const nct_corpus *c, size_t rows, unsigned threads)
{
	const struct nct_m2_evaluate_options o = {sizeof o, .rows = rows, .threads = threads};
	nct_why why = {0};
	int stopped;

	if (nct_m2_evaluate(m, c, &o, &result, &stopped, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_false(stopped);
	return result.all.nats / log(2) / (double)result.all.tokens;
}

static void
test_evaluation(void **state)
{
	const struct nct_train_options o = options(300);
	nct_corpus *c = read_corpus((struct source){.header = {&plain, &plain}});
	struct nct_m2_train_result r;
	nct_m2 *m = model_of(c, c, &o, &r);
	struct nct_m2_cost sum = {0};
	uint64_t count[V] = {0}, all = 0;
	double bits = bits_per_token(m, c, 7, 2), nats;

	(void)state;
	assert_true(bits < 1.5); /* of 4: the model has learnt the pattern */
	assert_true(fabs(bits * 8000 / 7200 - r.kept_bits) < 1e-4); /* the run evaluated all of the corpus, too */
	for (uint64_t i = 0; i < 8000; i++)
		count[token(i)]++;
	for (uint32_t i = 0; i < 65536; i++)
		assert_int_equal(result.count[i], i < V ? count[i] : 0);
	for (unsigned i = 0; i < NCT_WINDOW_MAX; i++) { /* 4-bit tokens begin at bits 0, 4, 8, 2, 6 of 10-bit windows */
		assert_int_equal(result.at[i].tokens, i < 10 && i % 2 == 0 ? 1600 : 0);
		sum.tokens += result.at[i].tokens;
		sum.hits += result.at[i].hits;
		sum.nats += result.at[i].nats;
		all += result.count[i];
	}
	assert_int_equal(all, 8000);
	assert_int_equal(sum.tokens, 8000);
	assert_int_equal(sum.hits, result.all.hits);
	assert_true(result.all.hits > 5000 && result.all.hits < 8000);
	assert_true(fabs(sum.nats - result.all.nats) < 1e-6);
	nats = result.all.nats;
	(void)bits_per_token(m, c, 1000, 1);
	assert_true(fabs(nats - result.all.nats) < 1e-3 * nats);
	nct_m2_free(m);
	nct_corpus_free(c);
}

/* With evaluations, the model is that of the best one. This run gets much worse after it. */
static void
test_best_is_kept(void **state)
{
	nct_corpus *c = read_corpus((struct source){.header = {&plain, &plain}});
	struct nct_train_options o = options(60);
	struct nct_m2_train_result good, bad, none;
	char path[256], prev[256];
	nct_m2 *m[3];

	(void)state;
	o.checkpoint = in_folder(path, "ckpt");
	o.warmup = 1;
	o.cooldown = 0;
	m[0] = model_of(c, c, &o, &good);
	o.steps = 120;
	o.lr = 300;
	m[1] = model_of(c, c, &o, &bad);
	assert_true(good.kept_step > 0 && good.kept_step <= 60);
	assert_int_equal(bad.kept_step, good.kept_step);
	assert_true(bad.kept_bits == good.kept_bits);
	assert_int_equal(bad.step, 120);
	for (size_t i = 0; i < NCT_P_MODEL; i++)
		assert_true(m[0]->tensor[i][0] == m[1]->tensor[i][0]);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(in_folder(prev, "ckpt.prev")), 0);
	o.checkpoint = NULL;
	m[2] = model_of(c, NULL, &o, &none);
	assert_true(isnan(none.kept_bits) && none.kept_step == 120);
	assert_true(bits_per_token(m[1], c, 8, 1) < bits_per_token(m[2], c, 8, 1));
	for (size_t i = 0; i < 3; i++)
		nct_m2_free(m[i]);
	nct_corpus_free(c);
}

/* The offset of `what` in a file's header. */
static size_t
place(const char *bytes, const char *what)
{
	size_t i = 8;

	while (memcmp(bytes + i, what, strlen(what)) != 0)
		i++;
	return i;
}

/* A model file with a changed byte, or cut anywhere, is refused. */
static void
test_files_are_checked(void **state)
{
	const struct nct_train_options o = options(0);
	nct_corpus *c = read_corpus((struct source){.header = {&plain, &plain}});
	char path[256], *bytes;
	struct nct_m2_train_result r;
	nct_why why = {0};
	size_t n, got;
	nct_m2 *m;
	int fd = open(in_folder(path, "m2"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)state;
	assert_int_equal(nct_m2_train(c, NULL, &o, fd, &r, &why), NCT_OK);
	n = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(n);
	assert_non_null(bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(nct_read(fd, bytes, n, &got), NCT_OK);
	const size_t header = 8 + (size_t)nct_get64((uint8_t *)bytes), notes = place(bytes, "note."),
		     tensors = place(bytes, "\"embed");
	assert_true(notes > 8 && tensors > notes && header > tensors);
	for (size_t i = 0; i < n; i += i < header ? 1 : 997) {
		char was = bytes[i];

		if (i == notes) /* notes are not checked */
			i = tensors, was = bytes[i];
		bytes[i] ^= 4;
		assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
		if (nct_m2_open(&m, path, &why) == NCT_OK)
			fail_msg("byte %zu changed, and taken", i);
		assert_null(m);
		bytes[i] = was;
		assert_int_equal(pwrite(fd, bytes + i, 1, (off_t)i), 1);
	}
	assert_int_equal(nct_m2_open(&m, path, &why), NCT_OK);
	nct_m2_free(m);
	for (size_t i = n; i > 0; i -= i < 200 ? 1 : 199) {
		assert_int_equal(ftruncate(fd, (off_t)i - 1), 0);
		assert_true(nct_m2_open(&m, path, &why) != NCT_OK);
	}
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	free(bytes);
	nct_corpus_free(c);
}

/* ---- Sampling ---- */

static struct nct_m2_generate_options
sampling(uint64_t tokens)
{
	const struct nct_m2_generate_options o = {sizeof o,   .tokens = tokens, .temperature = 1,
	                                          .top_p = 1, .seed = 3,        .threads = 1};

	return o;
}

/* Samples tokens and reads them as a corpus. */
static nct_corpus *
sample_of(const nct_m2 *m, const nct_corpus *prompt, const struct nct_m2_generate_options *o)
{
	char path[256], *bytes;
	int fd = open(in_folder(path, "out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	nct_why why = {0};
	nct_corpus *c;
	size_t n, got, at;

	assert_true(fd >= 0);
	if (nct_m2_generate(m, prompt, fd, o, &why) != NCT_OK)
		fail_msg("%s", why.text);
	n = (size_t)lseek(fd, 0, SEEK_END);
	bytes = malloc(n);
	assert_non_null(bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(nct_read(fd, bytes, n, &got), NCT_OK);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	if (nct_corpus_read(&c, from_pieces, (struct piece[]){{bytes, n}, {NULL, 0}}, folder, &at, &why) != NCT_OK)
		fail_msg("%s", why.text);
	assert_int_equal(unlink(in_folder(path, "piece")), 0); /* the corpus has it mapped */
	free(bytes);
	return c;
}

/* Texts of V tokens: every `each`-th has the same, others have none. */
static nct_texts *
texts(unsigned each)
{
	uint8_t bytes[1024 + 4 * V] = {0};
	size_t n = 1024;
	FILE *f = tmpfile();
	nct_texts *x;

	nct_put32(bytes, 20240328);
	nct_put32(bytes + 4, 1);
	nct_put32(bytes + 8, V);
	for (unsigned k = 0; k < V; k++) {
		bytes[n++] = k % each == 0 ? 3 : 0;
		if (k % each == 0) {
			memcpy(bytes + n, " ab", 3);
			n += 3;
		}
	}
	assert_non_null(f);
	assert_true(fwrite(bytes, 1, n, f) == n && fflush(f) == 0 && lseek(fileno(f), 0, SEEK_SET) == 0);
	assert_int_equal(nct_texts_read(&x, fileno(f), NULL), NCT_OK);
	assert_int_equal(fclose(f), 0);
	return x;
}

/* A run begins with the parameters of another one only if tokens share the same parts in both. */
static void
test_from_shared(void **state)
{
	struct nct_train_options o = options(1);
	nct_corpus *c = read_corpus((struct source){.header = {&plain, NULL}});
	nct_texts *const kinds[] = {texts(2), texts(3), NULL}; /* the first two have as many parts, in other tokens */
	char path[256];
	const int fd = open("/dev/null", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	for (size_t had = 0; had < 3; had++) {
		struct nct_m2_train_result r;

		o.checkpoint = in_folder(path, "ck");
		o.from = NULL;
		o.texts = kinds[had];
		assert_int_equal(nct_m2_train(c, NULL, &o, fd, &r, NULL), NCT_OK);
		o.from = o.checkpoint;
		o.checkpoint = NULL;
		for (size_t has = 0; has < 3; has++) {
			nct_why why = {0};

			o.texts = kinds[has];
			assert_int_equal(nct_m2_train(c, NULL, &o, fd, &r, &why), had == has ? NCT_OK : NCT_EMODEL);
			assert_true(had == has || strstr(why.text, "made with parts ") != NULL);
		}
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(close(fd), 0);
	nct_texts_free(kinds[0]);
	nct_texts_free(kinds[1]);
	nct_corpus_free(c);
}

static void
test_samples(void **state)
{
	const struct nct_train_options t = options(300);
	struct nct_m2_generate_options o = sampling(101);
	nct_corpus *c = read_corpus((struct source){.header = {&plain, NULL}}), *prompted, *s[3];
	struct nct_m2_train_result r;
	nct_m2 *m = model_of(c, NULL, &t, &r);
	uint32_t ids[105], again[105], all[4105];
	size_t good = 0;

	(void)state;
	s[0] = sample_of(m, NULL, &o);
	o.threads = 2;
	s[1] = sample_of(m, NULL, &o);
	o.seed = 4;
	s[2] = sample_of(m, NULL, &o);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(nct_corpus_tokens(s[i]), 105); /* two windows are five tokens */
		assert_true(nct_corpus_header(s[i])->text_unknown);
		nct_corpus_get(s[i], 0, 105, i == 0 ? ids : again, NULL);
		assert_true(i == 0 || (memcmp(ids, again, sizeof ids) == 0) == (i == 1)); /* by seed, not by threads */
	}
	for (size_t i = 3; i < 105; i++)
		good += ids[i] == ids[i - 3];
	assert_true(good > 60); /* of 102, and about 6 by chance: samples have the pattern */

	prompted = sample_of(m, c, &o);
	assert_int_equal(nct_corpus_tokens(prompted), 4105);
	nct_corpus_get(prompted, 0, 4105, all, NULL);
	for (uint64_t i = 0; i < 4000; i++)
		assert_int_equal(all[i], token(i));
	o.only_new = 1;
	nct_corpus *only = sample_of(m, c, &o);
	assert_int_equal(nct_corpus_tokens(only), 105);
	nct_corpus_get(only, 0, 105, again, NULL);
	assert_memory_equal(all + 4000, again, sizeof again);
	nct_corpus_free(only);
	nct_corpus_free(prompted);
	for (size_t i = 0; i < 3; i++)
		nct_corpus_free(s[i]);
	nct_m2_free(m);
	nct_corpus_free(c);
}

/* Under a model of other text, sampled tokens cost at least 1.5 bits of 4 less than random ones. (Seen: 2.6.) */
static void
test_samples_score_better_than_chance(void **state)
{
	const struct nct_train_options t = options(300);
	const struct nct_m2_generate_options o = sampling(1000);
	nct_corpus *c = read_corpus((struct source){.header = {&plain, NULL}});
	nct_corpus *held_out = read_corpus((struct source){.header = {&plain, &plain}, .joined = 1});
	struct nct_train_options none = options(0);
	struct nct_m2_train_result r;
	nct_m2 *m = model_of(c, NULL, &t, &r), *judge = model_of(held_out, NULL, &t, &r),
	       *random = model_of(c, NULL, &none, &r);
	struct nct_m2_generate_options flat = o;
	nct_corpus *sampled = sample_of(m, NULL, &o), *uniform;
	double cost, chance;

	(void)state;
	flat.temperature = 1000; /* so that all tokens have nearly the same probability */
	uniform = sample_of(random, NULL, &flat);
	cost = bits_per_token(judge, sampled, 8, 1);
	chance = bits_per_token(judge, uniform, 8, 1);
	if (!(cost + 1.5 < chance))
		fail_msg("sampled tokens cost %g bits, random ones %g", cost, chance);
	nct_corpus_free(sampled);
	nct_corpus_free(uniform);
	nct_m2_free(m);
	nct_m2_free(judge);
	nct_m2_free(random);
	nct_corpus_free(c);
	nct_corpus_free(held_out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evaluation),
		cmocka_unit_test(test_best_is_kept),
		cmocka_unit_test(test_files_are_checked),
		cmocka_unit_test(test_from_shared),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_samples_score_better_than_chance),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
