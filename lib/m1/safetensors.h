/* safetensors.h - reading and writing safetensors files: named tensors and a table of strings.
 *
 * The file: u64 length of a JSON header, the header (padded with spaces so that data starts at a multiple of
 * 8), the tensors' bytes back to back in the header's order, each at a multiple of its elements' size. Read strictly:
 * exact sizes, no holes, no overlaps, no duplicate or unknown keys. */
#ifndef NCT_M1_SAFETENSORS_H
#define NCT_M1_SAFETENSORS_H

#include "nct.h"

enum nct_dtype { NCT_I8, NCT_U8, NCT_I16, NCT_U16, NCT_I32, NCT_U32, NCT_I64, NCT_U64, NCT_F32, NCT_F64 };

#define NCT_ST_RANK 4

/* One tensor to write, or one found by nct_st_get(). */
struct nct_st_tensor {
	const char *name;
	enum nct_dtype type;
	unsigned rank;               /* 0..NCT_ST_RANK */
	uint64_t shape[NCT_ST_RANK];
	const void *data;            /* little-endian, as all supported machines are; borrowed */
	size_t bytes;
};

struct nct_st_pair {
	const char *key, *value;
};

/* Writes a file to `fd`: metadata pairs, then tensors, both in the given order, but tensors with larger elements
 * first, so that each is aligned without padding. NCT_EIO, NCT_ENOMEM, NCT_EARG (a name, key or value that is not
 * UTF-8, a name given twice, `bytes` not those of type and shape). */
nct_err nct_st_write(int fd, const struct nct_st_pair *meta, size_t metas, const struct nct_st_tensor *t,
                     size_t n) NCT_USED;

typedef struct nct_st nct_st; /* a file read */

/* Parses bytes[0..n), borrowed until nct_st_free(). NCT_EKIND (no safetensors), NCT_EDATA, NCT_ECUT, NCT_ENOMEM;
 * on failure *out is NULL. The header may be at most 1 MiB. `bytes` must be 8-byte aligned. */
nct_err nct_st_parse(nct_st **out, const void *bytes, size_t n, nct_why *why) NCT_USED;
/* Maps a file (or reads it, if it cannot be mapped) and parses it. */
nct_err nct_st_open(nct_st **out, const char *path, nct_why *why) NCT_USED;
void nct_st_free(nct_st *st);                               /* NULL is a no-op */
const char *nct_st_meta(const nct_st *st, const char *key); /* NULL if absent; borrowed */
/* The metadata pairs, in the file's order: key i, NULL past the last. */
const char *nct_st_meta_key(const nct_st *st, size_t i);
size_t nct_st_count(const nct_st *st);                      /* how many tensors the file holds */
/* in the file's order; NULL past the last; borrowed */
const struct nct_st_tensor *nct_st_tensor_at(const nct_st *st, size_t i);
/* Finds tensor `name` and checks type and shape: NCT_EDATA, with `why`, if absent or different. *data is borrowed. */
nct_err nct_st_get(const nct_st *st, const char *name, enum nct_dtype type, unsigned rank, const uint64_t *shape,
                   const void **data, nct_why *why) NCT_USED;

/* Reads a decimal number as nct_st_write()'s callers put it: digits alone, no leading zero, below 10^9. -1 if it is
 * none. */
int nct_st_number(const char *text, uint32_t *value);

#endif
