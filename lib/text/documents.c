/* documents.c - reads text from operands and cuts it into documents (nct-formats(5), "Documents and chunks"). */
#include "text/documents.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "text/pattern.h"

#define PATIENCE 10              /* milliseconds that nct_docs_ready() waits for input */
#define BUFFER ((size_t)1 << 17) /* bytes read at a time; later stages then find them in the L2 cache */
#define BEHIND NCT_PATTERN_SPAN  /* with a pattern: bytes kept before the current place, for look-behind ... */
#define AHEAD ((size_t)1 << 20)  /* ... and bytes read from there on */

struct nct_docs {
	nct_operand operand;
	void *ctx;
	size_t index;        /* of the operand being read */
	int fd;              /* -1: all operands are read */
	int fresh;           /* nothing has been read of this operand yet */
	nct_docs_begins *begins;
	void *begins_ctx;
	size_t hold;         /* bytes that each piece has ahead */
	enum nct_separator separator;
	int open;
	nct_pattern *pattern;

	uint8_t *buffer;     /* [0, n) is text; [at, n) is not given out yet */
	size_t at, n, cap;
	int start;           /* buffer[0] is the first byte of the input */
	int operand_ended;   /* this operand is read to its end */
	uint64_t document;   /* bytes given out of the current document */
	size_t search;       /* with a pattern: no document begins in [at, search) ... */
	int boundary;        /* ... and whether one begins at `search` */
};

static nct_err
next_operand(nct_docs *d)
{
	nct_err err;

	if (d->fd >= 0 && d->fd != STDIN_FILENO)
		(void)close(d->fd); /* it was only read from, so nothing can fail */
	d->fd = -1;
	if ((err = d->operand(d->ctx, d->index, &d->fd)) != NCT_OK)
		return err;
	d->index++;
	d->fresh = 1;
	d->operand_ended = 0;
	return NCT_OK;
}

nct_err
nct_docs_new(nct_docs **out, nct_operand operand, void *ctx, enum nct_separator separator, const char *pattern,
             int open, nct_why *why)
{
	nct_docs *d = calloc(1, sizeof *d);
	nct_err err = NCT_ENOMEM;

	*out = NULL;
	if (d == NULL)
		return NCT_ENOMEM;
	*d = (nct_docs){.operand = operand, .ctx = ctx, .fd = -1, .separator = separator, .open = open, .start = 1};
	d->cap = separator == NCT_SEP_REGEX ? BEHIND + AHEAD : BUFFER;
	if ((d->buffer = malloc(d->cap)) == NULL)
		goto fail;
	if (separator == NCT_SEP_REGEX && (err = nct_pattern_new(&d->pattern, pattern, why)) != NCT_OK)
		goto fail;
	if ((err = next_operand(d)) != NCT_OK)
		goto fail;
	*out = d;
	return NCT_OK;
fail:
	nct_docs_free(d);
	return err;
}

void
nct_docs_watch(nct_docs *d, nct_docs_begins *begins, void *ctx)
{
	d->begins = begins;
	d->begins_ctx = ctx;
}

void
nct_docs_hold(nct_docs *d, size_t hold)
{
	d->hold = hold;
}

void
nct_docs_free(nct_docs *d)
{
	if (d == NULL)
		return;
	if (d->fd >= 0 && d->fd != STDIN_FILENO)
		(void)close(d->fd);
	nct_pattern_free(d->pattern);
	free(d->buffer);
	free(d);
}

/* Reads once into the buffer's free end. If there is no room, first drops text that no search looks back at. */
static nct_err
refill(nct_docs *d)
{
	size_t keep = d->separator == NCT_SEP_REGEX ? BEHIND : 0, drop = d->at > keep ? d->at - keep : 0;
	size_t got;
	nct_err err;

	if (d->n == d->cap || d->at + d->hold >= d->n) {
		memmove(d->buffer, d->buffer + drop, d->n - drop);
		d->at -= drop;
		d->n -= drop;
		d->search = d->search > drop ? d->search - drop : 0;
		d->start = d->start && drop == 0;
	}
	if ((err = nct_read_some(d->fd, d->buffer + d->n, d->cap - d->n, &got)) != NCT_OK)
		return err;
	if (d->fresh && d->begins != NULL && got > 0)
		d->begins(d->begins_ctx, d->index - 1, d->buffer + d->n, got);
	d->fresh = 0;
	d->n += got;
	d->operand_ended = got == 0;
	return NCT_OK;
}

/* Reads more text. Unless each operand is a document, operands are joined, so this goes on to the next one at an
 * operand's end. At the end of the last operand, fd becomes -1. */
static nct_err
more(nct_docs *d)
{
	nct_err err = refill(d);

	while (err == NCT_OK && d->operand_ended && d->separator != NCT_SEP_OPERAND && d->fd >= 0)
		if ((err = next_operand(d)) == NCT_OK && d->fd >= 0)
			err = refill(d);
	return err;
}

/* Gives n bytes. The document reaches to buffer[to] at least, with `to` a place behind them, unless it ends. */
static void
give(nct_docs *d, struct nct_piece *p, size_t n, size_t to, int ends, int eod)
{
	const size_t rest = ends ? 0 : to - d->at - n;

	*p = (struct nct_piece){.text = d->buffer + d->at,
	                        .n = n,
	                        .ahead = rest < d->hold ? rest : d->hold,
	                        .ends = ends,
	                        .eod = eod};
	d->at += n;
	d->document = ends ? 0 : d->document + n;
}

/* Bytes that can be given now of those up to buffer[to], which are of one document: all but those held back. */
static size_t
can_give(const nct_docs *d, size_t to, int ended)
{
	const size_t hold = ended ? 0 : d->hold;

	return to - d->at > hold ? to - d->at - hold : 0;
}

/* Each operand is a document, except empty ones. */
static nct_err
next_of_operand(nct_docs *d, struct nct_piece *p)
{
	nct_err err;

	for (;;) {
		if (d->fd < 0) {
			*p = (struct nct_piece){.done = 1};
			return NCT_OK;
		}
		const size_t n = can_give(d, d->n, d->operand_ended);

		if (n > 0) {
			give(d, p, n, d->n, 0, 0);
			return NCT_OK;
		}
		if (!d->operand_ended && (err = more(d)) != NCT_OK)
			return err;
		if (!d->operand_ended || d->at < d->n)
			continue;
		do { /* skip empty operands: `eod` depends on whether another document follows */
			if ((err = next_operand(d)) != NCT_OK || (d->fd >= 0 && (err = refill(d)) != NCT_OK))
				return err;
		} while (d->fd >= 0 && d->operand_ended);
		if (d->document > 0) {
			give(d, p, 0, d->n, 1, !(d->open && d->fd < 0));
			return NCT_OK;
		}
	}
}

/* Each NUL ends a document. A last document without NUL gets no EOD. */
static nct_err
next_of_nul(nct_docs *d, struct nct_piece *p)
{
	nct_err err;

	for (;;) {
		const size_t n = can_give(d, d->n, d->fd < 0);
		const uint8_t *nul = d->at < d->n ? memchr(d->buffer + d->at, 0, d->n - d->at) : NULL;

		if (nul != NULL) {
			give(d, p, (size_t)(nul - (d->buffer + d->at)), 0, 1, 1);
			d->at++;
		} else if (n > 0)
			give(d, p, n, d->n, 0, 0);
		else if (d->fd >= 0) {
			if ((err = more(d)) != NCT_OK)
				return err;
			continue;
		} else if (d->document > 0)
			give(d, p, 0, d->n, 1, 0);
		else
			*p = (struct nct_piece){.done = 1};
		return NCT_OK;
	}
}

/* Finds where the next document begins, as far as this text tells: sets d->search and d->boundary. */
static nct_err
look(nct_docs *d, nct_why *why)
{
	size_t start, end, from = d->search < d->at ? d->at : d->search;
	int found;
	nct_err err;

	do {
		if ((err = nct_pattern_find(d->pattern, d->buffer, d->n, from, d->fd < 0, d->start, &found, &start,
		                            &end, why)) != NCT_OK)
			return err;
		from = end > start ? end : start + 1;
	} while (found && start == d->at && d->document == 0); /* a match there begins this same document */
	d->search = start;
	d->boundary = found && start < d->n;
	return NCT_OK;
}

/* Each match of the pattern begins a document. */
static nct_err
next_of_pattern(nct_docs *d, struct nct_piece *p, nct_why *why)
{
	nct_err err;

	for (;;) {
		if ((err = look(d, why)) != NCT_OK)
			return err;
		if (d->boundary) { /* a document ends where the next one begins */
			give(d, p, d->search - d->at, d->search, 1, 1);
			return NCT_OK;
		}
		const size_t n = can_give(d, d->search, d->fd < 0);
		if (n > 0) {
			give(d, p, n, d->search, 0, 0);
			return NCT_OK;
		}
		if (d->fd < 0) { /* here at == n, as at the input's end all is decided */
			if (d->document > 0)
				give(d, p, 0, d->n, 1, !d->open);
			else
				*p = (struct nct_piece){.done = 1};
			return NCT_OK;
		}
		if ((err = more(d)) != NCT_OK)
			return err;
	}
}

nct_err
nct_docs_next(nct_docs *d, struct nct_piece *piece, nct_why *why)
{
	switch (d->separator) {
	case NCT_SEP_NUL: return next_of_nul(d, piece);
	case NCT_SEP_REGEX: return next_of_pattern(d, piece, why);
	default: return next_of_operand(d, piece);
	}
}

int
nct_docs_ready(const nct_docs *d)
{
	return d->fd < 0 || (d->separator != NCT_SEP_REGEX && can_give(d, d->n, 0) > 0) ||
	       nct_readable_within(d->fd, PATIENCE);
}
