/* SPDX-License-Identifier: Apache-2.0
 * prompts/platform.c - see the header. Shapes: Langfuse API v2 prompts (langfuse 5.0), Braintrust prompt objects.
 * LangSmith's are in platform_langsmith.c.
 */
#include "agent/prompts/platform.h"

#include "agent/base/json.h"

#define LOST_BYTES_MAX 2000u

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

struct slice platform_container(struct slice raw, enum json_kind wanted)
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

/* ---------------------------------------------------------------- what has no place */
void platform_lose(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice name)
{
	if (p->lost.len < LOST_BYTES_MAX)
		p->lost = arena_printf(a, "%.*s%s%s%.*s", SLICE_ARG(p->lost), p->lost.len > 0 ? ", " : "", prefix,
				       SLICE_ARG(slice_head(name, 80)));
}

/* Empty, or a mark where a key of the vendor stood. */
static bool says_nothing(struct slice value)
{
	static const char *const empty[] = { "null", "\"\"", "[]", "{}", "false" };

	if (slice_equal(json_find(platform_container(value, JSON_OBJECT), SLICE("type")), SLICE("\"secret\"")))
		return true;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (slice_equal(value, slice_of(empty[i])))
			return true;
	return false;
}

static bool is_one_of(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_equal(name, slice_of(*names)))
			return true;
	return false;
}

void platform_lose_others(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice object,
			  const char *const *taken)
{
	struct json_string name;
	struct slice value;
	struct json j;

	json_init(&j, object);
	if (object.len == 0 || json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return;
	while (json_member(&j, &name) && json_raw(&j, &value))
		if (!says_nothing(value) && !is_one_of(name.raw, taken))
			platform_lose(p, a, prefix, name.raw);
}

/* Whether the manifest's field of that name can hold it. */
static bool is_in_range(const char *field, struct slice number)
{
	const struct conf_option *o = manifest_options;
	uint64_t whole;
	double value;

	while (strcmp(o->name, field) != 0)
		o++;
	return json_is_valid(number) && slice_to_double(number, &value) && value >= o->min && value <= o->max &&
	       (o->type != CONF_INT || slice_to_u64(number, &whole));
}

/* The first of these members that the field can hold; others have no place: "auto", a variable, -1 for no limit. */
static void take_number(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice object,
			const char *field, const char *const *names, struct slice *out)
{
	for (; *names != NULL && out->len == 0; names++) {
		struct slice number = platform_text(object, *names, a);
		if (is_in_range(field, number))
			*out = number;
		else if (number.len > 0)
			platform_lose(p, a, prefix, slice_of(*names));
	}
}

void platform_parameters(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice object)
{
	static const char *const models[] = { "model", "model_name", "modelName", "model_id", NULL };
	static const char *const limits[] = { "max_output_tokens", "max_completion_tokens", "max_tokens", "maxTokens",
					      "max_tokens_to_sample", NULL };
	static const char *const temperatures[] = { "temperature", NULL };
	static const char *const taken[] = { "model", "model_name", "modelName", "model_id", "max_output_tokens",
					     "max_completion_tokens", "max_tokens", "maxTokens", "max_tokens_to_sample",
					     "temperature", "tools", NULL };

	if (p->model.len == 0)
		p->model = first_text(object, models, a);
	take_number(p, a, prefix, object, "temperature", temperatures, &p->temperature);
	take_number(p, a, prefix, object, "max_output_tokens", limits, &p->max_output_tokens);
	struct slice tools = platform_container(json_find(object, SLICE("tools")), JSON_ARRAY);
	if (p->tools.len == 0 && !says_nothing(tools))
		p->tools = tools;
	platform_lose_others(p, a, prefix, object, taken);
}

/* ---------------------------------------------------------------- Langfuse and Braintrust */
bool platform_langfuse(struct slice object, struct arena *a, struct platform_prompt *out)
{
	/* id and the like say nothing of the prompt; labels are where it was put, which a manifest does not say */
	static const char *const taken[] = { "id", "name", "version", "type", "prompt", "config", "projectId", "createdAt",
					     "updatedAt", "createdBy", "isActive", "resolutionGraph", NULL };
	struct slice prompt = json_find(object, SLICE("prompt"));

	*out = (struct platform_prompt){ .name = platform_text(object, "name", a),
					 .version = platform_text(object, "version", a) };
	if (out->name.len == 0 || out->version.len == 0)
		return false;
	if (kind_of(prompt) == JSON_STRING)
		out->template = platform_text(object, "prompt", a);
	out->messages = platform_container(prompt, JSON_ARRAY);
	platform_parameters(out, a, "config.", json_find(object, SLICE("config")));
	platform_lose_others(out, a, "", object, taken);
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
	out->messages = platform_container(json_find(prompt, SLICE("messages")), JSON_ARRAY);
	if (out->messages.len == 0)
		out->template = platform_text(prompt, "content", a);
	platform_parameters(out, a, "params.", json_find(options, SLICE("params")));
	platform_parameters(out, a, "options.", options);
	return true;
}

/* ---------------------------------------------------------------- to a manifest */
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
	json_write_text_if_any(&json, "name", p->name);
	json_write_text_if_any(&json, "version", p->version);
	json_write_text_if_any(&json, "model", p->model);
	raw(&json, "temperature", p->temperature);
	raw(&json, "max_output_tokens", p->max_output_tokens);
	json_write_text_if_any(&json, "template", p->template);
	raw(&json, "messages", p->messages);
	raw(&json, "tools", p->tools);
	json_write_text_if_any(&json, "owner", p->owner);
	buf_byte(&json, '}');
	struct status s = buf_failed(&json) ? FAIL(NOMEM, "no memory for the manifest") :
					      manifest_read(source, buf_view(&json), out, errors);
	buf_release(&json);
	return s;
}
