/* SPDX-License-Identifier: Apache-2.0
 * dialects/provider.c - spellings seen in the wild, hosts and model prefixes.
 *
 * Source: gen_ai.provider.name of the semantic conventions (2026), older gen_ai.system values, and what the
 * instrumentations of openinference, openllmetry, LangChain4j and the Vercel AI SDK write.
 */
#include "agent/dialects/provider.h"

#include "agent/base/compiler.h"
#include "agent/span/runner_tag.h"

struct pair {
	struct slice from, to;
};

#define PAIR(from, to) { { (from), sizeof(from) - 1 }, { (to), sizeof(to) - 1 } }

/* Case and what joins the words ("-", "_", a space) make no difference. */
static const struct pair spellings[] = {
	PAIR("openai", "openai"),
	PAIR("anthropic", "anthropic"),
	PAIR("claude", "anthropic"),
	PAIR("aws.bedrock", "aws.bedrock"),
	PAIR("azure.ai.openai", "azure.ai.openai"),
	PAIR("azure.ai.inference", "azure.ai.inference"),
	PAIR("gcp.vertex_ai", "gcp.vertex_ai"),
	PAIR("gcp.gemini", "gcp.gemini"),
	PAIR("gcp.gen_ai", "gcp.gen_ai"),
	PAIR("mistral_ai", "mistral_ai"),
	PAIR("x_ai", "x_ai"),
	PAIR("vertex", "gcp.vertex_ai"),
	PAIR("vertex_ai", "gcp.vertex_ai"),
	PAIR("vertex_ai_beta", "gcp.vertex_ai"),
	PAIR("google.vertex", "gcp.vertex_ai"),
	PAIR("google_vertex", "gcp.vertex_ai"),
	PAIR("google_vertex_ai", "gcp.vertex_ai"),
	PAIR("google_anthropic_vertex", "gcp.vertex_ai"),
	PAIR("google_vertex_ai_gemini", "gcp.vertex_ai"),
	PAIR("google_vertex_ai_anthropic", "gcp.vertex_ai"),
	PAIR("gcp_vertex_gemini", "gcp.vertex_ai"),
	PAIR("gcp_vertex_anthropic", "gcp.vertex_ai"),
	PAIR("gemini", "gcp.gemini"),
	PAIR("google", "gcp.gemini"),
	PAIR("google_ai", "gcp.gemini"),
	PAIR("google_gla", "gcp.gemini"),
	PAIR("google_genai", "gcp.gemini"),
	PAIR("google_ai_gemini", "gcp.gemini"),
	PAIR("google_ai_studio", "gcp.gemini"),
	PAIR("google_ai_studio_gemini", "gcp.gemini"),
	PAIR("google.generative-ai", "gcp.gemini"),
	PAIR("az.ai.inference", "azure.ai.inference"),
	PAIR("azure_ai", "azure.ai.inference"),
	PAIR("azure_ai_inference", "azure.ai.inference"),
	PAIR("az.ai.openai", "azure.ai.openai"),
	PAIR("az.ai.agents", "azure.ai.openai"),
	PAIR("azure", "azure.ai.openai"),
	PAIR("azure_openai", "azure.ai.openai"),
	PAIR("bedrock", "aws.bedrock"),
	PAIR("bedrock_converse", "aws.bedrock"),
	PAIR("aws", "aws.bedrock"),
	PAIR("aws_bedrock", "aws.bedrock"),
	PAIR("amazon_bedrock", "aws.bedrock"),
	PAIR("mistral", "mistral_ai"),
	PAIR("watsonx", "ibm.watsonx.ai"),
	PAIR("ibm.watson.ai", "ibm.watsonx.ai"),
	PAIR("moonshot", "moonshot_ai"),
	PAIR("moonshot_ai", "moonshot_ai"),
	PAIR("cohere", "cohere"),
	PAIR("cohere_chat", "cohere"),
	PAIR("ollama", "ollama"),
	PAIR("ollama_chat", "ollama"),
	PAIR("groq", "groq"),
	PAIR("deepseek", "deepseek"),
	PAIR("perplexity", "perplexity"),
	PAIR("perplexity_ai", "perplexity"),
	PAIR("openrouter", "openrouter"),
	PAIR("together", "together_ai"),
	PAIR("together_ai", "together_ai"),
	PAIR("fireworks", "fireworks"),
	PAIR("fireworks_ai", "fireworks"),
	PAIR("hugging_face", "hugging_face"),
	PAIR("vllm", "vllm"),
	PAIR("workers_ai", "cloudflare"),
	PAIR("hosted_vllm", "vllm"),
	PAIR("text_completion_openai", "openai"),
	/* frameworks call models, they do not serve them */
	PAIR("langchain", ""),
	PAIR("langgraph", ""),
	PAIR("crewai", ""),
	PAIR("strands-agents", ""),
	PAIR("llama_index", ""),
	PAIR("haystack", ""),
	PAIR("litellm", ""),
	PAIR("spring_ai", ""),
	PAIR("autogen", ""),
	PAIR("semantic_kernel", ""),
	PAIR("eino", ""),
	PAIR("trpc.go.agent", ""),
	PAIR("gateway", ""), /* Vercel's, in front of whoever the model's name begins with */
	PAIR("microsoft.agent_framework", ""),
	PAIR("gcp.vertex.agent", ""),
	PAIR("unknown", ""),
	PAIR("other", ""),
};

static const struct pair host_ends[] = {
	PAIR("api.openai.com", "openai"),
	PAIR(".openai.azure.com", "azure.ai.openai"),
	PAIR(".cognitiveservices.azure.com", "azure.ai.openai"),
	PAIR(".services.ai.azure.com", "azure.ai.inference"),
	PAIR("api.anthropic.com", "anthropic"),
	PAIR(".amazonaws.com", "aws.bedrock"),
	PAIR("generativelanguage.googleapis.com", "gcp.gemini"),
	PAIR("aiplatform.googleapis.com", "gcp.vertex_ai"),
	PAIR("api.mistral.ai", "mistral_ai"),
	PAIR("api.cohere.com", "cohere"),
	PAIR("api.cohere.ai", "cohere"),
	PAIR("api.deepseek.com", "deepseek"),
	PAIR("api.groq.com", "groq"),
	PAIR("api.x.ai", "x_ai"),
	PAIR("api.perplexity.ai", "perplexity"),
	PAIR("openrouter.ai", "openrouter"),
	PAIR("api.together.xyz", "together_ai"),
	PAIR("api.together.ai", "together_ai"),
	PAIR("api.fireworks.ai", "fireworks"),
	PAIR("api.moonshot.ai", "moonshot_ai"),
	PAIR("api.moonshot.cn", "moonshot_ai"),
	PAIR("api.cerebras.ai", "cerebras"),
	PAIR("api.z.ai", "zai"),
	PAIR("open.bigmodel.cn", "zhipuai"),
	PAIR("api.minimax.io", "minimax"),
	PAIR("api.novita.ai", "novita"),
	PAIR("api.deepinfra.com", "deepinfra"),
	PAIR("api.sambanova.ai", "sambanova"),
};

static const struct pair model_starts[] = {
	PAIR("gpt-oss", ""), /* open weights, served by many */
	PAIR("gpt-", "openai"),
	PAIR("chatgpt-", "openai"),
	PAIR("o1", "openai"),
	PAIR("o3", "openai"),
	PAIR("o4", "openai"),
	PAIR("text-embedding-", "openai"),
	PAIR("claude-", "anthropic"),
	PAIR("gemini-", "gcp.gemini"),
	PAIR("mistral-", "mistral_ai"),
	PAIR("magistral-", "mistral_ai"),
	PAIR("codestral-", "mistral_ai"),
	PAIR("command-", "cohere"),
	PAIR("deepseek-", "deepseek"),
	PAIR("grok-", "x_ai"),
	PAIR("sonar", "perplexity"),
	PAIR("anthropic.", "aws.bedrock"),
	PAIR("amazon.", "aws.bedrock"),
	PAIR("meta.llama", "aws.bedrock"),
	PAIR("mistral.", "aws.bedrock"),
	PAIR("cohere.", "aws.bedrock"),
	PAIR("ai21.", "aws.bedrock"),
	PAIR("us.", "aws.bedrock"), /* geographies, which no other's ids begin with */
	PAIR("us-gov.", "aws.bedrock"),
	PAIR("eu.", "aws.bedrock"),
	PAIR("apac.", "aws.bedrock"),
	PAIR("jp.", "aws.bedrock"),
	PAIR("au.", "aws.bedrock"),
	PAIR("global.", "aws.bedrock"),
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool joins_words(char c)
{
	return c == ' ' || c == '-' || c == '_';
}

static bool spelt_alike(struct slice a, struct slice b)
{
	size_t i = 0, j = 0;

	for (;; i++, j++) {
		while (i < a.len && joins_words(a.ptr[i]))
			i++;
		while (j < b.len && joins_words(b.ptr[j]))
			j++;
		if (i == a.len || j == b.len)
			return i == a.len && j == b.len;
		if (!slice_equal_nocase((struct slice){ a.ptr + i, 1 }, (struct slice){ b.ptr + j, 1 }))
			return false;
	}
}

/* name is not empty. */
static const struct pair *find_spelling(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(spellings); i++)
		if ((name.ptr[0] | ' ') == spellings[i].from.ptr[0] && spelt_alike(name, spellings[i].from))
			return &spellings[i];
	return NULL;
}

/* What stands before the last dot; empty where there is none. */
static struct slice without_last_part(struct slice name)
{
	while (name.len > 0 && name.ptr[name.len - 1] != '.')
		name.len--;
	return slice_head(name, name.len > 0 ? name.len - 1 : 0);
}

/* The Vercel AI SDK appends the API: "openai.responses", "google.vertex.chat". */
static NOINLINE struct slice canonical_of_parts(struct slice name)
{
	for (struct slice part = name; part.len > 0; part = without_last_part(part)) {
		const struct pair *known = find_spelling(part);
		if (known != NULL)
			return known->to;
	}
	return name;
}

struct slice provider_canonical(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(spellings); i++)
		if (slice_equal(name, spellings[i].from))
			return spellings[i].to;
	return canonical_of_parts(name);
}

/* An address may come as a URL. */
static struct slice host_of(struct slice address)
{
	ptrdiff_t scheme = slice_find(address, SLICE("://"));
	size_t n = 0;

	if (scheme >= 0)
		address = slice_skip(address, (size_t)scheme + 3);
	while (n < address.len && address.ptr[n] != '/' && address.ptr[n] != ':')
		n++;
	return slice_head(address, n);
}

struct slice provider_of_host(struct slice host)
{
	host = host_of(host);
	if (host.len == 0)
		return SLICE_NONE;
	for (size_t i = 0; i < COUNT_OF(host_ends); i++)
		if (slice_ends_with(host, host_ends[i].from))
			return host_ends[i].to;
	return SLICE_NONE;
}

static struct slice provider_of_id(struct slice model)
{
	if (has_runner_tag(model))
		return SLICE_NONE;
	for (size_t i = 0; i < COUNT_OF(model_starts); i++)
		if (slice_starts_with(model, model_starts[i].from))
			return model_starts[i].to;
	return SLICE_NONE;
}

/* Weights have the names of those who published them, whoever serves them: "google/gemma-3-27b-it". */
static bool publishes_weights(struct slice vendor)
{
	return slice_equal(vendor, SLICE("openai")) || slice_equal(vendor, SLICE("google")) ||
	       slice_equal(vendor, SLICE("mistralai"));
}

struct slice provider_of_model(struct slice model)
{
	ptrdiff_t slash = slice_find(model, SLICE("/"));

	if (slash <= 0)
		return provider_of_id(model);
	struct slice vendor = slice_head(model, (size_t)slash), id = slice_skip(model, (size_t)slash + 1);
	if (slice_equal(vendor, SLICE("models"))) /* Gemini's resource path */
		return provider_of_id(id);
	const struct pair *known = find_spelling(vendor);
	return known != NULL && (!publishes_weights(vendor) || provider_of_id(id).len > 0) ? known->to : SLICE_NONE;
}
