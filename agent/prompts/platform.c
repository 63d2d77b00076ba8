/* SPDX-License-Identifier: Apache-2.0
 * prompts/platform.c - see the header. Shapes: Langfuse API v2 prompts, LangChain serialisation version 1, Braintrust
 * prompt objects.
 */
#include "agent/prompts/platform.h"

#include "agent/base/json.h"

struct slice platform_text(struct slice object, const char *name, struct arena *a)
{
	struct slice raw = json_find(object, slice_of(name)), text = SLICE_NONE;
	struct json j;

	if (raw.len == 0)
		return SLICE_NONE;
	json_init(&j, raw);
	if (json_peek(&j) == JSON_NUMBER)
		return raw;
	return json_peek(&j) == JSON_STRING && json_text(&j, a, &text) ? text : SLICE_NONE;
}

static enum json_kind kind_of(struct slice raw)
{
	struct json j;

	json_init(&j, raw);
	return raw.len > 0 ? json_peek(&j) : JSON_BAD;
}

static struct slice container(struct slice raw, enum json_kind wanted)
{
	return kind_of(raw) == wanted ? raw : SLICE_NONE;
}

static struct slice first_text(struct slice object, const char *const *names, struct arena *a)
{
	struct slice found = SLICE_NONE;

	for (; *names != NULL && found.len == 0; names++)
		found = platform_text(object, *names, a);
	return found;
}

/* Parameters by the names that vendors have for them. */
static void read_parameters(struct slice config, struct arena *a, struct platform_prompt *out)
{
	static const char *const models[] = { "model", "model_name", "modelName", NULL };
	static const char *const limits[] = { "max_output_tokens", "max_completion_tokens", "max_tokens", "maxTokens", NULL };
	static const char *const temperatures[] = { "temperature", NULL };

	if (out->model.len == 0)
		out->model = first_text(config, models, a);
	if (out->temperature.len == 0)
		out->temperature = first_text(config, temperatures, a);
	if (out->max_output_tokens.len == 0)
		out->max_output_tokens = first_text(config, limits, a);
	if (out->tools.len == 0)
		out->tools = container(json_find(config, SLICE("tools")), JSON_ARRAY);
}

bool platform_langfuse(struct slice object, struct arena *a, struct platform_prompt *out)
{
	struct slice prompt = json_find(object, SLICE("prompt"));

	*out = (struct platform_prompt){ .name = platform_text(object, "name", a),
					 .version = platform_text(object, "version", a) };
	if (out->name.len == 0 || out->version.len == 0)
		return false;
	if (kind_of(prompt) == JSON_STRING)
		out->template = platform_text(object, "prompt", a);
	out->messages = container(prompt, JSON_ARRAY);
	read_parameters(json_find(object, SLICE("config")), a, out);
	return true;
}

bool platform_braintrust(struct slice object, struct arena *a, struct platform_prompt *out)
{
	static const char *const names[] = { "slug", "name", NULL }, *const versions[] = { "version", "_xact_id", NULL };
	struct slice data = json_find(object, SLICE("prompt_data"));
	struct slice prompt = json_find(data, SLICE("prompt")), options = json_find(data, SLICE("options"));

	*out = (struct platform_prompt){ .name = first_text(object, names, a), .version = first_text(object, versions, a) };
	if (out->name.len == 0 || out->version.len == 0)
		return false;
	out->messages = container(json_find(prompt, SLICE("messages")), JSON_ARRAY);
	if (out->messages.len == 0)
		out->template = platform_text(prompt, "content", a);
	read_parameters(options, a, out);
	read_parameters(json_find(options, SLICE("params")), a, out);
	return true;
}

/* ---------------------------------------------------------------- LangSmith */
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

static const char *role_of(struct slice ids)
{
	static const struct {
		const char *class, *role;
	} roles[] = { { "System", "system" }, { "Human", "user" }, { "AI", "assistant" } };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (slice_find(ids, slice_of(roles[i].class)) >= 0)
			return roles[i].role;
	return "user";
}

static void write_message(struct slice message, struct arena *a, struct buf *out)
{
	struct slice kwargs = json_find(message, SLICE("kwargs"));
	struct slice prompt = json_find(json_find(kwargs, SLICE("prompt")), SLICE("kwargs"));
	struct slice text = platform_text(prompt, "template", a), format = platform_text(prompt, "template_format", a);

	if (text.len == 0)
		text = platform_text(kwargs, "content", a);
	else if (format.len == 0 || slice_equal(format, SLICE("f-string")))
		text = double_braces(text, a);
	buf_printf(out, "%s{\"role\":\"%s\",\"content\":", out->len > 1 ? "," : "", role_of(json_find(message, SLICE("id"))));
	json_write_string(out, text);
	buf_byte(out, '}');
}

static struct slice messages_of(struct slice list, struct arena *a)
{
	struct buf out = BUF_INIT;
	struct slice message;
	struct json j;

	json_init(&j, list);
	buf_byte(&out, '[');
	if (json_array(&j))
		while (json_element(&j) && json_raw(&j, &message))
			write_message(message, a, &out);
	buf_byte(&out, ']');
	struct slice copy = out.len > 2 ? arena_dup(a, buf_view(&out)) : SLICE_NONE;
	buf_release(&out);
	return copy;
}

bool platform_langsmith(struct slice object, struct arena *a, struct platform_prompt *out)
{
	static const char *const names[] = { "repo", "lc_hub_repo", "name", NULL };
	static const char *const versions[] = { "commit_hash", "lc_hub_commit_hash", NULL };
	struct slice manifest = json_find(object, SLICE("manifest"));
	struct slice body = manifest.len > 0 ? manifest : object, kwargs = json_find(body, SLICE("kwargs"));
	struct slice metadata = json_find(kwargs, SLICE("metadata"));

	/* a prompt bound to its model: the first step of a sequence, and the last one's parameters */
	struct slice first = json_find(json_find(kwargs, SLICE("first")), SLICE("kwargs"));
	struct slice last = json_find(json_find(kwargs, SLICE("last")), SLICE("kwargs"));
	struct slice bound = json_find(json_find(last, SLICE("bound")), SLICE("kwargs"));

	*out = (struct platform_prompt){ .name = first_text(object, names, a), .version = first_text(object, versions, a) };
	if (metadata.len == 0)
		metadata = json_find(first, SLICE("metadata"));
	if (out->name.len == 0)
		out->name = first_text(metadata, names, a);
	if (out->version.len == 0)
		out->version = first_text(metadata, versions, a);
	if (out->name.len == 0 || out->version.len == 0)
		return false;
	out->messages = messages_of(json_find(first.len > 0 ? first : kwargs, SLICE("messages")), a);
	if (out->messages.len == 0) {
		struct slice template = platform_text(kwargs, "template", a);
		out->template = template.len > 0 ? double_braces(template, a) : template;
	}
	read_parameters(bound.len > 0 ? bound : last, a, out);
	return true;
}

/* ---------------------------------------------------------------- to a manifest */
static void text(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	json_write_key(out, name);
	json_write_string(out, value);
}

static void raw(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	json_write_key(out, name);
	buf_slice(out, value);
}

struct status platform_manifest(const char *source, const struct platform_prompt *p, struct manifest **out,
				struct buf *errors)
{
	struct buf json = BUF_INIT;

	buf_byte(&json, '{');
	text(&json, "name", p->name);
	text(&json, "version", p->version);
	text(&json, "model", p->model);
	raw(&json, "temperature", p->temperature);
	raw(&json, "max_output_tokens", p->max_output_tokens);
	text(&json, "template", p->template);
	raw(&json, "messages", p->messages);
	raw(&json, "tools", p->tools);
	text(&json, "owner", p->owner);
	buf_byte(&json, '}');
	struct status s = buf_failed(&json) ? FAIL(NOMEM, "no memory for the manifest") :
					      manifest_read(source, buf_view(&json), out, errors);
	buf_release(&json);
	return s;
}
