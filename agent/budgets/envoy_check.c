/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_check.c - Check: headers and context extensions of a route tell whose call it is; the body, where Envoy
 * sends it along, which model it asks for.
 */
#include <inttypes.h>
#include <stdio.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/budgets/envoy_method.h"
#include "proto/envoy_authz.pb-c.h"

#define TOO_MANY_REQUESTS       429
#define GRPC_RESOURCE_EXHAUSTED 8

/* "model":"gpt-4o" of a request to a model, as the model's server will read it: without escapes, and the last one where
 * there are several. Envoy may have cut the body off. */
static struct slice model_of(struct slice body, struct arena *arena)
{
	struct slice model = SLICE_NONE;
	struct json_string name, text;
	struct json j;

	json_init(&j, body);
	if (!json_object(&j))
		return model;
	while (json_member(&j, &name))
		if (!slice_equal(json_unescape(name, arena), SLICE("model")))
			json_skip(&j);
		else if (json_peek(&j) != JSON_STRING)
			json_skip(&j);
		else if (json_string(&j, &text))
			model = json_unescape(text, arena);
	return model;
}

static void read_body(const EnvoyAuthz__HttpRequest *http, struct arena *arena, struct budget_question *q)
{
	struct slice body = slice_of(http->body);

	if (http->raw_body.len > 0)
		body = (struct slice){ (const char *)http->raw_body.data, http->raw_body.len };
	if (q->labels[BUDGET_BY_MODEL].len == 0)
		q->labels[BUDGET_BY_MODEL] = model_of(body, arena);
}

/* Context extensions go last: the operator sets them, the client cannot. */
static void read_attributes(const struct envoy_asking *a, const EnvoyAuthz__AttributeContext *attributes,
			    struct arena *arena, struct budget_question *q)
{
	const EnvoyAuthz__HttpRequest *http = attributes->request != NULL ? attributes->request->http : NULL;

	for (size_t i = 0; http != NULL && i < http->n_headers; i++)
		if (slice_find(slice_of(http->headers[i]->key), SLICE("-")) >= 0 ||
		    strcmp(http->headers[i]->key, "traceparent") == 0) /* `user` alone is no header of ours */
			envoy_take_pair(a, slice_of(http->headers[i]->key), slice_of(http->headers[i]->value), q);
	if (http != NULL)
		read_body(http, arena, q);
	for (size_t i = 0; i < attributes->n_context_extensions; i++)
		envoy_take_pair(a, slice_of(attributes->context_extensions[i]->key),
				slice_of(attributes->context_extensions[i]->value), q);
}

static void pack(const EnvoyAuthz__CheckResponse *response, struct buf *out)
{
	char *at = buf_reserve(out, envoy_authz__check_response__get_packed_size(response));

	if (at != NULL)
		out->len += envoy_authz__check_response__pack(response, (uint8_t *)at);
}

static void allow(const struct budget_answer *decided, struct buf *out)
{
	EnvoyAuthz__CheckResponse response = ENVOY_AUTHZ__CHECK_RESPONSE__INIT;
	Rpc__Status status = RPC__STATUS__INIT;
	EnvoyAuthz__OkHttpResponse ok = ENVOY_AUTHZ__OK_HTTP_RESPONSE__INIT;
	EnvoyAuthz__HeaderValue value = ENVOY_AUTHZ__HEADER_VALUE__INIT;
	EnvoyAuthz__HeaderValueOption option = ENVOY_AUTHZ__HEADER_VALUE_OPTION__INIT, *options[] = { &option };
	char reservation[17];

	response.status = &status;
	response.http_response_case = ENVOY_AUTHZ__CHECK_RESPONSE__HTTP_RESPONSE_OK_RESPONSE;
	response.ok_response = &ok;
	if (decided->reservation != 0) {
		snprintf(reservation, sizeof(reservation), "%016" PRIx64, decided->reservation);
		value.key = (char *)(uintptr_t)ENVOY_RESERVATION_HEADER;
		value.value = reservation;
		option.header = &value;
		ok.headers = options;
		ok.n_headers = 1;
	}
	pack(&response, out);
}

static void deny(const struct budget_answer *decided, struct buf *out)
{
	EnvoyAuthz__CheckResponse response = ENVOY_AUTHZ__CHECK_RESPONSE__INIT;
	Rpc__Status status = RPC__STATUS__INIT;
	EnvoyAuthz__DeniedHttpResponse denied = ENVOY_AUTHZ__DENIED_HTTP_RESPONSE__INIT;
	EnvoyAuthz__HttpStatus http = ENVOY_AUTHZ__HTTP_STATUS__INIT;
	EnvoyAuthz__HeaderValue values[3];
	EnvoyAuthz__HeaderValueOption each[3], *options[3];
	struct buf body = BUF_INIT;
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%" PRIu64, envoy_retry_after_s(decided));
	const char *const pairs[3][2] = { { ENVOY_BUDGET_HEADER, decided->budget },
					  { "content-type", "application/json" },
					  { "retry-after", seconds } };
	for (size_t i = 0; i < 3; i++) {
		envoy_authz__header_value__init(&values[i]);
		envoy_authz__header_value_option__init(&each[i]);
		values[i].key = (char *)(uintptr_t)pairs[i][0];
		values[i].value = (char *)(uintptr_t)pairs[i][1];
		each[i].header = &values[i];
		options[i] = &each[i];
	}
	envoy_write_refusal(decided, &body);
	status.code = GRPC_RESOURCE_EXHAUSTED;
	status.message = (char *)(uintptr_t)decided->reason;
	http.code = TOO_MANY_REQUESTS;
	denied.status = &http;
	denied.headers = options;
	denied.n_headers = decided->retry_after_s > 0 ? 3 : 2;
	denied.body = (char *)(uintptr_t)buf_string(&body);
	response.status = &status;
	response.http_response_case = ENVOY_AUTHZ__CHECK_RESPONSE__HTTP_RESPONSE_DENIED_RESPONSE;
	response.denied_response = &denied;
	pack(&response, out);
	buf_release(&body);
}

bool envoy_check(const struct envoy_asking *a, struct slice bytes, struct buf *out)
{
	struct budget_question q = { .reserves = true };
	struct budget_answer decided;
	struct arena arena;
	EnvoyAuthz__CheckRequest *request = envoy_authz__check_request__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);

	if (request == NULL)
		return false;
	arena_init(&arena, 4 * bytes.len); /* all of it escaped, each piece rounded up */
	if (request->attributes != NULL)
		read_attributes(a, request->attributes, &arena, &q);
	budgets_decide(a->budgets, &q, (int64_t)(clock_unix_ns() / NS_PER_SECOND), &decided);
	if (decided.decision == DECISION_ALLOW)
		allow(&decided, out);
	else
		deny(&decided, out);
	arena_release(&arena);
	envoy_authz__check_request__free_unpacked(request, NULL);
	return true;
}
