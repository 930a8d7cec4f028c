/* test_recover.c - reading on after damage: what is delivered, and what is reported of the rest. */
#include "read_stream.h"

/* A stream of six blocks, and a new stream that is put together from its frames. */
struct puzzle {
	struct bytes s;
	struct frames f;
	struct seen whole;
	uint8_t out[1 << 16];
	size_t n;
};

static struct puzzle *
puzzle_new(uint64_t seed)
{
	struct puzzle *p = calloc(1, sizeof *p);
	struct nct_header h = sample_header(16);
	nct_rng rng = {seed};

	assert_non_null(p);
	p->s = sample_stream(&rng, &h, 6);
	p->f = frames_of(p->s);
	p->whole = read_all(p->s.p, p->s.n, 0);
	assert_int_equal(p->whole.err, NCT_OK);
	return p;
}

static void
puzzle_free(struct puzzle *p)
{
	free(p->s.p);
	free(p);
}

static void
add(struct puzzle *p, const void *bytes, size_t n)
{
	assert_true(p->n + n <= sizeof p->out);
	memcpy(p->out + p->n, bytes, n);
	p->n += n;
}

/* Adds frames [from, to): 0 is the header, 1 to 6 are the blocks, 7 is the trailer. Returns their offset in `out`. */
static size_t
add_frames(struct puzzle *p, size_t from, size_t to)
{
	size_t at = p->n;

	add(p, p->s.p + p->f.at[from], p->f.at[to] - p->f.at[from]);
	return at;
}

/* Reads the new stream. Without keep_going it must fail with the message `says`. With it, exactly the blocks in
 * `sequence` must be delivered. */
static void
assert_recovers(struct puzzle *p, const char *says, size_t losses, size_t blocks, const uint32_t *sequence)
{
	struct seen strict = read_all(p->out, p->n, 0), kept = read_all(p->out, p->n, 1);

	assert_true(strict.err == NCT_EDATA || strict.err == NCT_ECUT || strict.err == NCT_EKIND ||
	            strict.err == NCT_EVERSION);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, says);
	assert_int_equal(kept.losses, losses);
	assert_int_equal(kept.blocks, blocks);
	for (size_t i = 0; i < blocks; i++) {
		assert_int_equal(kept.sequence[i], sequence[i]);
		assert_int_equal(kept.crc[i], p->whole.crc[sequence[i]]);
	}
	p->n = 0;
}

static void
test_recovery(void **state)
{
	struct puzzle *p = puzzle_new(5);
	const size_t *at = p->f.at;
	char says[200];
	uint64_t text = 0;

	(void)state;
	for (size_t i = 1; i <= 2; i++)
		text += nct_get64(p->s.p + at[i] + 24);
	/* A payload that fails its CRC: that block is lost, with its text. */
	add_frames(p, 0, 8);
	p->out[at[3] + 66] ^= 1;
	snprintf(
	    says, sizeof says,
	    "block 2 is damaged (payload CRC), byte %zu, bytes %zu to %zu skipped, text bytes %llu to %llu missing",
	    at[3], at[3], at[4] - 1, (unsigned long long)text,
	    (unsigned long long)(text + nct_get64(p->s.p + at[3] + 24) - 1));
	assert_recovers(p, says, 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* Two bad blocks that touch are two losses, since the second one's header is good. */
	add_frames(p, 0, 8);
	p->out[at[3] + 66] ^= 1;
	p->out[at[4] + 66] ^= 1;
	assert_recovers(p, "block 3 is damaged (payload CRC)", 2, 4, (const uint32_t[]){0, 1, 4, 5});
	/* A block that is not there. */
	add_frames(p, 0, 3);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 2 is missing", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* Several, the last ones. */
	add_frames(p, 0, 5);
	add_frames(p, 7, 8);
	assert_recovers(p, "blocks 4 to 5 are missing", 1, 4, (const uint32_t[]){0, 1, 2, 3});
	/* One that comes twice is delivered once. */
	add_frames(p, 0, 4);
	add_frames(p, 3, 8);
	assert_recovers(p, "block 3 is damaged (an earlier one comes again)", 1, 6, (const uint32_t[]){0, 1, 2, 3, 4, 5});
	/* Foreign bytes between blocks, and so the rest on odd addresses. */
	add_frames(p, 0, 4);
	add(p, "\x8aNCTBLK\n?", 9);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 3 is damaged (header CRC)", 1, 6, (const uint32_t[]){0, 1, 2, 3, 4, 5});
	/* Bytes missing from a payload. */
	add_frames(p, 0, 3);
	add(p, p->s.p + at[3], at[4] - at[3] - 13);
	add_frames(p, 4, 8);
	assert_recovers(p, "block 2 is damaged (payload CRC)", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	puzzle_free(p);
}

static void
test_recovery_of_lengths(void **state)
{
	struct puzzle *p = puzzle_new(6);
	size_t at;

	(void)state;
	/* A header whose length covers all the good blocks behind it, and its CRC holds. */
	add_frames(p, 0, 3);
	at = add_frames(p, 3, 8);
	nct_put32(p->out + at + 40, 500000);
	nct_put32(p->out + at + 36, 1000000);
	nct_put64(p->out + at + 56, crc64(p->out + at, 56));
	assert_recovers(p, "stream ends early, block 2", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	/* The same within the input's length. */
	add_frames(p, 0, 3);
	at = add_frames(p, 3, 8);
	nct_put32(p->out + at + 40, 100 + nct_get32(p->out + at + 40));
	nct_put32(p->out + at + 36, 2 * nct_get32(p->out + at + 40));
	nct_put64(p->out + at + 56, crc64(p->out + at, 56));
	assert_recovers(p, "block 2 is damaged (payload CRC)", 1, 5, (const uint32_t[]){0, 1, 3, 4, 5});
	puzzle_free(p);
}

static void
test_recovery_of_streams(void **state)
{
	struct puzzle *p = puzzle_new(7), *other = puzzle_new(8);
	const struct seen *w = &other->whole;
	struct seen kept;
	size_t at;

	(void)state;
	/* The first header is lost: its blocks cannot be read, the next stream can. */
	add_frames(p, 0, 8);
	p->out[20] ^= 1;
	add(p, other->s.p, other->s.n);
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, "stream header is damaged (CRC), byte 0");
	assert_int_equal(kept.losses, 1);
	assert_int_equal(kept.blocks, 6);
	assert_memory_equal(kept.crc, w->crc, 6 * sizeof w->crc[0]);
	/* A stream without trailer, then one of another kind: no block of the second counts as the first's. */
	p->n = 0;
	add_frames(p, 0, 5);
	at = p->n;
	add(p, other->s.p, other->s.n);
	p->out[at + 24] ^= 1; /* another chunk rule: another stream id */
	nct_put64(p->out + at + 64, crc64(p->out + at, 64));
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_int_equal(kept.headers, 2);
	assert_int_equal(kept.blocks, 4);
	/* A stream without trailer, then a good one. */
	p->n = at;
	add(p, other->s.p, other->s.n);
	kept = read_all(p->out, p->n, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_says(&kept, "trailer is missing, block 4");
	assert_int_equal(kept.losses, 1);
	assert_int_equal(kept.blocks, 10);
	assert_int_equal(kept.trailers, 1);
	/* No stream at all. */
	kept = read_all((const uint8_t *)"\x89NCT or what?", 14, 1);
	assert_int_equal(kept.err, NCT_OK);
	assert_int_equal(kept.losses, 1);
	assert_says(&kept, "not an nct stream, byte 0");
	puzzle_free(p);
	puzzle_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_recovery_of_lengths),
		cmocka_unit_test(test_recovery_of_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
