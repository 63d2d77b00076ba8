/* SPDX-License-Identifier: Apache-2.0
 * dialects/conversation.c - messages from flat attributes, from events or from JSON, then what is kept of them.
 *
 * Sources: as known_keys.c and events.c; OpenInference 0.1.42 and OpenLLMetry 0.62.4 number their messages in the keys.
 */
#include "agent/dialects/conversation.h"

#include "agent/base/json.h"
#include "agent/dialects/conversation_priv.h"
#include "agent/otlp/any_json.h"

void conversation_add(struct conversation *c, enum speaker speaker, struct slice text)
{
	if (slice_trim(text).len == 0)
		return;
	if (c->count == MESSAGES_MAX) {
		memmove(&c->items[0], &c->items[1], sizeof(c->items) - sizeof(c->items[0]));
		c->count--;
	}
	c->items[c->count++] = (struct message){ speaker, text };
}

/* ---------------------------------------------------------------- "llm.input_messages.3.message.content" */
struct flat_keys {
	const char *prefix, *role, *content, *part; /* behind the number; part: a beginning, of several texts; NULL: none */
	bool is_answer;
};

static const struct flat_keys flat[] = {
	{ "llm.input_messages.", "message.role", "message.content", "message.contents.", false },
	{ "llm.output_messages.", "message.role", "message.content", "message.contents.", true },
	{ "gen_ai.prompt.", "role", "content", NULL, false },
	{ "gen_ai.completion.", "role", "content", NULL, true },
};

/* The number at the start of text, and the dot behind it, are passed. */
static bool read_number(struct slice *text, uint64_t *out)
{
	size_t n = 0;

	while (n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9')
		n++;
	if (n == text->len || text->ptr[n] != '.' || !slice_to_u64(slice_head(*text, n), out))
		return false;
	*text = slice_skip(*text, n + 1);
	return true;
}

static bool flat_key(const struct flat_keys *f, struct slice key, uint64_t *number, struct slice *rest)
{
	if (!slice_starts_with(key, slice_of(f->prefix)))
		return false;
	*rest = slice_skip(key, strlen(f->prefix));
	return read_number(rest, number);
}

/* Messages whose number is too far behind the last one's are left out. */
static uint64_t first_number(const struct flat_keys *f, struct attributes attributes)
{
	uint64_t number, last = 0;
	struct slice rest;

	for (size_t i = 0; i < attributes.count; i++)
		if (flat_key(f, attributes.items[i].key, &number, &rest) && number > last)
			last = number;
	return last >= MESSAGES_MAX ? last - MESSAGES_MAX + 1 : 0;
}

static void take_flat(const struct flat_keys *f, struct slice rest, const struct any_value *v, struct arena *a,
		      struct message *m)
{
	if (v->kind != ANY_STRING)
		return;
	if (slice_equal(rest, slice_of(f->role)))
		m->speaker = speaker_of(v->bytes);
	else if (slice_equal(rest, slice_of(f->content)))
		m->text = v->bytes;
	else if (f->part != NULL && slice_starts_with(rest, slice_of(f->part)) &&
		 slice_ends_with(rest, SLICE("message_content.text")))
		m->text = m->text.len == 0 ? v->bytes : arena_printf(a, "%.*s\n%.*s", SLICE_ARG(m->text), SLICE_ARG(v->bytes));
}

/* OpenLLMetry writes a content of several parts as JSON. */
static struct slice content_text(struct slice content, struct arena *a)
{
	bool may_be_parts = content.len > 1 && content.ptr[0] == '[' && content.ptr[1] == '{';
	struct slice found = may_be_parts ? conversation_text_in(content, a) : SLICE_NONE;

	return found.len > 0 ? found : content;
}

static void read_flat(struct conversation *c, const struct flat_keys *f, struct attributes attributes)
{
	struct message *found = arena_array(c->arena, MESSAGES_MAX, sizeof(*found));
	uint64_t number, first = first_number(f, attributes);
	struct slice rest;

	if (found == NULL)
		return;
	memset(found, 0, MESSAGES_MAX * sizeof(*found));
	for (size_t i = 0; i < attributes.count; i++)
		if (flat_key(f, attributes.items[i].key, &number, &rest) && number >= first)
			take_flat(f, rest, &attributes.items[i].value, c->arena, &found[number - first]);
	for (size_t i = 0; i < MESSAGES_MAX; i++)
		if (found[i].text.len > 0)
			conversation_add(c, found[i].speaker, content_text(found[i].text, c->arena));
}

/* ---------------------------------------------------------------- events, one for each message */
static const struct {
	const char *name;
	enum speaker speaker;
} spoken[] = {
	{ "gen_ai.user.message", SPEAKER_USER },
	{ "gen_ai.assistant.message", SPEAKER_MODEL },
};

static struct slice event_text(const struct event_view *e, struct arena *a)
{
	static const char *const keys[] = { "content", "gen_ai.event.content" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct any_value *v = attributes_find(e->attributes, slice_of(keys[i]));
		if (v == NULL || v->kind != ANY_STRING)
			continue;
		struct slice inside = conversation_text_in(v->bytes, a);
		return inside.len > 0 ? inside : v->bytes;
	}
	return SLICE_NONE;
}

static void read_events(struct conversation *c, const struct event_view *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(spoken) / sizeof(spoken[0]); k++)
			if (slice_equal(events[i].name, slice_of(spoken[k].name)))
				conversation_add(c, spoken[k].speaker, event_text(&events[i], c->arena));
}

/* ---------------------------------------------------------------- a value that holds all of them */
static struct slice content_of(const struct reading *r, enum field field, struct arena *a)
{
	const struct any_value *v = reading_content(r, field);
	struct buf text = BUF_INIT;

	if (v == NULL)
		return SLICE_NONE;
	if (v->kind == ANY_STRING || v->kind == ANY_BYTES)
		return v->bytes;
	any_json_write(&text, v, BYTES_AS_NULL);
	struct slice copy = buf_failed(&text) ? SLICE_NONE : arena_dup(a, buf_view(&text));
	buf_release(&text);
	return copy.ptr != NULL ? copy : SLICE_NONE;
}

static void read_content(struct conversation *c, const struct reading *r)
{
	struct slice input = content_of(r, FIELD_INPUT_TEXT, c->arena);

	if (input.len == 0)
		return;
	bool is_json = conversation_add_json(c, input);
	if (c->count > 0 || c->asked.len > 0)
		return;
	c->asked = is_json ? conversation_text_in(input, c->arena) : input;
	if (c->asked.len == 0)
		c->asked = input;
}

static void read_messages(struct conversation *c, const struct reading *r, struct attributes attributes,
			  const struct event_view *events, size_t event_count)
{
	for (size_t i = 0; i < sizeof(flat) / sizeof(flat[0]) && c->count == 0; i++)
		if (!flat[i].is_answer)
			read_flat(c, &flat[i], attributes);
	if (c->count == 0)
		read_events(c, events, event_count);
	if (c->count == 0)
		read_content(c, r);
}

static struct slice find_answer(const struct reading *r, struct arena *a, struct attributes attributes)
{
	struct conversation said = { .arena = a };

	for (size_t i = 0; i < sizeof(flat) / sizeof(flat[0]) && said.count == 0; i++)
		if (flat[i].is_answer)
			read_flat(&said, &flat[i], attributes);
	if (said.count > 0)
		return said.items[0].text;
	struct slice output = content_of(r, FIELD_OUTPUT_TEXT, a);
	struct slice inside = conversation_text_in(output, a);
	return inside.len > 0 ? inside : output;
}

/* ---------------------------------------------------------------- what is kept */
static struct slice cut(struct slice text, size_t max, struct arena *a)
{
	struct buf out = BUF_INIT;

	call_text_cut(&out, text, max);
	struct slice kept = out.len > 0 && !buf_failed(&out) ? arena_dup(a, buf_view(&out)) : SLICE_NONE;
	buf_release(&out);
	return kept.ptr != NULL ? kept : SLICE_NONE;
}

static bool is_kept(const struct message *m)
{
	return m->speaker == SPEAKER_USER || m->speaker == SPEAKER_MODEL;
}

/* From the last message back, as far as there is room; *kept: how many there are. */
static size_t first_kept(const struct conversation *c, size_t *kept)
{
	size_t room = CALL_MESSAGES_BYTES, first = c->count;

	*kept = 0;
	for (size_t i = c->count; i-- > 0;) {
		size_t size = c->items[i].text.len < CALL_QUESTION_BYTES ? c->items[i].text.len : CALL_QUESTION_BYTES;
		if (!is_kept(&c->items[i]))
			continue;
		if (size > room)
			break;
		room -= size;
		first = i;
		++*kept;
	}
	return first;
}

static struct slice write_messages(const struct conversation *c)
{
	struct buf out = BUF_INIT;
	size_t kept, first = first_kept(c, &kept);

	if (kept < 2)
		return SLICE_NONE;
	for (size_t i = first; i < c->count; i++) {
		if (!is_kept(&c->items[i]))
			continue;
		buf_text(&out, out.len > 0 ? ",{" : "[{");
		buf_text(&out, c->items[i].speaker == SPEAKER_USER ? "\"role\":\"user\"" : "\"role\":\"assistant\"");
		json_write_key(&out, "content");
		json_write_string(&out, cut(c->items[i].text, CALL_QUESTION_BYTES, c->arena));
		buf_byte(&out, '}');
	}
	buf_byte(&out, ']');
	struct slice text = buf_failed(&out) ? SLICE_NONE : arena_dup(c->arena, buf_view(&out));
	buf_release(&out);
	return text.ptr != NULL ? text : SLICE_NONE;
}

static struct slice question_of(const struct conversation *c)
{
	for (size_t i = c->count; i-- > 0;)
		if (c->items[i].speaker == SPEAKER_USER)
			return c->items[i].text;
	return c->asked;
}

void conversation_read(const struct reading *r, struct arena *a, struct attributes attributes,
		       const struct event_view *events, size_t event_count, struct call_text *out)
{
	struct conversation *c = arena_alloc(a, sizeof(*c));

	*out = (struct call_text){ .question = SLICE_NONE };
	if (c == NULL)
		return;
	*c = (struct conversation){ .arena = a };
	read_messages(c, r, attributes, events, event_count);
	out->question = cut(question_of(c), CALL_QUESTION_BYTES, a);
	out->messages = write_messages(c);
	out->actual = cut(find_answer(r, a, attributes), CALL_ACTUAL_BYTES, a);
}
