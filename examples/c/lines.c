/* lines.c - the codec in memory: each line of standard input is a document, whose ids are printed as a line.
 * Build: cc lines.c $(pkg-config --cflags --libs nct) -o lines */
#include <nct.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 1000 /* documents in a call: many at once are encoded much faster than one by one */

static void
die(const char *what)
{
	fprintf(stderr, "lines: %s\n", what);
	exit(1);
}

/* Encodes documents and prints their ids. */
static void
print_ids(const nct_codec *c, nct_codec_scratch *s, const char *text, const uint64_t *offsets, size_t documents)
{
	const size_t room = nct_codec_ids_max(c, offsets[documents], documents);
	uint64_t ends[BATCH + 1];
	uint16_t *ids = malloc(room * sizeof *ids + 1);
	nct_why why;

	if (ids == NULL || nct_codec_encode(c, s, text, offsets, documents, 0, ids, room, ends, &why) != NCT_OK)
		die(ids == NULL ? "out of memory" : why.text);
	for (size_t i = 0; i < documents; i++)
		for (uint64_t k = ends[i]; k < ends[i + 1]; k++)
			printf("%u%c", ids[k], k + 1 < ends[i + 1] ? ' ' : '\n');
	free(ids);
}

int
main(void)
{
	struct nct_codec_options o = {sizeof o, 0, 0, NCT_CODE_NONE, NULL, NCT_ALIGN_NONE, NULL, NCT_EOD_BY_CODE, 0};
	uint64_t offsets[BATCH + 1] = {0};
	size_t documents = 0, n = 0, cap = 1 << 20;
	char *text = malloc(cap);
	nct_why why = {{0}, 0};
	nct_codec_scratch *s;
	nct_codec *c;
	nct_m1 *m;
	int ch;

	if (text == NULL || nct_m1_builtin(&m, NULL, &why) != NCT_OK || nct_codec_new(&c, m, &o, &why) != NCT_OK ||
	    nct_codec_scratch_new(&s, c) != NCT_OK)
		die(why.text);
	while ((ch = getchar()) != EOF) {
		if (ch != '\n' && n == cap && (text = realloc(text, cap *= 2)) == NULL)
			die("out of memory");
		if (ch != '\n')
			text[n++] = (char)ch;
		else if (offsets[++documents] = n, documents == BATCH) {
			print_ids(c, s, text, offsets, documents);
			documents = n = 0;
		}
	}
	print_ids(c, s, text, offsets, documents);
	nct_codec_scratch_free(s);
	nct_codec_free(c);
	nct_m1_free(m);
	free(text);
	return 0;
}
