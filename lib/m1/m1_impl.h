/* m1_impl.h - inside M1: its configuration and tensors, shared by evaluation, files and the quantiser. */
#ifndef NCT_M1_M1_IMPL_H
#define NCT_M1_M1_IMPL_H

#include "book/codebook.h"
#include "int8/kernels.h"
#include "m1/m1.h"
#include "m1/safetensors.h"

#include <stdatomic.h>

#define NCT_LOG2E 1.4426950408889634 /* M1's logits and scores are to base 2, the float net's to base e */

enum nct_m1_kind { NCT_M1_TRANSFORMER, NCT_M1_UNIGRAM, NCT_M1_KINDS };

#define NCT_M1_WIDTH_MAX 4096
#define NCT_M1_HEAD_MAX 256
#define NCT_M1_INNER_MAX 16384
#define NCT_M1_LAYERS_MAX 64

/* Sizes; all 0 for kinds other than the transformer. */
struct nct_m1_config {
	enum nct_m1_kind kind;
	uint32_t width, heads, layers, inner, reach;
};

enum nct_m1_tensor {
	NCT_M1_EMBED, NCT_M1_NORM1, NCT_M1_QKV, NCT_M1_QKV_MUL, NCT_M1_SCORE_MUL, NCT_M1_BIAS, NCT_M1_MIX_MUL, NCT_M1_PROJ,
	NCT_M1_PROJ_MUL, NCT_M1_NORM2, NCT_M1_UP, NCT_M1_UP_MUL, NCT_M1_DOWN, NCT_M1_DOWN_MUL, NCT_M1_NORMF, NCT_M1_HEAD,
	NCT_M1_HEAD_MUL, NCT_M1_FREQ, NCT_M1_TENSORS
};

/* The matrices as the row of kernels wants them. If it has kernels for open gates, the rows of g are in slices of
 * `slice`, and those of u and the columns of `down` are stored by nct_open_kernels. If not, each slice is `slice` rows
 * of g, then the same of u. */
struct nct_m1_weights {
	size_t slice;
	size_t qkv_bytes, proj_bytes, slice_bytes, u_bytes, down_bytes, layer_bytes; /* u_bytes: 0 if u is in the slices */
	uint8_t *bytes;   /* layers of q, k, v, proj, slices, u, down; then the head */
	int32_t *up_mul;  /* (L,2F) in the order of the slices; for open gates all of g first */
};

#define NCT_BOOKS (2 * NCT_CODEBOOKS + NCT_BOOKS_NAMED) /* codebooks of a model, at most */

struct nct_m1 {
	struct nct_m1_config c;
	const struct nct_kernels *k;
	const char *cpu;              /* a name of base/ladder.h that all kernels must serve; NULL: any */
	void *tensor[NCT_M1_TENSORS]; /* into one block that tensor[first of the kind] owns; NULL: not of this kind */
	void *block;                  /* owned; NULL: tensors are borrowed, and never written */
	int32_t *bias;                /* (L,H,NCT_BIAS_FAR + 1), by distance */
	uint64_t fingerprint;
	char text[96];
	struct nct_codebook *book[NCT_BOOKS]; /* (books) owned. Those with names last; by code; by bits; by name */
	size_t books;
	struct nct_m1_windows windows; /* what it was trained for */
	char *align_pattern;          /* owned: windows.align_pattern, or NULL */
	struct nct_st_pair *note;     /* of the file that it came from; owned, like the text of them all */
	size_t notes;
	char *note_text;
	_Atomic(struct nct_m1_weights *) *weights; /* NULL in there until someone evaluates */
};

/* Alignments as model files name them; *align becomes the one of that name, 0: there is none. */
const char *nct_align_name(enum nct_align align);
int nct_align_named(enum nct_align *align, const char *name);

/* Packs the matrices unless that is done; any number of threads may ask at once. NCT_ENOMEM. */
nct_err nct_m1_pack(const nct_m1 *m) NCT_USED;
void nct_m1_weights_free(struct nct_m1_weights *w); /* NULL is a no-op */

/* Makes an M1 with its tensors zeroed, to be filled and then sealed. NCT_EARG (a size outside the limits, an unknown or
 * unusable `cpu`), NCT_ENOMEM; on failure *out is NULL. */
nct_err nct_m1_new(nct_m1 **out, const struct nct_m1_config *c, const char *cpu, nct_why *why) NCT_USED;
/* The same around tensors that are known to be an M1's: data[] is borrowed for as long as the M1 lives; sealed
 * already, as is told. */
nct_err nct_m1_new_around(nct_m1 **out, const struct nct_m1_config *c, const void *const data[NCT_M1_TENSORS],
                          uint64_t fingerprint, const char *cpu, nct_why *why) NCT_USED;
/* Checks every value's range and computes what follows from the tensors. NCT_EDATA names the tensor at fault. */
nct_err nct_m1_seal(nct_m1 *m, nct_why *why) NCT_USED;

/* NCT_EARG if a size is outside the limits. */
nct_err nct_m1_config_check(const struct nct_m1_config *c, nct_why *why) NCT_USED;
const char *nct_m1_kind_name(enum nct_m1_kind kind);
/* Fills in tensor `id` (data NULL) as a model of this configuration has it; 0 if its kind has no such tensor. */
int nct_m1_tensor_shape(struct nct_st_tensor *t, const struct nct_m1_config *c, enum nct_m1_tensor id);

/* ---- file_books.c: the codebooks of a model file ---- */

/* Names of what a file holds of a codebook, and numbers in print. */
struct nct_book_keys {
	char print[40], nodes[48], depth[48], symbol[48], base[48], align[48], pattern[56];
};
struct nct_book_text {
	struct nct_book_keys key;
	char print[17], nodes[12];
};

/* Keys in the metadata, or tensors if `tensors`, that belong to codebooks. */
size_t nct_books_count(const nct_st *st, int tensors);
/* Reads them all: copied and checked, unless they can be trusted. Errors of reading. */
nct_err nct_books_read(nct_m1 *m, const nct_st *st, int trusted, nct_why *why) NCT_USED;
/* Adds up to NCT_BOOKS, with up to 4 pairs and 3 tensors each, and their texts in text[]; counts on. */
void nct_books_add(const nct_m1 *m, struct nct_book_text *text, struct nct_st_pair *meta, size_t *metas,
                   struct nct_st_tensor *t, size_t *tensors);

#endif
