/* SPDX-License-Identifier: Apache-2.0
 * enrich/outcome.c - errors by class, finish reasons and empty answers, as one word.
 */
#include "agent/enrich/enrich.h"

struct symptom {
	const char *text; /* found anywhere in the error type or the status message */
	enum outcome outcome;
};

/* Error types of the OpenAI, Anthropic, Google and AWS clients and what their messages begin with. In order. */
static const struct symptom symptoms[] = {
	{ "RateLimit", OUTCOME_RATE_LIMITED },
	{ "rate_limit", OUTCOME_RATE_LIMITED },
	{ "rate limit", OUTCOME_RATE_LIMITED },
	{ "Rate limit", OUTCOME_RATE_LIMITED },
	{ "TooManyRequests", OUTCOME_RATE_LIMITED },
	{ "ResourceExhausted", OUTCOME_RATE_LIMITED },
	{ "RESOURCE_EXHAUSTED", OUTCOME_RATE_LIMITED },
	{ "Throttling", OUTCOME_RATE_LIMITED },
	{ "insufficient_quota", OUTCOME_RATE_LIMITED },
	{ "Error code: 429", OUTCOME_RATE_LIMITED },
	{ "Timeout", OUTCOME_TIMEOUT },
	{ "timeout", OUTCOME_TIMEOUT },
	{ "timed out", OUTCOME_TIMEOUT },
	{ "DeadlineExceeded", OUTCOME_TIMEOUT },
	{ "DEADLINE_EXCEEDED", OUTCOME_TIMEOUT },
	{ "content_filter", OUTCOME_CONTENT_FILTER },
	{ "ContentFilter", OUTCOME_CONTENT_FILTER },
	{ "content_policy", OUTCOME_CONTENT_FILTER },
};

#define SYMPTOMS (sizeof(symptoms) / sizeof(symptoms[0]))

static enum outcome outcome_of_text(struct slice text)
{
	for (size_t i = 0; i < SYMPTOMS; i++)
		if (slice_find(text, slice_of(symptoms[i].text)) >= 0)
			return symptoms[i].outcome;
	return OUTCOME_ERROR;
}

static enum outcome outcome_of_status(uint64_t http_status)
{
	switch (http_status) {
	case 429:
		return OUTCOME_RATE_LIMITED;
	case 408:
	case 504:
		return OUTCOME_TIMEOUT;
	default:
		return OUTCOME_ERROR;
	}
}

static enum outcome outcome_of_failure(const struct call *c, struct slice status_message)
{
	uint64_t code = c->http_status; /* error.type may be the HTTP status in digits */

	if (code < 400 && slice_to_u64(c->error_type, &code) && code > 999)
		code = 0;
	if (outcome_of_status(code) != OUTCOME_ERROR)
		return outcome_of_status(code);
	enum outcome by_type = outcome_of_text(c->error_type);
	return by_type != OUTCOME_ERROR ? by_type : outcome_of_text(status_message);
}

static bool has_failed(const struct call *c)
{
	return c->status_error || c->error_type.len > 0 || c->http_status >= 400 || c->finish == FINISH_ERROR;
}

/* A model that ends its turn without a word and without a tool call. Streams cut short tell no count, so no verdict. */
static bool is_empty(const struct call *c)
{
	if (c->role != ROLE_LLM || (c->finish & FINISH_TOOL_CALL) != 0)
		return false;
	if (tokens_has(&c->tokens, TOKENS_OUTPUT))
		return c->tokens.n[TOKENS_OUTPUT] == 0;
	return c->answer_is_empty == TRI_YES && (c->finish & FINISH_STOP) != 0;
}

enum outcome outcome_of(const struct call *c, struct slice status_message)
{
	if (has_failed(c))
		return outcome_of_failure(c, status_message);
	if (c->finish & FINISH_CONTENT_FILTER)
		return OUTCOME_CONTENT_FILTER;
	if (c->finish & FINISH_REFUSAL)
		return OUTCOME_REFUSAL;
	if (c->finish & FINISH_LENGTH)
		return OUTCOME_TRUNCATED;
	return is_empty(c) ? OUTCOME_EMPTY : OUTCOME_OK;
}
