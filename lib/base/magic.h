/* magic.h - what a file is that is no text, by its first bytes. */
#ifndef NCT_BASE_MAGIC_H
#define NCT_BASE_MAGIC_H

#include <stddef.h>
#include <stdint.h>

#define NCT_MAGIC_BYTES 12 /* of a file's beginning: as many as any row asks for */

struct nct_magic {
	enum { NCT_MAGIC_XZ, NCT_MAGIC_GZ, NCT_MAGIC_ZST, NCT_MAGIC_OTHER } kind; /* the first three are unpacked by m1train */
	const char *what; /* with its article: "a .gz file", "a token stream" */
	const char *how;  /* what makes text of it; NULL: nothing does */
	size_t at, n;     /* it has bytes[0..n) at `at`, where '?' stands for any byte */
	const char *bytes;
};

/* The row of a file that begins with p[0..n); NULL: none, so it may be text. */
const struct nct_magic *nct_magic_find(const uint8_t *p, size_t n);

#endif
