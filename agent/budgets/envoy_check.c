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

#define BAD_REQUEST             400
#define TOO_MANY_REQUESTS       429
#define GRPC_INVALID_ARGUMENT   3
#define GRPC_RESOURCE_EXHAUSTED 8
#define DENIAL_HEADERS          3

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
static void read_attributes(struct envoy_reading *r, const EnvoyAuthz__AttributeContext *attributes, struct arena *arena)
{
	const EnvoyAuthz__HttpRequest *http = attributes->request != NULL ? attributes->request->http : NULL;

	for (size_t i = 0; http != NULL && i < http->n_headers; i++)
		if (envoy_is_header(r->asking, slice_of(http->headers[i]->key)))
			envoy_take_pair(r, slice_of(http->headers[i]->key), slice_of(http->headers[i]->value));
	if (http != NULL)
		read_body(http, arena, &r->question);
	envoy_overrule(r);
	for (size_t i = 0; i < attributes->n_context_extensions; i++)
		envoy_take_pair(r, slice_of(attributes->context_extensions[i]->key),
				slice_of(attributes->context_extensions[i]->value));
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

/* What the client gets in place of an answer to its request. */
struct denial {
	int http, grpc;
	const char *why;
	const char *headers[DENIAL_HEADERS][2];
	size_t header_count;
	struct buf body;
};

static void pack_denial(struct denial *d, struct buf *out)
{
	EnvoyAuthz__CheckResponse response = ENVOY_AUTHZ__CHECK_RESPONSE__INIT;
	Rpc__Status status = RPC__STATUS__INIT;
	EnvoyAuthz__DeniedHttpResponse denied = ENVOY_AUTHZ__DENIED_HTTP_RESPONSE__INIT;
	EnvoyAuthz__HttpStatus http = ENVOY_AUTHZ__HTTP_STATUS__INIT;
	EnvoyAuthz__HeaderValue values[DENIAL_HEADERS];
	EnvoyAuthz__HeaderValueOption each[DENIAL_HEADERS], *options[DENIAL_HEADERS];

	for (size_t i = 0; i < d->header_count; i++) {
		envoy_authz__header_value__init(&values[i]);
		envoy_authz__header_value_option__init(&each[i]);
		values[i].key = (char *)(uintptr_t)d->headers[i][0];
		values[i].value = (char *)(uintptr_t)d->headers[i][1];
		each[i].header = &values[i];
		options[i] = &each[i];
	}
	status.code = d->grpc;
	status.message = (char *)(uintptr_t)d->why;
	http.code = d->http;
	denied.status = &http;
	denied.headers = options;
	denied.n_headers = d->header_count;
	denied.body = (char *)(uintptr_t)buf_string(&d->body);
	response.status = &status;
	response.http_response_case = ENVOY_AUTHZ__CHECK_RESPONSE__HTTP_RESPONSE_DENIED_RESPONSE;
	response.denied_response = &denied;
	pack(&response, out);
	buf_release(&d->body);
}

static void deny(const struct budget_answer *decided, struct buf *out)
{
	char seconds[24];
	struct denial d = {
		.http = TOO_MANY_REQUESTS,
		.grpc = GRPC_RESOURCE_EXHAUSTED,
		.why = decided->reason,
		.headers = { { "content-type", "application/json" },
			     { ENVOY_BUDGET_HEADER, decided->budget },
			     { "retry-after", seconds } },
		.header_count = decided->retry_after_s > 0 ? 3 : 2,
		.body = BUF_INIT,
	};

	snprintf(seconds, sizeof(seconds), "%" PRIu64, envoy_retry_after_s(decided));
	envoy_write_refusal(decided, &d.body);
	pack_denial(&d, out);
}

/* Not an error of the method: Envoy lets calls through on those, where it is told so. */
static void refuse(const struct envoy_reading *r, struct buf *out)
{
	struct denial d = {
		.http = BAD_REQUEST,
		.grpc = GRPC_INVALID_ARGUMENT,
		.why = r->contradiction,
		.headers = { { "content-type", "application/json" } },
		.header_count = 1,
		.body = BUF_INIT,
	};

	envoy_write_contradiction(r, &d.body);
	pack_denial(&d, out);
}

static void decide(const struct envoy_reading *r, struct buf *out)
{
	struct budget_answer decided;

	if (r->contradiction[0] != '\0') {
		refuse(r, out);
		return;
	}
	budgets_decide(r->asking->budgets, &r->question, (int64_t)(clock_unix_ns() / NS_PER_SECOND), &decided);
	if (decided.decision == DECISION_ALLOW)
		allow(&decided, out);
	else
		deny(&decided, out);
}

bool envoy_check(const struct envoy_asking *a, struct slice bytes, struct buf *out)
{
	struct envoy_reading r = { .asking = a, .question.reserves = true };
	struct arena arena;
	EnvoyAuthz__CheckRequest *request = envoy_authz__check_request__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);

	if (request == NULL)
		return false;
	arena_init(&arena, 4 * bytes.len); /* all of it escaped, each piece rounded up */
	if (request->attributes != NULL)
		read_attributes(&r, request->attributes, &arena);
	decide(&r, out);
	arena_release(&arena);
	envoy_authz__check_request__free_unpacked(request, NULL);
	return true;
}
