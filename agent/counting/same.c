/* SPDX-License-Identifier: Apache-2.0
 * counting/same.c - comparing what two spans say.
 */
#include "agent/counting/same.h"

#include "agent/base/hash.h"

/* A stretch of time is 2^28 ns, 268 ms: what one instrumentation does before the other one inside it begins. */
#define HALF_STRETCH_BITS 27

/* A log record has the moment of its writing, which is a little after the answer. */
#define LOG_SLACK_NS (((uint64_t)NOTE_STRETCHES - 1) << (HALF_STRETCH_BITS + 1))

bool call_has_usage(const struct call *c)
{
	return (c->tokens.known & (1u << TOKENS_INPUT | 1u << TOKENS_OUTPUT)) != 0 && !c->tokens.estimated;
}

uint64_t answer_key(const struct call *c)
{
	struct slice id = c->response_id.len > 0 ? c->response_id : c->request_id;

	if (id.len == 0 || slice_starts_with(id, SLICE("aitxt-")))
		return 0;
	return hash_stable(id.ptr, id.len) | 1;
}

/* What the key is made of beside the stretch; 0: there is nothing to compare. */
static uint64_t said_key(const struct entry *e)
{
	bool has_usage = (e->flags & SPAN_USAGE) != 0;
	uint64_t said = has_usage ? (uint64_t)e->input_tokens << 32 | e->output_tokens : e->request_model;

	return said != 0 ? hash_mix(said, e->role | (has_usage ? 256u : 0u)) : 0;
}

static uint64_t key_of_stretch(uint64_t said, uint64_t stretch)
{
	return said != 0 ? hash_mix(said, stretch) | 1 : 0;
}

/* Each is found under the stretch that it starts in; who looks there and next to the half that it starts in itself finds
 * all that start less than half a stretch away. */
struct twin_keys twin_keys_of(const struct entry *e, uint64_t answer)
{
	uint64_t said = said_key(e), half = e->start_unix_ns >> HALF_STRETCH_BITS;

	return (struct twin_keys){
		.answer = answer,
		.tokens = key_of_stretch(said, half / 2),
		.neighbour = key_of_stretch(said, (half + (half & 1) * 2 - 1) / 2),
	};
}

uint64_t tokens_key_before(const struct entry *e, unsigned stretches)
{
	return key_of_stretch(said_key(e), (e->start_unix_ns >> (HALF_STRETCH_BITS + 1)) - stretches);
}

/* Request and answer may name the model differently ("gpt-4o", "gpt-4o-2024-08-06"), and either may be missing. */
static bool same_model(const struct entry *a, const struct entry *b)
{
	const uint32_t of_a[] = { a->request_model, a->response_model }, of_b[] = { b->request_model, b->response_model };
	bool comparable = false;

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			if (of_a[i] != 0 && of_a[i] == of_b[j])
				return true;
			comparable |= of_a[i] != 0 && of_b[j] != 0;
		}
	return !comparable;
}

static uint64_t end_of(const struct entry *e)
{
	return e->start_unix_ns + UINT64_C(1000) * e->duration_us;
}

/* At least nine tenths of the shorter one lie inside the longer one. */
static bool at_the_same_time(const struct entry *a, const struct entry *b)
{
	const struct entry *shorter = a->duration_us <= b->duration_us ? a : b;
	const struct entry *longer = shorter == a ? b : a;
	uint64_t slack = ((a->flags | b->flags) & SPAN_FROM_LOG) != 0 ? LOG_SLACK_NS
								      : UINT64_C(100) * shorter->duration_us + 1000;

	return shorter->start_unix_ns + slack >= longer->start_unix_ns && end_of(shorter) <= end_of(longer) + slack;
}

static bool nearly_equal(uint32_t a, uint32_t b)
{
	uint32_t more = a > b ? a : b, less = a > b ? b : a;

	return (uint64_t)(more - less) * 100 <= more;
}

bool same_nested(const struct entry *inner, const struct entry *outer)
{
	bool both_tell = (inner->flags & outer->flags & SPAN_USAGE) != 0;
	/* one is blind to a cache */
	bool same_answer = inner->output_tokens > 0 && inner->output_tokens == outer->output_tokens;

	return inner->role == outer->role && same_model(inner, outer) &&
	       (!both_tell || same_answer || nearly_equal(inner->input_tokens, outer->input_tokens));
}

/* Two instrumentations, or a span and a log record of one. */
static bool from_two_sources(const struct entry *a, const struct entry *b)
{
	return a->scope != b->scope || ((a->flags ^ b->flags) & SPAN_FROM_LOG) != 0;
}

bool same_by_answer(const struct entry *a, const struct entry *b)
{
	bool same_counts = a->input_tokens == b->input_tokens && a->output_tokens == b->output_tokens;

	if (a->role != b->role)
		return false;
	if (a->trace == b->trace)
		return from_two_sources(a, b) || same_counts || at_the_same_time(a, b);
	return from_two_sources(a, b) && same_nested(a, b) && at_the_same_time(a, b);
}

/* LangChain's callbacks make no span the current one: the client's starts a trace of its own, however deep in the
 * framework's trace the call is. */
static bool client_left_the_trace(const struct entry *client, const struct entry *framework)
{
	return framework->producer == PRODUCER_FRAMEWORK && (client->flags & SPAN_ROOT) != 0;
}

/* Calls of one service, told by two kinds of producers, in two traces. */
static bool may_cross_traces(const struct entry *a, const struct entry *b)
{
	if (a->service != b->service || a->producer == b->producer || a->producer == PRODUCER_UNKNOWN ||
	    b->producer == PRODUCER_UNKNOWN)
		return false;
	return (a->flags & b->flags & SPAN_ROOT) != 0 || ((a->flags ^ b->flags) & SPAN_FROM_LOG) != 0 ||
	       client_left_the_trace(a, b) || client_left_the_trace(b, a);
}

bool same_by_tokens(const struct entry *a, const struct entry *b)
{
	bool same_counts = a->input_tokens == b->input_tokens && a->output_tokens == b->output_tokens;

	return same_counts && a->role == b->role && from_two_sources(a, b) && same_model(a, b) && at_the_same_time(a, b) &&
	       (a->trace == b->trace || may_cross_traces(a, b));
}

/* Higher is nearer to the model, as the client sees it. */
static const int nearness[PRODUCER_COUNT] = {
	[PRODUCER_FRAMEWORK] = 1,
	[PRODUCER_INSTRUMENTATION] = 2,
	[PRODUCER_PROXY] = 3,
	[PRODUCER_VENDOR_SDK] = 4,
	[PRODUCER_SERVER] = 4,
};

bool knows_better(const struct call *a, const struct call *b)
{
	int more_classes = __builtin_popcount(a->tokens.known) - __builtin_popcount(b->tokens.known);

	if (call_has_usage(a) != call_has_usage(b))
		return call_has_usage(a);
	if (a->usage_is_doubtful != b->usage_is_doubtful)
		return b->usage_is_doubtful;
	return nearness[a->producer] != nearness[b->producer] ? nearness[a->producer] > nearness[b->producer]
							      : more_classes > 0;
}

static void inherit_text(struct slice *mine, struct slice other)
{
	if (mine->len == 0)
		*mine = other;
}

void call_inherit_attribution(struct call *counted, const struct call *around)
{
	if (counted->prompt_name.len == 0 && counted->prompt_version.len == 0) {
		counted->prompt_name = around->prompt_name;
		counted->prompt_version = around->prompt_version;
	}
	if (counted->feature_is_default && around->feature.len > 0 && !around->feature_is_default) {
		counted->feature = around->feature;
		counted->feature_is_default = false;
	}
	inherit_text(&counted->feature, around->feature);
	inherit_text(&counted->workflow, around->workflow);
	inherit_text(&counted->user_segment, around->user_segment);
	inherit_text(&counted->session_id, around->session_id);
	inherit_text(&counted->user_id, around->user_id);
	inherit_text(&counted->environment, around->environment);
	inherit_text(&counted->release, around->release);
	inherit_text(&counted->tenant, around->tenant);
	inherit_text(&counted->reservation_id, around->reservation_id);
	counted->is_evaluation_traffic |= around->is_evaluation_traffic;
}

/* Parts of the counts, where both mean the same by their sums. */
static void inherit_tokens(struct tokens *mine, const struct tokens *other)
{
	bool same_input = tokens_has(mine, TOKENS_INPUT) && tokens_get(mine, TOKENS_INPUT) == tokens_get(other, TOKENS_INPUT);
	bool same_output =
		tokens_has(mine, TOKENS_OUTPUT) && tokens_get(mine, TOKENS_OUTPUT) == tokens_get(other, TOKENS_OUTPUT);

	if (!same_input || !same_output || other->estimated)
		return;
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (!tokens_has(mine, (enum token_class)class) && tokens_has(other, (enum token_class)class))
			tokens_set(mine, (enum token_class)class, other->n[class]);
}

void call_inherit(struct call *counted, const struct call *other)
{
	call_inherit_attribution(counted, other);
	inherit_tokens(&counted->tokens, &other->tokens);
	if (!counted->reported_cost.known)
		counted->reported_cost = other->reported_cost;
	if (counted->prompt_fingerprint == 0)
		counted->prompt_fingerprint = other->prompt_fingerprint;
	inherit_text(&counted->provider, other->provider);
	inherit_text(&counted->request_model, other->request_model);
	inherit_text(&counted->response_model, other->response_model);
	inherit_text(&counted->response_id, other->response_id);
	inherit_text(&counted->service_tier, other->service_tier);
	counted->finish |= other->finish;
	if (counted->ttft_ns == 0 && other->ttft_ns <= counted->latency_ns)
		counted->ttft_ns = other->ttft_ns;
	if (counted->streaming == TRI_UNKNOWN)
		counted->streaming = other->streaming;
	if (counted->tool_calls == 0) {
		counted->tool_calls = other->tool_calls;
		counted->tool_names = other->tool_names;
	}
}
