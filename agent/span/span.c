/* SPDX-License-Identifier: Apache-2.0
 * span/span.c - names of the words in batch.h and call.h, and the few rules that belong to them.
 */
#include "agent/base/clock.h"
#include "agent/span/batch.h"
#include "agent/span/call.h"
#include "agent/span/contract.h"

const char *const signal_names[SIGNAL_COUNT] = { "traces", "metrics", "logs" };

const char *const token_class_names[TOKEN_CLASS_COUNT] = {
#define X(name, text) text,
	TOKEN_CLASS_MAP(X)
#undef X
};

const char *const outcome_names[OUTCOME_COUNT] = {
#define X(name, text) text,
	OUTCOME_MAP(X)
#undef X
};

const char *const context_names[CONTEXT_COUNT + 1] = {
#define X(name, text, bound) text,
	CONTEXT_MAP(X)
#undef X
	"",
};

const char *const role_names[ROLE_COUNT] = {
	"none", "llm", "embedding", "rerank", "retrieval", "tool", "agent", "chain", "guardrail", "evaluator",
};

const char *const producer_names[PRODUCER_COUNT] = {
	"unknown", "framework", "instrumentation", "vendor_sdk", "proxy", "server",
};

const char *const error_class_names[ERROR_CLASS_COUNT] = {
#define X(name, text) text,
	ERROR_CLASS_MAP(X)
#undef X
};

const struct slice contract_keys[CONTRACT_COUNT] = {
#define X(id, key) { key, sizeof(key) - 1 },
	CONTRACT_MAP(X)
#undef X
};

_Static_assert(CONTRACT_COUNT <= 64, "call.present has a bit for each");

static const uint64_t context_bounds[CONTEXT_COUNT] = {
#define X(name, text, bound) bound,
	CONTEXT_MAP(X)
#undef X
};

enum context_class context_of(const struct tokens *t)
{
	if (!tokens_has(t, TOKENS_INPUT))
		return CONTEXT_UNKNOWN;
	int class = 0;
	while (t->n[TOKENS_INPUT] > context_bounds[class])
		class++;
	return (enum context_class)class;
}

double output_rate_of(const struct call *c)
{
	uint64_t output = tokens_get(&c->tokens, TOKENS_OUTPUT);

	if (c->ttft_ns > 0 && output > 0)
		output--; /* the first token had come already */
	if (c->role != ROLE_LLM || output == 0 || c->ttft_ns >= c->latency_ns)
		return 0;
	return (double)output * (double)NS_PER_SECOND / (double)(c->latency_ns - c->ttft_ns);
}

struct slice call_model(const struct call *c)
{
	return c->response_model.len > 0 ? c->response_model : c->request_model;
}

/* Appends what fits. */
static void put(struct slice *to, size_t size, struct slice text)
{
	size_t n = text.len < size - to->len ? text.len : size - to->len;

	if (n > 0)
		memcpy((char *)(uintptr_t)to->ptr + to->len, text.ptr, n);
	to->len += n;
}

struct slice call_prompt(const struct call *c, char *out, size_t size)
{
	struct slice prompt = { out, 0 };

	if (c->prompt_name.len == 0)
		return c->prompt_version;
	put(&prompt, size, c->prompt_name);
	put(&prompt, size, SLICE("@"));
	put(&prompt, size, c->prompt_version.len > 0 ? c->prompt_version : SLICE("unversioned"));
	return prompt;
}
