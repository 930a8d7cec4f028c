/* test_rules.c - streams that break a rule of the format, but have right checksums, are refused, with the place. */
#include "read_stream.h"

#include "stream/frame.h"

#include <sys/resource.h>

/* A wrong value for a field of a frame, whose CRCs are then made right. */
struct wrong {
	size_t frame, at; /* 0: header; 1, 2: blocks; 3: trailer. at -1: the payload's first byte, -2: its last */
	unsigned bytes;
	uint64_t value;
	nct_err err;
	const char *says;
};

static void
assert_refused(struct bytes s, const struct frames *f, const struct wrong *w)
{
	uint8_t *p = s.p + f->at[w->frame];
	size_t payload = f->at[w->frame + 1] - f->at[w->frame] - NCT_BLOCK_HEADER_BYTES - 8;
	size_t at = w->at == (size_t)-1   ? 64
	            : w->at == (size_t)-2 ? 64 + payload - 1
	                                  : w->at,
	       crc_at = w->frame == 0 ? 64 : 56;
	struct seen seen;

	for (unsigned i = 0; i < w->bytes; i++)
		p[at + i] = (uint8_t)(w->value >> 8 * i);
	nct_put64(p + crc_at, crc64(p, crc_at));
	if (w->frame == 1 || w->frame == 2)
		nct_put64(p + 64 + payload, crc64(p + 64, payload));
	if (w->frame == 0) /* the other frames contain the header's checksum */
		for (size_t i = 1; i < 4; i++) {
			memcpy(s.p + f->at[i] + (i == 3 ? 48 : 52), p + 64, 4);
			nct_put64(s.p + f->at[i] + 56, crc64(s.p + f->at[i], 56));
		}
	seen = read_all(s.p, s.n, 0);
	if (seen.err != w->err || strstr(seen.why.text, w->says) == NULL)
		fail_msg("frame %zu, byte %zu = %llu: %d, '%s' instead of '%s'", w->frame, w->at,
		         (unsigned long long)w->value, seen.err, seen.why.text, w->says);
}

/* A stream of two blocks: 7 windows of 13 bits in chunks of 3 and 4, each a document, and 2 windows in one chunk. */
static struct bytes
small_stream(enum nct_kind kind)
{
	static const uint8_t windows[2][12] = {{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x60},
	                                       {1, 2, 3, 0xc0}};
	/* The same bits in tokens of 3: 31 of them, and 9. */
	static const uint8_t tokens[2][31] = {
	    {0, 4, 4, 3, 2, 1, 2, 6, 3, 6, 1, 1, 5, 2, 7, 4, 6, 7, 5, 7, 0, 0, 2, 2, 1, 5, 0, 5, 3, 1, 4},
	    {0, 0, 2, 0, 1, 0, 0, 3, 6}};
	struct nct_header h = sample_header(13);
	struct nct_block b = {
	    .text_bytes = 10, .units = 7, .documents = 2, .dir = (const uint8_t *)"\x07\x09", .dir_bytes = 2};
	int fd = bytes_fd("", 0);
	nct_writer *w;

	h.kind = kind;
	h.token_bits = kind == NCT_TOKENS ? 3 : 0;
	h.vocab = kind == NCT_TOKENS ? 8 : 0;
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	b.code = kind == NCT_TOKENS ? tokens[0] : windows[0];
	b.tokens = kind == NCT_TOKENS ? 31 : 0;
	b.code_bytes = kind == NCT_TOKENS ? 31 : 12;
	assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	b = (struct nct_block){.text_bytes = 5, .units = 2, .dir = (const uint8_t *)"\x04", .dir_bytes = 1};
	b.code = kind == NCT_TOKENS ? tokens[1] : windows[1];
	b.tokens = kind == NCT_TOKENS ? 9 : 0;
	b.code_bytes = kind == NCT_TOKENS ? 9 : 4;
	assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	return fd_bytes(fd);
}

static void
refuse_all(enum nct_kind kind, const struct wrong *wrong, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes s = small_stream(kind);
		struct frames f = frames_of(s);

		assert_int_equal(read_all(s.p, s.n, 0).err, NCT_OK);
		assert_refused(s, &f, &wrong[i]);
		free(s.p);
	}
}

#define FIRST ((size_t)-1)
#define LAST ((size_t)-2)

static void
test_rules_of_windows(void **state)
{
	static const struct wrong wrong[] = {
		{0, 8, 2, 7, NCT_EVERSION, "version 7 is not known here, byte 8"},
		{0, 10, 1, 0, NCT_EDATA, "stream header is damaged (kind), byte 10"},
		{0, 10, 1, 3, NCT_EDATA, "(kind), byte 10"},
		{0, 11, 1, 9, NCT_EDATA, "(window bits), byte 11"},
		{0, 11, 1, 129, NCT_EDATA, "(window bits), byte 11"},
		{0, 11, 1, 0, NCT_EDATA, "(window bits), byte 11"},
		{0, 12, 4, 8192, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 16, 1, 13, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 17, 1, 3, NCT_EDATA, "(separator), byte 17"},
		{0, 18, 1, 4, NCT_EDATA, "(flags), byte 18"},
		{0, 18, 1, 2, NCT_EDATA, "a document's end that is no window of its own"},
		{0, 19, 1, 0, NCT_EDATA, "(code), byte 19"},
		{0, 19, 1, 4, NCT_EDATA, "(code), byte 19"},
		{0, 19, 1, NCT_CODE_UNBROKEN, NCT_EDATA, "(window bits), byte 11"},
		{0, 19, 5, NCT_CODE_BEST, NCT_EDATA, "(resets), byte 20"},
		{0, 19, 5, NCT_CODE_BEST | 2 << 8, NCT_EDATA, "(resets), byte 20"},
		{0, 32, 1, 3, NCT_EDATA, "(alignment), byte 32"},
		{0, 39, 1, 1, NCT_EDATA, "(reserved bytes), byte 33"},
		{1, 12, 4, 4, NCT_EDATA, "block 0 is damaged (flags), byte 84"},
		{1, 12, 4, 1, NCT_EDATA, "block 0 is damaged (flags), byte 84"},
		{2, 12, 4, 1, NCT_EDATA, "block 1 is damaged (flags)"},
		{1, 12, 4, 2, NCT_EDATA, "block 0 is damaged (directory's last chunk)"},
		{1, 16, 8, 1, NCT_EDATA, "block 0 is damaged (text offset), byte 88"},
		{2, 16, 8, 0, NCT_EDATA, "block 1 is damaged (text offset)"},
		{2, 24, 8, UINT64_MAX, NCT_EDATA, "block 1 is damaged (text bytes)"},
		{1, 24, 8, NCT_TEXT_MAX + 1, NCT_EDATA, "block 0 is damaged (text bytes), byte 96"},
		{0, 24, 8, 4, NCT_EDATA, "block 0 is damaged (text bytes), byte 72"},
		{1, 32, 4, 0, NCT_EDATA, "block 0 is damaged (directory length), byte 104"},
		{1, 32, 4, NCT_DIR_MAX + 1, NCT_EDATA, "block 0 is damaged (directory length), byte 104"},
		{1, 32, 4, 1, NCT_EDATA, "block 0 is damaged (padding)"},
		{1, 32, 4, 3, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, 36, 4, 13, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 36, 4, 11, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 40, 4, 0, NCT_EDATA, "block 0 is damaged (units), byte 112"},
		{1, 40, 4, UINT32_MAX, NCT_EDATA, "block 0 is damaged (units), byte 112"},
		{1, 40, 4, NCT_BLOCK_WINDOWS + NCT_PART_SYMBOLS, NCT_EDATA, "block 0 is damaged (units), byte 112"},
		{1, 40, 4, 6, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 44, 4, 1, NCT_EDATA, "block 0 is damaged (tokens), byte 116"},
		{1, 48, 4, 1, NCT_EDATA, "block 0 is damaged (directory's documents)"},
		{1, 52, 4, 0, NCT_EDATA, "block 0 is damaged (it belongs to another stream), byte 124"},
		{1, FIRST, 1, 0x05, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 1, 0x87, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 2, 0x0107, NCT_EDATA, "block 0 is damaged (directory's units)"},
		{1, FIRST, 2, 0x8907, NCT_EDATA, "block 0 is damaged (directory)"},
		{1, LAST, 1, 1, NCT_EDATA, "block 0 is damaged (padding)"},
		{2, 67, 1, 1, NCT_EDATA, "block 1 is damaged (padding)"},
		{2, 75, 1, 0xc1, NCT_EDATA, "block 1 is damaged (pad bits)"},
		{3, 8, 8, 1, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 8, 8, 4, NCT_EDATA, "blocks 2 to 3 are missing"},
		{3, 16, 8, 16, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 24, 8, 10, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 32, 8, 1, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 40, 8, 3, NCT_EDATA, "trailer is damaged (totals)"},
		{3, 48, 4, 0, NCT_EDATA, "trailer is damaged (it belongs to another stream)"},
		{3, 52, 4, 1, NCT_EDATA, "trailer is damaged (reserved bytes)"},
	};

	(void)state;
	refuse_all(NCT_WINDOWS, wrong, sizeof wrong / sizeof wrong[0]);
}

static void
test_rules_of_tokens(void **state)
{
	static const struct wrong wrong[] = {
		{0, 12, 4, 9, NCT_EDATA, "stream header is damaged (vocabulary), byte 12"},
		{0, 16, 1, 0, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 16, 1, 17, NCT_EDATA, "(vocabulary), byte 12"},
		{0, 19, 1, 0, NCT_EDATA, "(window bits), byte 11"},
		{1, 44, 4, 30, NCT_EDATA, "block 0 is damaged (tokens), byte 116"},
		{1, 36, 4, 62, NCT_EDATA, "block 0 is damaged (code length), byte 108"},
		{1, 72, 1, 8, NCT_EDATA, "block 0 is damaged (a token outside the vocabulary)"},
		{1, 72 + 30, 1, 1, NCT_EDATA, "block 0 is damaged (pad bits)"},
	};

	(void)state;
	refuse_all(NCT_TOKENS, wrong, sizeof wrong / sizeof wrong[0]);
}

/* The header of unbroken codes has no resets and no alignment. */
static void
test_rules_of_unbroken_headers(void **state)
{
	static const struct {
		uint32_t resets;
		enum nct_align align;
		const char *what;
		unsigned at;
	} cases[] = {{0, NCT_ALIGN_NONE, NULL, 0}, {1, NCT_ALIGN_NONE, "resets", 20}, {2, NCT_ALIGN_NONE, "resets", 20},
	             {0, NCT_ALIGN_WORDS, "alignment", 32}, {0, NCT_ALIGN_REGEX, "alignment", 32}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int tokens = 0; tokens < 2; tokens++) {
			struct nct_header h = sample_header(0);

			h.kind = tokens ? NCT_TOKENS : NCT_WINDOWS;
			h.token_bits = tokens ? 8 : 0;
			h.vocab = tokens ? 256 : 0;
			h.resets = cases[i].resets;
			h.align = cases[i].align;
			const struct nct_fault f = nct_header_fault(&h);
			assert_true((f.what == NULL) == (cases[i].what == NULL));
			assert_int_equal(f.at, cases[i].at);
			if (f.what != NULL)
				assert_string_equal(f.what, cases[i].what);
		}
}

/* A block, and the units of its two entries. An odd number ends a document, and 0 is no entry. */
struct cut {
	uint32_t units[2];
	uint32_t flags, text_bytes;
};

static struct bytes
cut_stream(const struct cut *c, size_t n, struct nct_header h, uint32_t entries)
{
	static uint8_t code[2 * 70000];
	uint8_t *dir = malloc(NCT_DIR_ENTRY_MAX * 2 + entries);
	const int fd = bytes_fd("", 0);
	nct_writer *w;

	assert_non_null(dir);
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	for (size_t i = 0; i < n; i++) {
		struct nct_block b = {.flags = c[i].flags, .text_bytes = c[i].text_bytes, .dir = dir, .code = code};

		for (size_t k = 0; k < 2 && c[i].units[k] > 0; k++) {
			const struct nct_directory_entry e = {.units = c[i].units[k], .ends_document = c[i].units[k] % 2 != 0};

			b.dir_bytes += (uint32_t)nct_directory_put(dir + b.dir_bytes, &e, 0);
			b.units += (uint32_t)e.units;
			b.documents += (uint32_t)e.ends_document;
		}
		memset(dir + b.dir_bytes, 1, entries); /* foreign documents without tokens */
		b.dir_bytes += entries;
		b.documents += entries;
		b.tokens = h.kind == NCT_TOKENS ? b.units : 0;
		b.code_bytes = h.kind == NCT_TOKENS ? b.units : (b.units * h.window_bits + 7) / 8;
		assert_int_equal(nct_writer_block(w, &b), NCT_OK);
	}
	assert_int_equal(nct_writer_trailer(w), NCT_OK);
	nct_writer_free(w);
	free(dir);
	return fd_bytes(fd);
}

/* Changes flags and chunk size in the stream's header. The reader must then say `says`. */
static void
assert_cut(struct bytes s, uint8_t flags, uint64_t chunk, const char *says)
{
	const struct frames f = frames_of(s);
	struct seen seen;

	s.p[18] = flags;
	nct_put64(s.p + 24, chunk);
	nct_put64(s.p + 64, crc64(s.p, 64));
	for (size_t i = 1; i + 1 < f.n; i++) {
		memcpy(s.p + f.at[i] + (i + 2 == f.n ? 48 : 52), s.p + 64, 4);
		nct_put64(s.p + f.at[i] + 56, crc64(s.p + f.at[i], 56));
	}
	seen = read_all(s.p, s.n, 0);
	assert_int_equal(seen.err, says == NULL ? NCT_OK : NCT_EDATA);
	if (says != NULL)
		assert_says(&seen, says);
	free(s.p);
}

/* Blocks must end where the format says. If text bytes are unknown, as in streams that M2 wrote, they may end
 * anywhere. */
static void
test_rules_of_cuts(void **state)
{
	static const struct {
		struct cut block[3];
		uint64_t chunk;
		const char *says; /* the error if text bytes are known */
	} cases[] = {
		{{{{65535, 3}, 0, 0}}, 0, NULL},
		{{{{65536, 3}, 0, 0}}, 0, "block 0 is damaged (chunks behind the block's end), byte 72"},
		{{{{65537, 0}, 0, 0}, {{3, 0}, 0, 0}}, 0, NULL},
		{{{{4, 0}, NCT_BLOCK_CONTINUED, 0}, {{3, 0}, NCT_BLOCK_CONTINUES, 0}}, 0, NULL},
		{{{{3, 4}, NCT_BLOCK_CONTINUED, 0}, {{3, 0}, NCT_BLOCK_CONTINUES, 0}}, 0,
		    "block 0 is damaged (a part of a chunk beside other chunks), byte 72"},
		{{{{4, 0}, NCT_BLOCK_CONTINUED, 0}, {{3, 1}, NCT_BLOCK_CONTINUES, 0}}, 0,
		    "block 1 is damaged (a part of a chunk beside other chunks), byte 160"},
	};
	static const struct cut parts[3] = {{{4, 0}, NCT_BLOCK_CONTINUED, 5},
	                                    {{4, 0}, NCT_BLOCK_CONTINUES | NCT_BLOCK_CONTINUED, 4},
	                                    {{3, 0}, NCT_BLOCK_CONTINUES, 3}};
	const struct nct_header foreign = {.kind = NCT_TOKENS, .code = NCT_CODE_NONE, .vocab = 256, .text_unknown = 1};
	struct nct_header h = sample_header(10);

	(void)state;
	h.text_unknown = 1;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int known = 0; known < 2; known++)
			assert_cut(cut_stream(cases[i].block, cases[i].block[1].units[0] > 0 ? 2 : 1, h, 0), !known, 0,
			           known ? cases[i].says : NULL);
	for (uint32_t more = 0; more < 2; more++)
		assert_cut(cut_stream((const struct cut[]){{{3, 0}, 0, 0}}, 1, foreign, 65535 + more), 0, 0,
		           more ? "block 0 is damaged (chunks behind the block's end), byte 72" : NULL);
	h.text_unknown = 0;
	assert_cut(cut_stream(parts, 3, h, 0), 0, 12, NULL);
	assert_cut(cut_stream(parts, 3, h, 0), 0, 11, "block 2 is damaged (text bytes), byte 272");
	assert_cut(cut_stream(parts, 3, h, 0), 0, 8, "block 1 is damaged (text bytes), byte 184");
	assert_cut(cut_stream(parts, 3, h, 0), 0, 4, "block 0 is damaged (text bytes), byte 72");
}

/* A header of 64 bytes that announces 128 MiB of tokens must not make the reader allocate them before they arrive. */
static void
test_claims_are_not_believed(void **state)
{
	struct nct_header h = sample_header(128);
	struct rlimit old, tight;
	unsigned long pages = 0;
	struct seen seen;
	struct bytes s;
	nct_writer *w;
	FILE *f = fopen("/proc/self/statm", "r");
	int fd = bytes_fd("", 0);

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	h.kind = NCT_TOKENS;
	h.token_bits = 1;
	h.vocab = 2;
	assert_int_equal(nct_writer_new(&w, fd), NCT_OK);
	assert_int_equal(nct_writer_header(w, &h), NCT_OK);
	nct_writer_free(w);
	s = fd_bytes(fd);
	s.p = realloc(s.p, s.n + NCT_BLOCK_HEADER_BYTES);
	assert_non_null(s.p);
	uint8_t *p = s.p + s.n;
	memset(p, 0, NCT_BLOCK_HEADER_BYTES);
	memcpy(p, "\x8aNCTBLK\n", 8);
	nct_put32(p + 32, 1);
	nct_put32(p + 36, 1u << 27);
	nct_put32(p + 40, 1u << 20);
	nct_put32(p + 44, 1u << 27);
	memcpy(p + 52, s.p + 64, 4);
	nct_put64(p + 56, crc64(p, 56));
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	tight = old;
	tight.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (32 << 20);
	assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
	seen = read_all(s.p, s.n + NCT_BLOCK_HEADER_BYTES, 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_int_equal(seen.err, NCT_ECUT);
	free(s.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_of_windows),
		cmocka_unit_test(test_rules_of_tokens),
		cmocka_unit_test(test_rules_of_unbroken_headers),
		cmocka_unit_test(test_rules_of_cuts),
		cmocka_unit_test(test_claims_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
