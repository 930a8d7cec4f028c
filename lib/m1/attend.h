/* attend.h - inside M1's evaluation: attention of one step, or of a run of steps that follow each other. */
#ifndef NCT_M1_ATTEND_H
#define NCT_M1_ATTEND_H

#include "m1/m1_impl.h"

#define NCT_M1_RUN_MIN 12 /* a run at least this long shares its keys and values in one layout */
#define NCT_M1_RUN_MAX 64

/* Buffers of one thread; N is reach + NCT_M1_RUN_MAX, rounded up. */
struct nct_m1_attend {
	const int8_t **row; /* (N) keys and values of the positions attended to */
	int32_t *s;         /* (NCT_M1_RUN_MAX,N) */
	int16_t *p;         /* (N) */
	int8_t *half;       /* (2,NCT_M1_RUN_MAX,N) weights in two halves */
	int8_t *kv;         /* (N,D) of one head */
	int8_t *q;          /* (NCT_M1_RUN_MAX,D) */
	uint8_t *packed;    /* kv as matmul() wants it */
	int32_t *mix;       /* (2,NCT_M1_RUN_MAX,D) */
};

/* What a layer's attention needs of its tensors. */
struct nct_m1_heads {
	size_t layer;
	const int32_t *score_mul, *mix_mul, *bias;
};

/* Only with `runs` is there room for runs. NCT_ENOMEM; what was allocated is then to be freed, too. */
nct_err nct_m1_attend_new(struct nct_m1_attend *a, const nct_m1 *m, int runs) NCT_USED;
void nct_m1_attend_free(struct nct_m1_attend *a);

/* How many of the n steps, steps[live[0]] first, are a run that nct_m1_attend_run() can take: each follows on the
 * one before and attends to it. 1: none. */
size_t nct_m1_attend_run_length(const nct_m1 *m, const struct nct_m1_attend *a, const struct nct_m1_step *steps,
                                const size_t *live, size_t n);
/* What the heads bring back: o (C) of one step with the queries q (C), or o (n,C) of a run with q (n,C). */
void nct_m1_attend_one(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                       const struct nct_m1_step *step, const int8_t *q, int8_t *o);
void nct_m1_attend_run(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                       const struct nct_m1_step *steps, size_t n, const int8_t *q, int8_t *o);

#endif
