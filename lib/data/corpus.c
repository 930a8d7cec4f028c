/* corpus.c - the tokens of one or more token streams, by number: files in mapped memory, with an index of blocks. */
#include "data/corpus.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"
#include "base/temporary.h"
#include "data/unpack.h"
#include "net/transformer.h"
#include "stream/frame.h"
#include "stream/stream.h"

#define COPY_BYTES ((size_t)1 << 18)

/* A block in mapped memory. */
struct block_ref {
	const uint8_t *frame; /* its header; the block follows */
	uint64_t first;       /* number of its first token */
};

struct map {
	uint8_t *bytes;
	size_t n;
};

struct nct_corpus {
	struct nct_header header; /* of the first stream */
	int any;                  /* a stream was read, so `header` is set */
	struct block_ref *blocks; /* (count + 1) the last is the end: its `first` is the number of all tokens */
	size_t count, cap;
	struct map *maps;         /* the memory that `frame` points into; none in a sample */
	size_t map_count;
	uint64_t text_bytes, crc;
};

/* ---- reading ---- */

static nct_err
add_block(nct_corpus *c, const uint8_t *frame, uint64_t tokens)
{
	if (c->count + 1 >= c->cap) {
		size_t cap = c->cap == 0 ? 64 : 2 * c->cap, bytes;
		struct block_ref *p = nct_size_mul(&bytes, cap, sizeof *p) == 0 ? realloc(c->blocks, bytes) : NULL;

		if (p == NULL)
			return NCT_ENOMEM;
		if (c->cap == 0)
			p[0] = (struct block_ref){NULL, 0};
		c->blocks = p;
		c->cap = cap;
	}
	c->blocks[c->count].frame = frame;
	c->blocks[c->count + 1] = (struct block_ref){NULL, c->blocks[c->count].first + tokens};
	c->count++;
	return NCT_OK;
}

/* Takes the header of a stream. The tokens of all streams must be of the same kind (stream/same_tokens.h). If the
 * bytes of one stream's text are unknown, so are those of all together. */
static nct_err
add_header(nct_corpus *c, const struct nct_header *h, nct_why *why)
{
	nct_why inner = {0};

	if (h->kind != NCT_TOKENS)
		return nct_fail(why, NCT_EKIND, "windows, not tokens (see bitpack)");
	if (c->any) {
		c->header.text_unknown |= h->text_unknown;
		return nct_same_tokens(&c->header, h, &inner)
		           ? NCT_OK
		           : nct_fail(why, NCT_EMODEL, "other tokens than before: %.200s", inner.text);
	}
	c->any = 1;
	c->header = *h;
	const uint64_t language[] = {h->code, h->window_bits, h->token_bits, h->vocab, h->resets, h->m1, h->windows};
	for (size_t i = 0; i < sizeof language / sizeof language[0]; i++) {
		uint8_t b[8];

		nct_put64(b, language[i]);
		c->crc = lzma_crc64(b, sizeof b, c->crc);
	}
	return NCT_OK;
}

/* Reads the streams of `fd` to the end, checks every checksum, and adds their blocks to the index. `m` is the whole
 * file, mapped. */
static nct_err
index_blocks(nct_corpus *c, int fd, const struct map *m, nct_why *why)
{
	enum nct_event event = NCT_AT_HEADER;
	struct nct_block b;
	nct_reader *r;
	nct_err err = nct_reader_new(&r, fd, 0);

	while (err == NCT_OK && event != NCT_AT_END) {
		if ((err = nct_reader_next(r, &event, &b, why)) != NCT_OK)
			break;
		if (nct_reader_offset(r) > m->n) { /* this part is not mapped */
			err = nct_fail(why, NCT_EDATA, "the file grows while it is read, byte %zu", m->n);
			break;
		}
		if (event == NCT_AT_HEADER)
			err = add_header(c, nct_reader_header(r), why);
		if (event != NCT_AT_BLOCK)
			continue;
		c->text_bytes += b.text_bytes;
		c->crc = lzma_crc64(b.code, b.code_bytes, c->crc);
		if (b.tokens > 0) /* a block of empty documents of ids has none */
			err = add_block(c, m->bytes + nct_reader_offset(r) - 8 - nct_block_payload(&b) - NCT_BLOCK_HEADER_BYTES, b.tokens);
	}
	nct_reader_free(r);
	return err;
}

static nct_err
map_file(nct_corpus *c, int fd, nct_why *why)
{
	struct map *maps = realloc(c->maps, (c->map_count + 1) * sizeof *maps);
	struct stat s;
	void *p;

	if (maps == NULL)
		return NCT_ENOMEM;
	c->maps = maps;
	if (fstat(fd, &s) != 0)
		return NCT_EIO;
	if (s.st_size == 0)
		return nct_fail(why, NCT_ECUT, "stream ends early, byte 0");
	if ((uintmax_t)s.st_size > SIZE_MAX)
		return NCT_ENOMEM;
	p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NCT_EIO;
	maps[c->map_count] = (struct map){p, (size_t)s.st_size};
	return index_blocks(c, fd, &maps[c->map_count++], why);
}

/* Copies `from`, which cannot be mapped, to the temporary file `to`. */
static nct_err
spool(int from, int to, const char *tmpdir, nct_why *why)
{
	uint8_t *buf = malloc(COPY_BYTES);
	size_t got = COPY_BYTES;
	nct_err err = buf != NULL ? NCT_OK : NCT_ENOMEM;

	while (err == NCT_OK && got == COPY_BYTES) {
		err = nct_read(from, buf, COPY_BYTES, &got);
		if (err == NCT_OK && nct_write(to, buf, got) != NCT_OK)
			err = nct_temporary_failed(tmpdir, why);
	}
	free(buf);
	if (err == NCT_OK && lseek(to, 0, SEEK_SET) != 0)
		err = nct_temporary_failed(tmpdir, why);
	return err;
}

static nct_err
add_operand(nct_corpus *c, int fd, const char *tmpdir, nct_why *why)
{
	struct stat s;
	int temp;
	nct_err err;

	if (fd != STDIN_FILENO && fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
		return map_file(c, fd, why);
	if ((err = nct_temporary(&temp, tmpdir, why)) != NCT_OK)
		return err;
	if ((err = spool(fd, temp, tmpdir, why)) == NCT_OK)
		err = map_file(c, temp, why);
	(void)close(temp); /* it stays mapped */
	return err;
}

nct_err
nct_corpus_read(nct_corpus **out, nct_operand operand, void *ctx, const char *tmpdir, size_t *at, nct_why *why)
{
	nct_corpus *c = calloc(1, sizeof *c);
	nct_why own;
	size_t number;
	nct_err err = c != NULL ? add_block(c, NULL, 0) : NCT_ENOMEM; /* the entry for the end */
	int fd;

	*out = NULL;
	why = nct_why_begin(why, &own);
	at = at != NULL ? at : &number;
	*at = SIZE_MAX;
	if (err == NCT_OK)
		c->count = 0;
	for (size_t i = 0; err == NCT_OK && (err = operand(ctx, i, &fd)) == NCT_OK && fd >= 0; i++) {
		*at = i;
		err = add_operand(c, fd, tmpdir, why);
		const int saved = errno;
		if (fd != STDIN_FILENO)
			(void)close(fd); /* it was only read from, so nothing can fail */
		errno = saved;
	}
	if (err == NCT_OK) {
		*out = c;
		return NCT_OK;
	}
	if (why->text[0] == '\0')
		(void)nct_fail(why, err, "%s", err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	nct_corpus_free(c);
	return err;
}

void
nct_corpus_free(nct_corpus *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->map_count; i++)
		(void)munmap(c->maps[i].bytes, c->maps[i].n);
	free(c->maps);
	free(c->blocks);
	free(c);
}

/* True if block i's text_bytes are not those of its own tokens. If a document of foreign tokens is in several
 * blocks, the last of them counts the bytes of all. */
static int
text_elsewhere(const nct_corpus *c, size_t i)
{
	const struct nct_block b = nct_frame_block(c->blocks[i].frame);

	return ((b.flags & NCT_BLOCK_CONTINUED) && b.text_bytes == 0) ||
	       ((b.flags & NCT_BLOCK_CONTINUES) && i > 0 && nct_frame_block(c->blocks[i - 1].frame).text_bytes == 0);
}

nct_err
nct_corpus_sample(nct_corpus **out, const nct_corpus *c, uint64_t tokens)
{
	const uint64_t all = nct_corpus_tokens(c);
	uint64_t count = all <= tokens ? c->count : (uint64_t)((double)c->count * (double)tokens / (double)all);
	nct_corpus *s = calloc(1, sizeof *s);
	nct_err err = s != NULL ? add_block(s, NULL, 0) : NCT_ENOMEM;

	*out = NULL;
	if (err != NCT_OK)
		goto fail;
	s->count = 0;
	s->header = c->header;
	s->any = c->any;
	s->crc = c->crc;
	if (count == 0 && c->count > 0)
		count = 1;
	for (uint64_t i = 0; i < count; i++) {
		const size_t which = (size_t)((double)c->count * ((double)i + 0.5) / (double)count);
		const struct block_ref *p = &c->blocks[which];

		if ((err = add_block(s, p->frame, p[1].first - p->first)) != NCT_OK)
			goto fail;
		s->text_bytes += nct_frame_block(p->frame).text_bytes;
		s->header.text_unknown |= count < c->count && text_elsewhere(c, which);
	}
	if (count == c->count) /* then blocks without tokens count, too */
		s->text_bytes = c->text_bytes;
	*out = s;
	return NCT_OK;
fail:
	nct_corpus_free(s);
	return err;
}

/* ---- access ---- */

const struct nct_header *
nct_corpus_header(const nct_corpus *c)
{
	return &c->header;
}

uint64_t
nct_corpus_tokens(const nct_corpus *c)
{
	return c->blocks[c->count].first;
}

uint64_t
nct_corpus_text_bytes(const nct_corpus *c)
{
	return c->text_bytes;
}

uint64_t
nct_corpus_crc(const nct_corpus *c)
{
	return c->crc;
}

/* The index of the block that contains token `i`. */
static size_t
block_of(const nct_corpus *c, uint64_t i)
{
	size_t lo = 0, hi = c->count;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->blocks[mid].first <= i)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

void
nct_corpus_get(const nct_corpus *c, uint64_t from, size_t n, uint32_t *out, uint64_t *place)
{
	const int wide = nct_token_bytes(c->header.vocab) == 2;
	const struct block_ref *p = &c->blocks[block_of(c, from)];

	for (size_t i = 0; i < n; p++) {
		const uint8_t *code = nct_frame_block(p->frame).code;
		uint64_t at = from + i - p->first;

		for (; i < n && from + i < p[1].first; i++, at++) {
			out[i] = wide ? nct_get16(code + 2 * at) : code[at];
			if (place != NULL)
				place[i] = at;
		}
	}
}

int
nct_corpus_block(const nct_corpus *c, size_t i, struct nct_block *b)
{
	if (i >= c->count)
		return 0;
	*b = nct_frame_block(c->blocks[i].frame);
	return 1;
}

static uint64_t
corpus_get(const struct nct_examples *e, uint64_t i, uint32_t *in, uint32_t *target)
{
	const nct_corpus *c = e->ctx;
	const uint64_t from = i * e->length, left = nct_corpus_tokens(c) - from;
	const size_t n = left < e->length ? (size_t)left : e->length;

	nct_corpus_get(c, from, n, target, NULL);
	for (size_t j = n; j < e->length; j++)
		target[j] = NCT_NO_TARGET;
	in[0] = c->header.vocab;
	for (size_t j = 1; j < e->length; j++)
		in[j] = j <= n ? target[j - 1] : c->header.vocab; /* past the end any id will do */
	return n;
}

void
nct_corpus_examples(struct nct_examples *e, const nct_corpus *c, size_t length)
{
	const uint64_t n = nct_corpus_tokens(c);
	const int known = !c->header.text_unknown && c->text_bytes > 0;

	e->ctx = c;
	e->parts = NULL;
	e->rounds = NULL;
	e->length = length;
	e->count = n / length + (n % length != 0);
	e->crc = c->crc;
	e->sample = e->count;
	e->what = "tokens";
	e->unit = "tokens";
	e->per = known ? "byte" : "token";
	e->per_unit = known ? (double)c->text_bytes / (double)n : 1;
	e->get = corpus_get;
}
