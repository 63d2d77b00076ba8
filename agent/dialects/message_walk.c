/* SPDX-License-Identifier: Apache-2.0
 * dialects/message_walk.c - one recursive walk that knows a few member names and no vendor.
 *
 * Text is what stands under "content" or "text"; a tool call is an object of a type so named, or one in a list of tool
 * calls; the system's message has that role, or stands under a name of its own. Shapes read this way: the semantic
 * conventions' parts, OpenAI's chat and responses, Anthropic, Bedrock's Converse, Gemini, LangChain's serialised messages.
 */
#include "agent/dialects/message_walk.h"

#define DEPTH_MAX 24

/* What one object has told of itself by its end. */
struct object {
	struct slice type, name, role;
	bool is_call, is_system;
	size_t text_start;
};

static bool is_one_of(struct slice word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_equal(word, slice_of(*words)))
			return true;
	return false;
}

static const char *const text_keys[] = { "content", "text", "output_text", NULL };
static const char *const call_lists[] = { "tool_calls", "toolCalls", NULL };
static const char *const call_objects[] = { "toolUse", "functionCall", "function_call", NULL };
static const char *const call_types[] = { "tool_call", "tool_use", "function_call", "tool-call", NULL };
static const char *const system_keys[] = { "system", "instructions", "system_instruction", "systemInstruction", NULL };
static const char *const system_roles[] = { "system", "developer", NULL };
static const char *const not_text[] = { "reasoning", "thinking", "tool_result", "tool_call_response", NULL };
static const char *const skipped[] = {
	"usage", "usage_metadata", "response_metadata", "llm_output", "tools", "parameters", "arguments", "args", "input_schema", NULL,
};

static void walk_value(struct message_walk *w, struct json *j, struct slice key, struct object *parent, unsigned depth);

static void put_text(struct message_walk *w, struct slice text)
{
	if (text.len == 0)
		return;
	if (w->text->len > 0)
		buf_byte(w->text, '\n');
	buf_slice(w->text, text);
}

static void take_string(struct message_walk *w, struct json *j, struct slice key, struct object *o)
{
	struct json_string string;

	if (!json_string(j, &string))
		return;
	if (key.len == 0 || is_one_of(key, text_keys)) {
		if (w->only_system && o != NULL && o->role.len > 0 && !is_one_of(o->role, system_roles))
			return;
		put_text(w, string.escaped ? json_unescape(string, w->arena) : string.raw);
	} else if (is_one_of(key, system_keys)) {
		w->system_start = w->text->len;
		put_text(w, string.escaped ? json_unescape(string, w->arena) : string.raw);
		w->system_end = w->text->len;
	} else if (o == NULL) {
		return;
	} else if (slice_equal(key, SLICE("role"))) {
		o->role = string.raw;
	} else if (slice_equal(key, SLICE("type"))) {
		o->type = string.raw;
	} else if (slice_equal(key, SLICE("name"))) {
		o->name = string.raw;
	} else if (slice_equal(key, SLICE("toolName"))) {
		o->name = string.raw;
		o->is_call = true;
	} else if (slice_equal(key, SLICE("refusal"))) {
		w->refused |= string.raw.len > 0;
	}
}

static void end_object(struct message_walk *w, struct object *o, struct object *parent)
{
	bool is_system = o->is_system || is_one_of(o->role, system_roles) ||
			 (o->role.len == 0 && is_one_of(o->type, system_roles));

	if ((o->is_call || is_one_of(o->type, call_types)) && o->name.len > 0) {
		if (w->tool_calls < TOOL_CALLS_MAX)
			w->tool_names[w->tool_calls] = o->name;
		w->tool_calls++;
	}
	if (slice_equal(o->type, SLICE("refusal")))
		w->refused = true;
	if (is_one_of(o->type, not_text))
		w->text->len = o->text_start; /* thoughts and tools' answers are no answer */
	if (is_system && w->system_end == w->system_start && w->text->len > o->text_start) {
		w->system_start = o->text_start;
		w->system_end = w->text->len;
	}
	if (parent != NULL && parent->is_call && parent->name.len == 0) /* {"function": {"name": ...}} */
		parent->name = o->name;
}

/* LangChain tells a generation's text beside the message that holds it again. */
static bool repeats(const struct message_walk *w, struct slice key, const struct object *o)
{
	return slice_equal(key, SLICE("message")) && w->text->len > o->text_start;
}

static void walk_object(struct message_walk *w, struct json *j, struct slice key, struct object *parent, unsigned depth)
{
	struct object o = { .text_start = w->text->len };
	struct json_string member;

	o.is_call = is_one_of(key, call_lists) || is_one_of(key, call_objects);
	o.is_system = is_one_of(key, system_keys);
	json_object(j);
	while (json_member(j, &member)) {
		if (is_one_of(member.raw, skipped)) {
			json_skip(j);
			continue;
		}
		bool again = repeats(w, member.raw, &o);
		size_t length = w->text->len;
		walk_value(w, j, member.raw, &o, depth + 1);
		if (again)
			w->text->len = length;
	}
	if (slice_equal(key, SLICE("additional_kwargs"))) /* tells the same calls in the vendor's words */
		return;
	end_object(w, &o, parent);
}

static void walk_list(struct message_walk *w, struct json *j, struct slice key, struct object *parent, unsigned depth)
{
	bool is_system = is_one_of(key, system_keys) || (parent != NULL && is_one_of(parent->role, system_roles));
	size_t start = w->text->len;

	json_array(j);
	for (unsigned i = 0; json_element(j); i++) {
		if (w->only_system && i > 0 && !is_system)
			json_skip(j);
		else
			walk_value(w, j, key, json_peek(j) == JSON_STRING ? NULL : parent, depth + 1);
		if (w->only_system && depth == 0)
			break; /* the first message has been seen, and nothing stands beside the list */
	}
	if (is_one_of(key, system_keys) && w->system_end == w->system_start) {
		w->system_start = start;
		w->system_end = w->text->len;
	}
}

static void walk_value(struct message_walk *w, struct json *j, struct slice key, struct object *parent, unsigned depth)
{
	enum json_kind kind = json_peek(j);

	if (depth > DEPTH_MAX)
		json_skip(j);
	else if (kind == JSON_STRING)
		take_string(w, j, key, parent);
	else if (kind == JSON_OBJECT)
		walk_object(w, j, key, parent, depth);
	else if (kind == JSON_ARRAY)
		walk_list(w, j, key, parent, depth);
	else
		json_skip(j);
}

void message_walk_run(struct message_walk *w, struct slice text)
{
	struct slice trimmed = slice_trim(text);
	struct json j;

	if (trimmed.len == 0)
		return;
	if (trimmed.ptr[0] != '{' && trimmed.ptr[0] != '[') {
		if (trimmed.ptr[0] != '"' || !json_is_valid(trimmed)) {
			if (!w->only_system)
				put_text(w, text);
			return;
		}
		text = trimmed;
	}
	json_init(&j, text);
	walk_value(w, &j, SLICE(""), NULL, 0);
	if (w->text->len == 0 && j.why != NULL && !w->only_system) /* begins like JSON and is none: "[sic] ..." */
		put_text(w, text);
}
