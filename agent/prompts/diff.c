/* SPDX-License-Identifier: Apache-2.0
 * prompts/diff.c - the version itself always differs, and is not told.
 */
#include "agent/prompts/diff.h"

#include "agent/base/json.h"
#include "agent/base/plain.h"
#include "agent/prompts/word_diff.h"

#define ARENA_BYTES (8u << 20)

struct change {
	const struct manifest_field *field;
	struct buf a, b; /* empty: not said */
};

static bool is_text(const struct manifest_field *f)
{
	return strcmp(f->name, "template") == 0 || strcmp(f->name, "messages") == 0;
}

/* Too long to be shown whole on both sides. */
static bool is_long(const struct manifest_field *f)
{
	return is_text(f) || f->type == CONF_JSON;
}

/* {role, content} with nothing beside them: "role: content" and a line end. */
static bool write_plain(struct slice message, struct arena *a, struct buf *out)
{
	struct slice role = SLICE_NONE, content = SLICE_NONE;
	struct json_string key;
	struct json j;

	json_init(&j, message);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return false;
	while (json_member(&j, &key)) {
		struct slice *to = slice_equal(key.raw, SLICE("role")) ? &role :
				   slice_equal(key.raw, SLICE("content")) ? &content : NULL;
		if (to == NULL || json_peek(&j) != JSON_STRING || !json_text(&j, a, to))
			return false;
	}
	buf_printf(out, "%.*s: ", SLICE_ARG(role));
	buf_slice(out, content);
	buf_byte(out, '\n');
	return true;
}

/* Messages as people read them, where that shows all there is; else they stay JSON. */
static void make_readable(struct buf *text)
{
	struct buf plain = BUF_INIT;
	struct slice message;
	struct arena scratch;
	struct json j;
	bool all = text->len > 0;

	arena_init(&scratch, ARENA_BYTES);
	json_init(&j, buf_view(text));
	all = all && json_array(&j);
	while (all && json_element(&j) && json_raw(&j, &message))
		all = write_plain(message, &scratch, &plain);
	if (all && !buf_failed(&plain)) {
		buf_reset(text);
		buf_slice(text, slice_trim(buf_view(&plain)));
	}
	arena_release(&scratch);
	buf_release(&plain);
}

static bool read_change(const struct manifest *a, const struct manifest *b, const struct manifest_field *f,
			struct change *out)
{
	*out = (struct change){ .field = f };
	if (strcmp(f->name, "version") == 0)
		return false;
	manifest_field_text(a, f, &out->a);
	manifest_field_text(b, f, &out->b);
	return !slice_equal(buf_view(&out->a), buf_view(&out->b));
}

static void release(struct change *c)
{
	buf_release(&c->a);
	buf_release(&c->b);
}

/* ---------------------------------------------------------------- for people */
struct paint {
	struct buf *out;
	bool colour;
};

/* As it may stand on a terminal, line by line. */
static void write_lines(struct slice text, struct buf *out)
{
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end != NULL ? (size_t)(end - text.ptr) : text.len;
		plain_write(out, slice_head(text, n), "");
		if (end != NULL)
			buf_byte(out, '\n');
		text = slice_skip(text, n + 1);
	}
}

static void paint_words(void *context, enum word_op op, struct slice text)
{
	static const char *const plain[][2] = { { "", "" }, { "[-", "-]" }, { "{+", "+}" } };
	static const char *const coloured[][2] = { { "", "" }, { "\033[31;9m", "\033[0m" }, { "\033[32m", "\033[0m" } };
	struct paint *p = context;
	const char *const *around = p->colour ? coloured[op] : plain[op];

	buf_text(p->out, around[0]);
	write_lines(text, p->out);
	buf_text(p->out, around[1]);
}

static void write_change(struct change *c, struct paint *p)
{
	if (is_long(c->field)) {
		if (strcmp(c->field->name, "messages") == 0) {
			make_readable(&c->a);
			make_readable(&c->b);
		}
		buf_printf(p->out, "%s:\n", c->field->name);
		struct status s = word_diff(buf_view(&c->a), buf_view(&c->b), paint_words, p);
		buf_text(p->out, FAILED(s) ? "(not compared: no memory)\n" : "\n");
		return;
	}
	buf_printf(p->out, "%s: ", c->field->name);
	if (c->a.len > 0)
		paint_words(p, WORD_DELETED, buf_view(&c->a));
	buf_text(p->out, c->a.len > 0 && c->b.len > 0 ? " " : "");
	if (c->b.len > 0)
		paint_words(p, WORD_INSERTED, buf_view(&c->b));
	buf_byte(p->out, '\n');
}

bool manifest_diff_text(const struct manifest *a, const struct manifest *b, bool colour, struct buf *out)
{
	struct paint p = { out, colour };
	bool any = false;

	for (const struct manifest_field *f = manifest_fields; f->name != NULL; f++) {
		struct change c;
		if (read_change(a, b, f, &c)) {
			write_change(&c, &p);
			any = true;
		}
		release(&c);
	}
	return any;
}

/* ---------------------------------------------------------------- for programs */
static void write_words(void *context, enum word_op op, struct slice text)
{
	static const char *const names[] = { "kept", "deleted", "inserted" };
	struct buf *out = context;

	json_write_comma(out);
	buf_printf(out, "{\"op\":\"%s\",\"text\":", names[op]);
	json_write_string(out, text);
	buf_byte(out, '}');
}

static void write_side(struct buf *out, const char *name, const struct buf *text)
{
	buf_printf(out, ",\"%s\":", name);
	if (text->len > 0)
		json_write_string(out, buf_view(text));
	else
		buf_text(out, "null");
}

bool manifest_diff_json(const struct manifest *a, const struct manifest *b, struct buf *out)
{
	struct buf words = BUF_INIT;
	bool any = false;

	buf_byte(&words, '[');
	buf_text(out, "{\"fields\":[");
	for (const struct manifest_field *f = manifest_fields; f->name != NULL; f++) {
		struct change c;
		if (read_change(a, b, f, &c)) {
			buf_printf(out, "%s{\"field\":\"%s\"", any ? "," : "", f->name);
			write_side(out, "a", &c.a);
			write_side(out, "b", &c.b);
			buf_byte(out, '}');
			if (is_text(f) && FAILED(word_diff(buf_view(&c.a), buf_view(&c.b), write_words, &words)))
				words.failed = true;
			any = true;
		}
		release(&c);
	}
	buf_text(out, "],\"text\":");
	if (buf_failed(&words))
		buf_text(out, "null}");
	else {
		buf_slice(out, buf_view(&words));
		buf_text(out, "]}");
	}
	buf_release(&words);
	return any;
}
