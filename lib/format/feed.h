/* feed.h - input bytes that were read and not yet consumed, so that a scan can go back over them. */
#ifndef NCT_FORMAT_FEED_H
#define NCT_FORMAT_FEED_H

#include "nct.h"

struct nct_feed {
	int fd, ended;       /* ended: a read has met the end */
	uint8_t *buf;        /* owned */
	size_t cap, at, end; /* buf[at..end) waits to be consumed */
	uint64_t offset;     /* of buf[at] in the input */
};

/* How many bytes wait, and where. */
static inline size_t
nct_feed_have(const struct nct_feed *f)
{
	return f->end - f->at;
}

static inline uint8_t *
nct_feed_bytes(const struct nct_feed *f)
{
	return f->buf + f->at;
}

/* Reads until `want` bytes wait, and no more than that; fewer wait only at the input's end. Memory grows with
 * what really arrives. Pointers into the buffer are no longer good after it. NCT_EIO, NCT_ENOMEM. */
nct_err nct_feed_need(struct nct_feed *f, size_t want) NCT_USED;
/* Reads once, what there is: for scanning. NCT_EIO, NCT_ENOMEM. */
nct_err nct_feed_more(struct nct_feed *f) NCT_USED;
/* Drops the first n of the waiting bytes. They stay in memory until the next read. */
void nct_feed_consume(struct nct_feed *f, size_t n);
/* Gives the buffer away (free() it); no bytes may be waiting. */
uint8_t *nct_feed_take(struct nct_feed *f);

#endif
