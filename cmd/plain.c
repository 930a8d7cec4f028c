/* plain.c - plain text for m2gen: the prompt as tokens, and sampled tokens as text while they are made. */
#include "plain.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/temporary.h"

#define BUFFER 65536
#define CHARACTER 4 /* bytes of a character, at most */

nct_m1 *
plain_m1(const struct cli *c, const nct_m2 *m, const char *model, const char *name)
{
	const uint64_t want = nct_m2_header(m)->m1;
	nct_why why = {0};
	nct_m1 *m1;
	nct_err err;

	if (nct_m2_header(m)->code == NCT_CODE_NONE)
		die(c, EX_FAIL, "%s: its tokens were not made of windows, and have no text here", model);
	err = name != NULL ? nct_m1_open(&m1, name, c->cpu, &why) : nct_m1_builtin(&m1, c->cpu, &why);
	if (err != NCT_OK)
		die_err(c, err, name != NULL ? name : "built-in model", &why);
	if (nct_m1_fingerprint(m1) == want)
		return m1;
	if (name == NULL)
		die(c, EX_FAIL, "%s: its tokens are of M1 %016" PRIx64 ", not of the built-in one: name its file with -M",
		    model, want);
	die(c, EX_FAIL, "%s: M1 %016" PRIx64 ", but the tokens of %s are of M1 %016" PRIx64, name, nct_m1_fingerprint(m1),
	    model, want);
}

/* ---- the prompt ---- */

/* The only operand of a call, which closes it. */
struct source {
	const struct cli *c;
	int fd;
};

static nct_err
open_source(void *ctx, size_t i, int *fd)
{
	const struct source *s = ctx;

	*fd = i == 0 ? s->fd : -1;
	return NCT_OK;
}

/* A new temporary file. */
static int
temporary(const struct cli *c)
{
	nct_why why = {0};
	int fd;
	nct_err err = nct_temporary(&fd, getenv("TMPDIR"), &why);

	if (err != NCT_OK)
		die_err(c, err, "--prompt", &why);
	return fd;
}

/* The same file, to be read from its beginning. */
static struct source
rewound(const struct cli *c, int fd)
{
	if (lseek(fd, 0, SEEK_SET) != 0)
		die(c, EX_FAIL, "--prompt: %s", strerror(errno));
	return (struct source){c, fd};
}

nct_corpus *
plain_prompt(const struct cli *c, const nct_m2 *m, const nct_m1 *m1, const char *m1_name, const char *text)
{
	const struct nct_pack_options pack = {sizeof pack, .token_bits = nct_m2_header(m)->token_bits};
	const int plain = temporary(c), windows = temporary(c), tokens = temporary(c);
	struct nct_encode_options o;
	struct source s;
	nct_why why = {0};
	nct_corpus *prompt;
	nct_err err = nct_m2_encode_options(m, m1, &o, sizeof o, &why);

	if (err != NCT_OK)
		die_err(c, err, m1_name, &why);
	if (nct_write(plain, text, strlen(text)) != NCT_OK)
		die(c, EX_FAIL, "--prompt: %s", strerror(errno));
	o.threads = 1; /* it is short */
	o.open = 1;
	s = rewound(c, plain);
	err = nct_encode(m1, open_source, &s, windows, &o, NULL, &why);
	if (err == NCT_OK) {
		s = rewound(c, windows);
		err = nct_pack(open_source, &s, tokens, &pack, NULL, &why);
	}
	if (err == NCT_OK) {
		s = rewound(c, tokens);
		err = nct_corpus_read(&prompt, open_source, &s, getenv("TMPDIR"), NULL, &why);
	}
	if (err != NCT_OK)
		die_err(c, err, "--prompt", &why);
	return prompt;
}

/* ---- text ---- */

enum stage { UNPACK, DECODE, SHOW, STAGES }; /* tokens to windows, to text, to the output */

struct plain_text {
	const struct cli *c;
	const nct_m1 *m1;
	int out;
	char end;
	int from[STAGES], to[STAGES]; /* pipes: stage i reads from[i], and what is before it writes to[i] */
	pthread_t thread[STAGES];
};

static void *
unpack(void *ctx)
{
	struct plain_text *t = ctx;
	struct source s = {t->c, t->from[UNPACK]};
	const struct nct_pack_options o = {sizeof o, .token_bits = 0};
	nct_why why = {0};
	nct_err err = nct_unpack(open_source, &s, t->to[DECODE], &o, NULL, &why);

	if (err != NCT_OK)
		die_err(t->c, err, "--text", &why);
	(void)close(t->to[DECODE]);
	return NULL;
}

static void *
decode(void *ctx)
{
	struct plain_text *t = ctx;
	const struct nct_decode_options o = {sizeof o, .threads = 1};
	nct_why why = {0};
	nct_err err = nct_decode(t->m1, t->from[DECODE], t->to[SHOW], &o, NULL, &why);

	if (err != NCT_OK)
		die_err(t->c, err, "--text", &why);
	(void)close(t->to[SHOW]);
	return NULL;
}

/* Bytes at the end of text[0..n) that begin a character whose other bytes are still to come. */
static size_t
begun(const char *text, size_t n)
{
	for (size_t i = 1; i < CHARACTER && i <= n; i++) {
		const unsigned char b = (unsigned char)text[n - i];
		const size_t length = b >= 0xf0 && b < 0xf8 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;

		if ((b & 0xc0) == 0x80) /* not its first byte */
			continue;
		return b < 0xf8 && length > i ? i : 0;
	}
	return 0;
}

static void
put(const struct plain_text *t, const char *text, size_t n)
{
	nct_why why = {0};

	if (nct_write(t->out, text, n) != NCT_OK)
		die_err(t->c, NCT_EWRITE, "--text", &why);
}

static void *
show(void *ctx)
{
	struct plain_text *t = ctx;
	char text[BUFFER], last = '\n';
	size_t kept = 0, got, hold;

	for (;;) {
		if (nct_read_some(t->from[SHOW], text + kept, sizeof text - kept, &got) != NCT_OK)
			die(t->c, EX_FAIL, "--text: %s", strerror(errno));
		if (got == 0)
			break;
		for (size_t i = kept; i < kept + got; i++)
			if (text[i] == '\0')
				text[i] = t->end;
		hold = begun(text, kept + got);
		got = kept + got - hold;
		put(t, text, got);
		last = got > 0 ? text[got - 1] : last;
		memmove(text, text + got, hold);
		kept = hold;
	}
	put(t, text, kept);
	if (isatty(t->out) && (kept > 0 || last != '\n'))
		put(t, "\n", 1);
	return NULL;
}

struct plain_text *
plain_text_begin(const struct cli *c, const nct_m1 *m1, int out, char end)
{
	static void *(*const run[STAGES])(void *) = {unpack, decode, show};
	static struct plain_text t;

	t.c = c;
	t.m1 = m1;
	t.out = out;
	t.end = end;
	for (size_t i = 0; i < STAGES; i++) {
		int ends[2];

		if (pipe(ends) != 0)
			die(c, EX_FAIL, "--text: %s", strerror(errno));
		t.from[i] = ends[0];
		t.to[i] = ends[1];
	}
	for (size_t i = 0; i < STAGES; i++) {
		const int fault = pthread_create(&t.thread[i], NULL, run[i], &t);

		if (fault != 0)
			die(c, EX_FAIL, "--text: %s", strerror(fault));
	}
	return &t;
}

int
plain_text_input(const struct plain_text *t)
{
	return t->to[UNPACK];
}

void
plain_text_end(struct plain_text *t)
{
	(void)close(t->to[UNPACK]);
	for (size_t i = 0; i < STAGES; i++)
		(void)pthread_join(t->thread[i], NULL);
}
