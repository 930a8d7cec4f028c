/* nct-m2.h - libnct-train: token streams, and training, evaluating and sampling M2. The public header of M2. */
#ifndef NCT_M2_H
#define NCT_M2_H

#include "nct-train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tokens ---- */

typedef struct nct_corpus nct_corpus; /* token streams; opaque, immutable */

/* Reads the operands' token streams, and checks every checksum. Files are mapped into memory, and must not change
 * until nct_corpus_free(). What cannot be mapped, such as a pipe, is copied to a temporary file in `tmpdir` (NULL:
 * /tmp). Needs 16 bytes of memory for each block. NCT_EKIND: windows, or no nct stream. NCT_EMODEL: streams whose ids
 * have different meanings (see nct_same_tokens()). NCT_EDATA, NCT_ECUT, NCT_EVERSION, NCT_EIO, NCT_ENOMEM. On failure
 * *out is NULL, and *at is the number of the operand being read, or SIZE_MAX if none was. */
NCT_API nct_err nct_corpus_read(nct_corpus **out, nct_operand operand, void *ctx, const char *tmpdir, size_t *at,
                                nct_why *why) NCT_USED;
NCT_API void nct_corpus_free(nct_corpus *c);                /* NULL is a no-op */
/* The header of the first stream, but text_unknown is set if it is in any. Borrowed. */
NCT_API const struct nct_header *nct_corpus_header(const nct_corpus *c);
NCT_API uint64_t nct_corpus_tokens(const nct_corpus *c);
NCT_API uint64_t nct_corpus_text_bytes(const nct_corpus *c); /* valid unless text_unknown */

typedef struct nct_texts nct_texts; /* the texts of all tokens of a vocabulary; opaque, immutable */

/* True if each token of streams with this header is a string of a codebook. */
NCT_API int nct_texts_in_codebook(const struct nct_header *h);
/* The strings of these tokens in the codebook of *m1. NCT_EKIND: they are not in a codebook. NCT_EMODEL: *m1 is not the
 * M1 of these tokens, or lacks their codebook. NCT_ENOMEM. On failure *out is NULL. */
NCT_API nct_err nct_texts_of(nct_texts **out, const nct_m1 *m1, const struct nct_header *h, nct_why *why) NCT_USED;
/* Reads from fd to its end a file of token texts as llm.c has them (nct-formats(5), "Token texts"). NCT_EKIND,
 * NCT_EDATA, NCT_ECUT, NCT_EVERSION, NCT_EIO, NCT_ENOMEM. On failure *out is NULL. */
NCT_API nct_err nct_texts_read(nct_texts **out, int fd, nct_why *why) NCT_USED;
NCT_API void nct_texts_free(nct_texts *x); /* NULL is a no-op */

/* ---- M2 ---- */

typedef struct nct_m2 nct_m2; /* a token model; opaque, immutable */

/* Reads a model file (nct-formats(5), "Token models"), and checks its fingerprint. The file is mapped into memory, and
 * must not change until nct_m2_free(). On failure *out is NULL and `why` says what. NCT_EIO, NCT_ENOMEM, NCT_EKIND (no
 * M2), NCT_EDATA, NCT_ECUT, NCT_EVERSION. */
NCT_API nct_err nct_m2_open(nct_m2 **out, const char *path, nct_why *why) NCT_USED;
NCT_API void nct_m2_free(nct_m2 *m);                               /* NULL is a no-op */
NCT_API const struct nct_header *nct_m2_header(const nct_m2 *m);   /* of its training tokens; borrowed */
NCT_API uint64_t nct_m2_parameters(const nct_m2 *m);               /* without embeddings */
NCT_API uint64_t nct_m2_output_parameters(const nct_m2 *m);        /* of the output layer, which those leave out */
NCT_API size_t nct_m2_length(const nct_m2 *m);                     /* tokens of a training example */

/* Fills *o, of `size` bytes, so that nct_encode() makes windows of the kind that the model's tokens were made of.
 * Operands are documents. o->codebook and o->align_pattern are borrowed from *m1. NCT_EMODEL: *m1 is not the M1 of
 * these windows, or lacks their codebook or pattern. NCT_EKIND: the tokens are foreign. */
NCT_API nct_err nct_m2_encode_options(const nct_m2 *m, const nct_m1 *m1, struct nct_encode_options *o, size_t size,
                                      nct_why *why) NCT_USED;

struct nct_m2_train_result {
	int stopped;        /* stop() ended the run: no model was written */
	uint64_t step;      /* the last one done */
	int writing;        /* the model was being written, so an error is one of `out` */
	uint64_t kept_step; /* whose parameters were written: with `eval` the step of the best evaluation, else the last */
	double kept_bits;   /* loss of that evaluation, in bits per `per`; NAN without `eval` */
	const char *per;    /* "byte", or "token" if the bytes of the text are not known */
};

/* Trains a token model on `train`, and writes the model file to fd `out`. An evaluation takes about 2^18 tokens of
 * `eval` (may be NULL), in whole blocks. o->keep_best counts as set. Errors as nct_m1_train(); NCT_EMODEL also if the
 * ids of `eval` and `train` have different meanings. */
NCT_API nct_err nct_m2_train(const nct_corpus *train, const nct_corpus *eval, const struct nct_train_options *o,
                             int out, struct nct_m2_train_result *result, nct_why *why) NCT_USED;

/* The loss over some tokens. */
struct nct_m2_cost {
	uint64_t tokens;
	uint64_t hits; /* tokens that were the most probable ones */
	double nats;   /* sum of -ln p(token) */
};

struct nct_m2_evaluation {
	struct nct_m2_cost all;
	/* By the bit of the window at which a token begins: token i of a stream is in at[(i * v) mod b]. Zero if b is 0. */
	struct nct_m2_cost at[NCT_WINDOW_MAX];
	uint64_t count[65536];                 /* by id: how often it occurs */
};

/* How the weights of matrices are stored. Fewer bits are read faster, which is most of what a sampled token costs.
 * bf16: the upper half of a float. int8: integers, with a float for each row of a matrix. */
enum nct_weights { NCT_WEIGHTS_F32 = 0, NCT_WEIGHTS_BF16 = 1, NCT_WEIGHTS_INT8 = 2 };

struct nct_m2_evaluate_options {
	size_t struct_size;
	size_t rows, length; /* a batch has `rows` sequences of `length` tokens; length 0: nct_m2_length() */
	unsigned threads;
	const char *cpu;     /* row of kernels; NULL: the best usable one */
	void (*progress)(void *ctx, uint64_t tokens, uint64_t of); /* NULL: none; tokens done, of all */
	int (*stop)(void *ctx);                                    /* NULL: never; nonzero: end. Asked after each batch */
	void *ctx;
	enum nct_weights weights; /* evaluate the model whose weights are rounded to these */
};

/* Evaluates all of *c, in sequences of o->length tokens, each without the context of the one before. If o->stop()
 * ended it, *stopped is 1 and *e is of the tokens before that. NCT_EMODEL: the ids have another meaning than the
 * model's. NCT_ECUT: no tokens. NCT_EARG, NCT_ENOMEM. */
NCT_API nct_err nct_m2_evaluate(const nct_m2 *m, const nct_corpus *c, const struct nct_m2_evaluate_options *o,
                        struct nct_m2_evaluation *e, int *stopped, nct_why *why) NCT_USED;

/* Whether a prompt is healed: its last window is taken back, and the first new windows must begin with its text. A
 * window that ends a document is never taken back. */
enum nct_heal_when { NCT_HEAL_NEVER = 0, NCT_HEAL_IF_POSSIBLE = 1, NCT_HEAL_ALWAYS = 2 };

struct nct_m2_generate_options {
	size_t struct_size;
	uint64_t tokens;     /* how many, rounded up to whole windows */
	double temperature;  /* at least 0; 0: always the most probable token */
	uint32_t top_k;      /* draw from this many most probable tokens; 0: all */
	double top_p;        /* draw from the most probable tokens whose probabilities sum up to this; 1: all */
	uint64_t seed;       /* of the random numbers */
	int only_new;        /* leave the prompt out of the output */
	unsigned threads;
	const char *cpu;     /* row of kernels; NULL: the best usable one */
	void (*progress)(void *ctx, uint64_t tokens, uint64_t of); /* NULL: none; tokens done, of all */
	int (*stop)(void *ctx); /* NULL: never; nonzero: end the stream here. Asked after each window */
	void *ctx;
	/* 0: one sample, whose document stays open if the sample does not end it. Else so many samples, each of them one
	 * document, of 1 to `tokens` tokens; one that does not end by itself is ended by a window more. Foreign tokens:
	 * each has `tokens` tokens. */
	uint64_t samples;
	int until_end;       /* end a sample where its document ends; with `samples` that is done anyway */
	int end_by_nul;      /* the stream's header says that NUL bytes end documents, so that decoders write them */
	/* Healing needs tokens that are whole windows (v = b), r = 1 and a codebook of them in *m1. Where that is not so,
	 * NCT_HEAL_ALWAYS is NCT_EARG. New windows that have text of the window taken back alone do not count as `tokens`;
	 * with only_new they are left out. */
	enum nct_heal_when heal;
	const nct_m1 *m1;    /* borrowed: the M1 of the tokens, for `heal`; NULL: there is none at hand */
	enum nct_weights weights; /* copy the weights to memory, stored so */
};

/* Samples tokens that continue `prompt` (NULL: an empty one). Writes the prompt and the tokens as one token stream to
 * fd `out`, each block as soon as its windows are whole; with o->samples, one sample after another, each with the
 * prompt before it. Several samples are evaluated side by side, so that the weights are read once for all. Text bytes
 * are unknown. The same seed gives the same tokens for any number of threads. Sample i is the same for any number of
 * samples, and sample 0 is what there is without o->samples.
 *
 * NCT_EKIND: the model's tokens are of an unbroken code. NCT_EMODEL: the prompt's ids have another meaning than the
 * model's. NCT_ENAN: a logit is not finite. NCT_EIO: writing failed. NCT_EARG: also if o->samples or o->until_end is
 * set and the model's tokens do not tell where documents end. NCT_ENOMEM. */
NCT_API nct_err nct_m2_generate(const nct_m2 *m, const nct_corpus *prompt, int out,
                                const struct nct_m2_generate_options *o, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
