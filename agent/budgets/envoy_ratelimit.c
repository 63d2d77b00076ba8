/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_ratelimit.c - ShouldRateLimit. All descriptors together describe the one call that is asked about.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/budgets/envoy_method.h"
#include "proto/envoy_ratelimit.pb-c.h"

#define HEADERS_MAX 2

static void read_descriptors(struct envoy_reading *r, const EnvoyRatelimit__RateLimitRequest *request)
{
	for (size_t i = 0; i < request->n_descriptors; i++)
		for (size_t e = 0; e < request->descriptors[i]->n_entries; e++)
			envoy_take_pair(r, slice_of(request->descriptors[i]->entries[e]->key),
					slice_of(request->descriptors[i]->entries[e]->value));
}

/* All descriptors are told the same: what overall_code says, and when to ask again (0: no time will help). */
static void pack(EnvoyRatelimit__RateLimitResponse *response, uint64_t retry_after_s, size_t descriptors, struct buf *out)
{
	EnvoyRatelimit__RateLimitResponse__DescriptorStatus status =
		ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__DESCRIPTOR_STATUS__INIT;
	EnvoyRatelimit__RateLimitResponse__DescriptorStatus **statuses = calloc(descriptors + 1, sizeof(*statuses));
	Rpc__Duration reset = RPC__DURATION__INIT;

	status.code = response->overall_code;
	reset.seconds = (int64_t)retry_after_s;
	if (retry_after_s > 0)
		status.duration_until_reset = &reset;
	for (size_t i = 0; statuses != NULL && i < descriptors; i++)
		statuses[i] = &status;
	response->statuses = statuses;
	response->n_statuses = statuses != NULL ? descriptors : 0;
	char *at = buf_reserve(out, envoy_ratelimit__rate_limit_response__get_packed_size(response));
	if (at != NULL)
		out->len += envoy_ratelimit__rate_limit_response__pack(response, (uint8_t *)at);
	free(statuses);
}

static void answer(const struct budget_answer *decided, size_t descriptors, struct buf *out)
{
	EnvoyRatelimit__RateLimitResponse response = ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__INIT;
	EnvoyRatelimit__HeaderValue header = ENVOY_RATELIMIT__HEADER_VALUE__INIT, retry = header;
	EnvoyRatelimit__HeaderValue *headers[HEADERS_MAX] = { &header, &retry };
	struct buf body = BUF_INIT;
	char reservation[17], seconds[24];
	bool is_allowed = decided->decision == DECISION_ALLOW;

	response.overall_code = is_allowed ? ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__CODE__OK :
					     ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__CODE__OVER_LIMIT;
	if (is_allowed && decided->reservation != 0) {
		snprintf(reservation, sizeof(reservation), "%016" PRIx64, decided->reservation);
		header.key = (char *)(uintptr_t)ENVOY_RESERVATION_HEADER;
		header.value = reservation;
		response.request_headers_to_add = headers;
		response.n_request_headers_to_add = 1;
	} else if (!is_allowed) {
		snprintf(seconds, sizeof(seconds), "%" PRIu64, envoy_retry_after_s(decided));
		header.key = (char *)(uintptr_t)ENVOY_BUDGET_HEADER;
		header.value = (char *)(uintptr_t)decided->budget;
		retry.key = (char *)(uintptr_t)"retry-after";
		retry.value = seconds;
		response.response_headers_to_add = headers;
		response.n_response_headers_to_add = decided->retry_after_s > 0 ? 2 : 1;
		envoy_write_refusal(decided, &body);
		response.raw_body = (ProtobufCBinaryData){ body.len, (uint8_t *)body.ptr };
	}
	pack(&response, envoy_retry_after_s(decided), descriptors, out);
	buf_release(&body);
}

/* Not an error of the method: Envoy lets calls through on those, where it is told so. It knows no answer but this one. */
static void refuse(const struct envoy_reading *r, size_t descriptors, struct buf *out)
{
	EnvoyRatelimit__RateLimitResponse response = ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__INIT;
	struct buf body = BUF_INIT;

	envoy_write_contradiction(r, &body);
	response.overall_code = ENVOY_RATELIMIT__RATE_LIMIT_RESPONSE__CODE__OVER_LIMIT;
	response.raw_body = (ProtobufCBinaryData){ body.len, (uint8_t *)body.ptr };
	pack(&response, 0, descriptors, out);
	buf_release(&body);
}

bool envoy_should_rate_limit(const struct envoy_asking *a, struct slice bytes, struct buf *out)
{
	struct envoy_reading r = { .asking = a, .question.reserves = true };
	struct budget_answer decided;
	EnvoyRatelimit__RateLimitRequest *request =
		envoy_ratelimit__rate_limit_request__unpack(NULL, bytes.len, (const uint8_t *)bytes.ptr);

	if (request == NULL)
		return false;
	r.question.calls = request->hits_addend;
	read_descriptors(&r, request);
	if (r.contradiction[0] != '\0') {
		refuse(&r, request->n_descriptors, out);
	} else {
		budgets_decide(a->budgets, &r.question, (int64_t)(clock_unix_ns() / NS_PER_SECOND), &decided);
		answer(&decided, request->n_descriptors, out);
	}
	envoy_ratelimit__rate_limit_request__free_unpacked(request, NULL);
	return true;
}
