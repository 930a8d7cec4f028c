/* safetensors.h - reads and writes safetensors files: named tensors, and metadata of strings.
 *
 * A file is: the length of a JSON header (u64), the header, padded with spaces to a multiple of 8 bytes, and the
 * tensors' bytes without gaps, in the header's order. Each tensor begins at a multiple of its elements' size.
 * Readers are strict: sizes must be exact, and holes, overlaps, duplicate and unknown keys are refused. */
#ifndef NCT_M1_SAFETENSORS_H
#define NCT_M1_SAFETENSORS_H

#include "nct.h"

enum nct_dtype { NCT_I8, NCT_U8, NCT_I16, NCT_U16, NCT_I32, NCT_U32, NCT_I64, NCT_U64, NCT_F32, NCT_F64 };

#define NCT_ST_RANK 4

/* One tensor to write, or one found by nct_st_get(). */
struct nct_st_tensor {
	const char *name;
	enum nct_dtype type;
	unsigned rank;               /* number of dimensions, 0 to NCT_ST_RANK */
	uint64_t shape[NCT_ST_RANK];
	const void *data;            /* little-endian, as all supported machines are; borrowed */
	size_t bytes;
};

struct nct_st_pair {
	const char *key, *value;
};

/* Writes a file to `fd`. Metadata is written in the given order. So are tensors, except that those with larger
 * elements come first, so that all are aligned without padding. NCT_EIO, NCT_ENOMEM, NCT_EARG (a name, key or value
 * is not UTF-8, a name occurs twice, or `bytes` does not match type and shape). */
nct_err nct_st_write(int fd, const struct nct_st_pair *meta, size_t metas, const struct nct_st_tensor *t,
                     size_t n) NCT_USED;

typedef struct nct_st nct_st; /* a file that was read */

/* Parses bytes[0..n), which are borrowed until nct_st_free() and must be aligned to 8. The header may have at most 1
 * MiB. On failure *out is NULL. NCT_EKIND (not a safetensors file), NCT_EDATA, NCT_ECUT, NCT_ENOMEM. */
nct_err nct_st_parse(nct_st **out, const void *bytes, size_t n, nct_why *why) NCT_USED;
/* Maps a file, or reads it if it cannot be mapped, and parses it. Errors as above, and NCT_EIO. */
nct_err nct_st_open(nct_st **out, const char *path, nct_why *why) NCT_USED;
void nct_st_free(nct_st *st);                               /* NULL is a no-op */
const char *nct_st_meta(const nct_st *st, const char *key); /* NULL if absent; borrowed */
/* Key i of the metadata, in the file's order; NULL past the last. */
const char *nct_st_meta_key(const nct_st *st, size_t i);
size_t nct_st_count(const nct_st *st);                      /* how many tensors the file holds */
/* tensor i, in the file's order; NULL past the last; borrowed */
const struct nct_st_tensor *nct_st_tensor_at(const nct_st *st, size_t i);
/* Finds tensor `name` and sets *data, which is borrowed. NCT_EDATA, explained in `why`, if it is absent or has
 * another type or shape. */
nct_err nct_st_get(const nct_st *st, const char *name, enum nct_dtype type, unsigned rank, const uint64_t *shape,
                   const void **data, nct_why *why) NCT_USED;

/* Reads a decimal number of a file's metadata: only digits, no leading zero, below 10^9. Returns 0, or -1 if `text`
 * is not such a number. */
int nct_st_number(const char *text, uint32_t *value);

#endif
