/* compose.c - rows of `embed` and `head` that tokens share in part. */
#include "net/compose.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "net/net.h"

#define TASK_ROWS 64

void
nct_composition_free(struct nct_composition *c)
{
	free(c->at);
	free(c->part);
	*c = (struct nct_composition){0};
}

uint64_t
nct_composition_crc(const struct nct_composition *c)
{
	uint64_t crc = 0;

	for (uint32_t t = 0; t < c->vocab; t++)
		for (uint32_t i = c->at[t]; i < c->at[t + 1]; i++) {
			uint8_t pair[8];

			nct_put32(pair, t);
			nct_put32(pair + 4, c->part[i]);
			crc = lzma_crc64(pair, sizeof pair, crc);
		}
	return crc;
}

/* The rows of tokens [from, end) as the passes see them: to[t] = own[t] + those of t's parts. The same memory may serve
 * as `to` and `own`. */
static void
compose_rows(const struct nct_composition *c, size_t width, float *to, const float *own, const float *parts,
             uint32_t from, uint32_t end)
{
	for (uint32_t t = from; t < end; t++) {
		float *row = to + t * width;

		if (to != own)
			memcpy(row, own + t * width, width * sizeof *row);
		for (uint32_t i = c->at[t]; i < c->at[t + 1]; i++) {
			const float *part = parts + c->part[i] * width;

			for (size_t j = 0; j < width; j++)
				row[j] += part[j];
		}
	}
}

void
nct_compose(const struct nct_shape *s, const struct nct_composition *c, float *params)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;

	if (nct_shape_tensors(s, t, &total, NULL) != NCT_OK)
		return;
	for (int out = 0; out < 2; out++) {
		float *rows = params + t[out ? NCT_P_HEAD : NCT_P_EMBED].offset;
		const float *parts = params + t[NCT_P_PARTS].offset + (size_t)out * s->parts * s->width;

		compose_rows(c, s->width, rows, rows, parts, 0, s->vocab);
	}
}

nct_err
nct_net_set_parts(nct_net *n, const struct nct_composition *c)
{
	const uint32_t V = c->vocab, P = c->parts;
	uint32_t *next = calloc((size_t)P + 1, sizeof *next);

	free(n->users);
	free(n->users_at);
	n->users_at = calloc((size_t)P + 1, sizeof *n->users_at);
	n->users = calloc((size_t)c->at[V] + 1, sizeof *n->users);
	if (next == NULL || n->users_at == NULL || n->users == NULL) {
		free(next);
		return NCT_ENOMEM;
	}
	n->composition = c;
	for (uint32_t i = 0; i < c->at[V]; i++)
		n->users_at[c->part[i] + 1]++;
	for (uint32_t p = 0; p < P; p++)
		next[p + 1] = n->users_at[p + 1] += n->users_at[p];
	for (uint32_t t = 0; t < V; t++)
		for (uint32_t i = c->at[t]; i < c->at[t + 1]; i++)
			n->users[next[c->part[i]]++] = t;
	free(next);
	return NCT_OK;
}

/* The rows of `embed` or, for out = 1, of `head` in a block of parameters or gradients. */
static float *
rows_of(const struct nct_net *n, float *block, int out)
{
	return nct_net_at(n, block, out ? NCT_P_HEAD : NCT_P_EMBED, 0);
}

static void
compose_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_net *n = ctx;
	const uint32_t V = n->s.vocab, from = (uint32_t)(i / 2) * TASK_ROWS, end = from + TASK_ROWS < V ? from + TASK_ROWS : V;
	const int out = i % 2 != 0;

	(void)worker;
	compose_rows(n->composition, n->s.width, out ? n->head : n->embed, rows_of(n, n->params, out),
	             nct_net_at(n, n->params, NCT_P_PARTS, (size_t)out), from, end);
}

void
nct_net_compose(nct_net *n)
{
	const size_t V = n->s.vocab, C = n->s.width;

	if (n->s.parts == 0)
		return;
	memcpy(n->embed + V * C, rows_of(n, n->params, 0) + V * C, (n->s.inputs - V) * C * sizeof *n->embed); /* BOS */
	nct_parallel(n->pool, 2 * ((V + TASK_ROWS - 1) / TASK_ROWS), compose_task, n);
}

static void
spread_task(void *ctx, size_t i, unsigned worker)
{
	struct nct_net *n = ctx;
	const size_t C = n->s.width, from = i / 2 * TASK_ROWS, end = from + TASK_ROWS;
	const int out = i % 2 != 0;
	const float *rows = rows_of(n, n->grads, out);
	float *parts = nct_net_at(n, n->grads, NCT_P_PARTS, (size_t)out);

	(void)worker;
	for (size_t p = from; p < end && p < n->s.parts; p++)
		for (uint32_t k = n->users_at[p]; k < n->users_at[p + 1]; k++)
			n->k->add(parts + p * C, rows + n->users[k] * C, C);
}

void
nct_net_spread(nct_net *n)
{
	if (n->s.parts > 0)
		nct_parallel(n->pool, 2 * (((size_t)n->s.parts + TASK_ROWS - 1) / TASK_ROWS), spread_task, n);
}
