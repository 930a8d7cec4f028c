/* sample_ranges.c - samples the activations of a float net for the quantiser. */
#include "quantise/quantise_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "float/float.h"

#define KEEP 2048                        /* positions to sample, if they fit into KEEP_FLOATS */
#define KEEP_FLOATS ((size_t)256 << 20)  /* floats in all samples, at most */
#define EARLY 8                          /* half of the samples are from the first so many positions of a row */
#define PASS 4096                        /* positions in a pass of the net, unless a row is longer */

/* The context of the observer. */
struct sampler {
	struct nct_samples *to;
	const uint8_t *keep;   /* (rows * length) for the whole text: 1 for positions to sample */
	size_t at;             /* index in `keep` of the batch's first position */
	size_t kept;           /* positions sampled before the batch */
	int bad;               /* an activation is not finite */
};

static size_t
columns(const struct nct_shape *s, enum nct_site site)
{
	switch (site) {
	case NCT_SITE_QKV: return 3 * (size_t)s->width;
	case NCT_SITE_UP: return 2 * (size_t)s->inner;
	case NCT_SITE_GATE: return s->inner;
	case NCT_SITE_RESIDUAL: return 0; /* only its largest magnitude is wanted */
	case NCT_SITE_NORM1: case NCT_SITE_MIX: case NCT_SITE_NORM2: case NCT_SITE_NORMF: break;
	}
	return s->width;
}

static void
take_site(void *ctx, enum nct_site site, uint32_t layer, const float *x, size_t rows, size_t cols, size_t stride)
{
	struct sampler *t = ctx;
	float *out = t->to->site[(size_t)layer * NCT_SITES + site];
	size_t kept = t->kept;

	for (size_t r = 0; r < rows; r++) {
		if (site == NCT_SITE_RESIDUAL)
			for (size_t i = 0; i < cols; i++) {
				t->bad |= !isfinite(x[r * stride + i]);
				t->to->top = fmaxf(t->to->top, fabsf(x[r * stride + i]));
			}
		else if (t->keep[t->at + r]) {
			for (size_t i = 0; i < cols; i++)
				t->bad |= !isfinite(x[r * stride + i]);
			memcpy(out + kept++ * cols, x + r * stride, cols * sizeof *out);
		}
	}
}

/* Marks `want` positions evenly: among the first EARLY of each row, or, with `early` 0, among the others. Returns
 * how many are marked. */
static size_t
mark(uint8_t *keep, size_t rows, size_t length, int early, size_t want)
{
	const size_t per_row = length < EARLY ? length : EARLY, all = rows * (early ? per_row : length - per_row);
	size_t seen = 0, marked = 0;

	for (size_t i = 0; i < rows * length; i++)
		if ((i % length < per_row) == early) {
			seen++;
			if (marked < want && (double)seen * (double)want >= ((double)marked + 1) * (double)all) {
				keep[i] = 1;
				marked++;
			}
		}
	return marked;
}

static nct_err
allocate(struct nct_samples *s)
{
	const size_t sites = ((size_t)s->s.layers + 1) * NCT_SITES;

	if ((s->site = calloc(sites, sizeof *s->site)) == NULL)
		return NCT_ENOMEM;
	for (size_t i = 0; i < sites; i++) {
		const enum nct_site site = (enum nct_site)(i % NCT_SITES);
		const size_t cols = columns(&s->s, site);

		if (cols == 0 || (i / NCT_SITES == s->s.layers) != (site == NCT_SITE_NORMF))
			continue;
		if ((s->site[i] = calloc(s->rows, cols * sizeof **s->site)) == NULL)
			return NCT_ENOMEM;
	}
	return NCT_OK;
}

static nct_err
run_passes(struct sampler *t, nct_net *net, const uint32_t *in, const uint32_t *target, size_t rows, size_t length,
    size_t batch)
{
	nct_err err = NCT_OK;
	uint64_t count;
	double nats;

	if ((err = nct_net_set_observer(net, take_site, t)) != NCT_OK)
		return err;
	for (size_t r = 0; r < rows && err == NCT_OK; r += batch) {
		const struct nct_batch b = {rows - r < batch ? rows - r : batch, length, in + r * length, target, NULL};

		t->at = r * length;
		err = nct_net_forward(net, &b, &nats, &count, NULL, NULL);
		for (size_t i = 0; i < b.rows * length; i++)
			t->kept += t->keep[t->at + i];
	}
	if (err == NCT_OK && t->bad)
		err = NCT_ENAN;
	return err;
}

nct_err
nct_samples_take(struct nct_samples *s, const struct nct_shape *shape, const float *params, const uint32_t *in,
                 size_t rows, size_t length, unsigned threads, const char *cpu, nct_why *why)
{
	const size_t batch = PASS / length < 1 ? 1 : PASS / length < rows ? PASS / length : rows;
	const size_t floats = (size_t)shape->layers * (6 * (size_t)shape->width + 3 * (size_t)shape->inner) + shape->width;
	const size_t room = KEEP_FLOATS / floats, early = length < EARLY ? length : EARLY;
	size_t want = rows * length < KEEP ? rows * length : KEEP, total;
	struct nct_tensor tensors[NCT_P_COUNT];
	uint8_t *keep = calloc(rows, length);
	uint32_t *target = malloc(batch * length * sizeof *target);
	struct sampler t = {.to = s, .keep = keep};
	const struct nct_float *k;
	nct_net *net = NULL;
	nct_err err = NCT_ENOMEM;

	*s = (struct nct_samples){.s = *shape};
	if (keep == NULL || target == NULL)
		goto done;
	memset(target, 255, batch * length * sizeof *target); /* NCT_NO_TARGET */
	want = want < room ? want : room;
	const size_t first = want / 2 < rows * early ? want / 2 : rows * early;
	s->rows = mark(keep, rows, length, 0, want - first);
	s->rows += mark(keep, rows, length, 1, want - s->rows);
	if ((err = allocate(s)) != NCT_OK || (err = nct_shape_tensors(shape, tensors, &total, why)) != NCT_OK ||
	    (err = nct_float_choose(&k, cpu)) != NCT_OK ||
	    (err = nct_net_new(&net, shape, batch, length, threads, nct_float_single(k)->name, why)) != NCT_OK)
		goto done;
	memcpy(nct_net_params(net), params, total * sizeof *params);
	for (size_t i = 0; i < tensors[NCT_P_EMBED].size; i++)
		s->top = fmaxf(s->top, fabsf(params[tensors[NCT_P_EMBED].offset + i]));
	err = run_passes(&t, net, in, target, rows, length, batch);
	if (err == NCT_ENAN)
		(void)nct_fail(why, err, "a value inside the net is not a finite number");
done:
	nct_net_free(net);
	free(keep);
	free(target);
	if (err != NCT_OK)
		nct_samples_free(s);
	return err;
}

void
nct_samples_free(struct nct_samples *s)
{
	for (size_t i = 0; s->site != NULL && i < ((size_t)s->s.layers + 1) * NCT_SITES; i++)
		free(s->site[i]);
	free(s->site);
	s->site = NULL;
}
