/* SPDX-License-Identifier: Apache-2.0
 * pricing/names.c - provider names mapped, model names rewritten.
 */
#include "agent/pricing/names.h"

#include <stdio.h>

#include "agent/pricing/table.h"
#include "agent/span/runner_tag.h"

#define S(literal) { literal, sizeof(literal) - 1 }

static const struct {
	struct slice telemetry, table;
} provider_names[] = {
	{ S("azure.ai.openai"), S("azure") },
	{ S("az.ai.openai"), S("azure") },
	{ S("azure.ai.inference"), S("azure") },
	{ S("az.ai.inference"), S("azure") },
	{ S("azure_openai"), S("azure") },
	{ S("azure_ai"), S("azure") },
	{ S("azure_text"), S("azure") },
	{ S("microsoft.foundry"), S("azure") },
	{ S("aws.bedrock"), S("aws") },
	{ S("aws_bedrock"), S("aws") },
	{ S("amazon_bedrock"), S("aws") },
	{ S("amazon-bedrock"), S("aws") },
	{ S("bedrock"), S("aws") },
	{ S("bedrock_mantle"), S("aws") },
	{ S("gcp.vertex_ai"), S("google") },
	{ S("vertex_ai"), S("google") },
	{ S("vertexai"), S("google") },
	{ S("gcp.gemini"), S("google") },
	{ S("gcp.gen_ai"), S("google") },
	{ S("gemini"), S("google") },
	{ S("google.generative-ai"), S("google") },
	{ S("googleai"), S("google") },
	{ S("mistral_ai"), S("mistral") },
	{ S("mistralai"), S("mistral") },
	{ S("x_ai"), S("x-ai") },
	{ S("xai"), S("x-ai") },
	{ S("moonshot_ai"), S("moonshotai") },
	{ S("together_ai"), S("together") },
	{ S("fireworks_ai"), S("fireworks") },
	{ S("openai.responses"), S("openai") },
	{ S("openai.chat"), S("openai") },
	{ S("anthropic.messages"), S("anthropic") },
	{ S("voyage"), S("voyageai") },
	{ S("voyage_ai"), S("voyageai") },
	{ S("bigmodel"), S("zhipuai") },
	{ S("ibm.watsonx.ai"), S("watsonx") }, /* in LiteLLM's map only */
};

static const struct slice frameworks[] = {
	S("langchain"), S("langgraph"),  S("crewai"),   S("strands-agents"),           S("llama_index"),
	S("llamaindex"), S("haystack"),  S("autogen"),  S("microsoft.agent_framework"), S("semantic_kernel"),
};

struct slice provider_table_name(struct slice name)
{
	name = slice_trim(name);
	if (name.len == 0)
		return SLICE_NONE;
	for (size_t i = 0; i < sizeof(provider_names) / sizeof(provider_names[0]); i++)
		if (slice_equal_nocase(name, provider_names[i].telemetry))
			return provider_names[i].table;
	for (size_t i = 0; i < sizeof(frameworks) / sizeof(frameworks[0]); i++)
		if (slice_equal_nocase(name, frameworks[i]))
			return SLICE_NONE;
	return name;
}

static void add(struct name_forms *out, struct slice provider, struct slice model)
{
	if (out->count == NAME_FORMS_MAX || model.len == 0)
		return;
	for (size_t i = 0; i < out->count; i++)
		if (slice_equal(out->forms[i].model, model) && slice_equal(out->forms[i].provider, provider))
			return;
	out->forms[out->count++] = (struct name_form){ provider, model };
}

/* What stands behind the last occurrence of mark; ptr NULL where there is none. */
static struct slice behind_last(struct slice s, struct slice mark)
{
	struct slice found = SLICE_NONE;

	for (ptrdiff_t at; (at = slice_find(s, mark)) >= 0;)
		s = found = slice_skip(s, (size_t)at + mark.len);
	return found;
}

/* Resource paths of Vertex (".../publishers/google/models/X", "models/X") and of Bedrock (ARNs that carry the id). */
static struct slice without_path(struct slice model)
{
	static const struct slice marks[] = { S("inference-profile/"), S("foundation-model/") };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct slice id = behind_last(model, marks[i]);
		if (id.ptr != NULL)
			return id;
	}
	if (slice_starts_with(model, SLICE("models/")))
		return slice_skip(model, 7);
	struct slice id = behind_last(model, SLICE("/models/"));
	return id.ptr != NULL ? id : model;
}

/* The vendor in front of the first '/', if any. */
static bool split_vendor(struct slice model, struct slice *vendor, struct slice *rest)
{
	ptrdiff_t at = slice_find(model, SLICE("/"));

	if (at <= 0)
		return false;
	*vendor = slice_head(model, (size_t)at);
	*rest = slice_skip(model, (size_t)at + 1);
	return true;
}

/* Bedrock: "us.anthropic.claude-..." is "anthropic.claude-..." by way of a geography. */
static struct slice without_geography(struct slice model)
{
	static const struct slice geographies[] = { S("us."), S("eu."), S("apac."),   S("ap."),    S("jp."),
						    S("au."), S("ca."), S("in."), S("us-gov."), S("global.") };

	for (size_t i = 0; i < sizeof(geographies) / sizeof(geographies[0]); i++)
		if (slice_starts_with(model, geographies[i]))
			return slice_skip(model, geographies[i].len);
	return model;
}

/* "vendor.model" with a vendor that Bedrock has. */
static bool is_bedrock_id(struct slice model)
{
	static const struct slice vendors[] = {
		S("anthropic."), S("amazon."), S("meta."),   S("mistral."), S("cohere."),     S("ai21."),
		S("deepseek."),  S("qwen."),   S("openai."), S("google."),  S("moonshotai."), S("moonshot."),
		S("minimax."),   S("nvidia."), S("writer."), S("xai."),     S("zai."),        S("twelvelabs."),
	};

	model = without_geography(model);
	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (slice_starts_with(model, vendors[i]))
			return true;
	return false;
}

/* The model with its first `from` replaced by `to`, at out. */
static struct slice replaced(struct slice model, struct slice from, struct slice to, char *out)
{
	ptrdiff_t at = slice_find(model, from);

	if (at < 0)
		return SLICE_NONE;
	int n = snprintf(out, NAME_TEXT_MAX, "%.*s%.*s%.*s", (int)at, model.ptr, SLICE_ARG(to),
			 SLICE_ARG(slice_skip(model, (size_t)at + from.len)));
	return n > 0 && n < NAME_TEXT_MAX ? (struct slice){ out, (size_t)n } : SLICE_NONE;
}

/* Adds the model without the vendor in front of it, where that is the provider's name or no other is known. Returns
 * what to go on with. */
static struct slice add_without_vendor(struct name_forms *out, struct slice name, struct slice model)
{
	struct slice vendor, rest;

	if (!split_vendor(model, &vendor, &rest))
		return model;
	struct slice vendor_name = provider_table_name(vendor);
	if (name.ptr == NULL && vendor_name.ptr != NULL)
		add(out, vendor_name, rest);
	if (!slice_equal_nocase(vendor_name, name))
		return model;
	add(out, name, rest);
	return rest;
}

/* LiteLLM's routes stand in front: "converse/us.anthropic.claude-...", "us-west-2/amazon.nova-...". */
static void add_bedrock(struct name_forms *out, struct slice model)
{
	struct slice id = behind_last(model, SLICE("/"));

	id = id.ptr != NULL ? id : model;
	if (!is_bedrock_id(id))
		return;
	add(out, SLICE("aws"), id);
	add(out, SLICE("aws"), without_geography(id));
}

void name_forms_of(struct slice provider, struct slice model, struct name_forms *out)
{
	struct slice name = provider_table_name(provider);

	out->count = 0;
	if (name.ptr == NULL && has_runner_tag(model))
		return;
	add(out, name, model);
	if (model.len > NAME_TEXT_MAX)
		return;
	model = table_lower_case(slice_trim(model), out->text);
	struct slice id = without_path(model);
	add(out, name, id);
	id = add_without_vendor(out, name, id);
	add_without_vendor(out, name, model); /* the path may belong to the id: "fireworks_ai/accounts/fireworks/..." */
	add_bedrock(out, id);
	add(out, name, replaced(id, SLICE("gpt-35"), SLICE("gpt-3.5"), out->text + NAME_TEXT_MAX));
	add(out, name, replaced(id, SLICE("@"), SLICE("-"), out->text + 2 * (size_t)NAME_TEXT_MAX));
}
