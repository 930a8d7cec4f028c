/* book_lanes.c - encodes jobs by walking their text through a trie, several in turn. */
#include "encode/book_lanes.h"

#include <stdlib.h>
#include <string.h>

#include "stream/stream.h"

#define STRETCH 2048u /* bytes that each lane walks before its closed windows are stored */
#define OUT (STRETCH + NCT_WINDOW_SYMBOLS + 1) /* windows that may close meanwhile */
/* A turn is 1/TURN of what is left of the job. So turns get shorter, and all jobs end at about the same time. */
#define TURN 4

/* ---- one chunk ---- */

/* Counts the window k in its part. Ends the part before if that is full, as m1_chunk.c does. */
static nct_err
count_window(struct nct_encode_job *j, const struct nct_codebook *c, uint32_t k)
{
	nct_err err;

	if (nct_coded_full(&j->coded) && (err = nct_coded_end_part(&j->coded)) != NCT_OK)
		return err;
	j->coded.part.units++;
	j->coded.part.bits += c->bits;
	j->coded.part.text_bytes += nct_codebook_bytes(c, k);
	return NCT_OK;
}

/* Counts the windows k[0..count) of a series: those up to one with EOD belong to a chunk. */
static void
count_series(struct nct_encode_job *j, const uint32_t *k, size_t count)
{
	uint64_t *open = &j->coded.part.units;
	size_t from = 0;

	for (size_t i = 0; i < count; i++)
		if (k[i] & NCT_TRIE_EOD) {
			j->shorts[j->done++].windows = (uint32_t)(*open + i + 1 - from);
			*open = 0;
			from = i + 1;
		}
	*open += count - from;
}

/* Appends the windows k[0..count) to the job's code and counts them. They closed while its text moved by n bytes.
 * *before is the window that was open before that. */
static nct_err
take_windows(struct nct_encode_job *j, const struct nct_codebook *c, const uint32_t *k, size_t count, size_t n,
             const struct nct_open *before)
{
	const uint32_t mask = ((uint32_t)1 << c->bits) - 1;
	nct_err err = nct_bits_put_all(&j->coded.code, k, count, c->bits);

	if (err != NCT_OK)
		return err;
	if (j->short_count > 0) {
		count_series(j, k, count);
		return NCT_OK;
	}
	if (j->coded.part.units + count <= NCT_PART_WINDOWS &&
	    j->coded.part.text_bytes + n + NCT_WINDOW_SYMBOLS < NCT_PART_TEXT) {
		j->coded.part.units += count;
		j->coded.part.bits += (uint64_t)count * c->bits;
		j->coded.part.text_bytes += n + before->held - j->open.held;
		return NCT_OK;
	}
	for (size_t i = 0; i < count && err == NCT_OK; i++)
		err = count_window(j, c, k[i] & mask);
	return err;
}

/* All text of the job is walked. If its chunk ends, closes its windows and its last part. */
static nct_err
end_job(struct nct_encode_job *j, const struct nct_trie *t, unsigned how)
{
	const int joined = (how & NCT_WALK_JOINED) != 0;
	const uint32_t mask = ((uint32_t)1 << t->book->bits) - 1;
	uint32_t k[NCT_WINDOW_SYMBOLS + 2];
	size_t count;
	nct_err err = NCT_OK;

	if (!j->ends || j->short_count > 0) /* a series ends behind an EOD, where no window is open */
		return NCT_OK;
	const struct nct_book_lane at = {.text = j->text, .mark = j->mark, .open = j->open};

	count = nct_trie_close(t, &at, j->eod && joined, how, k);
	if (j->eod && !joined)
		k[count++] = mask; /* EOD alone is the last string */
	j->open = (struct nct_open){0};
	for (size_t i = 0; i < count && err == NCT_OK; i++)
		err = count_window(j, t->book, k[i] & mask);
	if (err != NCT_OK || (err = nct_bits_put_all(&j->coded.code, k, count, t->book->bits)) != NCT_OK)
		return err;
	j->coded.part.ends_document = j->eod;
	j->coded.part.ends_chunk = 1;
	return nct_coded_end_part(&j->coded);
}

/* ---- many ---- */

/* Puts a job at the end of those that wait. */
static void
put_back(struct nct_book_lanes *l, struct nct_encode_job *j)
{
	l->ring[(l->head + l->count++) % l->cap] = j;
}

/* Gives free lanes to jobs that wait. */
static void
take_jobs(struct nct_book_lanes *l)
{
	for (; l->n < l->trie->lanes && l->count > 0; l->count--) {
		struct nct_encode_job *j = l->ring[l->head];

		l->left[l->n] = j->n / TURN > STRETCH ? j->n / TURN : STRETCH;
		l->job[l->n++] = j;
		l->head = l->head + 1 < l->cap ? l->head + 1 : 0;
	}
}

/* Bytes of a job that can be walked now: all of them, or all but the last. The last has to wait if its chunk goes on
 * in the next batch: the walk needs the mark behind each byte. */
static size_t
ahead(const struct nct_encode_job *j)
{
	return j->n - (size_t)(!j->ends && j->n > 0);
}

/* Walks all lanes by the same number of bytes. Then frees the lanes of jobs that are done, or whose turn is over. */
static void
stretch(struct nct_book_lanes *l)
{
	const struct nct_trie *t = l->trie;
	struct nct_book_lane lane[NCT_LANES];
	size_t n = STRETCH;

	for (unsigned i = 0; i < l->n; i++)
		n = ahead(l->job[i]) < n ? ahead(l->job[i]) : n;
	for (unsigned i = 0; i < l->n; i++)
		lane[i] = (struct nct_book_lane){l->job[i]->text, l->job[i]->mark, l->job[i]->open, l->out + i * OUT};
	nct_trie_walk(t, lane, l->n, n, l->how);
	for (unsigned i = l->n; i-- > 0;) {
		struct nct_encode_job *j = l->job[i];
		const uint32_t *out = l->out + i * OUT;
		const size_t count = (size_t)(lane[i].out - out);
		const size_t moved = (size_t)(lane[i].text - j->text);
		const struct nct_open before = j->open;

		j->open = lane[i].open;
		j->text = lane[i].text;
		j->mark = lane[i].mark;
		j->n -= moved;
		l->left[i] -= n < l->left[i] ? n : l->left[i];
		j->err = take_windows(j, t->book, out, count, moved, &before);
		const int done = ahead(j) == 0;
		if (done && j->err == NCT_OK)
			j->err = end_job(j, t, l->how);
		if (!done && l->left[i] > 0 && j->err == NCT_OK)
			continue;
		if (!done && j->err == NCT_OK)
			put_back(l, j);
		l->n--;
		l->job[i] = l->job[l->n];
		l->left[i] = l->left[l->n];
	}
}

void
nct_book_lanes_walk(struct nct_book_lanes *l, struct nct_encode_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((jobs[i].err = nct_bits_reserve(&jobs[i].coded.code, jobs[i].n / 2)) == NCT_OK)
			put_back(l, &jobs[i]);
	for (take_jobs(l); l->n > 0; take_jobs(l))
		stretch(l);
}

nct_err
nct_book_lanes_new(struct nct_book_lanes *l, const struct nct_trie *t, size_t jobs_max, unsigned how)
{
	*l = (struct nct_book_lanes){.trie = t, .how = how, .cap = jobs_max};
	l->ring = malloc(jobs_max * sizeof(struct nct_encode_job *));
	l->out = malloc(t->lanes * OUT * sizeof *l->out);
	return l->ring == NULL || l->out == NULL ? NCT_ENOMEM : NCT_OK;
}

void
nct_book_lanes_free(struct nct_book_lanes *l)
{
	free(l->out);
	free(l->ring);
}
