/* nct-train.h - libnct-train: training the models. The public header of the trainers.
 *
 * What nct.h says of all functions holds here, too. Training computes in floats. With the same row of kernels (`cpu`),
 * options and text, the results have the same bits for any number of threads. */
#ifndef NCT_TRAIN_H
#define NCT_TRAIN_H

#include "nct.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Text ---- */

typedef struct nct_text nct_text; /* documents, kept in an unlinked temporary file; opaque, immutable */

struct nct_text_options {
	size_t struct_size;
	enum nct_separator separator;
	const char *pattern;          /* PCRE2 pattern for NCT_SEP_REGEX, else NULL */
	int plain;                    /* take operands as they are: unpack none, refuse none */
	const char *tmpdir;           /* folder for temporary files; NULL: /tmp */
};

/* Reads the operands' text, and tells documents apart as acwin does (nct-formats(5), "Documents and chunks"). Unpacks
 * .xz, .gz and .zst. Refuses files packed otherwise, and those of nct, with NCT_EKIND.
 *
 * Needs disk space for the text, and while it reads for the unpacked text of the largest packed operand (or of
 * standard input, unless `plain`), too. Needs 8 bytes of memory for each document.
 *
 * NCT_EARG (the pattern), NCT_ENOMEM, NCT_EIO, NCT_ECUT, NCT_EDATA. On failure *out is NULL, and *at is the number of
 * the operand being read, or SIZE_MAX if none was. */
NCT_API nct_err nct_text_read(nct_text **out, nct_operand operand, void *ctx, const struct nct_text_options *o,
                              size_t *at, nct_why *why) NCT_USED;
NCT_API void nct_text_free(nct_text *t);               /* NULL is a no-op */
NCT_API uint64_t nct_text_bytes(const nct_text *t);    /* separators not counted */
NCT_API uint64_t nct_text_documents(const nct_text *t); /* documents that end with EOD */

/* ---- Training, M1 or M2 ---- */

#define NCT_TOKEN_COST_MAX 1000
#define NCT_TRAIN_AUTO UINT64_MAX /* of `warmup` and `cooldown`: the library chooses */

/* The processes, called ranks, that train one model together. Each has its own share of the rows of every batch. All
 * call the same functions in the same order. On failure a function returns NCT_EIO or NCT_ENOMEM. */
struct nct_world {
	unsigned rank, size; /* this process is rank 0..size - 1 */
	/* x (n) becomes the sum of all ranks' x, added in the order of ranks: the same bits on all ranks, and in each run. */
	nct_err (*sum)(const struct nct_world *w, float *x, size_t n);
	nct_err (*sum_doubles)(const struct nct_world *w, double *x, size_t n);
	nct_err (*max)(const struct nct_world *w, int *x); /* *x becomes the largest of all ranks' */
	nct_err (*share)(const struct nct_world *w, void *bytes, size_t n); /* bytes (n) become rank 0's */
	void *ctx; /* of these functions */
};

/* How far a run is. progress() gets it after each step and each evaluation. */
struct nct_train_progress {
	uint64_t step, steps;   /* steps done; of the whole run */
	double lr;              /* learning rate of this step */
	double train_bits;      /* loss of this step, in bits per `per` */
	double eval_bits;       /* loss of the evaluation, in bits per `per`; NAN if there was none at this step */
	int best;               /* with keep_best: that was the best evaluation so far */
	const char *per;        /* "byte", or "token" if the bytes of the text are not known */
	const char *unit;       /* what `units` are: "bytes" of text (M1) or "tokens" (M2) */
	uint64_t units;         /* trained on since this process started */
	double seconds;         /* since this process started training */
	/* Operations in matrix products per second, as a share of the peak: of what the kernels do on data in the first-level
	 * cache, measured when training started. 0 if that could not be measured. */
	double share;
	uint64_t first;         /* the step after which this process started: 0, or a checkpoint's */
};

struct nct_train_options {
	size_t struct_size;
	const char *size;       /* "3m", ... (nct(7)), or "d=256,layers=3,heads=4,ff=1024[,reach=1024]" */
	uint64_t steps;
	size_t rows, length, accumulate; /* a step has `accumulate` batches of `rows` examples of `length` symbols */
	double lr;              /* the learning rate is lr / sqrt(max(step, warmup)) until the cooldown */
	double zloss;           /* weight of log(Z)^2 in the loss, Z being the sum of exponentials of a softmax */
	uint64_t warmup;        /* steps of constant rate; NCT_TRAIN_AUTO: a tenth of all, but 1,000 to 10,000 */
	uint64_t cooldown;      /* last steps, in which the rate falls to 0; NCT_TRAIN_AUTO: a fifth of all */
	uint64_t seed;          /* of random parameters and of the order of examples */
	unsigned window_bits;   /* b of the windows that M1 is trained for, in rounds; 0: for none, without rounds */
	enum nct_align align;   /* of these windows, as in struct nct_encode_options */
	const char *align_pattern;
	unsigned rounds;        /* how often the text is parsed into windows: when each round begins */
	unsigned long_share;    /* in rounds: percent of rows with examples of full length; others have windows' contexts */
	const char *from;       /* a checkpoint, or an M1, of the same size, whose parameters are the first; NULL: random */
	unsigned codebook;      /* M1: bits of the windows that are compiled into the model file; 0: none */
	uint64_t eval_every;    /* steps; 0: only at the end */
	int keep_best;          /* keep the parameters of the best evaluation, in the checkpoint, too */
	/* NULL: none. If the file exists, training goes on from it. First it is tried whether it can be written. */
	const char *checkpoint;
	uint64_t save_every;    /* steps; 0: only at the end */
	const char *log;        /* NULL: none. An existing file is replaced only if it is a log */
	int log_timing;         /* the log has columns of speed and time, too */
	unsigned threads;
	const char *cpu;        /* row of kernels; NULL: the best usable one */
	/* Borrowed. NULL: this process trains alone. `rows` are those of all ranks together. Each rank reads the files, but
	 * the checkpoint is read by rank 0. Rank 0 alone writes files and calls progress(), report() and warn(). */
	const struct nct_world *world;

	/* All functions may be NULL. They are called from the calling thread alone. */
	void (*progress)(void *ctx, const struct nct_train_progress *p);
	void (*report)(void *ctx, const char *key, const char *value); /* facts, for --verbose */
	void (*warn)(void *ctx, const char *line);                     /* a line that the user should see */
	/* Nonzero ends the run, and the step is saved. Asked after each step, before each batch of an evaluation, and after
	 * each stage that follows training. An evaluation that was ended so is made when the run goes on. */
	int (*stop)(void *ctx);
	void *ctx; /* of these functions */
	const char *book_name;  /* name of the codebook that nct_m1_choose() makes; NULL: it has none */
	/* Of nct_m1_choose(): 0: all tokens cost the same; 1: they cost their bits and token_cost, in bits, each. */
	int by_bits;
	unsigned string_words;  /* words that a string may be of or begin, if windows are aligned; 0: any number */
	double token_cost;      /* 0 to NCT_TOKEN_COST_MAX, in steps of 1/256; more than 0 is one step at least */
	/* Of nct_m2_train(): the texts of tokens. Their rows are composed of rows for what these texts have in common. NULL:
	 * they are not. Borrowed. */
	const struct nct_texts *texts;
};

/* Names of the kernel rows usable on this machine, for training or for exact models (nct_cpu_name()), best first. NULL
 * behind the last one. */
NCT_API const char *nct_train_cpu_name(size_t i);

/* Sets all fields to the defaults that the tools document, and struct_size to `size`. Call it as
 * nct_train_defaults(&o, sizeof o). */
NCT_API void nct_train_defaults(struct nct_train_options *o, size_t size);

/* ---- M1 ---- */

enum nct_train_kind { NCT_TRAIN_TRANSFORMER, NCT_TRAIN_UNIGRAM, NCT_TRAIN_STRINGS };

struct nct_m1_train_result {
	int stopped;             /* stop() ended the run: no model was written */
	uint64_t step;           /* the last one done */
	int writing;             /* the model was being written, so an error is one of `out` */
	double float_bits;       /* bits/byte of the validation text by the float model; NAN without one */
	double integer_bits;     /* the same by the integer model, over the same rows */
};

/* Trains a float model on `text`, or goes on from the checkpoint, turns it into integers, and writes the model file to
 * fd `out`. `eval` (may be NULL) is the validation text. For NCT_TRAIN_UNIGRAM only `threads`, `cpu`, `length`,
 * `codebook` and the functions of *o count.
 *
 * NCT_EARG. NCT_ENOMEM: also if the machine's memory is too small. NCT_EIO. NCT_EMODEL: the checkpoint was made with
 * other options, or o->from is of another size; `why` names the first difference. NCT_EKIND: o->from is no checkpoint.
 * NCT_ENAN: training met a NaN, and the checkpoint on disk is the last good one; or the trained values do not fit in
 * integers. NCT_EDATA and the like: neither the checkpoint nor the one before it can be read. NCT_ECUT: no text. */
NCT_API nct_err nct_m1_train(const nct_text *text, const nct_text *eval, enum nct_train_kind kind,
                             const struct nct_train_options *o, int out, struct nct_m1_train_result *result,
                             nct_why *why) NCT_USED;

struct nct_m1_choose_result {
	int stopped;             /* stop() ended the run: nothing was chosen */
	/* Of the validation text; 0 without one: */
	uint64_t windows, bytes;
	uint64_t bounded;        /* windows that end at a boundary */
	uint64_t unmet;          /* of the 2^b strings, those of two symbols or more that begin no window of the text */
};

/* Chooses 2^b strings so that `text` takes few windows, or cheap ones (by_bits), and adds them to *m as a codebook of
 * NCT_CODE_BEST, with notes on where they come from. No other thread may use *m meanwhile. `eval` (may be NULL) is the
 * validation text. Of *o only window_bits, align, align_pattern, rounds (over the text), by_bits, token_cost,
 * string_words, book_name, threads and the functions count. The same text and options give the same strings on all
 * machines, for any number of threads. NCT_EARG: the options, or the pattern (why->about is NCT_ABOUT_ALIGNMENT).
 * NCT_ENOMEM. NCT_ECUT: no text. */
NCT_API nct_err nct_m1_choose(nct_m1 *m, const nct_text *text, const nct_text *eval, const struct nct_train_options *o,
                      struct nct_m1_choose_result *result, nct_why *why) NCT_USED;

#ifdef __cplusplus
}
#endif
#endif
