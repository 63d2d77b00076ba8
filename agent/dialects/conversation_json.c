/* SPDX-License-Identifier: Apache-2.0
 * dialects/conversation_json.c - messages in JSON: an object with a role, wherever it stands.
 *
 * Shapes read this way: the semantic conventions' parts, OpenAI's chat and responses, Anthropic, Bedrock's Converse, Gemini,
 * LangChain's serialised messages (whose `type` is the role).
 */
#include "agent/base/json.h"
#include "agent/dialects/conversation_priv.h"
#include "agent/dialects/message_walk.h"

#define DEPTH_MAX 16

static bool is_one_of(struct slice word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_equal(word, slice_of(*words)))
			return true;
	return false;
}

enum speaker speaker_of(struct slice role)
{
	static const char *const users[] = { "user", "human", NULL };
	static const char *const models[] = { "assistant", "model", "ai", NULL };
	static const char *const systems[] = { "system", "developer", NULL };

	if (is_one_of(role, users))
		return SPEAKER_USER;
	if (is_one_of(role, models))
		return SPEAKER_MODEL;
	return is_one_of(role, systems) ? SPEAKER_SYSTEM : SPEAKER_OTHER;
}

struct slice conversation_text_in(struct slice json, struct arena *a)
{
	struct buf text = BUF_INIT;
	struct message_walk w = { .text = &text, .arena = a };

	message_walk_run(&w, json);
	if (w.system_start == 0 && w.system_end > 0 && w.system_end < text.len) { /* what stands beside it is the question */
		memmove(text.ptr, text.ptr + w.system_end, text.len - w.system_end);
		text.len -= w.system_end;
	}
	struct slice found = slice_trim(buf_view(&text));
	found = found.len > 0 && !buf_failed(&text) ? arena_dup(a, found) : SLICE_NONE;
	buf_release(&text);
	return found.ptr != NULL ? found : SLICE_NONE;
}

static struct slice plain(struct slice json_text)
{
	bool is_text = json_text.len >= 2 && json_text.ptr[0] == '"';

	return is_text ? (struct slice){ json_text.ptr + 1, json_text.len - 2 } : SLICE_NONE;
}

/* The role of an object that is a message; empty where it is none. */
static struct slice role_of(struct slice object)
{
	struct slice role = plain(json_find(object, SLICE("role")));

	if (role.len > 0)
		return role;
	role = plain(json_find(object, SLICE("type")));
	return speaker_of(role) != SPEAKER_OTHER ? role : SLICE_NONE;
}

static void find_in(struct conversation *c, struct json *j, unsigned depth);

/* The first text under a name that means what is asked. */
static void note_question(struct conversation *c, struct slice key, struct json *j)
{
	static const char *const names[] = { "input", "inputs", "prompt", "question", "query", "text", NULL };
	struct json_string s;

	if (json_string(j, &s) && c->asked.len == 0 && is_one_of(key, names)) {
		struct slice text = json_unescape(s, c->arena);
		c->asked = text.ptr != NULL ? text : SLICE_NONE;
	}
}

static void find_in_members(struct conversation *c, struct json *j, unsigned depth)
{
	static const char *const others[] = { "tools", "functions", "parameters", "response_format", "metadata", "system",
					      "instructions", "systemInstruction", "system_instruction", "invocation_params", NULL };
	struct json_string key;

	json_object(j);
	while (json_member(j, &key)) {
		if (is_one_of(key.raw, others))
			json_skip(j);
		else if (json_peek(j) == JSON_STRING)
			note_question(c, key.raw, j);
		else
			find_in(c, j, depth + 1);
	}
}

static void find_in_object(struct conversation *c, struct json *j, unsigned depth)
{
	struct json here = *j;
	struct slice object;

	if (!json_raw(j, &object))
		return;
	struct slice role = role_of(object);
	if (role.len > 0)
		conversation_add(c, speaker_of(role), conversation_text_in(object, c->arena));
	else
		find_in_members(c, &here, depth);
}

/* Each object is looked at once for its role and once for what is in it: DEPTH_MAX bounds that. */
static void find_in(struct conversation *c, struct json *j, unsigned depth)
{
	enum json_kind kind = json_peek(j);

	if (depth > DEPTH_MAX || (kind != JSON_OBJECT && kind != JSON_ARRAY)) {
		json_skip(j);
		return;
	}
	if (kind == JSON_OBJECT) {
		find_in_object(c, j, depth);
		return;
	}
	json_array(j);
	while (json_element(j))
		find_in(c, j, depth + 1);
}

bool conversation_add_json(struct conversation *c, struct slice text)
{
	struct slice trimmed = slice_trim(text);
	struct json j;

	if (trimmed.len == 0 || (trimmed.ptr[0] != '{' && trimmed.ptr[0] != '[') || !json_is_valid(trimmed))
		return false;
	json_init(&j, trimmed);
	find_in(c, &j, 0);
	return true;
}
