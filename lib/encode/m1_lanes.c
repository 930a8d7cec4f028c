/* m1_lanes.c - chunks encoded side by side: M1 is evaluated for all in one call, each then goes on as far as that takes it. */
#include "encode/m1_chunk.h"

/* A stretch at work. */
struct lane {
	struct nct_m1_job *s; /* NULL: none */
	nct_context *own;      /* of the worker, for chunks that begin here */
};

/* Gives a lane the next stretch; 0 if none is left. */
static int
begin(nct_worker *w, struct lane *l, struct nct_m1_job *all, size_t n, const struct nct_plan *p, atomic_size_t *next)
{
	const size_t i = atomic_fetch_add(next, 1);

	if (i >= n)
		return 0;
	l->s = &all[i];
	l->s->done = 0;
	l->s->err = NCT_OK;
	if (l->s->begins)
		nct_chunk_begin(&l->s->chunk, p, l->own);
	else
		nct_worker_adopt(w, l->s->chunk.context);
	return 1;
}

/* Codes what can be coded without evaluating; 1 if the stretch is done. */
static int
advance(struct nct_m1_job *s)
{
	size_t done;

	s->err = nct_chunk_text(&s->chunk, s->text, s->mark, (ptrdiff_t)s->n, &s->done);
	if (s->err != NCT_OK || s->done < (ptrdiff_t)s->n)
		return s->err != NCT_OK;
	if (!s->ends)
		return 1;
	s->err = nct_chunk_end(&s->chunk, s->eod, &done);
	return s->err != NCT_OK || done > 0;
}

void
nct_m1_encode(nct_worker *w, size_t most, struct nct_m1_job *all, size_t n, const struct nct_plan *p, atomic_size_t *next)
{
	struct lane lane[NCT_M1_JOB_LANES] = {{0}};
	nct_context *waiting[NCT_M1_JOB_LANES];
	size_t lanes = nct_worker_lanes(w) < NCT_M1_JOB_LANES ? nct_worker_lanes(w) : NCT_M1_JOB_LANES, count;

	lanes = lanes < most ? lanes : most;
	for (size_t i = 0; i < lanes; i++)
		lane[i].own = nct_worker_context(w, i);
	do {
		count = 0;
		for (size_t i = 0; i < lanes; i++) {
			while ((lane[i].s != NULL || begin(w, &lane[i], all, n, p, next)) && advance(lane[i].s))
				lane[i].s = NULL;
			if (lane[i].s == NULL)
				continue;
			nct_context_lookahead(lane[i].s->chunk.context, lane[i].s->text + lane[i].s->done, (size_t)((ptrdiff_t)lane[i].s->n - lane[i].s->done));
			waiting[count++] = lane[i].s->chunk.context;
		}
		nct_contexts_ready(w, waiting, count);
	} while (count > 0);
}
