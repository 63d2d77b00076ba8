/* SPDX-License-Identifier: Apache-2.0
 * prompts/platform_langsmith.c - LangChain's serialisation version 1 (langchain-core 1.7, load/dump.py): an object is
 * {"lc":1,"type":"constructor","id":[..., CLASS],"kwargs":{...}}.
 *
 * Recorded in tests/exports/langsmith.prompts.json: a prompt alone, bound to a model, to a model with tools, a plain
 * text, mustache, and one with an answer's schema.
 */
#include "agent/base/json.h"
#include "agent/prompts/platform.h"

struct reading {
	struct platform_prompt *out;
	struct arena *arena;
	struct buf messages;
};

static struct slice kwargs_of(struct slice object)
{
	return json_find(object, SLICE("kwargs"));
}

/* The class: the last of its id. */
static struct slice class_of(struct slice object, struct arena *a)
{
	struct slice last = SLICE_NONE;
	struct json j;

	json_init(&j, json_find(object, SLICE("id")));
	if (json_array(&j))
		while (json_element(&j) && json_text(&j, a, &last))
			;
	return last;
}

/* {x} becomes {{x}}; {{ and }} are braces that stand for themselves there. */
static struct slice double_braces(struct slice text, struct arena *a)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool is_brace = c == '{' || c == '}';
		if (is_brace && i + 1 < text.len && text.ptr[i + 1] == c) {
			buf_byte(&out, c);
			i++;
			continue;
		}
		buf_byte(&out, c);
		if (is_brace)
			buf_byte(&out, c);
	}
	struct slice copy = arena_dup(a, buf_view(&out));
	buf_release(&out);
	return copy;
}

/* Text of a PromptTemplate's kwargs, with two braces around variables. */
static struct slice template_of(struct slice kwargs, struct arena *a)
{
	struct slice text = platform_text(kwargs, "template", a), format = platform_text(kwargs, "template_format", a);

	return format.len == 0 || slice_equal(format, SLICE("f-string")) ? double_braces(text, a) : text;
}

/* ---------------------------------------------------------------- messages */
static struct slice role_of(struct slice class, struct slice kwargs, struct arena *a)
{
	static const struct {
		const char *class, *role;
	} roles[] = { { "System", "system" }, { "Human", "user" }, { "AI", "assistant" }, { "Tool", "tool" },
		      { "Function", "function" } };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (slice_starts_with(class, slice_of(roles[i].class)))
			return slice_of(roles[i].role);
	return platform_text(kwargs, "role", a); /* ChatMessagePromptTemplate */
}

static void begin_message(struct reading *r)
{
	buf_text(&r->messages, r->messages.len > 1 ? "," : "");
}

static void write_text_part(struct reading *r, struct slice text, bool is_first)
{
	buf_text(&r->messages, is_first ? "{\"type\":\"text\",\"text\":" : ",{\"type\":\"text\",\"text\":");
	json_write_string(&r->messages, text);
	buf_byte(&r->messages, '}');
}

/* Several templates in one message, of texts and images: the texts stay, as parts. */
static void write_parts(struct reading *r, struct slice list)
{
	bool is_first = true;
	struct slice part;
	struct json j;

	json_init(&j, list);
	buf_byte(&r->messages, '[');
	if (json_array(&j))
		while (json_element(&j) && json_raw(&j, &part)) {
			struct slice class = class_of(part, r->arena);
			if (!slice_equal(class, SLICE("PromptTemplate"))) {
				platform_lose(r->out, r->arena, "a part of class ", class);
				continue;
			}
			write_text_part(r, template_of(kwargs_of(part), r->arena), is_first);
			is_first = false;
		}
	buf_byte(&r->messages, ']');
}

static void write_content(struct reading *r, struct slice kwargs)
{
	struct slice prompt = json_find(kwargs, SLICE("prompt")), content = json_find(kwargs, SLICE("content"));

	if (platform_container(prompt, JSON_OBJECT).len > 0)
		json_write_string(&r->messages, template_of(kwargs_of(prompt), r->arena));
	else if (platform_container(prompt, JSON_ARRAY).len > 0)
		write_parts(r, prompt);
	else if (content.len > 0)
		buf_slice(&r->messages, content); /* a message without variables: its text or parts as they are */
	else
		buf_text(&r->messages, "\"\"");
}

static void write_message(struct reading *r, struct slice message)
{
	struct slice kwargs = kwargs_of(message), class = class_of(message, r->arena);
	struct slice role = role_of(class, kwargs, r->arena);

	if (slice_equal(class, SLICE("MessagesPlaceholder"))) { /* as Langfuse writes it */
		begin_message(r);
		buf_text(&r->messages, "{\"type\":\"placeholder\",\"name\":");
		json_write_string(&r->messages, platform_text(kwargs, "variable_name", r->arena));
		buf_byte(&r->messages, '}');
		return;
	}
	if (role.len == 0) {
		platform_lose(r->out, r->arena, "a message of class ", class);
		return;
	}
	begin_message(r);
	buf_text(&r->messages, "{\"role\":");
	json_write_string(&r->messages, role);
	buf_text(&r->messages, ",\"content\":");
	write_content(r, kwargs);
	buf_byte(&r->messages, '}');
}

static void read_messages(struct reading *r, struct slice list)
{
	struct slice message;
	struct json j;

	json_init(&j, list);
	buf_byte(&r->messages, '[');
	if (list.len > 0 && json_array(&j))
		while (json_element(&j) && json_raw(&j, &message))
			write_message(r, message);
	buf_byte(&r->messages, ']');
	if (r->messages.len > 2)
		r->out->messages = arena_dup(r->arena, buf_view(&r->messages));
	buf_release(&r->messages);
}

/* ---------------------------------------------------------------- the prompt and its model */
static void read_prompt(struct reading *r, struct slice kwargs)
{
	/* what only describes the serialisation, or is read elsewhere; an answer's schema, say, has no place */
	static const char *const taken[] = { "input_variables", "optional_variables", "input_types", "messages", "template",
					     "template_format", "partial_variables", "metadata", "name", "validate_template",
					     NULL };
	static const char *const none[] = { NULL };

	read_messages(r, json_find(kwargs, SLICE("messages")));
	if (r->out->messages.len == 0)
		r->out->template = template_of(kwargs, r->arena);
	platform_lose_others(r->out, r->arena, "", kwargs, taken);
	platform_lose_others(r->out, r->arena, "partial_variables.", json_find(kwargs, SLICE("partial_variables")), none);
}

/* A model, or one with tools and other arguments bound to it. */
static void read_model(struct reading *r, struct slice step)
{
	struct slice kwargs = kwargs_of(step), bound = json_find(kwargs, SLICE("bound")), class = class_of(step, r->arena);

	if (slice_find(class, SLICE("Parser")) >= 0) {
		platform_lose(r->out, r->arena, "a step of class ", class);
		return;
	}
	platform_parameters(r->out, r->arena, "model.", bound.len > 0 ? kwargs_of(bound) : kwargs);
	if (bound.len > 0)
		platform_parameters(r->out, r->arena, "bound.", kwargs_of(kwargs));
}

/* A sequence: the prompt first, then the model, then perhaps what reads its answer. */
static void read_steps(struct reading *r, struct slice kwargs)
{
	struct slice step;
	struct json j;

	json_init(&j, json_find(kwargs, SLICE("middle")));
	if (json_find(kwargs, SLICE("middle")).len > 0 && json_array(&j))
		while (json_element(&j) && json_raw(&j, &step))
			read_model(r, step);
	if (json_find(kwargs, SLICE("last")).len > 0)
		read_model(r, json_find(kwargs, SLICE("last")));
}

static struct slice first_of(struct slice object, struct slice metadata, const char *const *names, struct arena *a)
{
	struct slice found = SLICE_NONE;

	for (int i = 0; names[i] != NULL && found.len == 0; i++) {
		found = platform_text(object, names[i], a);
		if (found.len == 0)
			found = platform_text(metadata, names[i], a);
	}
	return found;
}

bool platform_langsmith(struct slice object, struct arena *a, struct platform_prompt *out)
{
	static const char *const names[] = { "repo", "lc_hub_repo", NULL };
	static const char *const versions[] = { "commit_hash", "lc_hub_commit_hash", NULL };
	static const char *const owners[] = { "owner", "lc_hub_owner", NULL };
	struct reading r = { .out = out, .arena = a, .messages = BUF_INIT };
	struct slice manifest = json_find(object, SLICE("manifest"));
	struct slice kwargs = kwargs_of(manifest.len > 0 ? manifest : object);
	struct slice first = kwargs_of(json_find(kwargs, SLICE("first"))), prompt = first.len > 0 ? first : kwargs;
	struct slice metadata = json_find(prompt, SLICE("metadata"));

	*out = (struct platform_prompt){ .name = first_of(object, metadata, names, a),
					 .version = first_of(object, metadata, versions, a),
					 .owner = first_of(object, metadata, owners, a) };
	if (slice_equal(out->owner, SLICE("-"))) /* one's own workspace */
		out->owner = SLICE_NONE;
	read_prompt(&r, prompt);
	read_steps(&r, kwargs);
	platform_lose_others(out, a, "", manifest.len > 0 ? object : SLICE_NONE,
			     (const char *const[]){ "owner", "repo", "commit_hash", "manifest", "description", NULL });
	return out->name.len > 0 && out->version.len > 0;
}
