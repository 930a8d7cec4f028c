/* nct-train.h - libnct-train: training the models. The public header of the trainers.
 *
 * As in nct.h: no mutable globals, nothing printed, no exit, nothing read from the environment. Training is float
 * arithmetic, but on one row of kernels (`cpu`) the same options and text give the same bits for every thread count. */
#ifndef NCT_TRAIN_H
#define NCT_TRAIN_H

#include "nct.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Text ---- */

typedef struct nct_text nct_text; /* documents, kept in an unlinked temporary file; immutable once read */

struct nct_text_options {
	size_t struct_size;
	enum nct_separator separator;
	const char *pattern;          /* PCRE2 pattern for NCT_SEP_REGEX, else NULL */
	int plain;                    /* take operands as they are, whatever they begin with */
	const char *tmpdir;           /* where temporary files go; NULL: /tmp */
};

/* Reads the operands' text (see nct_operand): .xz, .gz and .zst are unpacked, other packed files and
 * those of nct refused (NCT_EKIND), documents told apart as acwin does (nct-formats(5),
 * "Documents and chunks"). Needs disk space for the plain text, while it reads for that of the
 * largest packed operand (or of standard input, unless `plain`) too, and 8 bytes of memory a document. NCT_EARG (the
 * pattern), NCT_ENOMEM, NCT_EIO, NCT_ECUT, NCT_EDATA; on failure *out is NULL and *at the number of the operand
 * being read, or SIZE_MAX if none was. */
NCT_API nct_err nct_text_read(nct_text **out, nct_operand operand, void *ctx, const struct nct_text_options *o,
                              size_t *at, nct_why *why) NCT_USED;
NCT_API void nct_text_free(nct_text *t);               /* NULL is a no-op */
NCT_API uint64_t nct_text_bytes(const nct_text *t);    /* separators not counted */
NCT_API uint64_t nct_text_documents(const nct_text *t); /* documents that end with EOD */

/* ---- Training, M1 or M2 ---- */

#define NCT_TRAIN_AUTO UINT64_MAX

/* The processes ("ranks", 0 to size - 1) that train one model together, each with its own share of every batch's
 * rows. All of them call the same functions in the same order. On failure a function gives NCT_EIO or NCT_ENOMEM. */
struct nct_world {
	unsigned rank, size;
	/* x becomes the sum of all ranks' x, added in the order of ranks: the same bits on all of them, whenever it is run. */
	nct_err (*sum)(const struct nct_world *w, float *x, size_t n);
	nct_err (*sum_doubles)(const struct nct_world *w, double *x, size_t n);
	nct_err (*max)(const struct nct_world *w, int *x);                 /* *x becomes the largest of all ranks' */
	nct_err (*share)(const struct nct_world *w, void *bytes, size_t n); /* bytes become rank 0's */
	void *ctx;
};

/* What a run has reached; given to the progress function after each step and each evaluation. */
struct nct_train_progress {
	uint64_t step, steps;
	double lr, train_bits;  /* of this step, in bits per `per` */
	double eval_bits;       /* the same; NAN if there was none at this step */
	int best;               /* that was the best evaluation so far (keep_best alone) */
	const char *per;        /* "byte", or "token" where the bytes of the text are not known */
	const char *unit;       /* what `units` are: "bytes" of text (M1) or "tokens" (M2) */
	uint64_t units;         /* trained on since this process started */
	double seconds;         /* since this process started training */
	double share;           /* of the peak: operations in products a second since then, over what the kernels reach from
	                         * the first-level cache, measured when training started; 0 if it could not be */
	uint64_t first;         /* the step that it started after: 0, or a checkpoint's */
};

struct nct_train_options {
	size_t struct_size;
	const char *size;       /* "3m", ..., or "d=256,layers=3,heads=4,ff=1024[,reach=1024]" */
	uint64_t steps;
	size_t rows, length, accumulate; /* a step: `accumulate` batches of `rows` examples of `length` symbols */
	double lr, zloss;
	uint64_t warmup;        /* steps; NCT_TRAIN_AUTO: a tenth of all, but 1,000 to 10,000 */
	uint64_t cooldown;      /* steps; NCT_TRAIN_AUTO: a fifth of all */
	uint64_t seed;
	unsigned window_bits;   /* b of the windows that M1 is trained for, in rounds; 0: none, and no rounds */
	enum nct_align align;   /* how they are aligned, as in struct nct_encode_options */
	const char *align_pattern;
	unsigned rounds;        /* the text is parsed into windows anew as each begins */
	/* of the rows in rounds so many of 100 are examples of full length, the others of contexts of windows */
	unsigned long_share;
	/* NULL: the first parameters are random; else those of another run's checkpoint, of the same size */
	const char *from;
	unsigned codebook;      /* bits of the windows to compile into the model file's codebook (M1); 0: none */
	uint64_t eval_every;    /* steps; 0: only at the end */
	int keep_best;          /* remember the parameters of the best evaluation, and save them in the checkpoint, too */
	/* NULL: none. If the file is there, training goes on from it. That it can be written is tried first */
	const char *checkpoint;
	uint64_t save_every;    /* steps; 0: only at the end */
	const char *log;        /* NULL: none. Of files that are there, only logs are replaced */
	int log_timing;
	unsigned threads;
	const char *cpu;        /* NULL: best */
	const struct nct_world
	    *world; /* NULL: this process trains alone. `rows` are those of all ranks. Files are read by each rank (the
	             * checkpoint by rank 0), written by rank 0, which alone calls progress(), report() and warn() */

	/* All may be NULL; called from the calling thread alone. */
	void (*progress)(void *ctx, const struct nct_train_progress *p);
	void (*report)(void *ctx, const char *key, const char *value); /* facts, for --verbose */
	void (*warn)(void *ctx, const char *line);                     /* what the user should know */
	int (*stop)(void *ctx); /* asked after each step, before each batch of an evaluation, and after each stage that
	                         * follows: nonzero ends the run, the step saved; an evaluation broken off is made when
	                         * the run goes on */
	void *ctx;
	const char *book_name;  /* of the codebook that nct_m1_choose() makes: struct nct_encode_options; NULL: none */
};

/* Names of the kernel rows usable on this machine, in training or for exact models (nct_cpu_name), best first; NULL
 * past the last. */
NCT_API const char *nct_train_cpu_name(size_t i);

/* Sets the defaults that the tools document, and struct_size, to `size`: nct_train_defaults(&o, sizeof o). */
NCT_API void nct_train_defaults(struct nct_train_options *o, size_t size);

/* ---- M1 ---- */

enum nct_train_kind { NCT_TRAIN_TRANSFORMER, NCT_TRAIN_UNIGRAM, NCT_TRAIN_STRINGS };

struct nct_m1_train_result {
	int stopped;             /* stop() said so: no model was written */
	uint64_t step;           /* the last one done */
	int writing;             /* the model was being written: what failed, if anything, failed there */
	double float_bits;       /* bits/byte of the validation text; NAN without one */
	double integer_bits;     /* the same by the integer model, over the same rows */
};

/* Trains a float model on `text` (or takes it from the checkpoint), turns it into integers and writes the model file
 * to fd `out`. `eval` (may be NULL) is the validation text. For NCT_TRAIN_UNIGRAM only `threads`, `cpu`, `length`,
 * `codebook` and the functions of `o` count. NCT_EARG; NCT_ENOMEM (also where the machine's memory is too small);
 * NCT_EIO; NCT_EMODEL (the checkpoint was made with other options, or `from` is of another size: `why` names the
 * first difference); NCT_EKIND (`from` is no checkpoint); NCT_ENAN (the checkpoint on disk is the last good one; or
 * the trained values are beyond what integers hold);
 * NCT_EDATA and the like (neither the checkpoint nor the one before it can be read); NCT_ECUT (no text). */
NCT_API nct_err nct_m1_train(const nct_text *text, const nct_text *eval, enum nct_train_kind kind,
                             const struct nct_train_options *o, int out, struct nct_m1_train_result *result,
                             nct_why *why) NCT_USED;

struct nct_m1_choose_result {
	int stopped;             /* stop() said so: nothing was chosen */
	/* of the validation text: bytes, the windows they take, those that end at a boundary */
	uint64_t windows, bytes, bounded;
};

/* Chooses the 2^b strings that make the fewest windows of `text`, and gives them to *m, which nobody else may use
 * meanwhile, as a codebook of NCT_CODE_BEST, with notes on where they come from. Of `o` count window_bits, align,
 * align_pattern, rounds (over the text) and the functions. The same text and options give the same strings
 * everywhere. `eval` (may be NULL) is the validation text. NCT_EARG (options; the pattern, `why->about` is
 * NCT_ABOUT_ALIGNMENT), NCT_ENOMEM, NCT_ECUT (no text). */
NCT_API nct_err nct_m1_choose(nct_m1 *m, const nct_text *text, const nct_text *eval, const struct nct_train_options *o,
                      struct nct_m1_choose_result *result, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
