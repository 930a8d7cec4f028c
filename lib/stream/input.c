/* input.c - a buffer of input: bytes wait in it from when they are read until they are consumed. */
#include "stream/input.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define STEP 65536 /* bytes of a read in nct_input_more(), and of the smallest buffer */

/* A spare buffer begins with this. */
struct nct_spare {
	struct nct_spare *next;
	size_t cap;
};

static void
use_spare(struct nct_input *f)
{
	struct nct_spare *s = f->spare;

	if (s == NULL)
		return;
	f->spare = s->next;
	f->cap = s->cap;
	f->buf = (uint8_t *)s;
}

/* Makes room for n bytes behind those that wait. */
static nct_err
room(struct nct_input *f, size_t n)
{
	size_t have = nct_input_have(f);
	uint8_t *p;

	if (f->buf == NULL)
		use_spare(f);
	if (f->cap - f->end >= n)
		return NCT_OK;
	if (f->at > 0) {
		memmove(f->buf, f->buf + f->at, have);
		f->at = 0;
		f->end = have;
	}
	if (f->cap - f->end >= n)
		return NCT_OK;
	n = have + n < STEP ? STEP : have + n;
	if ((p = realloc(f->buf, n)) == NULL)
		return NCT_ENOMEM;
	f->buf = p;
	f->cap = n;
	return NCT_OK;
}

/* One read of at most n bytes. */
static nct_err
fill(struct nct_input *f, size_t n)
{
	nct_err err = room(f, n);
	size_t got;

	if (err != NCT_OK || (err = nct_read_some(f->fd, f->buf + f->end, n, &got)) != NCT_OK)
		return err;
	f->ended = got == 0;
	f->end += got;
	return NCT_OK;
}

nct_err
nct_input_need(struct nct_input *f, size_t want)
{
	nct_err err = NCT_OK;

	while (err == NCT_OK && !f->ended && nct_input_have(f) < want) {
		size_t have = nct_input_have(f), step = have < STEP ? STEP : have, left = want - have;
		size_t free_bytes = f->cap - have;

		if (step < free_bytes)
			step = free_bytes;
		err = fill(f, left < step ? left : step);
	}
	return err;
}

nct_err
nct_input_more(struct nct_input *f)
{
	return f->ended ? NCT_OK : fill(f, STEP);
}

void
nct_input_consume(struct nct_input *f, size_t n)
{
	assert(n <= nct_input_have(f));
	f->at += n;
	f->offset += n;
	if (f->at == f->end)
		f->at = f->end = 0;
}

uint8_t *
nct_input_take(struct nct_input *f, size_t *cap)
{
	uint8_t *p = f->buf;

	assert(nct_input_have(f) == 0);
	*cap = f->cap;
	f->buf = NULL;
	f->cap = f->at = f->end = 0;
	return p;
}

void
nct_input_give(struct nct_input *f, void *p, size_t cap)
{
	struct nct_spare *s = p;

	if (cap < sizeof *s) {
		free(p);
		return;
	}
	*s = (struct nct_spare){f->spare, cap};
	f->spare = s;
}

void
nct_input_free(struct nct_input *f)
{
	for (struct nct_spare *s = f->spare, *next; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
	free(f->buf);
	*f = (struct nct_input){.fd = f->fd};
}
