/* products.c - measures products on the models' shapes in GFLOP/s, on one thread: the library's best row, and oneDNN
 * in bf16 and in floats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <oneapi/dnnl/dnnl.h>

#include "float/float.h"

#define TRIES 5
#define WORK 2e9 /* operations of a measurement, at least */

/* The products of a block of 128 tokens by the weights of 3m and 25m, forward and backward. */
static const struct shape {
	const char *model, *what;
	size_t m, n, k;
} shapes[] = {
	{"3m", "qkv", 128, 768, 256}, {"3m", "proj", 128, 256, 256}, {"3m", "up", 128, 2048, 256},
	    {"3m", "down", 128, 256, 1024},
	{"3m", "up, back", 128, 256, 2048}, {"25m", "qkv", 128, 1536, 512}, {"25m", "up", 128, 4096, 512},
	    {"25m", "down", 128, 512, 2048},
	{"25m", "up, back", 128, 512, 4096}, {"25m", "head", 128, 65536, 512}, {"25m", "head, back", 128, 512, 65536},
};

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *
zeros(size_t n)
{
	void *p = aligned_alloc(64, (n + 63) / 64 * 64);

	if (p == NULL)
		exit(1);
	memset(p, 0, n);
	return p;
}

static void
ours(void *ctx)
{
	const struct nct_product *p = ctx;
	const struct nct_float *k;

	if (nct_float_choose(&k, NULL) == NCT_OK)
		k->product(p);
}

struct dnnl {
	dnnl_primitive_t product;
	dnnl_stream_t stream;
	dnnl_exec_arg_t args[3];
};

static void
theirs(void *ctx)
{
	struct dnnl *d = ctx;

	if (dnnl_primitive_execute(d->product, d->stream, 3, d->args) != dnnl_success)
		exit(1);
}

/* Prepares oneDNN, with weights in the layout that it prefers. Returns 0 if it has no such product. */
static int
prepare(struct dnnl *d, const struct shape *s, dnnl_data_type_t type)
{
	const size_t item = type == dnnl_bf16 ? 2 : 4;
	const dnnl_dims_t a = {(dnnl_dim_t)s->m, (dnnl_dim_t)s->k}, b = {(dnnl_dim_t)s->k, (dnnl_dim_t)s->n},
			  c = {(dnnl_dim_t)s->m, (dnnl_dim_t)s->n};
	const dnnl_memory_desc_t *weights;
	dnnl_memory_desc_t ma, mb, mc;
	dnnl_matmul_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_engine_t engine;
	dnnl_memory_t m[3];

	dnnl_engine_create(&engine, dnnl_cpu, 0);
	dnnl_stream_create(&d->stream, engine, 0);
	dnnl_memory_desc_init_by_tag(&ma, 2, a, type, dnnl_ab);
	dnnl_memory_desc_init_by_tag(&mb, 2, b, type, dnnl_format_tag_any);
	dnnl_memory_desc_init_by_tag(&mc, 2, c, type, dnnl_ab);
	dnnl_matmul_desc_init(&desc, &ma, &mb, NULL, &mc);
	if (dnnl_primitive_desc_create(&pd, &desc, NULL, engine, NULL) != dnnl_success)
		return 0;
	weights = dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
	dnnl_memory_create(&m[0], &ma, engine, zeros(s->m * s->k * item));
	dnnl_memory_create(&m[1], weights, engine, zeros(dnnl_memory_desc_get_size(weights)));
	dnnl_memory_create(&m[2], &mc, engine, zeros(s->m * s->n * item));
	d->args[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, m[0]};
	d->args[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, m[1]};
	d->args[2] = (dnnl_exec_arg_t){DNNL_ARG_DST, m[2]};
	return dnnl_primitive_create(&d->product, pd) == dnnl_success;
}

static double
rate(const struct shape *s, void (*run)(void *ctx), void *ctx)
{
	const double work = 2.0 * (double)s->m * (double)s->n * (double)s->k;
	const size_t times = (size_t)(WORK / work) + 1;
	double best = 0.0;

	for (int i = 0; i < TRIES; i++) {
		const double start = seconds();

		for (size_t j = 0; j < times; j++)
			run(ctx);
		const double r = work * (double)times / (seconds() - start) * 1e-9;
		best = r > best ? r : best;
	}
	return best;
}

/* Rates on one shape: the library's, oneDNN's in bf16, oneDNN's in floats. */
static void
measure(const struct nct_float *k, const struct shape *s, double r[3])
{
	const size_t lda = nct_stride(s->k, k->element), ldc = nct_stride(s->n, k->element), words = nct_words(k, s->k);
	struct nct_product p = {.rows = s->m, .cols = s->n, .words = words, .a = zeros(s->m * lda * k->element),
	    .a_row = lda / nct_pair(k), .a_word = 1, .b = zeros(nct_panels(k, s->n) * k->panel * words * 4),
	    .b_panel = words * k->panel, .e = zeros(s->m * ldc * k->element), .lde = ldc};
	struct dnnl bf16, fp32;

	r[0] = rate(s, ours, &p);
	r[1] = prepare(&bf16, s, dnnl_bf16) ? rate(s, theirs, &bf16) : 0.0;
	r[2] = prepare(&fp32, s, dnnl_f32) ? rate(s, theirs, &fp32) : 0.0;
}

/* Prints the rates of all shapes of a model together: their operations over their time. */
static void
print_all(const char *model, double r[][3])
{
	printf("%s all", model);
	for (size_t j = 0; j < 3; j++) {
		double work = 0.0, time = 0.0;

		for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
			if (strcmp(shapes[i].model, model) == 0) {
				const double w = (double)shapes[i].m * (double)shapes[i].n * (double)shapes[i].k;

				work += w;
				time += w / r[i][j];
			}
		printf(" %.1f", work / time);
	}
	printf("\n");
}

int
main(void)
{
	const struct nct_float *k;
	double r[sizeof shapes / sizeof shapes[0]][3];

	if (nct_float_choose(&k, NULL) != NCT_OK)
		return 1;
	printf("%-16s %6s %6s %6s %12s %12s %12s\n", "GFLOP/s", "m", "n", "k", k->name, "oneDNN bf16", "oneDNN fp32");
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		const struct shape *s = &shapes[i];

		measure(k, s, r[i]);
		printf("%-3s %-12s %6zu %6zu %6zu %12.1f %12.1f %12.1f\n", s->model, s->what, s->m, s->n, s->k, r[i][0],
		       r[i][1], r[i][2]);
	}
	print_all("3m", r);
	print_all("25m", r);
	return 0;
}
