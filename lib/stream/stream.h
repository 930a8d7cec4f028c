/* stream.h - reads and writes block streams (nct-formats(5), "Streams").
 *
 * A stream has a header of 72 bytes, any number of blocks, and a trailer of 64 bytes. A block has a header of 64
 * bytes, a payload, and the payload's CRC64 (8 bytes). The payload is a directory and code, each padded with zeros to
 * 8 bytes. Integers are little-endian. One stream may follow another. */
#ifndef NCT_STREAM_STREAM_H
#define NCT_STREAM_STREAM_H

#include "nct.h"

#define NCT_HEADER_BYTES 72
#define NCT_BLOCK_HEADER_BYTES 64
#define NCT_TRAILER_BYTES 64
/* Limits of a block. Readers check them before they allocate memory. */
#define NCT_DIR_MAX (4u << 20)         /* bytes of its directory */
#define NCT_CODE_MAX (16u << 20)       /* bytes of its bits; tokens of 1 to 7 bits take a byte each, which is more */
/* A block ends with the first chunk that brings it to one of these. */
#define NCT_BLOCK_TEXT 65536u          /* bytes of text */
#define NCT_BLOCK_WINDOWS 65536u       /* windows, symbols or tokens */
#define NCT_BLOCK_DOCUMENTS 65536u     /* documents, of foreign tokens only */
/* A long chunk is cut into parts. A part ends when it reaches one of these. */
#define NCT_PART_WINDOWS 720720u       /* windows; 720,720 * b bits are whole tokens for every v up to 16 */
#define NCT_PART_SYMBOLS (1u << 20)    /* symbols of an unbroken code */
#define NCT_PART_TEXT (64u << 20)      /* bytes of text */
#define NCT_TEXT_MAX (NCT_PART_TEXT + 2 * NCT_BLOCK_TEXT) /* bytes of text of a block of windows, at most */

/* Flags of a block. */
enum { NCT_BLOCK_CONTINUES = 1,   /* its first chunk began in the block before, which has NCT_BLOCK_CONTINUED */
       NCT_BLOCK_CONTINUED = 2 }; /* its last chunk may go on in the next block, and ends no document in this one */

struct nct_block {
	uint32_t sequence;     /* 0, 1, ... within the stream; the writer fills it in */
	uint32_t flags;
	uint64_t text_offset;  /* text bytes of the stream before this block; the writer fills it in */
	uint64_t text_bytes;   /* bytes of its text; 0 if unknown */
	uint32_t units;        /* windows (b > 0), symbols (unbroken) or tokens (foreign) */
	uint32_t tokens;       /* tokens, in a token stream; else 0 */
	uint32_t documents;    /* documents that end in it */
	const uint8_t *dir;    /* borrowed: the directory, for nct_directory_next() */
	uint32_t dir_bytes;    /* without padding */
	/* Borrowed. Windows: bits, most significant first. Tokens: each as u8 (vocab <= 256) or u16. From a reader, it begins
	 * at a multiple of 8 bytes in memory. */
	const uint8_t *code;
	uint32_t code_bytes;   /* without padding */
};

/* The directory has an entry for each part of a chunk in the block: at least one. */
struct nct_directory_entry {
	uint64_t units;      /* windows, symbols or tokens of the part; 0 occurs with foreign tokens alone */
	int ends_document;   /* the last of them has EOD; for foreign tokens: a document ends behind them */
	uint64_t bits;       /* unbroken codes: bits of code; else 0 */
};
#define NCT_DIR_ENTRY_MAX 20 /* bytes of one encoded entry, at most */
/* Encodes one entry at p: LEB128 of units * 2 + ends_document, then, if `unbroken`, LEB128 of bits. Returns its
 * length. */
size_t nct_directory_put(uint8_t *p, const struct nct_directory_entry *e, int unbroken);
/* Decodes the entry at dir[*pos..n) and moves *pos. 1: got one; 0: at the end; -1: malformed. */
int nct_directory_next(const uint8_t *dir, size_t n, size_t *pos, struct nct_directory_entry *e, int unbroken);

/* ---- Writing ---- */
typedef struct nct_writer nct_writer;
nct_err nct_writer_new(nct_writer **out, int fd) NCT_USED; /* `fd` is borrowed. On failure *out is NULL: NCT_ENOMEM */
void nct_writer_free(nct_writer *w); /* NULL is a no-op; writes nothing */
nct_err nct_writer_header(nct_writer *w, const struct nct_header *h) NCT_USED; /* begins a stream; NCT_EIO */
/* Writes a block. That it obeys the rules is asserted, not checked. NCT_EIO, NCT_ENOMEM. */
nct_err nct_writer_block(nct_writer *w, const struct nct_block *b) NCT_USED;
nct_err nct_writer_trailer(nct_writer *w) NCT_USED;                             /* ends the stream; NCT_EIO */
const struct nct_totals *nct_writer_totals(const nct_writer *w);                /* of the stream so far */

/* ---- Reading ---- */
enum nct_event {
	NCT_AT_HEADER, /* a stream begins: nct_reader_header() */
	NCT_AT_BLOCK,  /* a block that obeys all rules: *b */
	NCT_AT_TRAILER,/* the stream ended, and its totals are right */
	NCT_AT_LOSS,   /* with keep_going only: something was skipped; `why` says what, at which block and byte */
	NCT_AT_END     /* no more input */
};

typedef struct nct_reader nct_reader;
/* Makes a reader of `fd`, which is borrowed. It does not seek. As long as the stream is intact, it reads no byte that
 * the next event does not need. With keep_going it looks, after damage, for the next good frame and goes on there. On
 * failure *out is NULL: NCT_ENOMEM. */
nct_err nct_reader_new(nct_reader **out, int fd, int keep_going) NCT_USED;
struct nct_input;
/* The same, beginning with the bytes that wait in *input. Unless it fails, it takes over their buffer. */
nct_err nct_reader_continue(nct_reader **out, struct nct_input *input, int keep_going) NCT_USED;
void nct_reader_free(nct_reader *r); /* NULL is a no-op */
/* Reads up to the next event. b->dir and b->code are valid until the next call, unless the caller takes their buffer
 * with nct_reader_take(). An empty input is NCT_ECUT ("stream ends early, byte 0"). Other errors: NCT_EKIND (not an
 * nct stream), NCT_EVERSION, NCT_EDATA, NCT_ECUT, NCT_EIO, NCT_ENOMEM. `why` then says what, and at which block and
 * byte. */
nct_err nct_reader_next(nct_reader *r, enum nct_event *event, struct nct_block *b, nct_why *why) NCT_USED;
const struct nct_header *nct_reader_header(const nct_reader *r);
const struct nct_totals *nct_reader_totals(const nct_reader *r); /* of the current stream so far */
/* Hands the buffer of the last block, of *cap bytes, over to the caller, who calls free() or nct_reader_give() with
 * it. */
void *nct_reader_take(nct_reader *r, size_t *cap);
void nct_reader_give(nct_reader *r, void *p, size_t cap); /* takes it back, for blocks to come; p may be NULL */
uint64_t nct_reader_offset(const nct_reader *r); /* bytes of input consumed */

/* Bytes of a stored token: 1 (u8) or 2 (u16). */
static inline size_t
nct_token_bytes(uint32_t vocab)
{
	return vocab <= 256 ? 1 : 2;
}

#endif
