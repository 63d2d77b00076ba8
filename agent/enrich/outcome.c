/* SPDX-License-Identifier: Apache-2.0
 * enrich/outcome.c - errors by class, finish reasons and empty answers, as one word.
 */
#include "agent/enrich/enrich.h"

struct symptom {
	const char *text; /* found anywhere in the error type or the status message */
	enum error_class class;
};

/* Error types of the OpenAI, Anthropic, Google and AWS clients and what their messages begin with. In order. The Vercel AI
 * SDK and others have one type for all failures, and no status: there the vendor's words are all that is told. */
static const struct symptom symptoms[] = {
	{ "insufficient_quota", ERROR_CLASS_QUOTA },
	{ "exceeded your current quota", ERROR_CLASS_QUOTA }, /* OpenAI's and Gemini's words */
	{ "RateLimit", ERROR_CLASS_RATE_LIMITED },
	{ "rate_limit", ERROR_CLASS_RATE_LIMITED },
	{ "rate limit", ERROR_CLASS_RATE_LIMITED },
	{ "Rate limit", ERROR_CLASS_RATE_LIMITED },
	{ "TooManyRequests", ERROR_CLASS_RATE_LIMITED },
	{ "ResourceExhausted", ERROR_CLASS_RATE_LIMITED },
	{ "RESOURCE_EXHAUSTED", ERROR_CLASS_RATE_LIMITED },
	{ "Resource exhausted", ERROR_CLASS_RATE_LIMITED },
	{ "Resource has been exhausted", ERROR_CLASS_RATE_LIMITED },
	{ "Quota exceeded", ERROR_CLASS_RATE_LIMITED }, /* Vertex AI: of a minute */
	{ "Throttling", ERROR_CLASS_RATE_LIMITED },
	{ "Too Many Requests", ERROR_CLASS_RATE_LIMITED }, /* HTTP's own words, where the client could not read the body */
	{ "Too many requests", ERROR_CLASS_RATE_LIMITED },
	{ "Too many tokens, please wait", ERROR_CLASS_RATE_LIMITED }, /* Bedrock */
	{ "Error code: 429", ERROR_CLASS_RATE_LIMITED },
	{ "Timeout", ERROR_CLASS_TIMEOUT },
	{ "timeout", ERROR_CLASS_TIMEOUT },
	{ "timed out", ERROR_CLASS_TIMEOUT },
	{ "DeadlineExceeded", ERROR_CLASS_TIMEOUT },
	{ "DEADLINE_EXCEEDED", ERROR_CLASS_TIMEOUT },
	{ "content_filter", ERROR_CLASS_CONTENT_FILTER },
	{ "ContentFilter", ERROR_CLASS_CONTENT_FILTER },
	{ "content_policy", ERROR_CLASS_CONTENT_FILTER },
	{ "Authentication", ERROR_CLASS_AUTHENTICATION },
	{ "authentication_error", ERROR_CLASS_AUTHENTICATION },
	{ "PermissionDenied", ERROR_CLASS_AUTHENTICATION },
	{ "permission_error", ERROR_CLASS_AUTHENTICATION },
	{ "AccessDenied", ERROR_CLASS_AUTHENTICATION },
	{ "UNAUTHENTICATED", ERROR_CLASS_AUTHENTICATION },
	{ "Unauthorized", ERROR_CLASS_AUTHENTICATION },
	{ "invalid_api_key", ERROR_CLASS_AUTHENTICATION },
	{ "Error code: 401", ERROR_CLASS_AUTHENTICATION },
	{ "Error code: 403", ERROR_CLASS_AUTHENTICATION },
	{ "verloaded", ERROR_CLASS_OVERLOADED }, /* overloaded_error, OverloadedError */
	{ "ServiceUnavailable", ERROR_CLASS_OVERLOADED },
	{ "UNAVAILABLE", ERROR_CLASS_OVERLOADED },
	{ "ModelNotReady", ERROR_CLASS_OVERLOADED },
	{ "Error code: 529", ERROR_CLASS_OVERLOADED },
	{ "Error code: 503", ERROR_CLASS_OVERLOADED },
	{ "InternalServer", ERROR_CLASS_SERVER },
	{ "api_error", ERROR_CLASS_SERVER },
	{ "Error code: 500", ERROR_CLASS_SERVER },
	{ "Error code: 502", ERROR_CLASS_SERVER },
	{ "ConnectionError", ERROR_CLASS_CONNECTION },
	{ "ConnectError", ERROR_CLASS_CONNECTION },
	{ "ECONNREFUSED", ERROR_CLASS_CONNECTION },
	{ "ECONNRESET", ERROR_CLASS_CONNECTION },
	{ "Connection error", ERROR_CLASS_CONNECTION },
	{ "BadRequest", ERROR_CLASS_REQUEST },
	{ "invalid_request", ERROR_CLASS_REQUEST },
	{ "NotFound", ERROR_CLASS_REQUEST },
	{ "UnprocessableEntity", ERROR_CLASS_REQUEST },
	{ "ValidationException", ERROR_CLASS_REQUEST },
	{ "Error code: 400", ERROR_CLASS_REQUEST },
	{ "Error code: 404", ERROR_CLASS_REQUEST },
};

/* Of an exception's message: what failed stands at its beginning, a stack trace may follow. */
#define MESSAGE_BYTES_MAX 256

#define SYMPTOMS (sizeof(symptoms) / sizeof(symptoms[0]))

static enum error_class class_of_text(struct slice text)
{
	for (size_t i = 0; i < SYMPTOMS && text.len > 0; i++)
		if (slice_find(text, slice_of(symptoms[i].text)) >= 0)
			return symptoms[i].class;
	return ERROR_CLASS_OTHER;
}

static enum error_class class_of_status(uint64_t http_status)
{
	switch (http_status) {
	case 429:
		return ERROR_CLASS_RATE_LIMITED;
	case 408:
	case 504:
		return ERROR_CLASS_TIMEOUT;
	case 401:
	case 403:
		return ERROR_CLASS_AUTHENTICATION;
	case 503:
	case 529:
		return ERROR_CLASS_OVERLOADED;
	default:
		if (http_status >= 500)
			return ERROR_CLASS_SERVER;
		return http_status >= 400 ? ERROR_CLASS_REQUEST : ERROR_CLASS_OTHER;
	}
}

/* Three digits at i that stand for themselves. 0: none, or no failure. */
static uint64_t status_at(struct slice message, size_t i)
{
	static const struct slice ends = { " ,:;.)]-", 8 };
	uint64_t status = 0;

	if (i + 3 > message.len || (message.ptr[i] != '4' && message.ptr[i] != '5'))
		return 0;
	if (i + 3 < message.len && memchr(ends.ptr, message.ptr[i + 3], ends.len) == NULL)
		return 0;
	return slice_to_u64((struct slice){ message.ptr + i, 3 }, &status) ? status : 0;
}

/* The status that a message begins with, as the vendors' JavaScript clients word it: "429 Too many requests",
 * "Error: 429 status code (no body)"; as Azure's clients do: "(429) Rate limit is exceeded." */
static uint64_t status_at_beginning(struct slice message)
{
	size_t i = 0;

	while (i < message.len && i < 24 && !is_digit(message.ptr[i]))
		i++;
	bool stands_alone = i == 0 || (i < message.len && memchr(" (", message.ptr[i - 1], 2) != NULL);
	return stands_alone ? status_at(message, i) : 0;
}

/* The one that it names, as HTTP clients and frameworks do: "Request failed with status code 429",
 * "ModelHTTPError: status_code: 429, model_name: gpt-4o". */
static uint64_t status_named(struct slice message)
{
	static const struct slice names[] = { { "status code", 11 }, { "status_code", 11 }, { "statusCode", 10 },
					      { "HTTP status", 11 }, { "HTTP", 4 } };

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		ptrdiff_t at = slice_find(message, names[n]);
		size_t i = at < 0 ? message.len : (size_t)at + names[n].len;
		while (i < message.len && (message.ptr[i] == ' ' || message.ptr[i] == ':' || message.ptr[i] == '='))
			i++;
		uint64_t status = status_at(message, i);
		if (status != 0)
			return status;
	}
	return 0;
}

/* 0: none. */
static uint64_t status_in(struct slice message)
{
	uint64_t status = status_at_beginning(message);

	return status != 0 ? status : status_named(slice_head(message, MESSAGE_BYTES_MAX));
}

static bool has_failed(const struct call *c)
{
	return c->status_error || c->error_type.len > 0 || c->http_status >= 400 || c->finish == FINISH_ERROR;
}

/* Texts say more than statuses where both are there: a 429 may be the quota, a 400 the content filter. */
enum error_class error_class_of(const struct call *c, struct slice status_message)
{
	uint64_t code = c->http_status; /* error.type may be the HTTP status in digits */

	if (!has_failed(c))
		return ERROR_CLASS_NONE;
	if (code < 400 && slice_to_u64(c->error_type, &code) && code > 999)
		code = 0;
	if (code < 400)
		code = status_in(status_message);
	if (code < 400)
		code = status_in(c->error_message);
	enum error_class by_text = class_of_text(c->error_type), by_status = class_of_status(code);
	if (by_text == ERROR_CLASS_OTHER || by_text == ERROR_CLASS_REQUEST || by_text == ERROR_CLASS_SERVER) {
		enum error_class by_message = class_of_text(status_message);
		if (by_message == ERROR_CLASS_OTHER)
			by_message = class_of_text(slice_head(c->error_message, MESSAGE_BYTES_MAX));
		if (by_message != ERROR_CLASS_OTHER)
			by_text = by_message;
	}
	if (by_text == ERROR_CLASS_CONTENT_FILTER || by_text == ERROR_CLASS_QUOTA || by_status == ERROR_CLASS_OTHER)
		return by_text;
	return by_status;
}

static enum outcome outcome_of_class(enum error_class class)
{
	switch (class) {
	case ERROR_CLASS_RATE_LIMITED:
	case ERROR_CLASS_QUOTA:
		return OUTCOME_RATE_LIMITED;
	case ERROR_CLASS_TIMEOUT:
		return OUTCOME_TIMEOUT;
	case ERROR_CLASS_CONTENT_FILTER:
		return OUTCOME_CONTENT_FILTER;
	default:
		return OUTCOME_ERROR;
	}
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
		return outcome_of_class(error_class_of(c, status_message));
	if (c->finish & FINISH_CONTENT_FILTER)
		return OUTCOME_CONTENT_FILTER;
	if (c->finish & FINISH_REFUSAL)
		return OUTCOME_REFUSAL;
	if (c->finish & FINISH_LENGTH)
		return OUTCOME_TRUNCATED;
	if (is_empty(c))
		return OUTCOME_EMPTY;
	if (c->answer_is_json == TRI_NO)
		return OUTCOME_INVALID_JSON;
	return c->answer_fits_schema == TRI_NO ? OUTCOME_SCHEMA_VIOLATION : OUTCOME_OK;
}
