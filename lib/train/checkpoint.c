/* checkpoint.c - checkpoints: files with the state of a run. The previous one is kept as FILE.prev. */
#include "checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/outfile.h"

#define FORMAT "nct-checkpoint-1"
#define CRC_STRINGS "crc64.strings"
#define CRC_TENSORS "crc64.tensors"
#define HEX 17 /* 16 digits and a NUL */

/* A mark as strings of the file's metadata. The first three are always there, the others only if they are set. */
static const char *const mark_keys[] = {"step", "best_step", "best_bits", "round", "from", "pending_train_bits"};
enum { MARKS = sizeof mark_keys / sizeof mark_keys[0], MARKS_ALWAYS = 3 };
struct mark_text {
	char value[MARKS][64];
};

static void
print_mark(struct mark_text *t, const struct nct_mark *m)
{
	*t = (struct mark_text){{""}};
	snprintf(t->value[0], sizeof t->value[0], "%" PRIu64, m->step);
	snprintf(t->value[1], sizeof t->value[1], "%" PRIu64, m->best_step);
	snprintf(t->value[2], sizeof t->value[2], "%a", m->best_bits); /* %a keeps all bits */
	if (m->round != NCT_NO_ROUND)
		snprintf(t->value[3], sizeof t->value[3], "%" PRIu64, m->round);
	snprintf(t->value[4], sizeof t->value[4], "%s", m->from);
	if (m->pending)
		snprintf(t->value[5], sizeof t->value[5], "%a", m->train_bits);
}

/* Reads what print_mark() wrote. */
static void
scan_mark(struct nct_mark *m, const nct_st *st)
{
	const char *value[MARKS];

	for (size_t i = 0; i < MARKS; i++)
		if ((value[i] = nct_st_meta(st, mark_keys[i])) == NULL)
			value[i] = "";
	m->step = strtoull(value[0], NULL, 10);
	m->best_step = strtoull(value[1], NULL, 10);
	m->best_bits = strtod(value[2], NULL);
	m->round = value[3][0] != '\0' ? strtoull(value[3], NULL, 10) : NCT_NO_ROUND;
	snprintf(m->from, sizeof m->from, "%s", value[4]);
	m->pending = value[5][0] != '\0';
	m->train_bits = m->pending ? strtod(value[5], NULL) : 0.0;
}

static uint64_t
crc_text(const char *s, uint64_t crc)
{
	return lzma_crc64((const uint8_t *)s, strlen(s) + 1, crc); /* with the NUL, which ends it */
}

/* The CRC of a mark's strings and the options. */
static uint64_t
crc_state(const struct nct_state *s, const struct mark_text *mark)
{
	uint64_t crc = 0;

	for (size_t i = 0; i < MARKS; i++)
		if (i < MARKS_ALWAYS || mark->value[i][0] != '\0')
			crc = crc_text(mark->value[i], crc);
	for (size_t i = 0; i < s->option_count; i++)
		crc = crc_text(s->options[i].value, crc_text(s->options[i].key, crc));
	return crc;
}

/* True if a key of the metadata is an option. Others belong to the mark or to the file itself. */
static int
is_option(const char *key)
{
	for (size_t i = 0; i < MARKS; i++)
		if (strcmp(key, mark_keys[i]) == 0)
			return 0;
	return strcmp(key, "format") != 0 && strcmp(key, CRC_STRINGS) != 0 && strcmp(key, CRC_TENSORS) != 0;
}

/* The same CRC, from a file's own strings. */
static uint64_t
crc_file(const nct_st *st)
{
	const char *key;
	uint64_t crc = 0;

	for (size_t i = 0; i < MARKS; i++) {
		const char *value = nct_st_meta(st, mark_keys[i]);

		if (i < MARKS_ALWAYS || value != NULL)
			crc = crc_text(value != NULL ? value : "", crc);
	}
	for (size_t i = 0; (key = nct_st_meta_key(st, i)) != NULL; i++)
		if (is_option(key))
			crc = crc_text(nct_st_meta(st, key), crc_text(key, crc));
	return crc;
}

static nct_err
write_file(int fd, const struct nct_state *s, const struct nct_mark *mark)
{
	char crc_s[HEX], crc_t[HEX];
	struct mark_text text;
	uint64_t crc = 0;
	struct nct_st_tensor *t = calloc(s->slot_count, sizeof *t);
	struct nct_st_pair *meta = calloc(s->option_count + 3 + MARKS, sizeof *meta);
	size_t n = 0;
	nct_err err = NCT_ENOMEM;

	if (t == NULL || meta == NULL)
		goto done;
	for (size_t i = 0; i < s->slot_count; i++) {
		const struct nct_slot *o = &s->slots[i];

		t[i] = (struct nct_st_tensor){
		    .name = o->name, .type = NCT_F32, .rank = o->rank, .data = o->data, .bytes = 4 * o->size};
		memcpy(t[i].shape, o->shape, sizeof o->shape);
		crc = lzma_crc64((const uint8_t *)o->data, 4 * o->size, crc);
	}
	print_mark(&text, mark);
	snprintf(crc_s, sizeof crc_s, "%016" PRIx64, crc_state(s, &text));
	snprintf(crc_t, sizeof crc_t, "%016" PRIx64, crc);
	meta[n++] = (struct nct_st_pair){"format", FORMAT};
	for (size_t i = 0; i < MARKS; i++)
		if (i < MARKS_ALWAYS || text.value[i][0] != '\0')
			meta[n++] = (struct nct_st_pair){mark_keys[i], text.value[i]};
	meta[n++] = (struct nct_st_pair){CRC_STRINGS, crc_s};
	meta[n++] = (struct nct_st_pair){CRC_TENSORS, crc_t};
	for (size_t i = 0; i < s->option_count; i++)
		meta[n++] = s->options[i];
	err = nct_st_write(fd, meta, n, t, s->slot_count);
done:
	free(meta);
	free(t);
	return err;
}

/* `path` with ".prev" added; the caller frees it. NULL if out of memory. */
static char *
previous(const char *path)
{
	static const char suffix[] = ".prev";
	size_t n = strlen(path);
	char *p = malloc(n + sizeof suffix);

	if (p != NULL) {
		memcpy(p, path, n);
		memcpy(p + n, suffix, sizeof suffix);
	}
	return p;
}

/* Makes `prev` a hard link to the file at `path`, so that there is always a file at `path`. If the file system has
 * no hard links, moves the file instead. */
static nct_err
keep(const char *path, const char *prev)
{
	if ((unlink(prev) != 0 && errno != ENOENT) || (link(path, prev) != 0 && errno != ENOENT && rename(path, prev) != 0))
		return NCT_EIO;
	return NCT_OK;
}

nct_err
nct_checkpoint_save(const char *path, const struct nct_state *s, const struct nct_mark *mark, nct_why *why)
{
	nct_outfile f = {.fd = -1};
	char *prev = NULL;
	nct_err err = nct_outfile_open(&f, path);

	if (err == NCT_OK && (prev = previous(f.path)) == NULL) {
		nct_outfile_drop(&f);
		err = NCT_ENOMEM;
	}

	if (err == NCT_OK) {
		err = write_file(f.fd, s, mark);
		if (err == NCT_OK && fsync(f.fd) != 0) /* before the old file is moved */
			err = NCT_EIO;
		if (err == NCT_OK)
			err = keep(f.path, prev);
		if (err == NCT_OK) {
			err = nct_outfile_commit(&f);
		} else {
			int e = errno;

			nct_outfile_drop(&f);
			errno = e;
		}
	}
	free(prev);
	if (err != NCT_OK)
		return nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: %s", path, err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	return NCT_OK;
}

static const char *
option_of(const struct nct_state *s, const char *key)
{
	for (size_t i = 0; i < s->option_count; i++)
		if (strcmp(s->options[i].key, key) == 0)
			return s->options[i].value;
	return NULL;
}

/* NCT_EMODEL unless the file has this value of an option; NULL: unless it does not have the option. */
static nct_err
check_option(const nct_st *st, const char *key, const char *want, const char *path, nct_why *why)
{
	const char *have = nct_st_meta(st, key);

	if ((have != NULL) == (want != NULL) && (have == NULL || strcmp(have, want) == 0))
		return NCT_OK;
	return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EMODEL, "%s: made with %s %s, not %s", path, key,
	                      have != NULL ? have : "(none)", want != NULL ? want : "(none)");
}

static nct_err
check_options(const nct_st *st, const struct nct_state *s, const char *path, nct_why *why)
{
	const char *key;
	nct_err err = NCT_OK;

	for (size_t i = 0; i < s->option_count && err == NCT_OK; i++)
		err = check_option(st, s->options[i].key, s->options[i].value, path, why);
	for (size_t i = 0; err == NCT_OK && (key = nct_st_meta_key(st, i)) != NULL; i++)
		if (is_option(key))
			err = check_option(st, key, option_of(s, key), path, why);
	return err;
}

static int
hex_is(const char *text, uint64_t value)
{
	char hex[HEX];

	snprintf(hex, sizeof hex, "%016" PRIx64, value);
	return text != NULL && strcmp(text, hex) == 0;
}

static nct_err
check_strings(const nct_st *st, const char *path, nct_why *why)
{
	const char *format = nct_st_meta(st, "format");

	if (format == NULL || strcmp(format, FORMAT) != 0)
		return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EKIND, "%s: not a checkpoint", path);
	if (!hex_is(nct_st_meta(st, CRC_STRINGS), crc_file(st)))
		return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EDATA, "%s: damaged: CRC of its options", path);
	return NCT_OK;
}

/* Copies the tensors of slots[0..n). The CRC is over all tensors in the file. */
static nct_err
read_slots(const nct_st *st, const struct nct_slot *slots, size_t n, const char *path, nct_why *why)
{
	const struct nct_st_tensor *t;
	uint64_t crc = 0;
	nct_err err;

	for (size_t i = 0; (t = nct_st_tensor_at(st, i)) != NULL; i++)
		crc = lzma_crc64(t->data, t->bytes, crc);
	if (!hex_is(nct_st_meta(st, CRC_TENSORS), crc))
		return nct_fail_about(why, NCT_ABOUT_FILE, NCT_EDATA, "%s: damaged: CRC of its tensors", path);
	for (size_t i = 0; i < n; i++) {
		const struct nct_slot *o = &slots[i];
		const void *data;

		if ((err = nct_st_get(st, o->name, NCT_F32, o->rank, o->shape, &data, why)) != NCT_OK)
			return err;
		memcpy(o->data, data, 4 * o->size);
	}
	return NCT_OK;
}

static nct_err
read_state(const nct_st *st, const struct nct_state *s, const char *path, struct nct_mark *mark, nct_why *why)
{
	nct_err err;

	if ((err = check_strings(st, path, why)) != NCT_OK || (err = check_options(st, s, path, why)) != NCT_OK ||
	    (err = read_slots(st, s->slots, s->slot_count, path, why)) != NCT_OK)
		return err;
	scan_mark(mark, st);
	return NCT_OK;
}

static nct_err
open_file(nct_st **st, const char *path, nct_why *why)
{
	nct_why inner = {0};
	nct_err err = nct_st_open(st, path, &inner);

	return err == NCT_OK ? err
	                     : nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: %.180s", path,
	                                      inner.text[0] != '\0' ? inner.text : nct_strerror(err));
}

static nct_err
read_file(const char *path, const struct nct_state *s, struct nct_mark *mark, nct_why *why)
{
	nct_st *st;
	nct_err err = open_file(&st, path, why);

	if (err != NCT_OK)
		return err;
	err = read_state(st, s, path, mark, why);
	nct_st_free(st);
	return err;
}

static int
exists(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

nct_err
nct_checkpoint_load(const char *path, const struct nct_state *s, struct nct_mark *mark, int *old, nct_why *why)
{
	char *file = nct_follow_links(path), *prev = file != NULL ? previous(file) : NULL;
	nct_why other = {0};
	nct_err err = NCT_OK, older;

	*old = 0;
	*mark = (struct nct_mark){.round = NCT_NO_ROUND};
	if (prev == NULL) {
		err = file != NULL || errno == ENOMEM ? NCT_ENOMEM : NCT_EIO;
		free(file);
		return nct_fail_about(why, NCT_ABOUT_FILE, err, "%s: %s", path, err == NCT_EIO ? strerror(errno) : nct_strerror(err));
	}
	if (exists(path))
		err = read_file(path, s, mark, why);
	else if (exists(prev))
		err = nct_fail_about(why, NCT_ABOUT_FILE, NCT_EMODEL,
		                     "%s: missing, but %s is there: rename it to go on from it, or remove it", path,
		                     prev);
	if (err != NCT_OK && err != NCT_EMODEL && err != NCT_ENOMEM && exists(prev)) {
		older = read_file(prev, s, mark, &other);
		*old = older == NCT_OK;
		if (*old)
			(void)rename(prev, file); /* else the next save would drop the good file and keep the damaged one */
		if (older == NCT_EMODEL && why != NULL)
			*why = other;
		if (older == NCT_OK || older == NCT_EMODEL)
			err = older;
	}
	free(prev);
	free(file);
	return err;
}

nct_err
nct_checkpoint_begin(const char *path, const struct nct_state *s, size_t n, const char *const *must, size_t musts,
                     struct nct_mark *mark, nct_why *why)
{
	nct_st *st;
	nct_err err = open_file(&st, path, why);

	if (err != NCT_OK)
		return err;
	err = check_strings(st, path, why);
	for (size_t i = 0; i < musts && err == NCT_OK; i++)
		err = check_option(st, must[i], option_of(s, must[i]), path, why);
	if (err == NCT_OK)
		err = read_slots(st, s->slots, n, path, why);
	if (err == NCT_OK)
		snprintf(mark->from, sizeof mark->from, "step %.20s, CRC %.16s", nct_st_meta(st, "step"),
		         nct_st_meta(st, CRC_TENSORS));
	nct_st_free(st);
	return err;
}
