/* SPDX-License-Identifier: Apache-2.0
 * base/json.h - read and write JSON text (RFC 8259) in place, without a tree and without allocating.
 *
 * Reading is by cursor: the caller asks for what it expects. The first error stays: every later call returns false,
 * json_finish says what broke and json_where where. Numbers come as their own text, so no digit of a price or of a 64-bit
 * integer is lost. Strings must be UTF-8. A cursor belongs to one thread and borrows the text.
 *
 *     json_init(&j, text);
 *     if (json_object(&j))
 *             while (json_member(&j, &key))
 *                     if (slice_equal(key.raw, SLICE("model")))
 *                             json_string(&j, &model);
 *                     else
 *                             json_skip(&j);
 *     TRY(json_finish(&j));
 */
#ifndef PLIMSOLL_BASE_JSON_H
#define PLIMSOLL_BASE_JSON_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

#define JSON_DEPTH_MAX 128

enum json_kind {
	JSON_BAD, /* an error, or the end of the text */
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	const char *start, *at, *end;
	const char *why; /* NULL while all is well */
	uint32_t depth;
	bool first; /* just behind an opening bracket: no comma is due */
};

/* A string as it stands between its quotes. */
struct json_string {
	struct slice raw;
	bool escaped; /* raw holds backslashes: json_unescape before comparing or keeping */
};

void json_init(struct json *j, struct slice text);

/* Kind of the value that comes next; reads nothing. */
enum json_kind json_peek(struct json *j);

/* Enter a container; false where the next value is something else. */
bool json_object(struct json *j);
bool json_array(struct json *j);

/* Next member of the object just entered: reads its key and colon. False behind the last one (the brace is read). */
bool json_member(struct json *j, struct json_string *key);

/* Whether the array just entered has another value. False behind the last one (the bracket is read). */
bool json_element(struct json *j);

/* One scalar each; false where the next value is something else. */
bool json_string(struct json *j, struct json_string *out);
bool json_number(struct json *j, struct slice *text);
bool json_bool(struct json *j, bool *out);
bool json_null(struct json *j);

/* Reads past one value of any kind, checking all of it. */
bool json_skip(struct json *j);

/* As json_skip, and hands over the value's text. */
bool json_raw(struct json *j, struct slice *text);

/* OK where everything was read and only white space follows; else MALFORMED with the reason. */
struct status json_finish(struct json *j) MUST_USE;

/* Line and column (from 1) of the error, or of the place reached. */
void json_where(const struct json *j, unsigned *line, unsigned *column);

/* The string's text: raw itself where nothing was escaped, else written to the arena. ptr NULL without memory. An
 * escaped lone surrogate becomes U+FFFD. */
struct slice json_unescape(struct json_string s, struct arena *a);

/* Reads a string into *out, unescaped, or null and leaves *out as it is. False where the value is something else. */
bool json_text(struct json *j, struct arena *a, struct slice *out);

/* Raw text of an object's member of that name; empty where there is none or text is no object. Names with escapes in
 * them are not found. */
struct slice json_find(struct slice text, struct slice name);

/* True where text is one complete JSON value. */
bool json_is_valid(struct slice text);

/* Writing: a quoted string, invalid UTF-8 replaced by U+FFFD. */
void json_write_string(struct buf *b, struct slice s);

/* The shortest decimal text that reads back as the same double; null for NaN and infinities. */
void json_write_double(struct buf *b, double value);

/* The comma before another element or member, unless the last byte written opened a container. */
void json_write_comma(struct buf *b);

/* `"key":`, with a json_write_comma before it. */
void json_write_key(struct buf *b, const char *key);

/* One member each: json_write_key and the value behind it. Of an empty text, _or_null writes null and _if_any nothing. */
void json_write_text(struct buf *b, const char *key, struct slice value);
void json_write_text_or_null(struct buf *b, const char *key, struct slice value);
void json_write_number(struct buf *b, const char *key, double value); /* null for NaN and infinities */
void json_write_count(struct buf *b, const char *key, uint64_t value);
void json_write_flag(struct buf *b, const char *key, bool value);
void json_write_text_if_any(struct buf *b, const char *key, struct slice value);

/* Writes the character (below 0x110000) to out. Returns the length of its sequence. */
size_t utf8_write(uint32_t c, char out[4]);

/* Length of the valid UTF-8 sequence at the start of s (1 to 4), or 0. */
size_t utf8_sequence(struct slice s);

#endif
