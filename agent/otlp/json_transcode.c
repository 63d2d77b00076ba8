/* SPDX-License-Identifier: Apache-2.0
 * otlp/json_transcode.c - one walk over the JSON text, driven by the tables of json_messages.c.
 *
 * A nested message is written behind one byte kept for its length; where the length takes more, the content is shifted,
 * so the bytes are those that any protobuf encoder writes. Recursion is bounded by JSON_DEPTH_MAX.
 */
#include "agent/otlp/json_transcode.h"

#include <stdio.h>

#include "agent/base/json.h"
#include "agent/otlp/json_messages.h"
#include "agent/otlp/json_scalar.h"
#include "agent/otlp/wire.h"

struct transcoder {
	struct json json;
	struct buf *out;
	size_t limit;         /* most bytes that out may hold */
	struct arena scratch; /* one string at a time */
};

static struct status json_failure(const struct transcoder *t)
{
	return FAIL(MALFORMED, t->json.why != NULL ? t->json.why : "not OTLP/JSON");
}

static struct status check_room(const struct transcoder *t)
{
	if (buf_failed(t->out))
		return FAIL(NOMEM, "no memory for the request as protobuf");
	return t->out->len <= t->limit ? OK : FAIL(TOOBIG, "the request is larger than the limit once it is protobuf");
}

static void put_varint(struct buf *out, uint64_t value)
{
	char *at = buf_reserve(out, WIRE_VARINT_MAX);

	if (at != NULL)
		out->len += wire_put_varint(at, value);
}

static void put_tag(struct buf *out, uint32_t number, enum wire_type type)
{
	put_varint(out, (uint64_t)number << 3 | type);
}

/* Keeps one byte for the length of what follows. Returns where the content starts. */
static size_t open_length(struct buf *out)
{
	buf_byte(out, 0);
	return out->len;
}

static void close_length(struct buf *out, size_t content)
{
	size_t length = out->len - content;
	size_t more = wire_varint_size(length) - 1;

	if (buf_reserve(out, more) == NULL)
		return;
	if (more > 0)
		memmove(out->ptr + content + more, out->ptr + content, length);
	wire_put_varint(out->ptr + content - 1, length);
	out->len += more;
}

static void put_scalar(struct buf *out, enum json_type type, uint64_t bits)
{
	switch (json_scalar_wire_type(type)) {
	case WIRE_VARINT:
		put_varint(out, bits);
		return;
	case WIRE_FIXED32:
	case WIRE_FIXED64: {
		char bytes[8];
		wire_put_fixed64(bytes, bits); /* its first half is a fixed32 */
		buf_append(out, bytes, json_scalar_wire_type(type) == WIRE_FIXED64 ? 8 : 4);
		return;
	}
	default:
		return;
	}
}

static struct status transcode_message(struct transcoder *t, const struct json_message *message);

static struct status transcode_nested(struct transcoder *t, const struct json_field *f)
{
	put_tag(t->out, f->number, WIRE_BYTES);
	size_t content = open_length(t->out);
	if (json_peek(&t->json) == JSON_NULL) /* an element of an array: an empty message keeps its place */
		json_null(&t->json);
	else
		TRY(transcode_message(t, f->message));
	close_length(t->out, content);
	return check_room(t);
}

static struct status transcode_text(struct transcoder *t, const struct json_field *f, bool keep_empty)
{
	struct json_string string;
	struct slice bytes;

	if (!json_string(&t->json, &string))
		return json_failure(t);
	arena_reset(&t->scratch);
	TRY(json_scalar_text(f->type, string, &t->scratch, &bytes));
	if (bytes.len == 0 && !keep_empty)
		return OK;
	put_tag(t->out, f->number, WIRE_BYTES);
	put_varint(t->out, bytes.len);
	buf_slice(t->out, bytes);
	return check_room(t);
}

static struct status transcode_scalar(struct transcoder *t, const struct json_field *f)
{
	uint64_t bits;

	TRY(json_scalar_read(f->type, &t->json, &bits));
	if (bits == 0 && !f->is_explicit)
		return OK;
	put_tag(t->out, f->number, json_scalar_wire_type(f->type));
	put_scalar(t->out, f->type, bits);
	return check_room(t);
}

static struct status transcode_packed(struct transcoder *t, const struct json_field *f)
{
	size_t before = t->out->len;
	uint64_t bits;

	put_tag(t->out, f->number, WIRE_BYTES);
	size_t content = open_length(t->out);
	if (!json_array(&t->json))
		return json_failure(t);
	while (json_element(&t->json)) {
		TRY(json_scalar_read(f->type, &t->json, &bits));
		put_scalar(t->out, f->type, bits);
		TRY(check_room(t));
	}
	if (t->out->len == content)
		t->out->len = before; /* an empty array is no field */
	else
		close_length(t->out, content);
	return check_room(t);
}

static struct status transcode_field(struct transcoder *t, const struct json_field *f)
{
	bool is_text = json_scalar_wire_type(f->type) == WIRE_BYTES;

	if (!f->is_repeated) {
		if (f->type == JSON_TYPE_MESSAGE)
			return transcode_nested(t, f);
		return is_text ? transcode_text(t, f, f->is_explicit) : transcode_scalar(t, f);
	}
	if (!is_text)
		return transcode_packed(t, f);
	if (!json_array(&t->json))
		return json_failure(t);
	while (json_element(&t->json))
		TRY(f->type == JSON_TYPE_MESSAGE ? transcode_nested(t, f) : transcode_text(t, f, true));
	return OK;
}

static const struct json_field *find_field(const struct json_message *message, struct slice key)
{
	for (size_t i = 0; i < message->count; i++)
		if (slice_equal(message->fields[i].key, key))
			return &message->fields[i];
	return NULL;
}

static struct status transcode_message(struct transcoder *t, const struct json_message *message)
{
	struct json_string key;

	if (!json_object(&t->json))
		return json_failure(t);
	while (json_member(&t->json, &key)) {
		arena_reset(&t->scratch);
		const struct json_field *f = find_field(message, json_unescape(key, &t->scratch));
		if (f == NULL || json_peek(&t->json) == JSON_NULL)
			json_skip(&t->json);
		else
			TRY(transcode_field(t, f));
	}
	return t->json.why == NULL ? OK : json_failure(t);
}

static struct status transcode_request(struct transcoder *t, enum signal signal)
{
	TRY(transcode_message(t, json_requests[signal]));
	TRY(json_finish(&t->json));
	return check_room(t);
}

struct status json_to_wire(struct slice json, enum signal signal, size_t max_bytes, struct buf *out, char where[40])
{
	struct transcoder t = { .out = out };
	size_t before = out->len;
	unsigned line, column;

	json_init(&t.json, json);
	arena_init(&t.scratch, json.len < SIZE_MAX / 4 ? 4 * json.len : SIZE_MAX);
	t.limit = max_bytes < SIZE_MAX - before ? before + max_bytes : SIZE_MAX;
	struct status s = transcode_request(&t, signal);
	arena_release(&t.scratch);
	if (!FAILED(s))
		return s;
	out->len = before;
	if (where != NULL && s.code == STATUS_MALFORMED) {
		json_where(&t.json, &line, &column);
		snprintf(where, 40, "line %u, column %u", line, column);
	}
	return s;
}
