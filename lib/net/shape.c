/* shape.c - shapes of the Transformer: the table of tensors, sizes by name, counts of parameters. */
#include "net/transformer.h"

#include <string.h>

#include "base/err.h"
#include "base/le.h"

/* Limits of a shape's numbers. Overflow of their products is checked separately. */
#define VOCAB_MAX 65536u
#define WIDTH_MAX 65536u
#define LAYERS_MAX 1024u
#define INNER_MAX 1048576u

/* A dimension is a number of the shape, or a constant. */
enum dim { ONE, BUCKETS, VOCAB, INPUTS, WIDTH, HEADS, LAYERS, INNER, PARTS, IF_PARTS };

/* The table of transformer.h. A tensor has `copies` * size_of(stack) matrices (rows, cols). */
static const struct row {
	const char *name;
	uint32_t copies;
	enum dim stack, rows, cols;
} table[NCT_P_COUNT] = {
	[NCT_P_EMBED] = {"embed", 1, ONE, INPUTS, WIDTH},
	[NCT_P_NORM1] = {"norm1", 1, LAYERS, ONE, WIDTH},
	[NCT_P_QKV] = {"qkv", 3, LAYERS, WIDTH, WIDTH},
	[NCT_P_BIAS] = {"bias", 1, LAYERS, HEADS, BUCKETS},
	[NCT_P_PROJ] = {"proj", 1, LAYERS, WIDTH, WIDTH},
	[NCT_P_NORM2] = {"norm2", 1, LAYERS, ONE, WIDTH},
	[NCT_P_UP] = {"up", 2, LAYERS, INNER, WIDTH},
	[NCT_P_DOWN] = {"down", 1, LAYERS, WIDTH, INNER},
	[NCT_P_NORMF] = {"normf", 1, ONE, ONE, WIDTH},
	[NCT_P_HEAD] = {"head", 1, ONE, VOCAB, WIDTH},
	[NCT_P_PARTS] = {"parts", 2, IF_PARTS, PARTS, WIDTH},
};

static uint32_t
size_of(const struct nct_shape *s, enum dim d)
{
	switch (d) {
	case BUCKETS: return NCT_BUCKETS;
	case VOCAB: return s->vocab;
	case INPUTS: return s->inputs;
	case WIDTH: return s->width;
	case HEADS: return s->heads;
	case LAYERS: return s->layers;
	case INNER: return s->inner;
	case PARTS: return s->parts;
	case IF_PARTS: return s->parts > 0;
	case ONE: break;
	}
	return 1;
}

static nct_err
check(const struct nct_shape *s, nct_why *why)
{
	const struct {
		const char *name;
		uint32_t value, min, max;
	} limits[] = {
		{"vocabulary", s->vocab, 2, VOCAB_MAX},
		{"inputs", s->inputs, 1, VOCAB_MAX + 1},
		{"width", s->width, 1, WIDTH_MAX},
		{"heads", s->heads, 1, s->width},
		{"layers", s->layers, 1, LAYERS_MAX},
		{"inner width", s->inner, 1, INNER_MAX},
		{"reach", s->reach, 1, NCT_REACH_MAX},
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (limits[i].value < limits[i].min || limits[i].value > limits[i].max)
			return nct_fail(why, NCT_EARG, "%s is %u, not from %u to %u", limits[i].name, limits[i].value,
			                limits[i].min, limits[i].max);
	if (s->width % s->heads != 0)
		return nct_fail(why, NCT_EARG, "width %u is not a multiple of heads %u", s->width, s->heads);
	return NCT_OK;
}

nct_err
nct_shape_tensors(const struct nct_shape *s, struct nct_tensor t[NCT_P_COUNT], size_t *total, nct_why *why)
{
	size_t sum = 0, bytes;
	nct_err err = check(s, why);

	if (err != NCT_OK)
		return err;
	for (size_t i = 0; i < NCT_P_COUNT; i++) {
		t[i].name = table[i].name;
		t[i].stack = table[i].copies * size_of(s, table[i].stack);
		t[i].rows = size_of(s, table[i].rows);
		t[i].cols = size_of(s, table[i].cols);
		t[i].offset = sum;
		if (nct_size_mul(&t[i].size, t[i].rows, t[i].cols) != 0 ||
		    nct_size_mul(&t[i].size, t[i].size, t[i].stack) != 0 || nct_size_add(&sum, sum, t[i].size) != 0 ||
		    nct_size_mul(&bytes, sum, sizeof(float)) != 0 || bytes > PTRDIFF_MAX)
			return nct_fail(why, NCT_EARG, "too many parameters, up to tensor %s", t[i].name);
	}
	*total = sum;
	return NCT_OK;
}

uint64_t
nct_shape_parameters(const struct nct_shape *s)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;

	if (nct_shape_tensors(s, t, &total, NULL) != NCT_OK)
		return 0;
	return total - t[NCT_P_EMBED].size - t[NCT_P_HEAD].size - t[NCT_P_PARTS].size;
}

double
nct_shape_training_flops(const struct nct_shape *s)
{
	return 6.0 * ((double)nct_shape_parameters(s) + (double)s->vocab * (double)s->width);
}

double
nct_shape_operations(const struct nct_shape *s, size_t length)
{
	const double C = s->width, L = s->layers, T = (double)length, R = s->reach < length ? s->reach : T;
	const double keys = (R * (R + 1.0) / 2.0 + (T - R) * R) / T; /* mean number of keys that a query attends to */
	const double weights = L * C * (4.0 * C + 3.0 * (double)s->inner) + C * (double)s->vocab;

	/* 2 for a multiplication and an addition; twice as much backward; scores, of size C per key, once more */
	return 6.0 * weights + 14.0 * L * C * keys;
}

/* ---- sizes by name ---- */

static const struct preset {
	const char *name;
	uint32_t width, heads, layers, inner;
} presets[] = {
	{"3m", 256, 4, 3, 1024},     {"25m", 512, 8, 6, 2048},    {"113m", 768, 12, 12, 3072},
	{"403m", 1024, 16, 24, 4096}, {"2b", 2048, 32, 24, 8192},
};

/* Reads a whole number from text[0..n), at most `max`. */
static int
number(uint32_t *out, const char *text, size_t n, uint32_t max)
{
	uint32_t v = 0;

	if (n == 0 || n > 9)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (uint32_t)(text[i] - '0');
	}
	if (v < 1 || v > max)
		return -1;
	*out = v;
	return 0;
}

/* Reads one "key=number", text[0..n), into *s. *seen has a bit for each key that occurred. */
static nct_err
parse_word(struct nct_shape *s, unsigned *seen, const char *text, size_t n, nct_why *why)
{
	const struct {
		const char *name;
		uint32_t *value, max;
	} keys[] = {
		{"d=", &s->width, WIDTH_MAX},   {"layers=", &s->layers, LAYERS_MAX},   {"heads=", &s->heads, WIDTH_MAX},
		{"ff=", &s->inner, INNER_MAX}, {"reach=", &s->reach, NCT_REACH_MAX},
	};

	for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		size_t k = strlen(keys[i].name);

		if (n < k || memcmp(text, keys[i].name, k) != 0)
			continue;
		if (*seen & 1u << i || number(keys[i].value, text + k, n - k, keys[i].max) != 0)
			break;
		*seen |= 1u << i;
		return NCT_OK;
	}
	return nct_fail(why, NCT_EARG, "bad size, at '%.*s'", n > 64 ? 64 : (int)n, text);
}

nct_err
nct_shape_parse(struct nct_shape *s, const char *text, nct_why *why)
{
	struct nct_shape r = *s;
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
		if (strcmp(text, presets[i].name) == 0) {
			s->width = presets[i].width;
			s->heads = presets[i].heads;
			s->layers = presets[i].layers;
			s->inner = presets[i].inner;
			return NCT_OK;
		}
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		nct_err err = parse_word(&r, &seen, p, n, why);

		if (err != NCT_OK)
			return err;
		p += n;
		if (*p == '\0')
			break;
	}
	if ((seen & 15) != 15)
		return nct_fail(why, NCT_EARG, "size '%.64s' lacks one of d=, layers=, heads=, ff=", text);
	if (r.width % r.heads != 0)
		return nct_fail(why, NCT_EARG, "size '%.64s': d is not a multiple of heads", text);
	*s = r;
	return NCT_OK;
}
