/* safetensors.c - reads and writes safetensors files: named tensors, and metadata of strings. */
#include "m1/safetensors.h"

#include "base/err.h"
#include "base/io.h"
#include "base/le.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MAX ((uint64_t)1 << 20) /* bytes; limits memory, as parsed JSON takes up to 80 times its length */
#define META "__metadata__"

static const struct {
	const char *name;
	size_t size;
} types[] = {
	[NCT_I8] = {"I8", 1}, [NCT_U8] = {"U8", 1}, [NCT_I16] = {"I16", 2}, [NCT_U16] = {"U16", 2}, [NCT_I32] = {"I32", 4},
	[NCT_U32] = {"U32", 4}, [NCT_I64] = {"I64", 8}, [NCT_U64] = {"U64", 8}, [NCT_F32] = {"F32", 4}, [NCT_F64] = {"F64", 8},
};

#define TYPES (sizeof types / sizeof types[0])

struct nct_st {
	json_t *root;            /* owns all strings */
	struct nct_st_tensor *t; /* in the file's order; names and data borrowed */
	size_t count;
	const char **key;        /* (keys) keys of the metadata, in the file's order; borrowed */
	size_t keys;
	void *map;               /* the file's bytes, if nct_st_open() mapped or read them; else NULL */
	size_t map_bytes;
	int mapped;              /* `map` was mapped, not allocated */
};

/* *bytes = the size of a tensor of this type and shape. Returns -1 if that overflows. */
static int
tensor_bytes(const struct nct_st_tensor *t, size_t *bytes)
{
	*bytes = types[t->type].size;
	for (unsigned i = 0; i < t->rank; i++)
		if (t->shape[i] > SIZE_MAX || nct_size_mul(bytes, *bytes, (size_t)t->shape[i]) != 0)
			return -1;
	return 0;
}

/* ---- writing ---- */

static json_t *
tensor_json(const struct nct_st_tensor *t, uint64_t begin)
{
	json_t *o = json_object(), *shape = json_array(), *offsets = json_array();
	int bad = 0;

	for (unsigned i = 0; i < t->rank; i++)
		bad |= json_array_append_new(shape, json_integer((json_int_t)t->shape[i]));
	bad |= json_array_append_new(offsets, json_integer((json_int_t)begin));
	bad |= json_array_append_new(offsets, json_integer((json_int_t)(begin + t->bytes)));
	bad |= json_object_set_new(o, "dtype", json_string(types[t->type].name));
	bad |= json_object_set_new(o, "shape", shape);
	bad |= json_object_set_new(o, "data_offsets", offsets);
	if (bad == 0)
		return o;
	json_decref(o); /* json_object_set_new() frees its value even if it fails */
	return NULL;
}

static nct_err
header_meta(json_t *root, const struct nct_st_pair *meta, size_t metas)
{
	json_t *o = json_object();

	if (json_object_set_new(root, META, o) != 0)
		return NCT_ENOMEM;
	for (size_t i = 0; i < metas; i++)
		if (json_object_get(o, meta[i].key) != NULL || json_object_set_new(o, meta[i].key, json_string(meta[i].value)) != 0)
			return NCT_EARG;
	return NCT_OK;
}

/* Adds the tensors with elements of `size` bytes to the header, and advances *at by their bytes. */
static nct_err
header_tensors(json_t *root, const struct nct_st_tensor *t, size_t n, size_t size, uint64_t *at)
{
	for (size_t i = 0; i < n; i++) {
		size_t bytes;

		if (types[t[i].type].size != size)
			continue;
		if (t[i].rank > NCT_ST_RANK || tensor_bytes(&t[i], &bytes) != 0 || bytes != t[i].bytes ||
		    json_object_get(root, t[i].name) != NULL || json_object_set_new(root, t[i].name, tensor_json(&t[i], *at)) != 0)
			return NCT_EARG;
		*at += bytes;
	}
	return NCT_OK;
}

static nct_err
write_header(int fd, const json_t *root)
{
	static const char spaces[] = "       ";
	char *text = json_dumps(root, JSON_COMPACT);
	uint8_t length[8];
	nct_err err;

	if (text == NULL)
		return NCT_ENOMEM;
	const size_t n = strlen(text), pad = (8 - n % 8) % 8;

	nct_put64(length, n + pad);
	if (n + pad > HEADER_MAX)
		err = NCT_EARG;
	else if ((err = nct_write(fd, length, sizeof length)) == NCT_OK && (err = nct_write(fd, text, n)) == NCT_OK)
		err = nct_write(fd, spaces, pad);
	free(text);
	return err;
}

nct_err
nct_st_write(int fd, const struct nct_st_pair *meta, size_t metas, const struct nct_st_tensor *t, size_t n)
{
	json_t *root = json_object();
	uint64_t at = 0;
	nct_err err = root == NULL ? NCT_ENOMEM : NCT_OK;

	if (err == NCT_OK && metas > 0)
		err = header_meta(root, meta, metas);
	for (size_t size = 8; size > 0 && err == NCT_OK; size /= 2)
		err = header_tensors(root, t, n, size, &at);
	if (err == NCT_OK)
		err = write_header(fd, root);
	for (size_t size = 8; size > 0; size /= 2)
		for (size_t i = 0; i < n && err == NCT_OK; i++)
			if (types[t[i].type].size == size)
				err = nct_write(fd, t[i].data, t[i].bytes);
	json_decref(root);
	return err;
}

/* ---- reading ---- */

static nct_err
read_meta(nct_st *st, json_t *meta, nct_why *why)
{
	json_t *value;
	const char *key;

	if (!json_is_object(meta))
		return nct_fail(why, NCT_EDATA, "metadata is not a table");
	if ((st->key = calloc(json_object_size(meta) + 1, sizeof *st->key)) == NULL)
		return NCT_ENOMEM;
	json_object_foreach(meta, key, value) {
		if (!json_is_string(value))
			return nct_fail(why, NCT_EDATA, "a value of the metadata is not a string");
		st->key[st->keys++] = key;
	}
	return NCT_OK;
}

static int
read_type(const json_t *name, enum nct_dtype *type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (json_is_string(name) && strcmp(json_string_value(name), types[i].name) == 0) {
			*type = (enum nct_dtype)i;
			return 0;
		}
	return -1;
}

static int
read_size(const json_t *array, size_t i, uint64_t *value)
{
	const json_t *number = json_array_get(array, i);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return -1;
	*value = (uint64_t)json_integer_value(number);
	return 0;
}

/* Reads the header's entry i for one tensor. Its bytes must begin at data[*at]; then *at moves to their end. */
static nct_err
read_tensor(struct nct_st_tensor *t, const json_t *o, const uint8_t *data, size_t n, size_t *at, size_t i, nct_why *why)
{
	const json_t *shape = json_object_get(o, "shape"), *offsets = json_object_get(o, "data_offsets");
	const size_t rank = json_array_size(shape);
	uint64_t begin, end;

	if (json_object_size(o) != 3 || !json_is_array(shape) || json_array_size(offsets) != 2 || rank > NCT_ST_RANK)
		return nct_fail(why, NCT_EDATA, "tensor %zu: not a type, a shape and two offsets", i);
	if (read_type(json_object_get(o, "dtype"), &t->type) != 0)
		return nct_fail(why, NCT_EDATA, "tensor %zu: a type of elements that is not known here", i);
	t->rank = (unsigned)rank;
	for (size_t r = 0; r < rank; r++)
		if (read_size(shape, r, &t->shape[r]) != 0)
			return nct_fail(why, NCT_EDATA, "tensor %zu: the shape holds what is no size", i);
	if (read_size(offsets, 0, &begin) != 0 || read_size(offsets, 1, &end) != 0 || tensor_bytes(t, &t->bytes) != 0)
		return nct_fail(why, NCT_EDATA, "tensor %zu: impossible size", i);
	if (begin != *at || end < begin || end - begin != t->bytes)
		return nct_fail(why, NCT_EDATA, "tensor %zu: a hole or an overlap, or not the size of its shape", i);
	if (t->bytes > n - *at)
		return nct_fail(why, NCT_ECUT, "tensor %zu: the file ends before its data", i);
	if (*at % types[t->type].size != 0)
		return nct_fail(why, NCT_EDATA, "tensor %zu: not aligned", i);
	t->data = data + *at;
	*at += t->bytes;
	return NCT_OK;
}

static nct_err
read_entries(nct_st *st, const uint8_t *data, size_t n, nct_why *why)
{
	json_t *value;
	const char *key;
	size_t at = 0;
	nct_err err;

	if ((st->t = calloc(json_object_size(st->root) + 1, sizeof *st->t)) == NULL)
		return NCT_ENOMEM;
	json_object_foreach(st->root, key, value) { /* in the file's order */
		if (strcmp(key, META) == 0)
			err = read_meta(st, value, why);
		else {
			st->t[st->count].name = key;
			err = read_tensor(&st->t[st->count], value, data, n, &at, st->count, why);
			st->count++;
		}
		if (err != NCT_OK)
			return err;
	}
	return at == n ? NCT_OK : nct_fail(why, NCT_EDATA, "%zu bytes after the last tensor", n - at);
}

nct_err
nct_st_parse(nct_st **out, const void *bytes, size_t n, nct_why *why)
{
	const uint8_t *p = bytes;
	json_error_t at;
	nct_st *st;
	nct_err err;

	*out = NULL;
	if (n < 8)
		return nct_fail(why, n == 0 ? NCT_ECUT : NCT_EKIND, n == 0 ? "the file is empty" : "not a safetensors file");
	const uint64_t length = nct_get64(p);
	if (length > HEADER_MAX || length < 2 || (n > 8 && p[8] != '{'))
		return nct_fail(why, NCT_EKIND, "not a safetensors file");
	if (length > n - 8)
		return nct_fail(why, NCT_ECUT, "the file ends in its header, byte %zu", n);
	if (length % 8 != 0)
		return nct_fail(why, NCT_EDATA, "the header's length is no multiple of 8");
	if ((st = calloc(1, sizeof *st)) == NULL)
		return NCT_ENOMEM;
	st->root = json_loadb((const char *)p + 8, (size_t)length, JSON_REJECT_DUPLICATES, &at);
	if (st->root == NULL)
		err = nct_fail(why, NCT_EDATA, "the header is not JSON, byte %d", at.position < 0 ? 8 : at.position + 8);
	else if ((err = read_entries(st, p + 8 + length, n - 8 - (size_t)length, why)) == NCT_OK)
		*out = st;
	if (err != NCT_OK)
		nct_st_free(st);
	return err;
}

/* Reads a file that cannot be mapped, such as a pipe, to its end. */
static nct_err
read_all(int fd, void **buf, size_t *n)
{
	size_t cap = 1 << 20, got = 0;
	char *p = malloc(cap);
	nct_err err = p == NULL ? NCT_ENOMEM : NCT_OK;

	for (*n = 0; err == NCT_OK && (err = nct_read(fd, p + *n, cap - *n, &got)) == NCT_OK && got == cap - *n;) {
		if (nct_get64((const uint8_t *)p) > HEADER_MAX || p[8] != '{') /* no safetensors file */
			break;
		char *more = cap <= SIZE_MAX / 2 ? realloc(p, cap * 2) : NULL;

		*n = cap;
		if (more == NULL)
			err = NCT_ENOMEM;
		else
			p = more;
		cap *= 2;
	}
	*n += got;
	*buf = p;
	if (err != NCT_OK)
		free(p);
	return err;
}

nct_err
nct_st_open(nct_st **out, const char *path, nct_why *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;
	struct stat s;
	size_t n = 0;
	nct_err err = NCT_OK;

	*out = NULL;
	if (fd < 0 || fstat(fd, &s) != 0)
		err = nct_fail(why, NCT_EIO, "%s", strerror(errno));
	else if (S_ISREG(s.st_mode) && s.st_size > 0 && (uintmax_t)s.st_size <= SIZE_MAX)
		map = mmap(NULL, n = (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	const int mapped = map != MAP_FAILED;
	if (err == NCT_OK && !mapped && (err = read_all(fd, &map, &n)) == NCT_EIO)
		(void)nct_fail(why, NCT_EIO, "%s", strerror(errno));
	if (fd >= 0)
		(void)close(fd); /* nothing was written */
	if (err != NCT_OK)
		return err;
	if ((err = nct_st_parse(out, map, n, why)) == NCT_OK) {
		(*out)->map = map;
		(*out)->map_bytes = n;
		(*out)->mapped = mapped;
	} else if (mapped)
		(void)munmap(map, n);
	else
		free(map);
	return err;
}

void
nct_st_free(nct_st *st)
{
	if (st == NULL)
		return;
	json_decref(st->root);
	free(st->t);
	free(st->key);
	if (st->mapped)
		(void)munmap(st->map, st->map_bytes);
	else
		free(st->map);
	free(st);
}

const char *
nct_st_meta(const nct_st *st, const char *key)
{
	return json_string_value(json_object_get(json_object_get(st->root, META), key));
}

const char *
nct_st_meta_key(const nct_st *st, size_t i)
{
	return i < st->keys ? st->key[i] : NULL;
}

size_t
nct_st_count(const nct_st *st)
{
	return st->count;
}

const struct nct_st_tensor *
nct_st_tensor_at(const nct_st *st, size_t i)
{
	return i < st->count ? &st->t[i] : NULL;
}

nct_err
nct_st_get(const nct_st *st, const char *name, enum nct_dtype type, unsigned rank, const uint64_t *shape,
           const void **data, nct_why *why)
{
	for (size_t i = 0; i < st->count; i++) {
		const struct nct_st_tensor *t = &st->t[i];

		if (strcmp(t->name, name) != 0)
			continue;
		if (t->type != type)
			return nct_fail(why, NCT_EDATA, "tensor %s: type %s, not %s", name, types[t->type].name, types[type].name);
		if (t->rank != rank || memcmp(t->shape, shape, rank * sizeof *shape) != 0)
			return nct_fail(why, NCT_EDATA, "tensor %s: not of the shape that the configuration asks for", name);
		*data = t->data;
		return NCT_OK;
	}
	return nct_fail(why, NCT_EDATA, "tensor %s: absent", name);
}

int
nct_st_number(const char *text, uint32_t *value)
{
	const size_t n = text != NULL ? strspn(text, "0123456789") : 0;

	if (n == 0 || n > 9 || text[n] != '\0' || (n > 1 && text[0] == '0'))
		return -1;
	*value = (uint32_t)strtoul(text, NULL, 10);
	return 0;
}
