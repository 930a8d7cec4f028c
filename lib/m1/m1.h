/* m1.h - evaluating the exact byte model: integer frequencies for many contexts side by side.
 *
 * A position of a context is known by its keys and values, `kv`: one block of nct_m1_kv_bytes() bytes, for
 * each layer width keys and then width values (int8). The frequencies after a context are a function of the
 * model and of the symbols since the reset alone (nct-formats(5), "M1"): one step at a time, many contexts
 * at once or a whole text in one call give the same bits. */
#ifndef NCT_M1_M1_H
#define NCT_M1_M1_H

#include "nct.h"

struct nct_codebook;
struct nct_st_pair;

/* Feeds `symbol` to one context and asks for what follows it. */
struct nct_m1_step {
	uint16_t symbol;          /* 0..256; NCT_EOD at the first position after a reset */
	uint32_t past;            /* how many positions stand before this one since the reset */
	const int8_t *const *kv;  /* the last min(past, reach - 1) of them, oldest first; borrowed. They may be
	                           * the kv_out of other steps of the same call. */
	int8_t *kv_out;           /* nct_m1_kv_bytes() bytes to write, not shared with another step */
	uint32_t *freq;           /* NCT_SYMBOLS frequencies to write, sum NCT_FREQ_TOTAL; NULL: not wanted */
};

typedef struct nct_m1_scratch nct_m1_scratch; /* buffers for one thread's evaluations */

/* Scratch for calls of up to `steps` steps. NCT_ENOMEM. */
nct_err nct_m1_scratch_new(nct_m1_scratch **out, const nct_m1 *m, size_t steps) NCT_USED;
void nct_m1_scratch_free(nct_m1_scratch *s); /* NULL is a no-op */

/* Evaluates steps[0..n), n at most the scratch's size. Cannot fail. */
void nct_m1_eval(const nct_m1 *m, nct_m1_scratch *s, const struct nct_m1_step *steps, size_t n);

size_t nct_m1_kv_bytes(const nct_m1 *m); /* 0 for kinds without attention (unigram) */
uint32_t nct_m1_reach(const nct_m1 *m);  /* positions a layer attends to, its own included; 0 for unigram:
                                          * frequencies do not depend on the context at all */

/* The name in base/ladder.h that *m was opened with. All kernels used with it must serve that. NULL: any will do. */
const char *nct_m1_cpu(const nct_m1 *m);
/* An M1 of kind `unigram`. NCT_EARG (a frequency is 0, the sum is not NCT_FREQ_TOTAL, `cpu`), NCT_ENOMEM. */
nct_err nct_m1_new_unigram(nct_m1 **out, const uint32_t freq[NCT_SYMBOLS], const char *cpu, nct_why *why) NCT_USED;
/* Says what windows *m was trained for: model files tell it. The pattern is copied; NULL but for NCT_ALIGN_REGEX.
 * NCT_ENOMEM. */
nct_err nct_m1_set_windows(nct_m1 *m, const struct nct_m1_windows *w) NCT_USED;
/* Writes the model file to `fd` with its codebooks, the notes it was read with and others on where it comes from:
 * keys begin with "note.". NCT_EIO, NCT_ENOMEM, NCT_EARG (a note's key, one that is there already, or text that is
 * not UTF-8). */
nct_err nct_m1_save(const nct_m1 *m, int fd, const struct nct_st_pair *notes, size_t n) NCT_USED;

/* Gives *m these notes, copied, in place of those that it has with the same keys: nobody else may use *m meanwhile.
 * NCT_ENOMEM. */
nct_err nct_m1_add_notes(nct_m1 *m, const struct nct_st_pair *notes, size_t n) NCT_USED;
/* Drops the notes whose keys begin with `prefix`: nobody else may use *m meanwhile. */
void nct_m1_drop_notes(nct_m1 *m, const char *prefix);

/* The codebook of that code for windows of so many bits: NCT_CODE_BEST the one without a name, else the first with one;
 * NCT_CODE_NONE the same, else the split one. NULL if there is none. Borrowed, as from the next two. */
const struct nct_codebook *nct_m1_codebook(const nct_m1 *m, enum nct_code code, unsigned bits);
/* The chosen strings of that name; NULL for `name`: as nct_m1_codebook(). */
const struct nct_codebook *nct_m1_codebook_named(const nct_m1 *m, enum nct_code code, unsigned bits, const char *name);
/* The chosen strings that have this fingerprint, else any of so many bits; NULL if there are none. */
const struct nct_codebook *nct_m1_codebook_printed(const nct_m1 *m, unsigned bits, uint64_t fingerprint);
/* Gives *m a sealed codebook, in place of one of the same code, size and name: nobody else may use *m meanwhile. There
 * is room for it (nct_m1_codebook_fits()). */
void nct_m1_take_codebook(nct_m1 *m, struct nct_codebook *c);
/* Models hold at most NCT_BOOKS_NAMED codebooks with names. Is there room for one of this name? "": always. */
int nct_m1_codebook_fits(const nct_m1 *m, unsigned bits, const char *name);
#define NCT_BOOKS_NAMED 16
/* Is it 1 to NCT_CODEBOOK_NAME of the characters that names may have? */
int nct_codebook_name_good(const char *name);

#endif
