/* SPDX-License-Identifier: Apache-2.0
 * span/contract.h - the attributes that Plimsoll writes on a span: the user-facing contract, in one list.
 *
 * An attribute is written only where the span does not carry its key yet. The dialects note which keys are there
 * (call.present), enrich writes the others.
 */
#ifndef PLIMSOLL_SPAN_CONTRACT_H
#define PLIMSOLL_SPAN_CONTRACT_H

#include "agent/base/slice.h"

#define CONTRACT_MAP(X)                                                                  \
	X(OPERATION, "gen_ai.operation.name")                                            \
	X(PROVIDER, "gen_ai.provider.name")                                              \
	X(REQUEST_MODEL, "gen_ai.request.model")                                         \
	X(RESPONSE_MODEL, "gen_ai.response.model")                                       \
	X(INPUT_TOKENS, "gen_ai.usage.input_tokens")                                     \
	X(OUTPUT_TOKENS, "gen_ai.usage.output_tokens")                                   \
	X(CACHE_READ_TOKENS, "gen_ai.usage.cache_read.input_tokens")                     \
	X(CACHE_WRITE_TOKENS, "gen_ai.usage.cache_write.input_tokens")                   \
	X(TOKENS_INPUT, "plimsoll.tokens.input")                                         \
	X(PROMPT_NAME, "gen_ai.prompt.name")                                             \
	X(PROMPT_VERSION, "gen_ai.prompt.version")                                       \
	X(COST, "gen_ai.usage.cost")                                                     \
	X(COST_TOTAL, "plimsoll.cost.total_usd")                                         \
	X(COST_INPUT, "plimsoll.cost.input_usd")                                         \
	X(COST_OUTPUT, "plimsoll.cost.output_usd")                                       \
	X(COST_CACHE_READ, "plimsoll.cost.cache_read_usd")                               \
	X(COST_CACHE_WRITE, "plimsoll.cost.cache_write_usd")                             \
	X(COST_PRICE, "plimsoll.cost.price")                                             \
	X(PROMPT_FINGERPRINT, "plimsoll.prompt.fingerprint")                             \
	X(PROMPT, "plimsoll.prompt")                                                     \
	X(FEATURE, "plimsoll.feature")                                                   \
	X(WORKFLOW, "plimsoll.workflow")                                                 \
	X(USER_SEGMENT, "plimsoll.user_segment")                                         \
	X(LATENCY, "plimsoll.latency_ms")                                                \
	X(TTFT, "plimsoll.ttft_ms")                                                      \
	X(OUTPUT_RATE, "plimsoll.output_tokens_per_second")                              \
	X(STREAMING, "plimsoll.streaming")                                               \
	X(CONTEXT, "plimsoll.context")                                                   \
	X(OUTCOME, "plimsoll.outcome")                                                   \
	X(MODEL_PINNED, "plimsoll.model.pinned")                                         \
	X(MODEL_CHANGED, "plimsoll.model.changed")                                       \
	X(TOKENS_ESTIMATED, "plimsoll.tokens.estimated")                                 \
	X(COUNTED, "plimsoll.counted")                                                   \
	X(OUTLIER, "plimsoll.outlier")

enum contract_attribute {
#define X(id, key) CONTRACT_##id,
	CONTRACT_MAP(X)
#undef X
	CONTRACT_COUNT
};

extern const struct slice contract_keys[CONTRACT_COUNT];

#endif
