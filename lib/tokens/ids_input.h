/* ids_input.h - ids read one by one from a file: decimal text, or integers in the layouts of other programs. */
#ifndef NCT_TOKENS_IDS_INPUT_H
#define NCT_TOKENS_IDS_INPUT_H

#include "base/io.h"

#define NCT_IDS_INPUT_BYTES 65536

/* A file's bytes, one after another. */
struct nct_ids_input {
	int fd;              /* borrowed */
	size_t at, end;      /* in buf */
	uint64_t bytes;      /* read from fd so far */
	enum nct_import form;
	uint32_t vocab;      /* an id has to be below */
	uint64_t line, column; /* of text: of the next byte, from 1 */
	uint64_t ids;        /* read so far */
	uint64_t count;      /* as a header says; UINT64_MAX: ids go on to the file's end */
	size_t width;        /* bytes of a binary id */
	int has_sign;        /* the highest bit of a binary id is its sign */
	uint8_t buf[NCT_IDS_INPUT_BYTES];
};

/* Begins with what `fd` gives, and reads the header of those forms that have one. `width`: bytes of a raw id.
 * NCT_EIO; NCT_EKIND, NCT_EVERSION, NCT_ECUT: the header is none. */
nct_err nct_ids_open(struct nct_ids_input *in, int fd, enum nct_import form, uint32_t vocab, size_t width,
                     nct_why *why) NCT_USED;
/* The next byte, or -1 at the end. NCT_EIO. */
static inline nct_err
nct_ids_byte(struct nct_ids_input *in, int *c)
{
	if (in->at == in->end) {
		size_t n;
		nct_err err = nct_read_some(in->fd, in->buf, sizeof in->buf, &n);

		if (err != NCT_OK)
			return err;
		in->at = 0;
		in->end = n;
		in->bytes += n;
		*c = -1;
		if (n == 0)
			return NCT_OK;
	}
	*c = in->buf[in->at++];
	return NCT_OK;
}
/* Is it a blank, but no newline? */
static inline int
nct_ids_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}
/* Reads the decimal id that begins with *c; *c is then what follows it. NCT_EIO; NCT_EDATA: it is none, or outside the
 * vocabulary. */
nct_err nct_ids_word(struct nct_ids_input *in, int *c, uint32_t *id, nct_why *why) NCT_USED;
/* The next id of any form; *got 0: there is none. Blanks and newlines separate decimal ids alike. NCT_EIO, NCT_EDATA,
 * NCT_ECUT. */
nct_err nct_ids_next(struct nct_ids_input *in, uint32_t *id, int *got, nct_why *why) NCT_USED;

#endif
