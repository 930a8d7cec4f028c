/* transformer.h - the float Transformer that both trainers train: shapes, parameters, forward, backward.
 *
 * Decoder-only, pre-RMSNorm, no biases, gated ReLU feed-forward, a relative position bias per layer and head,
 * untied embeddings (Lester et al., 2024; position buckets: Raffel et al., 2020). With x (B,T,C):
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
	uint32_t vocab;   /* V: symbols predicted */
	uint32_t inputs;  /* rows of `embed`; the last one is BOS. M1: 257 (EOD is BOS); M2: V + 1 */
	uint32_t width;   /* C, a multiple of heads */
	uint32_t heads;   /* H */
	uint32_t layers;  /* L */
	uint32_t inner;   /* F, of the feed-forward */
	uint32_t reach;   /* positions attended to, the own one included; 1..1024 */
};

/* The one table of tensors: order, names and sizes of parameters, gradients, optimiser state and files
 * all come from it. A tensor is `stack` matrices of (rows, cols), each with its own statistics in the
 * optimiser; a vector has rows 1. */
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
	NCT_P_COUNT
};

struct nct_tensor {
	const char *name;
	uint32_t stack, rows, cols;
	size_t offset; /* in floats, from the start of the parameter block */
	size_t size;   /* stack * rows * cols */
};

/* Fills t[0..NCT_P_COUNT) and *total (floats in all). NCT_EARG if the shape is impossible or overflows. */
nct_err nct_shape_tensors(const struct nct_shape *s, struct nct_tensor t[NCT_P_COUNT], size_t *total,
                          nct_why *why) NCT_USED;
/* Reads "3m", "25m", "113m", "403m", "2b" or "d=256,layers=3,heads=4,ff=1024[,reach=1024]" into width, heads,
 * layers, inner, reach (others are left alone; reach is left alone if not given). NCT_EARG names the bad word. */
nct_err nct_shape_parse(struct nct_shape *s, const char *text, nct_why *why) NCT_USED;
uint64_t nct_shape_parameters(const struct nct_shape *s); /* without embed and head, as the paper counts */

/* A net: parameters, gradients and activations for batches of up to `rows` sequences of `length` tokens. */
typedef struct nct_net nct_net;

/* `cpu` names a row of float kernels (NULL: best). The bits of every result depend on the row, never on `threads`.
 * NCT_EARG, NCT_ENOMEM. On failure *out is NULL. */
nct_err nct_net_new(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
                    const char *cpu, nct_why *why) NCT_USED;
/* The same for nct_net_forward() alone: no gradients, no taps, and the memory of one layer. */
nct_err nct_net_new_forward(nct_net **out, const struct nct_shape *s, size_t rows, size_t length, unsigned threads,
                            const char *cpu, nct_why *why) NCT_USED;
void nct_net_free(nct_net *n); /* NULL is a no-op */
/* What nct_net_new(), or without `learns` nct_net_new_forward(), will allocate; UINT64_MAX if it cannot be. For a row
 * that is unknown, which those refuse: as for "ref". */
uint64_t nct_net_bytes(const struct nct_shape *s, int learns, size_t rows, size_t length, unsigned threads,
                       const char *cpu);
const char *nct_net_cpu(size_t i); /* names of the rows that this machine can run, best first; NULL past the last */
/* random parameters: stddev per tensor as T5 does, position bias tilted as in ALiBi */
void nct_net_init(nct_net *n, uint64_t seed);
float *nct_net_params(nct_net *n);            /* the parameter block, in the table's order; borrowed */
float *nct_net_grads(nct_net *n);             /* the same layout; NULL without gradients */
void nct_net_zero_grads(nct_net *n);

/* One batch: in[b*T + t] is the input at position t, target[b*T + t] the symbol to predict there, or
 * NCT_NO_TARGET; first[b*T + t] (NULL: all 0) the first position of the row that t may attend to. */
#define NCT_NO_TARGET UINT32_MAX
struct nct_batch {
	size_t rows, length;      /* at most those of nct_net_new() */
	const uint32_t *in, *target, *first;
};

/* What flows through the net, for whoever wants its statistics. After each of these is ready, nct_net_forward()
 * calls the tap with x (rows,cols), row r at x + r * stride; rows is the batch's rows * length, in order. `x` is
 * borrowed for the call. What is kept in bf16 is shown as floats. */
enum nct_observed {
	NCT_TAP_RESIDUAL, /* (rows,C) x as it enters norm1, then norm2, of each layer, then normf (layer L) */
	NCT_TAP_NORM1,    /* (rows,C) rmsnorm(x) before the gain */
	NCT_TAP_QKV,      /* (rows,3C) q, k, v */
	NCT_TAP_MIX,      /* (rows,C) what attention gives to proj */
	NCT_TAP_NORM2,    /* (rows,C) rmsnorm(x) before the gain */
	NCT_TAP_UP,       /* (rows,2F) gate before the ReLU, then up */
	NCT_TAP_GATE,     /* (rows,F) relu(g) * u */
	NCT_TAP_NORMF     /* (rows,C) rmsnorm(x) before the gain; layer is L */
};
typedef void (*nct_observe)(void *ctx, enum nct_observed site, uint32_t layer, const float *x, size_t rows, size_t cols,
                            size_t stride);
/* NULL: none, the default. NCT_EARG for a net without gradients; NCT_ENOMEM. */
nct_err nct_net_set_tap(nct_net *n, nct_observe tap, void *ctx) NCT_USED;

/* Forward only. *nats: sum of cross-entropies over the targets (double, summed in a fixed tree); *count: how many
 * targets. `each` (NULL: not wanted) receives the cross-entropy of each position (0 where no target), `hit` 1 where the
 * most probable symbol is the target (of equals, the smallest). NCT_EARG if an id is out of range or first[t] > t. */
nct_err nct_net_forward(nct_net *n, const struct nct_batch *b, double *nats, uint64_t *count, float *each,
                        uint8_t *hit) NCT_USED;
/* Forward and backward: adds to the gradients those of `scale` * sum over targets of (cross-entropy + zloss *
 * log(Z)^2). NCT_ENAN if the loss is not finite; the gradients are then of no use. */
nct_err nct_net_backward(nct_net *n, const struct nct_batch *b, float scale, float zloss, double *nats,
                         uint64_t *count) NCT_USED;

/* Operations in the products of a token's forward and backward pass, in sequences of `length`: what a step cannot do
 * without. The scores of attention, which the backward pass makes anew, count twice. */
double nct_shape_operations(const struct nct_shape *s, size_t length);
/* Operations a second that the net's row of kernels reaches in products, on its threads; see nct_float_rate(). */
double nct_net_rate(const nct_net *n);

/* Where the time of all batches went, in seconds: of the calling thread, which waits for the others. */
enum nct_part {
	NCT_PART_FORWARD,   /* embedding, norms, products, gates */
	NCT_PART_ATTENTION, /* forward and backward */
	NCT_PART_LOSS,      /* the last norm, logits, their gradients, the head's too */
	NCT_PART_BACKWARD,  /* as forward: the gradients of activations */
	NCT_PART_WEIGHTS,   /* the gradients of weights */
	NCT_PART_PACK,      /* packing weights */
	NCT_PARTS
};
struct nct_timing {
	double part[NCT_PARTS];
	double products;    /* of it all, in products by weights: the sum over all threads */
};
struct nct_timing nct_net_timing(const nct_net *n);

#endif
