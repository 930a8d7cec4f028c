/* inflate.h - reads plain bytes from a file descriptor whose data may be compressed: .xz, .gz or .zst. */
#ifndef NCT_DATA_INFLATE_H
#define NCT_DATA_INFLATE_H

#include "nct.h"

typedef struct nct_inflate nct_inflate; /* opaque; one thread at a time */

/* Starts reading `fd`, which is borrowed and never seeked. The first bytes tell .xz, .gz, .zst and plain data apart.
 * Other compressed files, and nct's own files, are refused (base/magic.h). On failure *out is NULL. NCT_EKIND,
 * NCT_EIO, NCT_ENOMEM. */
nct_err nct_inflate_new(nct_inflate **out, int fd, nct_why *why) NCT_USED;
void nct_inflate_free(nct_inflate *s); /* NULL is a no-op */

/* Fills buf[0..cap) unless the data ends first: *got < cap means the end. Concatenated compressed files are read as
 * one. Zeros after .gz data are ignored. Decompressed data that begins like a refused file is refused, too.
 * NCT_EKIND, NCT_EIO, NCT_ENOMEM, NCT_ECUT, NCT_EDATA; `why` has the offset in the compressed data. */
nct_err nct_inflate_read(nct_inflate *s, void *buf, size_t cap, size_t *got, nct_why *why) NCT_USED;

#endif
