/* SPDX-License-Identifier: Apache-2.0
 * enrich/attributes.c - writes the contract's attributes (span/contract.h), one small rule each.
 */
#include "agent/enrich/enrich.h"

#include "agent/base/money.h"
#include "agent/span/contract.h"

#define PROMPT_BYTES 256

static const struct attribute_key keys[CONTRACT_COUNT] = {
#define X(id, key) ATTRIBUTE_KEY(key),
	CONTRACT_MAP(X)
#undef X
};

struct target {
	const struct call *call;
	struct attribute_writer *out;
};

static bool is_free(const struct target *t, enum contract_attribute a)
{
	return (t->call->present >> a & 1u) == 0;
}

static void text(const struct target *t, enum contract_attribute a, struct slice value)
{
	if (value.len > 0 && is_free(t, a))
		attribute_put_string(t->out, &keys[a], value);
}

static void number(const struct target *t, enum contract_attribute a, double value)
{
	if (is_free(t, a))
		attribute_put_double(t->out, &keys[a], value);
}

static void count(const struct target *t, enum contract_attribute a, enum token_class class)
{
	if (tokens_has(&t->call->tokens, class) && is_free(t, a))
		attribute_put_int(t->out, &keys[a], (int64_t)t->call->tokens.n[class]);
}

static void truth(const struct target *t, enum contract_attribute a, enum tristate value)
{
	if (value != TRI_UNKNOWN && is_free(t, a))
		attribute_put_bool(t->out, &keys[a], value == TRI_YES);
}

static void money(const struct target *t, enum contract_attribute a, int64_t pusd)
{
	number(t, a, pusd_to_usd(pusd));
}

/* The span's own count of input tokens may leave cached ones out: ours beside it, where that makes a difference. */
static void input_beside(const struct target *t)
{
	const struct tokens *tokens = &t->call->tokens;

	if (!is_free(t, CONTRACT_INPUT_TOKENS) &&
	    (tokens_get(tokens, TOKENS_CACHE_READ) > 0 || tokens_get(tokens, TOKENS_CACHE_WRITE) > 0))
		count(t, CONTRACT_TOKENS_INPUT, TOKENS_INPUT);
}

static void write_conventions(const struct target *t)
{
	const struct call *c = t->call;

	text(t, CONTRACT_OPERATION, c->operation);
	text(t, CONTRACT_PROVIDER, c->provider);
	text(t, CONTRACT_REQUEST_MODEL, c->request_model);
	text(t, CONTRACT_RESPONSE_MODEL, c->response_model);
	count(t, CONTRACT_INPUT_TOKENS, TOKENS_INPUT);
	input_beside(t);
	count(t, CONTRACT_OUTPUT_TOKENS, TOKENS_OUTPUT);
	count(t, CONTRACT_CACHE_READ_TOKENS, TOKENS_CACHE_READ);
	count(t, CONTRACT_CACHE_WRITE_TOKENS, TOKENS_CACHE_WRITE);
	text(t, CONTRACT_PROMPT_NAME, c->prompt_name);
	text(t, CONTRACT_PROMPT_VERSION, c->prompt_version);
}

static void write_cost_parts(const struct target *t, const struct cost *cost)
{
	money(t, CONTRACT_COST_INPUT, cost->input_pusd);
	money(t, CONTRACT_COST_OUTPUT, cost->output_pusd);
	if (tokens_get(&t->call->tokens, TOKENS_CACHE_READ) > 0)
		money(t, CONTRACT_COST_CACHE_READ, cost->cache_read_pusd);
	if (tokens_get(&t->call->tokens, TOKENS_CACHE_WRITE) > 0)
		money(t, CONTRACT_COST_CACHE_WRITE, cost->cache_write_pusd);
}

static void write_cost(const struct target *t)
{
	const struct cost *cost = &t->call->cost;

	if (!cost->known)
		return;
	money(t, CONTRACT_COST, cost->total_pusd);
	if (!is_free(t, CONTRACT_COST)) /* the span's own cost stands there; it may be another one */
		money(t, CONTRACT_COST_TOTAL, cost->total_pusd);
	if (!cost->total_only)
		write_cost_parts(t, cost);
	text(t, CONTRACT_COST_PRICE, cost->price);
}

static struct slice hex_of(uint64_t n, char out[16])
{
	for (int i = 15; i >= 0; i--, n >>= 4)
		out[i] = "0123456789abcdef"[n & 15];
	return (struct slice){ out, 16 };
}

static void write_attribution(const struct target *t)
{
	char prompt[PROMPT_BYTES], fingerprint[16];

	if (t->call->prompt_fingerprint != 0)
		text(t, CONTRACT_PROMPT_FINGERPRINT, hex_of(t->call->prompt_fingerprint, fingerprint));
	text(t, CONTRACT_PROMPT, call_prompt(t->call, prompt, sizeof(prompt)));
	text(t, CONTRACT_FEATURE, t->call->feature);
	text(t, CONTRACT_WORKFLOW, t->call->workflow);
	text(t, CONTRACT_USER_SEGMENT, t->call->user_segment);
}

static void write_course(const struct target *t)
{
	const struct call *c = t->call;

	number(t, CONTRACT_LATENCY, (double)c->latency_ns / 1e6);
	if (c->ttft_ns > 0)
		number(t, CONTRACT_TTFT, (double)c->ttft_ns / 1e6);
	if (c->output_tokens_per_second > 0)
		number(t, CONTRACT_OUTPUT_RATE, c->output_tokens_per_second);
	truth(t, CONTRACT_STREAMING, c->streaming);
	text(t, CONTRACT_CONTEXT, slice_of(context_names[c->context]));
	text(t, CONTRACT_OUTCOME, slice_of(outcome_names[c->outcome]));
	truth(t, CONTRACT_MODEL_PINNED, c->model_pinned);
	truth(t, CONTRACT_MODEL_CHANGED, c->model_changed ? TRI_YES : TRI_UNKNOWN);
	truth(t, CONTRACT_TOKENS_ESTIMATED, c->tokens.estimated ? TRI_YES : TRI_UNKNOWN);
	text(t, CONTRACT_OUTLIER, c->outlier);
}

void enrich_write(const struct call *c, struct attribute_writer *out)
{
	struct target t = { c, out };

	if (c->counted) {
		write_conventions(&t);
		write_cost(&t);
		write_attribution(&t);
		write_course(&t);
	} else if (c->wrapper) {
		truth(&t, CONTRACT_COUNTED, TRI_NO);
	}
}
