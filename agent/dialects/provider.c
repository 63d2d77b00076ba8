/* SPDX-License-Identifier: Apache-2.0
 * dialects/provider.c - spellings seen in the wild, hosts and model prefixes.
 *
 * Source: gen_ai.provider.name of the semantic conventions (2026), older gen_ai.system values, and what the
 * instrumentations of openinference, openllmetry and the Vercel AI SDK write.
 */
#include "agent/dialects/provider.h"

struct pair {
	struct slice from, to;
};

#define PAIR(from, to) { { (from), sizeof(from) - 1 }, { (to), sizeof(to) - 1 } }

static const struct pair spellings[] = {
	PAIR("openai", "openai"),
	PAIR("anthropic", "anthropic"),
	PAIR("vertex_ai", "gcp.vertex_ai"),
	PAIR("vertexai", "gcp.vertex_ai"),
	PAIR("google_vertexai", "gcp.vertex_ai"),
	PAIR("gemini", "gcp.gemini"),
	PAIR("google", "gcp.gemini"),
	PAIR("google.generative-ai", "gcp.gemini"),
	PAIR("google_genai", "gcp.gemini"),
	PAIR("az.ai.inference", "azure.ai.inference"),
	PAIR("az.ai.openai", "azure.ai.openai"),
	PAIR("azure", "azure.ai.openai"),
	PAIR("azure_openai", "azure.ai.openai"),
	PAIR("azure-openai", "azure.ai.openai"),
	PAIR("xai", "x_ai"),
	PAIR("bedrock", "aws.bedrock"),
	PAIR("aws", "aws.bedrock"),
	PAIR("aws_bedrock", "aws.bedrock"),
	PAIR("amazon_bedrock", "aws.bedrock"),
	PAIR("amazon-bedrock", "aws.bedrock"),
	PAIR("mistralai", "mistral_ai"),
	PAIR("mistral", "mistral_ai"),
	PAIR("watsonx", "ibm.watsonx.ai"),
	PAIR("ibm.watson.ai", "ibm.watsonx.ai"),
	PAIR("moonshot", "moonshot_ai"),
	PAIR("cohere", "cohere"),
	PAIR("ollama", "ollama"),
	PAIR("groq", "groq"),
	PAIR("deepseek", "deepseek"),
	PAIR("perplexity", "perplexity"),
	PAIR("openrouter", "openrouter"),
	PAIR("together", "together_ai"),
	PAIR("togetherai", "together_ai"),
	PAIR("fireworks_ai", "fireworks"),
	PAIR("huggingface", "hugging_face"),
	PAIR("vllm", "vllm"),
	/* frameworks call models, they do not serve them */
	PAIR("langchain", ""),
	PAIR("langgraph", ""),
	PAIR("crewai", ""),
	PAIR("strands-agents", ""),
	PAIR("llama_index", ""),
	PAIR("llamaindex", ""),
	PAIR("haystack", ""),
	PAIR("litellm", ""),
	PAIR("microsoft.agent_framework", ""),
	PAIR("gcp.vertex.agent", ""),
	PAIR("unknown", ""),
};

static const struct pair host_ends[] = {
	PAIR("api.openai.com", "openai"),
	PAIR(".openai.azure.com", "azure.ai.openai"),
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
	PAIR("api.fireworks.ai", "fireworks"),
};

static const struct pair model_starts[] = {
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
	PAIR("anthropic.claude", "aws.bedrock"),
	PAIR("us.anthropic.", "aws.bedrock"),
	PAIR("eu.anthropic.", "aws.bedrock"),
	PAIR("global.anthropic.", "aws.bedrock"),
	PAIR("amazon.nova", "aws.bedrock"),
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct pair *find_spelling(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(spellings); i++)
		if (name.len == spellings[i].from.len &&
		    (slice_equal(name, spellings[i].from) || slice_equal_nocase(name, spellings[i].from)))
			return &spellings[i];
	return NULL;
}

struct slice provider_canonical(struct slice name)
{
	const struct pair *known = find_spelling(name);

	if (known == NULL) { /* the Vercel AI SDK appends the API: "openai.responses" */
		ptrdiff_t dot = slice_find(name, SLICE("."));
		known = dot > 0 ? find_spelling(slice_head(name, (size_t)dot)) : NULL;
	}
	return known != NULL ? known->to : name;
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

struct slice provider_of_model(struct slice model)
{
	for (size_t i = 0; i < COUNT_OF(model_starts); i++)
		if (slice_starts_with(model, model_starts[i].from))
			return model_starts[i].to;
	return SLICE_NONE;
}
