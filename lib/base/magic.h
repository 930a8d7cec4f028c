/* magic.h - recognises files that are not text by their first bytes. */
#ifndef NCT_BASE_MAGIC_H
#define NCT_BASE_MAGIC_H

#include <stddef.h>
#include <stdint.h>

#define NCT_MAGIC_BYTES 12 /* bytes at a file's beginning that suffice for every kind */

struct nct_magic {
	enum { NCT_MAGIC_XZ, NCT_MAGIC_GZ, NCT_MAGIC_ZST, NCT_MAGIC_OTHER } kind; /* the first three are unpacked by m1train */
	const char *what; /* name with its article: "a .gz file", "a token stream" */
	const char *how;  /* the command that makes text of it; NULL if there is none */
	size_t at, n;     /* such a file has bytes[0..n) at offset `at`; '?' matches any byte */
	const char *bytes;
};

/* The kind of a file that begins with p[0..n). NULL if none is known: then it may be text. */
const struct nct_magic *nct_magic_find(const uint8_t *p, size_t n);

#endif
