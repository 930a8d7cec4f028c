/* adafactor.c - the optimiser: Adafactor with factored second moments, clipped updates and steps relative to the
 * parameters' size. */
#include "train/adafactor.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/ladder.h"
#include "base/le.h"
#include "base/threads.h"
#include "float/float.h"

#define TASK_ROWS 64 /* rows of a matrix per task */
#define SCALE_MIN 1e-3
#define CLIP 1.0

/* One matrix of a tensor's stack. One with full moments counts as a single row. */
struct matrix {
	enum nct_tensor_id id;
	int factored;
	size_t offset;           /* index of its first parameter */
	size_t rows, cols;
	size_t state;            /* index in `state` of its moments: of rows (if factored), then of columns */
	size_t task, tasks;      /* number of its first task, and how many it has */
	size_t part;             /* index of its (tasks,cols) partial sums in `part` */
	double step;             /* lr * max(SCALE_MIN, rms(p)) / max(1, rms(u)) */
};

struct nct_adafactor {
	struct nct_tensor t[NCT_P_COUNT];
	const struct nct_float *k;
	nct_threads *pool;
	struct matrix *matrices;
	size_t count, tasks, floats, parts;
	size_t *owner;           /* (tasks) the matrix of each task */
	float *state;            /* (floats) all second moments */
	float *factors;          /* (floats) laid out like state: sums of squares, then 1 / sqrt(moments) */
	float *part;             /* (parts) partial sums of squares by column */
	double *squares_p, *squares_u; /* (tasks) sums of squares of parameters and of updates */
	/* arguments of the current step */
	float *params;
	const float *grads;
	double fresh;            /* 1 - decay */
};

/* ---- memory ---- */

static struct matrix
matrix_of(const struct nct_tensor *t, enum nct_tensor_id id, size_t i)
{
	struct matrix m = {.id = id, .factored = t->rows > 1 && t->cols > 1, .rows = t->rows, .cols = t->cols};

	m.offset = t->offset + i * m.rows * m.cols;
	if (!m.factored) {
		m.cols *= m.rows;
		m.rows = 1;
	}
	m.tasks = (m.rows + TASK_ROWS - 1) / TASK_ROWS;
	return m;
}

size_t
nct_adafactor_floats(const struct nct_shape *s)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total, floats = 0;

	if (nct_shape_tensors(s, t, &total, NULL) != NCT_OK)
		return 0;
	for (enum nct_tensor_id id = 0; id < NCT_P_COUNT; id++) {
		struct matrix m = matrix_of(&t[id], id, 0);

		/* No overflow: this is at most twice the number of parameters. */
		floats += t[id].stack * (m.cols + (m.factored ? m.rows : 0));
	}
	return floats;
}

uint64_t
nct_adafactor_bytes(const struct nct_shape *s)
{
	struct nct_tensor t[NCT_P_COUNT];
	size_t total;
	uint64_t parts = 0;

	if (nct_shape_tensors(s, t, &total, NULL) != NCT_OK)
		return 0;
	for (enum nct_tensor_id id = 0; id < NCT_P_COUNT; id++) {
		const struct matrix m = matrix_of(&t[id], id, 0);

		parts += (uint64_t)t[id].stack * m.tasks * m.cols;
	}
	return sizeof(float) * (2 * (uint64_t)nct_adafactor_floats(s) + parts);
}

/* Makes the list of matrices, and all sizes from it. */
static nct_err
list_matrices(nct_adafactor *a)
{
	for (enum nct_tensor_id id = 0; id < NCT_P_COUNT; id++)
		a->count += a->t[id].stack;
	if ((a->matrices = calloc(a->count, sizeof *a->matrices)) == NULL)
		return NCT_ENOMEM;
	for (size_t id = 0, i = 0; id < NCT_P_COUNT; id++)
		for (size_t j = 0; j < a->t[id].stack; j++, i++) {
			struct matrix m = matrix_of(&a->t[id], (enum nct_tensor_id)id, j);

			m.state = a->floats;
			m.task = a->tasks;
			m.part = a->parts;
			a->floats += m.cols + (m.factored ? m.rows : 0);
			a->tasks += m.tasks;
			a->parts += m.tasks * m.cols;
			a->matrices[i] = m;
		}
	return NCT_OK;
}

nct_err
nct_adafactor_new(nct_adafactor **out, const struct nct_shape *s, unsigned threads, const char *cpu, nct_why *why)
{
	size_t total;
	nct_adafactor *a = calloc(1, sizeof *a);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (a == NULL)
		goto fail;
	if ((err = nct_shape_tensors(s, a->t, &total, why)) != NCT_OK)
		goto fail;
	if ((err = nct_threads_new(&a->pool, threads)) != NCT_OK)
		goto fail;
	if ((err = nct_float_choose(&a->k, cpu)) != NCT_OK) {
		(void)nct_fail(why, err, NCT_LADDER_NONE, cpu == NULL ? "" : cpu);
		goto fail;
	}
	if ((err = list_matrices(a)) != NCT_OK)
		goto fail;
	a->owner = calloc(a->tasks, sizeof *a->owner);
	a->state = calloc(a->floats, sizeof *a->state);
	a->factors = calloc(a->floats, sizeof *a->factors);
	a->part = calloc(a->parts, sizeof *a->part);
	a->squares_p = calloc(a->tasks, sizeof *a->squares_p);
	a->squares_u = calloc(a->tasks, sizeof *a->squares_u);
	err = NCT_ENOMEM;
	if (a->owner == NULL || a->state == NULL || a->factors == NULL || a->part == NULL || a->squares_p == NULL ||
	    a->squares_u == NULL)
		goto fail;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < a->matrices[i].tasks; j++)
			a->owner[a->matrices[i].task + j] = i;
	*out = a;
	return NCT_OK;
fail:
	nct_adafactor_free(a);
	return err;
}

void
nct_adafactor_free(nct_adafactor *a)
{
	if (a == NULL)
		return;
	nct_threads_free(a->pool);
	free(a->matrices);
	free(a->owner);
	free(a->state);
	free(a->factors);
	free(a->part);
	free(a->squares_p);
	free(a->squares_u);
	free(a);
}

float *
nct_adafactor_state(nct_adafactor *a)
{
	return a->state;
}

/* ---- one step ---- */

/* The matrix that task `i` works on, and the task's rows [*from, *end). */
static struct matrix *
task_rows(const nct_adafactor *a, size_t i, size_t *from, size_t *end)
{
	struct matrix *m = &a->matrices[a->owner[i]];

	*from = (i - m->task) * TASK_ROWS;
	*end = m->rows - *from < TASK_ROWS ? m->rows : *from + TASK_ROWS;
	return m;
}

/* The part of `block`, laid out like state, that is for a matrix's columns. Those of its rows come before it. */
static float *
cols_of(const struct matrix *m, float *block)
{
	return block + m->state + (m->factored ? m->rows : 0);
}

/* Task: sums of squares of its rows: of gradients by row and by column, and of all parameters. squares_u shows
 * whether gradients are finite. */
static void
sum_task(void *ctx, size_t i, unsigned worker)
{
	nct_adafactor *a = ctx;
	size_t from, end;
	const struct matrix *m = task_rows(a, i, &from, &end);
	float *part = a->part + m->part + (i - m->task) * m->cols;
	double squares = 0.0, sum = 0.0;

	(void)worker;
	for (size_t j = 0; j < m->cols; j++)
		part[j] = 0.0f;
	for (size_t r = from; r < end; r++) {
		const float *p = a->params + m->offset + r * m->cols;
		const float row = a->k->square_add(part, a->grads + m->offset + r * m->cols, m->cols);

		if (m->factored)
			a->factors[m->state + r] = row;
		squares += (double)a->k->dot(p, p, m->cols);
		sum += (double)row;
	}
	a->squares_p[i] = squares;
	a->squares_u[i] = sum;
}

/* Moves *moment towards the mean square and returns it. */
static float
move(float *moment, double mean, double fresh)
{
	*moment = (float)((1.0 - fresh) * (double)*moment + fresh * mean);
	return *moment;
}

/* Task: new moments of matrix i, and the factors made of them. */
static void
moments_task(void *ctx, size_t i, unsigned worker)
{
	nct_adafactor *a = ctx;
	const struct matrix *m = &a->matrices[i];
	float *rows = a->factors + m->state, *cols = cols_of(m, a->factors), *state = cols_of(m, a->state);
	double mean = 0.0;

	(void)worker;
	for (size_t j = 0; j < m->cols; j++) {
		double sum = 0.0;

		for (size_t c = 0; c < m->tasks; c++)
			sum += (double)a->part[m->part + c * m->cols + j];
		cols[j] = 1.0f / sqrtf(move(&state[j], sum / (double)m->rows, a->fresh));
	}
	if (!m->factored)
		return;
	for (size_t r = 0; r < m->rows; r++) {
		rows[r] = move(&a->state[m->state + r], (double)rows[r] / (double)m->cols, a->fresh);
		mean += (double)rows[r] / (double)m->rows;
	}
	for (size_t r = 0; r < m->rows; r++)
		rows[r] = (float)sqrt(mean / (double)rows[r]);
}

static float
row_factor(const nct_adafactor *a, const struct matrix *m, size_t row)
{
	return m->factored ? a->factors[m->state + row] : 1.0f;
}

/* Task: the sum of squares of its rows' updates. */
static void
update_task(void *ctx, size_t i, unsigned worker)
{
	nct_adafactor *a = ctx;
	size_t from, end;
	const struct matrix *m = task_rows(a, i, &from, &end);
	double squares = 0.0;

	(void)worker;
	for (size_t r = from; r < end; r++) {
		const double f = (double)row_factor(a, m, r);

		squares += f * f * (double)a->k->square_scaled(a->grads + m->offset + r * m->cols, cols_of(m, a->factors), m->cols);
	}
	a->squares_u[i] = squares;
}

static void
descend_task(void *ctx, size_t i, unsigned worker)
{
	nct_adafactor *a = ctx;
	size_t from, end;
	const struct matrix *m = task_rows(a, i, &from, &end);

	(void)worker;
	for (size_t r = from; r < end; r++)
		a->k->descend(a->params + m->offset + r * m->cols, a->grads + m->offset + r * m->cols, cols_of(m, a->factors),
		              (float)(m->step * (double)row_factor(a, m, r)), m->cols);
}

/* The factor of a matrix's update: lr * max(SCALE_MIN, rms(p)) / max(CLIP, rms(u)). */
static double
step_of(const nct_adafactor *a, const struct matrix *m, double lr)
{
	const double size = (double)m->rows * (double)m->cols;
	double p = 0.0, u = 0.0;

	for (size_t c = m->task; c < m->task + m->tasks; c++) {
		p += a->squares_p[c];
		u += a->squares_u[c];
	}
	return lr * fmax(SCALE_MIN, sqrt(p / size)) / fmax(1.0, sqrt(u / size) / CLIP);
}

nct_err
nct_adafactor_step(nct_adafactor *a, float *params, const float *grads, uint64_t step, double lr, nct_why *why)
{
	if (step < 1)
		return nct_fail(why, NCT_EARG, "steps count from 1");
	a->params = params;
	a->grads = grads;
	a->fresh = pow((double)step, -0.8);
	nct_parallel(a->pool, a->tasks, sum_task, a);
	for (size_t i = 0; i < a->tasks; i++)
		if (!isfinite(a->squares_u[i])) {
			const struct matrix *m = &a->matrices[a->owner[i]];

			return nct_fail(why, NCT_ENAN, "the gradient of %s is not finite, matrix %zu", a->t[m->id].name,
			                (m->offset - a->t[m->id].offset) / (m->rows * m->cols));
		}
	nct_parallel(a->pool, a->count, moments_task, a);
	nct_parallel(a->pool, a->tasks, update_task, a);
	for (size_t i = 0; i < a->count; i++)
		a->matrices[i].step = step_of(a, &a->matrices[i], lr);
	nct_parallel(a->pool, a->tasks, descend_task, a);
	return NCT_OK;
}
