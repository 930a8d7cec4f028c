/* m1.c - the exact byte model as an object: tensors and their ranges, fingerprint, description. */
#include "m1/m1_impl.h"

#include "base/err.h"
#include "base/ladder.h"
#include "m1/bucket.h"

#include <assert.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum dim { D_NONE, D_SYMBOLS, D_WIDTH, D_3WIDTH, D_HEADS, D_LAYERS, D_INNER, D_2INNER, D_BUCKETS, D_COUNT };

#define MUL_MAX INT32_MAX
#define FREQ_MAX ((int32_t)NCT_FREQ_TOTAL - NCT_SYMBOLS + 1)

/* The list of tensors. Files, memory, checks and the fingerprint all follow it. */
static const struct tensor {
	const char *name;
	enum nct_m1_kind kind;
	enum nct_dtype type;
	enum dim shape[3];
	int32_t min, max;
} tensors[NCT_M1_TENSORS] = {
	[NCT_M1_EMBED] = {"embed", NCT_M1_TRANSFORMER, NCT_I32, {D_SYMBOLS, D_WIDTH}, -((1 << 21) - 1), (1 << 21) - 1},
	[NCT_M1_NORM1] = {"norm1.mul", NCT_M1_TRANSFORMER, NCT_I16, {D_LAYERS, D_WIDTH}, 0, INT16_MAX},
	[NCT_M1_QKV] = {"qkv", NCT_M1_TRANSFORMER, NCT_I8, {D_LAYERS, D_3WIDTH, D_WIDTH}, -127, 127},
	[NCT_M1_QKV_MUL] = {"qkv.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_3WIDTH}, 0, MUL_MAX},
	[NCT_M1_SCORE_MUL] = {"score.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_HEADS}, 0, 1 << 22},
	[NCT_M1_BIAS] = {"bias", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_HEADS, D_BUCKETS}, -((1 << 20) - 1), (1 << 20) - 1},
	[NCT_M1_MIX_MUL] = {"mix.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_HEADS}, 1, 1 << 20},
	[NCT_M1_PROJ] = {"proj", NCT_M1_TRANSFORMER, NCT_I8, {D_LAYERS, D_WIDTH, D_WIDTH}, -127, 127},
	[NCT_M1_PROJ_MUL] = {"proj.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_WIDTH}, 0, MUL_MAX},
	[NCT_M1_NORM2] = {"norm2.mul", NCT_M1_TRANSFORMER, NCT_I16, {D_LAYERS, D_WIDTH}, 0, INT16_MAX},
	[NCT_M1_UP] = {"up", NCT_M1_TRANSFORMER, NCT_I8, {D_LAYERS, D_2INNER, D_WIDTH}, -127, 127},
	[NCT_M1_UP_MUL] = {"up.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_2INNER}, 0, MUL_MAX},
	[NCT_M1_DOWN] = {"down", NCT_M1_TRANSFORMER, NCT_I8, {D_LAYERS, D_WIDTH, D_INNER}, -127, 127},
	[NCT_M1_DOWN_MUL] = {"down.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_LAYERS, D_WIDTH}, 0, MUL_MAX},
	[NCT_M1_NORMF] = {"normf.mul", NCT_M1_TRANSFORMER, NCT_I16, {D_WIDTH}, 0, INT16_MAX},
	[NCT_M1_HEAD] = {"head", NCT_M1_TRANSFORMER, NCT_I8, {D_SYMBOLS, D_WIDTH}, -127, 127},
	[NCT_M1_HEAD_MUL] = {"head.mul", NCT_M1_TRANSFORMER, NCT_I32, {D_SYMBOLS}, 0, (1 << 29) - 1},
	[NCT_M1_FREQ] = {"freq", NCT_M1_UNIGRAM, NCT_I32, {D_SYMBOLS}, 1, FREQ_MAX},
};

const char *
nct_m1_kind_name(enum nct_m1_kind kind)
{
	static const char *const names[NCT_M1_KINDS] = {[NCT_M1_TRANSFORMER] = "transformer", [NCT_M1_UNIGRAM] = "unigram"};

	return names[kind];
}

nct_err
nct_m1_config_check(const struct nct_m1_config *c, nct_why *why)
{
	const int none = c->width == 0 && c->heads == 0 && c->layers == 0 && c->inner == 0 && c->reach == 0;

	if (c->kind != NCT_M1_TRANSFORMER)
		return none ? NCT_OK : nct_fail(why, NCT_EARG, "sizes of a transformer in another kind of M1");
	if (c->heads == 0 || c->width == 0 || c->width % c->heads != 0)
		return nct_fail(why, NCT_EARG, "width %" PRIu32 " is no multiple of %" PRIu32 " heads", c->width, c->heads);
	if (c->width > NCT_M1_WIDTH_MAX || c->width / c->heads > NCT_M1_HEAD_MAX)
		return nct_fail(why, NCT_EARG, "width %" PRIu32 " or width of a head %" PRIu32 " above %d or %d", c->width,
		                c->width / c->heads, NCT_M1_WIDTH_MAX, NCT_M1_HEAD_MAX);
	if (c->layers < 1 || c->layers > NCT_M1_LAYERS_MAX)
		return nct_fail(why, NCT_EARG, "%" PRIu32 " layers: not from 1 to %d", c->layers, NCT_M1_LAYERS_MAX);
	if (c->inner < 1 || c->inner > NCT_M1_INNER_MAX)
		return nct_fail(why, NCT_EARG, "inner width %" PRIu32 ": not from 1 to %d", c->inner, NCT_M1_INNER_MAX);
	if (c->reach < 1 || c->reach > NCT_REACH_MAX)
		return nct_fail(why, NCT_EARG, "reach %" PRIu32 ": not from 1 to %d", c->reach, NCT_REACH_MAX);
	return NCT_OK;
}

int
nct_m1_tensor_shape(struct nct_st_tensor *t, const struct nct_m1_config *c, enum nct_m1_tensor id)
{
	const uint64_t size[D_COUNT] = {
		[D_SYMBOLS] = NCT_SYMBOLS, [D_WIDTH] = c->width, [D_3WIDTH] = 3 * (uint64_t)c->width, [D_HEADS] = c->heads,
		[D_LAYERS] = c->layers, [D_INNER] = c->inner, [D_2INNER] = 2 * (uint64_t)c->inner, [D_BUCKETS] = NCT_BUCKETS,
	};
	const struct tensor *from = &tensors[id];

	*t = (struct nct_st_tensor){.name = from->name, .type = from->type};
	t->bytes = from->type == NCT_I8 ? 1 : from->type == NCT_I16 ? 2 : 4;
	for (; t->rank < 3 && from->shape[t->rank] != D_NONE; t->rank++) {
		t->shape[t->rank] = size[from->shape[t->rank]];
		t->bytes *= (size_t)t->shape[t->rank]; /* no overflow: below 2^40 within the limits */
	}
	return from->kind == c->kind;
}

/* Allocates one block for all tensors, each at a multiple of 64 bytes. */
static nct_err
allocate(nct_m1 *m)
{
	struct nct_st_tensor t;
	size_t bytes = 64;

	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t, &m->c, (enum nct_m1_tensor)i))
			bytes += (t.bytes + 63) & ~(size_t)63;
	if ((m->block = aligned_alloc(64, bytes)) == NULL)
		return NCT_ENOMEM;
	memset(m->block, 0, bytes);
	bytes = 0;
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t, &m->c, (enum nct_m1_tensor)i)) {
			m->tensor[i] = (char *)m->block + bytes;
			bytes += (t.bytes + 63) & ~(size_t)63;
		}
	return NCT_OK;
}

/* Creates a model without tensors. */
static nct_err
begin(nct_m1 **out, const struct nct_m1_config *c, const char *cpu, nct_why *why)
{
	const struct nct_kernels *k;
	nct_m1 *m;
	nct_err err;

	*out = NULL;
	if ((err = nct_m1_config_check(c, why)) != NCT_OK)
		return err;
	if (nct_kernels_choose(&k, cpu) != NCT_OK)
		return nct_fail(why, NCT_EARG, NCT_LADDER_NONE, cpu);
	if ((m = calloc(1, sizeof *m)) == NULL)
		return NCT_ENOMEM;
	m->c = *c;
	m->k = k;
	m->cpu = nct_ladder_name_of(cpu);
	m->weights = calloc(1, sizeof *m->weights);
	if (c->kind == NCT_M1_TRANSFORMER)
		m->bias = calloc((size_t)c->layers * c->heads * (NCT_BIAS_FAR + 1), sizeof *m->bias);
	if (m->weights == NULL || (c->kind == NCT_M1_TRANSFORMER && m->bias == NULL)) {
		nct_m1_free(m);
		return NCT_ENOMEM;
	}
	*out = m;
	return NCT_OK;
}

const char *
nct_m1_cpu(const nct_m1 *m)
{
	return m->cpu;
}

nct_err
nct_m1_new(nct_m1 **out, const struct nct_m1_config *c, const char *cpu, nct_why *why)
{
	nct_err err = begin(out, c, cpu, why);

	if (err == NCT_OK && (err = allocate(*out)) != NCT_OK) {
		nct_m1_free(*out);
		*out = NULL;
	}
	return err;
}

/* How many values of a tensor are outside [min, max]. */
static size_t
outside(const void *data, const struct nct_st_tensor *t, int32_t min, int32_t max)
{
	const int8_t *i8 = data;
	const int16_t *i16 = data;
	const int32_t *i32 = data;
	size_t bad = 0;

	if (t->type == NCT_I8)
		for (size_t i = 0; i < t->bytes; i++)
			bad += i8[i] < min || i8[i] > max;
	else if (t->type == NCT_I16)
		for (size_t i = 0; i < t->bytes / 2; i++)
			bad += i16[i] < min || i16[i] > max;
	else
		for (size_t i = 0; i < t->bytes / 4; i++)
			bad += i32[i] < min || i32[i] > max;
	return bad;
}

static void
seal_text(nct_m1 *m)
{
	const struct nct_m1_config *c = &m->c;

	if (c->kind == NCT_M1_TRANSFORMER)
		snprintf(m->text, sizeof m->text,
		         "%s d=%" PRIu32 ",layers=%" PRIu32 ",heads=%" PRIu32 ",ff=%" PRIu32 ",reach=%" PRIu32,
		         nct_m1_kind_name(c->kind), c->width, c->layers, c->heads, c->inner, c->reach);
	else
		snprintf(m->text, sizeof m->text, "%s", nct_m1_kind_name(c->kind));
}

/* Makes the table of position biases by distance from that by bucket. */
static void
seal_bias(nct_m1 *m)
{
	const int32_t *bias = m->tensor[NCT_M1_BIAS];
	const size_t heads = (size_t)m->c.layers * m->c.heads;

	for (size_t h = 0; h < heads && m->c.kind == NCT_M1_TRANSFORMER; h++)
		for (uint32_t d = 0; d <= NCT_BIAS_FAR; d++)
			m->bias[h * (NCT_BIAS_FAR + 1) + d] = bias[h * NCT_BUCKETS + nct_bucket(d)];
}

nct_err
nct_m1_new_around(nct_m1 **out, const struct nct_m1_config *c, const void *const data[NCT_M1_TENSORS],
                  uint64_t fingerprint, const char *cpu, nct_why *why)
{
	struct nct_st_tensor t;
	nct_err err = begin(out, c, cpu, why);

	if (err != NCT_OK)
		return err;
	for (int i = 0; i < NCT_M1_TENSORS; i++)
		if (nct_m1_tensor_shape(&t, c, (enum nct_m1_tensor)i))
			(*out)->tensor[i] = (void *)(uintptr_t)data[i];
	(*out)->fingerprint = fingerprint;
	seal_text(*out);
	seal_bias(*out);
	return NCT_OK;
}

nct_err
nct_m1_seal(nct_m1 *m, nct_why *why)
{
	const struct nct_m1_config *c = &m->c;
	const int32_t *freq = m->tensor[NCT_M1_FREQ];
	uint64_t sum = freq == NULL ? NCT_FREQ_TOTAL : 0;
	struct nct_st_tensor t;
	char text[96];

	const int n = snprintf(text, sizeof text, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32,
	                       nct_m1_kind_name(c->kind), c->width, c->heads, c->layers, c->inner, c->reach);
	m->fingerprint = lzma_crc64((const uint8_t *)text, (size_t)n, 0);
	for (int i = 0; i < NCT_M1_TENSORS; i++) {
		if (!nct_m1_tensor_shape(&t, c, (enum nct_m1_tensor)i))
			continue;
		const size_t bad = outside(m->tensor[i], &t, tensors[i].min, tensors[i].max);
		if (bad > 0)
			return nct_fail(why, NCT_EDATA, "tensor %s: %zu values outside %" PRId32 "..%" PRId32, t.name, bad,
			                tensors[i].min, tensors[i].max);
		m->fingerprint = lzma_crc64(m->tensor[i], t.bytes, m->fingerprint);
	}
	for (size_t s = 0; s < NCT_SYMBOLS && freq != NULL; s++)
		sum += (uint64_t)freq[s];
	if (sum != NCT_FREQ_TOTAL)
		return nct_fail(why, NCT_EDATA, "tensor freq: the sum is %" PRIu64 ", not %u", sum, NCT_FREQ_TOTAL);
	seal_text(m);
	seal_bias(m);
	return NCT_OK;
}

void
nct_m1_free(nct_m1 *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->books; i++)
		nct_codebook_free(m->book[i]);
	free(m->align_pattern);
	free(m->note);
	free(m->note_text);
	if (m->weights != NULL)
		nct_m1_weights_free(atomic_load(m->weights));
	free(m->weights);
	free(m->block);
	free(m->bias);
	free(m);
}

/* ---- alignment by name ---- */

static const char *const aligns[] = {
    [NCT_ALIGN_NONE] = "none", [NCT_ALIGN_WORDS] = "words", [NCT_ALIGN_REGEX] = "regex"};

const char *
nct_align_name(enum nct_align align)
{
	return aligns[align];
}

int
nct_align_named(enum nct_align *align, const char *name)
{
	for (int a = 0; a <= NCT_ALIGN_REGEX; a++)
		if (strcmp(name, aligns[a]) == 0) {
			*align = (enum nct_align)a;
			return 1;
		}
	return 0;
}

/* ---- codebooks ---- */

int
nct_codebook_name_good(const char *name)
{
	const size_t n = strlen(name);

	return n >= 1 && n <= NCT_CODEBOOK_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* Below 0, 0 or above: the order of codebooks in a model. */
static int
compare_books(const struct nct_codebook *a, const struct nct_codebook *b)
{
	const int named = (a->name[0] != '\0') - (b->name[0] != '\0');

	if (named != 0 || a->code != b->code)
		return named != 0 ? named : (int)a->code - (int)b->code;
	return a->bits != b->bits ? (int)a->bits - (int)b->bits : strcmp(a->name, b->name);
}

/* The first codebook of that code, size and name; any name if `name` is NULL. */
static const struct nct_codebook *
find_book(const nct_m1 *m, enum nct_code code, unsigned bits, const char *name)
{
	for (size_t i = 0; i < m->books; i++) {
		const struct nct_codebook *c = m->book[i];

		if (c->code == code && c->bits == bits && (name == NULL || strcmp(c->name, name) == 0))
			return c;
	}
	return NULL;
}

const struct nct_codebook *
nct_m1_codebook_named(const nct_m1 *m, enum nct_code code, unsigned bits, const char *name)
{
	const struct nct_codebook *best = code == NCT_CODE_SPLIT ? NULL : find_book(m, NCT_CODE_BEST, bits, name);

	return best != NULL || code == NCT_CODE_BEST || name != NULL ? best : find_book(m, NCT_CODE_SPLIT, bits, NULL);
}

const struct nct_codebook *
nct_m1_codebook(const nct_m1 *m, enum nct_code code, unsigned bits)
{
	return nct_m1_codebook_named(m, code, bits, NULL);
}

const struct nct_codebook *
nct_m1_codebook_printed(const nct_m1 *m, unsigned bits, uint64_t fingerprint)
{
	for (size_t i = 0; i < m->books; i++)
		if (m->book[i]->code == NCT_CODE_BEST && m->book[i]->bits == bits && m->book[i]->fingerprint == fingerprint)
			return m->book[i];
	return find_book(m, NCT_CODE_BEST, bits, NULL);
}

struct nct_m1_windows
nct_m1_codebook_made_for(const nct_m1 *m, const char *name)
{
	for (unsigned bits = NCT_WINDOW_MIN; bits <= NCT_CODEBOOK_MAX; bits++) {
		const struct nct_codebook *c = find_book(m, NCT_CODE_BEST, bits, name);

		if (c != NULL && c->name[0] != '\0')
			return (struct nct_m1_windows){bits, c->align, c->align_pattern};
	}
	return (struct nct_m1_windows){.bits = 0};
}

int
nct_m1_codebook_fits(const nct_m1 *m, unsigned bits, const char *name)
{
	size_t named = 0;

	for (size_t i = 0; i < m->books; i++)
		named += m->book[i]->name[0] != '\0';
	return name[0] == '\0' || named < NCT_BOOKS_NAMED || find_book(m, NCT_CODE_BEST, bits, name) != NULL;
}

void
nct_m1_take_codebook(nct_m1 *m, struct nct_codebook *c)
{
	size_t i = 0;

	while (i < m->books && compare_books(m->book[i], c) < 0)
		i++;
	if (i < m->books && compare_books(m->book[i], c) == 0) {
		nct_codebook_free(m->book[i]);
		m->book[i] = c;
		return;
	}
	assert(m->books < NCT_BOOKS);
	memmove(&m->book[i + 1], &m->book[i], (m->books++ - i) * sizeof(struct nct_codebook *));
	m->book[i] = c;
}

struct nct_m1_windows
nct_m1_trained_for(const nct_m1 *m)
{
	return m->windows;
}

nct_err
nct_m1_set_windows(nct_m1 *m, const struct nct_m1_windows *w)
{
	const size_t n = w->align_pattern != NULL ? strlen(w->align_pattern) + 1 : 0;
	char *copy = NULL;

	if (n > 0 && (copy = malloc(n)) == NULL)
		return NCT_ENOMEM;
	if (n > 0)
		memcpy(copy, w->align_pattern, n);
	free(m->align_pattern);
	m->align_pattern = copy;
	m->windows = (struct nct_m1_windows){w->bits, w->align, copy};
	return NCT_OK;
}

nct_err
nct_m1_new_unigram(nct_m1 **out, const uint32_t freq[NCT_SYMBOLS], const char *cpu, nct_why *why)
{
	nct_m1 *m;
	nct_err err = nct_m1_new(&m, &(struct nct_m1_config){.kind = NCT_M1_UNIGRAM}, cpu, why);

	*out = NULL;
	if (err != NCT_OK)
		return err;
	memcpy(m->tensor[NCT_M1_FREQ], freq, NCT_SYMBOLS * sizeof freq[0]);
	if (nct_m1_seal(m, why) == NCT_OK) {
		*out = m;
		return NCT_OK;
	}
	nct_m1_free(m);
	return NCT_EARG;
}

uint64_t
nct_m1_fingerprint(const nct_m1 *m)
{
	return m->fingerprint;
}

uint64_t
nct_m1_parameters(const nct_m1 *m)
{
	const uint64_t c = m->c.width, f = m->c.inner, biases = (uint64_t)m->c.heads * NCT_BUCKETS;

	return m->c.layers * (4 * c * c + 3 * c * f + 2 * c + biases) + c; /* as for the float net */
}

const char *
nct_m1_describe(const nct_m1 *m)
{
	return m->text;
}

size_t
nct_m1_kv_bytes(const nct_m1 *m)
{
	return (size_t)m->c.layers * 2 * m->c.width;
}

uint32_t
nct_m1_reach(const nct_m1 *m)
{
	return m->c.reach;
}
