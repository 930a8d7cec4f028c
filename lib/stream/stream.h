/* stream.h - the block stream: reading and writing of headers, blocks and trailers (nct-formats(5), "Streams").
 *
 * Everything is little-endian. A stream is a header (72 bytes), blocks, a trailer (64 bytes); streams may
 * follow each other. A block is a header of 64 bytes, a payload (directory, then code, each padded with
 * zeros to 8 bytes) and the payload's CRC64 (8 bytes). */
#ifndef NCT_STREAM_STREAM_H
#define NCT_STREAM_STREAM_H

#include "nct.h"

#define NCT_HEADER_BYTES 72
#define NCT_BLOCK_HEADER_BYTES 64
#define NCT_TRAILER_BYTES 64
#define NCT_DIR_MAX (4u << 20)         /* limits, checked before any allocation */
#define NCT_CODE_MAX (16u << 20)       /* bytes of a block's bits; tokens of 1 to 7 bits take more, a byte each */
#define NCT_BLOCK_TEXT 65536u          /* a block ends at the first chunk's end at or past this much text... */
#define NCT_BLOCK_WINDOWS 65536u       /* ...or this many windows, symbols or tokens; */
#define NCT_BLOCK_DOCUMENTS 65536u     /* ...or, of foreign tokens, this many documents */
#define NCT_PART_WINDOWS 720720u       /* a longer chunk is cut into parts of this many windows: 720,720 * b
                                        * bits are whole tokens for every v up to 16 */
#define NCT_PART_SYMBOLS (1u << 20)    /* and, for unbroken coding, of this many symbols */
#define NCT_PART_TEXT (64u << 20)      /* ... or once a part covers so much text that hardly takes windows, */
#define NCT_TEXT_MAX (NCT_PART_TEXT + 2 * NCT_BLOCK_TEXT) /* so that no block of windows covers more than this */

enum { NCT_BLOCK_CONTINUES = 1,   /* the first chunk began in the block before, which has NCT_BLOCK_CONTINUED */
       NCT_BLOCK_CONTINUED = 2 }; /* the last chunk may go on in the next block; it ends no document here */

struct nct_block {
	uint32_t sequence;     /* 0, 1, ... within the stream; the writer fills it in */
	uint32_t flags;
	uint64_t text_offset;  /* text bytes of the stream before this block; the writer fills it in */
	uint64_t text_bytes;   /* text bytes covered (0 if unknown) */
	uint32_t units;        /* windows (b > 0), symbols (unbroken) or tokens (foreign) */
	uint32_t tokens;       /* tokens, in a token stream; else 0 */
	uint32_t documents;    /* documents that end here */
	const uint8_t *dir;    /* the directory, see nct_directory_next() */
	uint32_t dir_bytes;    /* without padding */
	const uint8_t *code;   /* windows: bits, most significant first; tokens: u8 (vocab <= 256) or u16 LE, 8-byte aligned */
	uint32_t code_bytes;   /* without padding */
};

/* The directory: one entry per chunk (or part of one) of the block, at least one. */
struct nct_directory_entry {
	uint64_t units;      /* windows, symbols or tokens of this chunk in this block; 0 for foreign tokens alone */
	int ends_document;   /* the last of them carries EOD (foreign tokens: a line ended) */
	uint64_t bits;       /* unbroken coding only: bits of code of this chunk */
};
#define NCT_DIR_ENTRY_MAX 20 /* bytes of one encoded entry, at most */
/* Encodes one entry at p: LEB128 of units * 2 + ends_document, then, if `unbroken`, LEB128 of bits. Returns its
 * length. */
size_t nct_directory_put(uint8_t *p, const struct nct_directory_entry *e, int unbroken);
/* Decodes the entry at dir[*pos..n) and moves *pos. 1: got one; 0: at the end; -1: malformed. */
int nct_directory_next(const uint8_t *dir, size_t n, size_t *pos, struct nct_directory_entry *e, int unbroken);

/* ---- Writing ---- */
typedef struct nct_writer nct_writer;
nct_err nct_writer_new(nct_writer **out, int fd) NCT_USED;
void nct_writer_free(nct_writer *w); /* NULL is a no-op; writes nothing */
nct_err nct_writer_header(nct_writer *w, const struct nct_header *h) NCT_USED; /* begins a stream; NCT_EIO */
/* NCT_EIO, NCT_ENOMEM; rules are asserted */
nct_err nct_writer_block(nct_writer *w, const struct nct_block *b) NCT_USED;
nct_err nct_writer_trailer(nct_writer *w) NCT_USED;                             /* ends the stream; NCT_EIO */
const struct nct_totals *nct_writer_totals(const nct_writer *w);                /* of the stream so far */

/* ---- Reading ---- */
enum nct_event {
	NCT_AT_HEADER, /* a stream begins: nct_reader_header() */
	NCT_AT_BLOCK,  /* a good block: *b */
	NCT_AT_TRAILER,/* the stream ended well, totals checked */
	NCT_AT_LOSS,   /* only with keep_going: something was skipped; `why` says what, at which block and byte */
	NCT_AT_END     /* no more input */
};

typedef struct nct_reader nct_reader;
/* Reads from `fd`, which is never seeked, never reading ahead past what the next event needs while the stream is
 * intact. keep_going: after damage, look for the next valid block header (or stream header) and go on. */
nct_err nct_reader_new(nct_reader **out, int fd, int keep_going) NCT_USED;
/* The same for what `feed` reads, from the bytes on that wait in it. The reader takes it over, unless it fails. */
struct nct_input;
nct_err nct_reader_continue(nct_reader **out, struct nct_input *feed, int keep_going) NCT_USED;
void nct_reader_free(nct_reader *r); /* NULL is a no-op */
/* The next event. b->dir and b->code point into a buffer that nct_reader_take() can take over, else valid until the
 * next call. An empty input is NCT_ECUT ("stream ends early, byte 0"). Other errors: NCT_EKIND (not an nct stream),
 * NCT_EVERSION, NCT_EDATA, NCT_ECUT, NCT_EIO, NCT_ENOMEM, each with `why` = "what, block N, byte OFFSET" where that
 * makes sense. */
nct_err nct_reader_next(nct_reader *r, enum nct_event *event, struct nct_block *b, nct_why *why) NCT_USED;
const struct nct_header *nct_reader_header(const nct_reader *r);
const struct nct_totals *nct_reader_totals(const nct_reader *r); /* of the current stream so far */
/* Takes ownership of the buffer behind the last block's dir and code, of *cap bytes: the caller frees it with
 * free(), or gives it back for blocks to come. */
void *nct_reader_take(nct_reader *r, size_t *cap);
void nct_reader_give(nct_reader *r, void *p, size_t cap); /* p may be NULL */
uint64_t nct_reader_offset(const nct_reader *r); /* bytes of input consumed */

/* How tokens of a vocabulary are stored: u8, or u16 little-endian. */
static inline size_t
nct_token_bytes(uint32_t vocab)
{
	return vocab <= 256 ? 1 : 2;
}

#endif
