/* transformer.h - the Transformer in floats that both trainers train: shapes, parameters, forward and backward pass.
 *
 * It is decoder-only, with pre-RMSNorm, a gated ReLU feed-forward part, a relative position bias for each layer and
 * head, untied embeddings and no other biases (Lester et al., 2024; position buckets: Raffel et al., 2020). With x
 * (B,T,C):
 *     x = embed[in]
 *     each layer:  n = rmsnorm(x) * norm1;  [q k v] = n qkv^T, heads of C/H columns each
 *                  s_ij = q_i . k_j / sqrt(C/H) + bias[h][bucket(i - j)]  for max(0, i - reach + 1) <= j <= i
 *                  x += softmax_j(s) v proj^T
 *                  n = rmsnorm(x) * norm2;  [g u] = n up^T;  x += (relu(g) * u) down^T
 *     logits = (rmsnorm(x) * normf) head^T
 * rmsnorm(x) = x / sqrt(mean(x^2) + 1e-6). Matrices are (out, in), row-major. */
#ifndef NCT_NET_TRANSFORMER_H
#define NCT_NET_TRANSFORMER_H

#include "m1/bucket.h"
#include "nct.h"

struct nct_shape {
	uint32_t vocab;   /* V: symbols that are predicted */
	uint32_t inputs;  /* rows of `embed`; the last is BOS, which a sequence begins with. M1: 257 (EOD); M2: V + 1 */
	uint32_t width;   /* C, a multiple of heads */
	uint32_t heads;   /* H */
	uint32_t layers;  /* L */
	uint32_t inner;   /* F: inner width of the feed-forward part */
	uint32_t reach;   /* positions that one attends to, itself included; 1 to 1024 */
	uint32_t parts;   /* P: rows of `parts`; 0: rows are not composed (compose.h) */
};

/* The table of tensors. Order, names and sizes of parameters, gradients, optimiser state and files all come from it.
 * A tensor is a stack of `stack` matrices (rows, cols). The optimiser has statistics for each matrix. A vector has
 * rows = 1. */
enum nct_tensor_id {
	NCT_P_EMBED, /* (inputs, C) */
	NCT_P_NORM1, /* L x (C) */
	NCT_P_QKV,   /* 3L x (C, C): q, k, v of layer 0, then of layer 1, ... */
	NCT_P_BIAS,  /* L x (H, 32) */
	NCT_P_PROJ,  /* L x (C, C) */
	NCT_P_NORM2, /* L x (C) */
	NCT_P_UP,    /* 2L x (F, C): gate, then up */
	NCT_P_DOWN,  /* L x (C, F) */
	NCT_P_NORMF, /* (C) */
	NCT_P_HEAD,  /* (V, C) */
	NCT_P_MODEL, /* tensors of a model */
	NCT_P_PARTS = NCT_P_MODEL, /* 2 x (P, C), for inputs and for outputs; none if P is 0. Training alone has it. */
	NCT_P_COUNT
};

struct nct_tensor {
	const char *name;
	uint32_t stack, rows, cols;
	size_t offset; /* in floats, from the start of the parameter block */
	size_t size;   /* stack * rows * cols */
};

/* Fills in t[0..NCT_P_COUNT) and *total, the number of parameters. NCT_EARG if a number of the shape is out of range
 * or the total overflows. */
nct_err nct_shape_tensors(const struct nct_shape *s, struct nct_tensor t[NCT_P_COUNT], size_t *total,
                          nct_why *why) NCT_USED;
/* Reads "3m", "25m", "113m", "403m", "2b" or "d=256,layers=3,heads=4,ff=1024[,reach=1024]". Sets width, heads,
 * layers and inner, and reach if it is given. NCT_EARG names the bad word. */
nct_err nct_shape_parse(struct nct_shape *s, const char *text, nct_why *why) NCT_USED;
uint64_t nct_shape_parameters(const struct nct_shape *s); /* without embed and head, as Lester et al. count */
/* FLOPs of training on a token, by the usual rule: 6 for each parameter, embeddings and attention not counted (Kaplan
 * et al., 2020). The output layer is counted here. What the kernels do in fact, nct_shape_operations() tells. */
double nct_shape_training_flops(const struct nct_shape *s);

/* A net: its parameters, gradients and activations. */
typedef struct nct_net nct_net;

/* Creates a net for batches of up to `rows` sequences of `length` tokens, with all parameters 0. `cpu` names a row
 * of float kernels (NULL: the best). The bits of results depend on that row, never on `threads`. On failure *out is
 * NULL. NCT_EARG, NCT_ENOMEM. */
nct_err nct_net_new(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
                    const char *cpu, nct_why *why) NCT_USED;
/* The same for nct_net_forward() alone: without gradients or observers, and with activations of one layer only. */
nct_err nct_net_new_forward(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
                            const char *cpu, nct_why *why) NCT_USED;
void nct_net_free(nct_net *n); /* NULL is a no-op */
/* Bytes that nct_net_new() will allocate, or, if `learns` is 0, nct_net_new_forward(). UINT64_MAX if that is not
 * possible. An unknown row counts as "ref". */
uint64_t nct_net_bytes(const struct nct_shape *s, int learns, size_t rows, size_t length, unsigned threads,
                       const char *cpu);
const char *nct_net_cpu(size_t i); /* names of the rows that this machine can run, best first; NULL past the last */
/* Sets random parameters. Standard deviations are those of T5 (Raffel et al., 2020). Each head's position bias falls
 * with distance, with slopes as in ALiBi (Press et al., 2022). */
void nct_net_init(nct_net *n, uint64_t seed);
float *nct_net_params(nct_net *n);            /* the parameter block, in the table's order; borrowed */
float *nct_net_grads(nct_net *n);             /* the same layout; NULL without gradients */
void nct_net_zero_grads(nct_net *n);

/* A batch of rows (sequences). All arrays are (rows,length). At position t of row b, in[b*T + t] is the input and
 * target[b*T + t] the symbol to predict, or NCT_NO_TARGET. first[b*T + t] is the first position of the row that t
 * may attend to; NULL: all 0. Borrowed. */
#define NCT_NO_TARGET UINT32_MAX
struct nct_batch {
	size_t rows, length;      /* at most those of nct_net_new() */
	const uint32_t *in, *target, *first;
};

/* Activations that an observer can collect statistics of. nct_net_forward() calls the observer with each of them, as
 * x (rows,cols) with row r at x + r * stride. There is a row for each position of the batch, in order. `x` is
 * borrowed for the call. bf16 numbers are shown as floats. */
enum nct_site {
	NCT_SITE_RESIDUAL, /* (rows,C) input of norm1, then of norm2, of each layer; then of normf (layer L) */
	NCT_SITE_NORM1,    /* (rows,C) rmsnorm(x) before the gain */
	NCT_SITE_QKV,      /* (rows,3C) q, k, v */
	NCT_SITE_MIX,      /* (rows,C) output of attention, before proj */
	NCT_SITE_NORM2,    /* (rows,C) rmsnorm(x) before the gain */
	NCT_SITE_UP,       /* (rows,2F) gate before the ReLU, then up */
	NCT_SITE_GATE,     /* (rows,F) relu(g) * u */
	NCT_SITE_NORMF     /* (rows,C) rmsnorm(x) before the gain; layer is L */
};
typedef void (*nct_observer)(void *ctx, enum nct_site site, uint32_t layer, const float *x, size_t rows, size_t cols,
                            size_t stride);
/* Sets the observer; NULL, the default, is none. NCT_EARG for a net without gradients; NCT_ENOMEM. */
nct_err nct_net_set_observer(nct_net *n, nct_observer observer, void *ctx) NCT_USED;

/* The forward pass. *nats is the sum of cross-entropies over all targets, in nats, and *count the number of targets.
 * `each` and `hit` (rows,length) may be NULL. `each` receives the cross-entropy of each position, 0 without a
 * target. `hit` receives 1 where the target is the most probable symbol (the smallest of several), else 0. NCT_EARG
 * if an id is out of range or first[t] > t. */
nct_err nct_net_forward(nct_net *n, const struct nct_batch *b, double *nats, uint64_t *count, float *each,
                        uint8_t *hit) NCT_USED;
/* The forward and backward pass. Adds the gradients of `scale` * sum over targets of (cross-entropy + zloss *
 * log(Z)^2), where Z is the sum of exponentials of the logits. NCT_ENAN if the loss is not finite; gradients are
 * then meaningless. */
nct_err nct_net_backward(nct_net *n, const struct nct_batch *b, float scale, float zloss, double *nats,
                         uint64_t *count) NCT_USED;

/* FLOPs per token in the products of a forward and backward pass, for sequences of `length`. Attention's scores
 * count twice, as the backward pass computes them anew. */
double nct_shape_operations(const struct nct_shape *s, size_t length);
/* FLOP/s that the net's kernels reach in products on its threads; see nct_float_rate(). */
double nct_net_rate(const nct_net *n);

/* Seconds spent in each part of the passes, over all batches. The clock is that of the calling thread, which waits
 * for the others. */
enum nct_part {
	NCT_PART_FORWARD,   /* embedding, norms, products, gates */
	NCT_PART_ATTENTION, /* forward and backward */
	NCT_PART_LOSS,      /* the last norm, logits and loss, and gradients of logits and of the weight `head` */
	NCT_PART_BACKWARD,  /* gradients of activations, in all that NCT_PART_FORWARD has */
	NCT_PART_WEIGHTS,   /* gradients of weights */
	NCT_PART_PACK,      /* packing weights */
	NCT_PARTS
};
struct nct_timing {
	double part[NCT_PARTS];
	double products;    /* seconds in products by weights, summed over all threads; part of the above */
};
struct nct_timing nct_net_timing(const nct_net *n);

#endif
