/* layouts.h - files of ids in the layouts of other programs: headers, and where documents end (nct-formats(5)). */
#ifndef NCT_TOKENS_LAYOUTS_H
#define NCT_TOKENS_LAYOUTS_H

#include "nct.h"

/* ---- NumPy: .npy, version 1.0, one dimension ---- */
#define NCT_NPY_HEADER 128 /* bytes before the data: room for any length, and a multiple of 64 */
/* For `count` little-endian unsigned elements of `width` (1 or 2) bytes: the same bytes as numpy.save() writes. */
void nct_npy_header(uint8_t p[NCT_NPY_HEADER], size_t width, uint64_t count);

/* ---- llm.c ---- */
#define NCT_LLMC_HEADER 1024
#define NCT_LLMC_MAX INT32_MAX /* tokens */
void nct_llmc_header(uint8_t p[NCT_LLMC_HEADER], uint64_t count); /* count <= NCT_LLMC_MAX */
/* The number of tokens that a header tells. NCT_EKIND: it is none; NCT_EVERSION. */
nct_err nct_llmc_read(const uint8_t p[NCT_LLMC_HEADER], uint64_t *count, nct_why *why) NCT_USED;

/* ---- where documents end ---- */
struct nct_ends {
	int fd;             /* of --index: a u64 for each document, the position in ids behind its end; -1: none. Borrowed */
	int lengths;        /* keep them for Megatron */
	uint64_t before;    /* ids of the documents that have ended */
	uint8_t buf[8192];  /* for fd */
	size_t held;        /* bytes in it */
	uint32_t *length;   /* (count) owned */
	size_t count, cap;
};

/* A document ends at position `at`. NCT_EIO; NCT_ENOMEM; NCT_EKIND: it has more ids than Megatron's files can tell. */
nct_err nct_ends_put(struct nct_ends *e, uint64_t at, nct_why *why) NCT_USED;
nct_err nct_ends_flush(struct nct_ends *e) NCT_USED; /* writes what is held. NCT_EIO */
/* Writes Megatron's .idx to `fd`: each document a sequence of u16. NCT_EIO, NCT_ENOMEM. */
nct_err nct_ends_megatron(const struct nct_ends *e, int fd) NCT_USED;
void nct_ends_free(struct nct_ends *e);

#endif
