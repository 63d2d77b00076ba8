/* SPDX-License-Identifier: Apache-2.0
 * enrich/attributes.c - writes the contract's attributes (span/contract.h), one small rule each.
 *
 * First the labels, which calls of one cohort have in common: they are kept as they were written, and copied. Then what
 * each call has of its own, mostly numbers.
 */
#include "agent/enrich/enrich.h"

#include "agent/base/money.h"
#include "agent/base/pages.h"
#include "agent/span/cohort.h"
#include "agent/span/contract.h"

#define PROMPT_BYTES 256

static const struct attribute_key keys[CONTRACT_COUNT] = {
#define X(id, key) ATTRIBUTE_KEY(key),
	CONTRACT_MAP(X)
#undef X
};

static ALWAYS_INLINE bool is_free(const struct call *c, enum contract_attribute a)
{
	return (c->present >> a & 1u) == 0;
}

/* ---------------------------------------------------------------- labels */

#define BIT(a) (UINT64_C(1) << CONTRACT_##a)
#define LABEL_BITS                                                                                        \
	(BIT(OPERATION) | BIT(PROVIDER) | BIT(REQUEST_MODEL) | BIT(RESPONSE_MODEL) | BIT(PROMPT_NAME) |   \
	 BIT(PROMPT_VERSION) | BIT(PROMPT) | BIT(FEATURE) | BIT(WORKFLOW) | BIT(USER_SEGMENT) | BIT(COST_PRICE))

#define KEPT_PLACES 1024u /* a power of two */
#define KEPT_BYTES  448u /* labels that take more are written each time */

/* Labels as written for a call of this cohort that had these attributes and this price already. */
struct kept_labels {
	uint64_t cohort; /* 0: none */
	uint64_t present;
	uint32_t price_bytes, bytes;
	char text[KEPT_BYTES]; /* the price, then the attributes */
};

struct enrich_labels {
	struct kept_labels places[KEPT_PLACES];
};

struct enrich_labels *enrich_labels_new(void)
{
	return pages_new(sizeof(struct enrich_labels));
}

void enrich_labels_free(struct enrich_labels *l)
{
	pages_free(l, sizeof(*l));
}

static void text(const struct call *c, enum contract_attribute a, struct slice value, struct attribute_writer *out)
{
	if (value.len > 0 && is_free(c, a))
		attribute_put_text(out, &keys[a], value);
}

static void write_labels(const struct call *c, struct attribute_writer *out)
{
	char prompt[PROMPT_BYTES];

	text(c, CONTRACT_OPERATION, c->operation, out);
	text(c, CONTRACT_PROVIDER, c->provider, out);
	text(c, CONTRACT_REQUEST_MODEL, c->request_model, out);
	text(c, CONTRACT_RESPONSE_MODEL, c->response_model, out);
	text(c, CONTRACT_PROMPT_NAME, c->prompt_name, out);
	text(c, CONTRACT_PROMPT_VERSION, c->prompt_version, out);
	text(c, CONTRACT_PROMPT, call_prompt(c, prompt, sizeof(prompt)), out);
	text(c, CONTRACT_FEATURE, c->feature, out);
	text(c, CONTRACT_WORKFLOW, c->workflow, out);
	text(c, CONTRACT_USER_SEGMENT, c->user_segment, out);
	if (c->cost.known)
		text(c, CONTRACT_COST_PRICE, c->cost.price, out);
}

static struct slice price_of(const struct call *c)
{
	return c->cost.known ? c->cost.price : SLICE_NONE;
}

static bool is_kept(const struct kept_labels *k, const struct call *c)
{
	struct slice price = price_of(c);

	return k->cohort == c->cohort->id && k->present == (c->present & LABEL_BITS) && k->price_bytes == price.len &&
	       bytes_equal(k->text, price.ptr, price.len);
}

static void keep(struct kept_labels *k, const struct call *c, struct slice written)
{
	struct slice price = price_of(c);

	if (price.len + written.len > sizeof(k->text))
		return;
	*k = (struct kept_labels){ .cohort = c->cohort->id, .present = c->present & LABEL_BITS };
	k->price_bytes = (uint32_t)price.len;
	k->bytes = (uint32_t)written.len;
	if (price.len > 0)
		memcpy(k->text, price.ptr, price.len);
	if (written.len > 0)
		memcpy(k->text + price.len, written.ptr, written.len);
}

static void copy_labels(struct enrich_labels *l, const struct call *c, struct attribute_writer *out)
{
	struct kept_labels *k = c->cohort != NULL ? &l->places[c->cohort->id % KEPT_PLACES] : NULL;

	if (k != NULL && is_kept(k, c)) {
		attribute_put_written(out, (struct slice){ k->text + k->price_bytes, k->bytes });
		return;
	}
	size_t before = out->len;
	write_labels(c, out);
	if (k != NULL && !out->failed)
		keep(k, c, (struct slice){ out->ptr + before, out->len - before });
}

/* ---------------------------------------------------------------- numbers and words */

/* A name padded, so that one copy of fixed size writes it. */
struct word {
	char text[ATTRIBUTE_WORD_MAX];
	uint8_t len;
};

#define WORD(name) { name, sizeof(name) - 1 }

static const struct word contexts[CONTEXT_COUNT + 1] = {
#define X(id, name, bound) WORD(name),
	CONTEXT_MAP(X)
#undef X
	[CONTEXT_UNKNOWN] = { "", 0 },
};

static const struct word outcomes[OUTCOME_COUNT] = {
#define X(id, name) WORD(name),
	OUTCOME_MAP(X)
#undef X
};

/* Where the next attribute goes: there is room for all of them. */
struct target {
	const struct call *call;
	char *at;
};

static ALWAYS_INLINE void word(struct target *t, enum contract_attribute a, const struct word *w)
{
	if (w->len > 0 && is_free(t->call, a))
		t->at = attribute_at_word(t->at, &keys[a], w->text, w->len);
}

static ALWAYS_INLINE void number(struct target *t, enum contract_attribute a, double value)
{
	if (is_free(t->call, a))
		t->at = attribute_at_double(t->at, &keys[a], value);
}

static ALWAYS_INLINE void count(struct target *t, enum contract_attribute a, enum token_class class)
{
	if (tokens_has(&t->call->tokens, class) && is_free(t->call, a))
		t->at = attribute_at_int(t->at, &keys[a], (int64_t)t->call->tokens.n[class]);
}

static ALWAYS_INLINE void truth(struct target *t, enum contract_attribute a, enum tristate value)
{
	if (value != TRI_UNKNOWN && is_free(t->call, a))
		t->at = attribute_at_bool(t->at, &keys[a], value == TRI_YES);
}

static ALWAYS_INLINE void money(struct target *t, enum contract_attribute a, int64_t pusd)
{
	number(t, a, call_pusd_to_usd(pusd));
}

/* The span's own count of input tokens may leave cached ones out: ours beside it, where that makes a difference. */
static ALWAYS_INLINE void input_beside(struct target *t)
{
	const struct tokens *tokens = &t->call->tokens;

	if (!is_free(t->call, CONTRACT_INPUT_TOKENS) &&
	    (tokens_get(tokens, TOKENS_CACHE_READ) > 0 || tokens_get(tokens, TOKENS_CACHE_WRITE) > 0))
		count(t, CONTRACT_TOKENS_INPUT, TOKENS_INPUT);
}

static ALWAYS_INLINE void write_tokens(struct target *t)
{
	count(t, CONTRACT_INPUT_TOKENS, TOKENS_INPUT);
	input_beside(t);
	count(t, CONTRACT_OUTPUT_TOKENS, TOKENS_OUTPUT);
	count(t, CONTRACT_CACHE_READ_TOKENS, TOKENS_CACHE_READ);
	count(t, CONTRACT_CACHE_WRITE_TOKENS, TOKENS_CACHE_WRITE);
	truth(t, CONTRACT_TOKENS_ESTIMATED, t->call->tokens.estimated ? TRI_YES : TRI_UNKNOWN);
}

static ALWAYS_INLINE void write_cost_parts(struct target *t, const struct cost *cost)
{
	money(t, CONTRACT_COST_INPUT, cost->input_pusd);
	money(t, CONTRACT_COST_OUTPUT, cost->output_pusd);
	if (tokens_get(&t->call->tokens, TOKENS_CACHE_READ) > 0)
		money(t, CONTRACT_COST_CACHE_READ, cost->cache_read_pusd);
	if (tokens_get(&t->call->tokens, TOKENS_CACHE_WRITE) > 0)
		money(t, CONTRACT_COST_CACHE_WRITE, cost->cache_write_pusd);
}

static ALWAYS_INLINE void write_cost(struct target *t)
{
	const struct cost *cost = &t->call->cost;

	if (!cost->known)
		return;
	money(t, CONTRACT_COST, cost->total_pusd);
	if (!is_free(t->call, CONTRACT_COST)) /* the span's own cost stands there; it may be another one */
		money(t, CONTRACT_COST_TOTAL, cost->total_pusd);
	if (!cost->total_only)
		write_cost_parts(t, cost);
}

static ALWAYS_INLINE void write_course(struct target *t)
{
	const struct call *c = t->call;

	number(t, CONTRACT_LATENCY, (double)c->latency_ns / 1e6);
	if (c->ttft_ns > 0)
		number(t, CONTRACT_TTFT, (double)c->ttft_ns / 1e6);
	if (c->output_tokens_per_second > 0)
		number(t, CONTRACT_OUTPUT_RATE, c->output_tokens_per_second);
	truth(t, CONTRACT_STREAMING, c->streaming);
	word(t, CONTRACT_CONTEXT, &contexts[c->context]);
	word(t, CONTRACT_OUTCOME, &outcomes[c->outcome]);
	truth(t, CONTRACT_MODEL_PINNED, c->model_pinned);
	truth(t, CONTRACT_MODEL_CHANGED, c->model_changed ? TRI_YES : TRI_UNKNOWN);
}

static void write_numbers(const struct call *c, struct attribute_writer *out)
{
	struct target t = { c, attribute_room(out, CONTRACT_COUNT * ATTRIBUTE_AT_BYTES) };

	if (t.at == NULL)
		return;
	write_tokens(&t);
	write_cost(&t);
	write_course(&t);
	attribute_written(out, t.at);
}

/* ---------------------------------------------------------------- all of them */

static struct slice hex_of(uint64_t n, char out[16])
{
	for (int i = 15; i >= 0; i--, n >>= 4)
		out[i] = "0123456789abcdef"[n & 15];
	return (struct slice){ out, 16 };
}

static void write_counted(struct enrich_labels *labels, const struct call *c, struct attribute_writer *out)
{
	char fingerprint[16];

	copy_labels(labels, c, out);
	if (c->prompt_fingerprint != 0)
		text(c, CONTRACT_PROMPT_FINGERPRINT, hex_of(c->prompt_fingerprint, fingerprint), out);
	write_numbers(c, out);
	text(c, CONTRACT_OUTLIER, c->outlier, out);
}

static void write_not_counted(const struct call *c, struct attribute_writer *out)
{
	struct target t = { c, attribute_room(out, ATTRIBUTE_AT_BYTES) };

	if (t.at == NULL)
		return;
	truth(&t, CONTRACT_COUNTED, TRI_NO);
	attribute_written(out, t.at);
}

void enrich_write(struct enrich_labels *labels, const struct call *c, struct attribute_writer *out)
{
	if (c->counted)
		write_counted(labels, c, out);
	else if (c->wrapper)
		write_not_counted(c, out);
}
