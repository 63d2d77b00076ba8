/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/write_request.c - labels, lists and compression: what both versions have in common.
 */
#include "exporters/remotewrite/write_request.h"

#include <snappy-c.h>
#include <stdlib.h>

#include "exporters/remotewrite/write_request_priv.h"

#define ARENA_BYTES_MAX (256u << 20)

static const struct write_format *const formats[WRITE_VERSION_COUNT] = {
	[WRITE_1] = &write_format_1,
	[WRITE_2] = &write_format_2,
};

const struct write_version_words write_version_words[WRITE_VERSION_COUNT] = {
	[WRITE_1] = { "0.1.0", "application/x-protobuf" },
	[WRITE_2] = { "2.0.0", "application/x-protobuf;proto=io.prometheus.write.v2.Request" },
};

void write_request_init(struct write_request *r)
{
	*r = (struct write_request){ 0 };
	arena_init(&r->arena, ARENA_BYTES_MAX);
}

void write_request_release(struct write_request *r)
{
	arena_release(&r->arena);
}

struct status write_request_begin(struct write_request *r, enum write_version version, bool has_metadata)
{
	struct arena arena = r->arena;

	arena_reset(&arena);
	*r = (struct write_request){ .arena = arena, .version = version, .has_metadata = has_metadata };
	return formats[version]->begin(r);
}

void **write_list_grow(struct arena *a, void **list, size_t count, size_t *cap)
{
	size_t wanted = *cap > 0 ? *cap * 2 : 64;

	if (count < *cap)
		return list;
	void **longer = arena_array(a, wanted, sizeof(*longer));
	if (longer == NULL)
		return NULL;
	if (count > 0)
		memcpy(longer, list, count * sizeof(*longer));
	*cap = wanted;
	return longer;
}

/* ------------------------------------------------------------------ labels */

static int by_name(const void *a, const void *b)
{
	struct slice x = ((const struct write_label *)a)->name, y = ((const struct write_label *)b)->name;
	int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static bool has_label(const struct write_label *labels, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(labels[i].name, name))
			return true;
	return false;
}

/* An empty value means the same as no label, and must not be sent. */
static void put_label(struct write_label *labels, size_t *count, struct slice name, struct slice value)
{
	if (value.len > 0 && *count < WRITE_LABELS_MAX && !has_label(labels, *count, name))
		labels[(*count)++] = (struct write_label){ name, value };
}

struct status write_request_labels(struct write_request *r, struct slice name, struct slice labels,
				   const struct string_map *more, struct write_label out[WRITE_LABELS_MAX],
				   size_t *count)
{
	struct slice key, value;
	size_t n = 0;

	put_label(out, &n, SLICE("__name__"), name);
	while (exposition_label_next(&labels, &key, &value)) {
		value = exposition_unescape(value, &r->arena);
		if (value.ptr == NULL)
			return NO_REQUEST_MEMORY;
		put_label(out, &n, key, value);
	}
	for (size_t i = 0; more != NULL && i < more->count; i++)
		put_label(out, &n, slice_of(more->items[i].key), slice_of(more->items[i].value));
	qsort(out, n, sizeof(*out), by_name);
	*count = n;
	return OK;
}

/* ------------------------------------------------------------------ messages */

struct status write_request_add(struct write_request *r, const struct write_series *s)
{
	void **longer = write_list_grow(&r->arena, r->series, r->count, &r->cap);

	if (longer == NULL)
		return NO_REQUEST_MEMORY;
	r->series = longer;
	return formats[r->version]->add(r, s);
}

static struct status compress(struct slice message, struct buf *out)
{
	size_t size = snappy_max_compressed_length(message.len);
	char *at = buf_reserve(out, size);

	if (at == NULL || snappy_compress(message.ptr, message.len, at, &size) != SNAPPY_OK)
		return FAIL(NOMEM, "no memory to compress");
	out->len += size;
	return OK;
}

struct status write_request_pack(struct write_request *r, struct buf *out)
{
	struct buf message = BUF_INIT;
	struct status s = formats[r->version]->pack(r, &message);

	if (!FAILED(s))
		s = compress(buf_view(&message), out);
	buf_release(&message);
	return s;
}
