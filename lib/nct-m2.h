/* nct-m2.h - libnct-train's other half: tokens, and the model M2 that is trained on them, evaluated and sampled. A
 * public header. */
#ifndef NCT_M2_H
#define NCT_M2_H

#include "nct-train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tokens ---- */

typedef struct nct_corpus nct_corpus; /* token streams; immutable once read */

/* Reads the operands' token streams, checking every checksum. Files are mapped, not copied (they must not change
 * while it lives); what cannot be mapped (standard input, pipes) goes through a temporary file in `tmpdir` (NULL:
 * /tmp). Memory: 16 bytes a block. NCT_EKIND (windows, or no nct stream), NCT_EMODEL (streams of different models,
 * windows or vocabularies), NCT_EDATA, NCT_ECUT, NCT_EVERSION, NCT_EIO, NCT_ENOMEM; on failure *out is NULL and *at
 * the number of the operand being read, or SIZE_MAX. */
NCT_API nct_err nct_corpus_read(nct_corpus **out, nct_operand operand, void *ctx, const char *tmpdir, size_t *at,
                                nct_why *why) NCT_USED;
NCT_API void nct_corpus_free(nct_corpus *c);                /* NULL is a no-op */
/* of the first stream; `text_unknown` if any stream says so */
NCT_API const struct nct_header *nct_corpus_header(const nct_corpus *c);
NCT_API uint64_t nct_corpus_tokens(const nct_corpus *c);
NCT_API uint64_t nct_corpus_text_bytes(const nct_corpus *c); /* of no meaning where they are unknown */

/* ---- M2 ---- */

typedef struct nct_m2 nct_m2; /* a token model read from its file, which stays mapped and must not change; immutable */

/* Reads a model file (nct-formats(5), "Token models"), checking its fingerprint. NCT_EIO, NCT_ENOMEM, NCT_EKIND (no
 * M2), NCT_EDATA, NCT_ECUT, NCT_EVERSION; on failure *out is NULL and `why` says what. */
NCT_API nct_err nct_m2_open(nct_m2 **out, const char *path, nct_why *why) NCT_USED;
NCT_API void nct_m2_free(nct_m2 *m);                               /* NULL is a no-op */
NCT_API const struct nct_header *nct_m2_header(const nct_m2 *m);   /* of the token stream that it was trained on */
NCT_API uint64_t nct_m2_parameters(const nct_m2 *m);               /* without embeddings, as the paper counts them */
NCT_API size_t nct_m2_length(const nct_m2 *m);                     /* of the sequences that it was trained on */

struct nct_m2_train_result {
	int stopped;        /* stop() said so: no model was written */
	uint64_t step;      /* the last one done */
	int writing;        /* the model was being written: what failed, if anything, failed there */
	uint64_t kept_step; /* the one whose parameters were written: with `eval` that of the best evaluation, else the last */
	double kept_bits;   /* that evaluation, in bits per `per`; NAN without `eval` */
	const char *per;    /* "byte", or "token" where the bytes of the text are not known */
};

/* Trains a token model on `train` and writes the model file to fd `out`. `eval` (may be NULL) is evaluated on whole
 * blocks of about 2^18 tokens. o->keep_best is taken as set. Errors as nct_m1_train(), and NCT_EMODEL where `eval`
 * speaks another language than `train`. */
NCT_API nct_err nct_m2_train(const nct_corpus *train, const nct_corpus *eval, const struct nct_train_options *o,
                             int out, struct nct_m2_train_result *result, nct_why *why) NCT_USED;

/* What a token costs. */
struct nct_m2_cost {
	uint64_t tokens, hits; /* hits: the most probable token was the right one */
	double nats;
};

struct nct_m2_evaluation {
	struct nct_m2_cost all;
	/* tokens by the bit of the window at which they begin: (i * v) mod b; unused without windows */
	struct nct_m2_cost at[NCT_WINDOW_MAX];
	uint64_t count[65536];                 /* how often each id occurs */
};

struct nct_m2_evaluate_options {
	size_t struct_size;
	size_t rows, length; /* of a batch; length 0: that of training */
	unsigned threads;
	const char *cpu;
	void (*progress)(void *ctx, uint64_t tokens, uint64_t of); /* NULL: none */
	int (*stop)(void *ctx);                                    /* NULL: never; asked after each batch */
	void *ctx;
};

/* Evaluates all of `c`, in sequences of `length` that each begin anew. *stopped: o->stop() said so, and *e is of
 * what came before. NCT_EMODEL (tokens of another language than the model's), NCT_ECUT (no tokens), NCT_EARG,
 * NCT_ENOMEM. */
NCT_API nct_err nct_m2_evaluate(const nct_m2 *m, const nct_corpus *c, const struct nct_m2_evaluate_options *o,
                        struct nct_m2_evaluation *e, int *stopped, nct_why *why) NCT_USED;

struct nct_m2_generate_options {
	size_t struct_size;
	uint64_t tokens;     /* how many, rounded up to whole windows */
	double temperature;  /* at least 0; 0: always the most probable token */
	uint32_t top_k;      /* only the so many most probable tokens; 0: all */
	double top_p;        /* only the most probable tokens that together have this probability; 1: all */
	uint64_t seed;
	int only_new;        /* leave the prompt out of the output */
	unsigned threads;
	const char *cpu;
	void (*progress)(void *ctx, uint64_t tokens, uint64_t of); /* NULL: none */
	int (*stop)(void *ctx); /* NULL: never; asked after each window. The stream is then ended as usual */
	void *ctx;
};

/* Samples tokens that continue `prompt` (NULL: nothing) and writes them, behind the prompt, as one token stream to
 * fd `out`, a block as soon as its windows are whole. Text bytes are unknown. The same seed gives the same tokens
 * for every thread count. NCT_EKIND (the model's tokens are an unbroken code), NCT_EMODEL (the prompt speaks another
 * language), NCT_EARG, NCT_ENAN (a logit is not finite), NCT_ENOMEM, NCT_EIO (writing). */
NCT_API nct_err nct_m2_generate(const nct_m2 *m, const nct_corpus *prompt, int out,
                                const struct nct_m2_generate_options *o, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
