/* attend.h - attention of M1, for one step or for a run: steps at successive positions of one context. */
#ifndef NCT_M1_ATTEND_H
#define NCT_M1_ATTEND_H

#include "m1/m1_impl.h"

#define NCT_M1_RUN_MIN 12 /* steps of a run, at least; for fewer it does not pay */
#define NCT_M1_RUN_MAX 64 /* and at most */

/* Buffers of one thread. N = reach + NCT_M1_RUN_MAX, rounded up; D is the width of a head. */
struct nct_m1_attend {
	const int8_t **row; /* (N) row[j]: keys and values of a position that is attended to */
	int32_t *s;         /* (NCT_M1_RUN_MAX,N) dot products, then scores */
	int16_t *p;         /* (N) weights of one query */
	int8_t *half;       /* (2,NCT_M1_RUN_MAX,N) weights as `high` and `low` of nct_kernels.halve() */
	int8_t *kv;         /* (N,D) keys or values of one head */
	int8_t *q;          /* (NCT_M1_RUN_MAX,D) queries of one head */
	uint8_t *packed;    /* kv, packed for matmul() */
	int32_t *mix;       /* (2,NCT_M1_RUN_MAX,D) sums of values by each half of the weights */
};

/* The tensors of a layer's attention: see nct-formats(5), "M1". */
struct nct_m1_heads {
	size_t layer;
	const int32_t *score_mul, *mix_mul, *bias;
};

/* Allocates the buffers; those for runs only with `runs`. NCT_ENOMEM: the caller still has to free *a. */
nct_err nct_m1_attend_new(struct nct_m1_attend *a, const nct_m1 *m, int runs) NCT_USED;
void nct_m1_attend_free(struct nct_m1_attend *a);

/* How many of the steps steps[live[0..n)], from the first on, form a run: each is at the next position of the one
 * before and attends to it. 1 if there is no run of NCT_M1_RUN_MIN steps. */
size_t nct_m1_attend_run_length(const nct_m1 *m, const struct nct_m1_attend *a, const struct nct_m1_step *steps,
                                const size_t *live, size_t n);
/* Attention of all heads of one step: from queries q (C) to outputs o (C). */
void nct_m1_attend_one(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                       const struct nct_m1_step *step, const int8_t *q, int8_t *o);
/* The same for a run of n steps: from q (n,C) to o (n,C). */
void nct_m1_attend_run(const nct_m1 *m, struct nct_m1_attend *a, const struct nct_m1_heads *w,
                       const struct nct_m1_step *steps, size_t n, const int8_t *q, int8_t *o);

#endif
