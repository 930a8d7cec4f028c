/* inflate.h - plain bytes from a file descriptor that may hold .xz, .gz or .zst data. */
#ifndef NCT_DATA_INFLATE_H
#define NCT_DATA_INFLATE_H

#include "nct.h"

typedef struct nct_inflate nct_inflate; /* opaque; one thread at a time */

/* Starts reading `fd` (borrowed, never seeked). The first bytes tell .xz, .gz, .zst and plain data apart; what is
 * packed otherwise, or a file of ours, is refused. NCT_EKIND, NCT_EIO, NCT_ENOMEM; on failure *out is NULL. */
nct_err nct_inflate_new(nct_inflate **out, int fd, nct_why *why) NCT_USED;
void nct_inflate_free(nct_inflate *s); /* NULL is a no-op */

/* Fills buf[0..cap) unless the data ends first: *got < cap means the end. Files joined by cat are one; zeros behind
 * .gz data count for nothing. Data that when unpacked begin as what is refused above are refused, too. NCT_EKIND,
 * NCT_EIO, NCT_ENOMEM, NCT_ECUT, NCT_EDATA; `why` gives the offset in the compressed data. */
nct_err nct_inflate_read(nct_inflate *s, void *buf, size_t cap, size_t *got, nct_why *why) NCT_USED;

#endif
