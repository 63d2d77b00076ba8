/* SPDX-License-Identifier: Apache-2.0
 * What a status becomes on either transport, and what the answers' bodies hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/receivers/reply.h"
#include "agent/receivers/rpc_status.h"
#include "proto/otlp_logs.pb-c.h"
#include "proto/otlp_metrics.pb-c.h"
#include "proto/otlp_trace.pb-c.h"
#include "proto/rpc_status.pb-c.h"

/* Codes that OTLP lets a sender retry (RESOURCE_EXHAUSTED aside), and HTTP statuses likewise. */
static bool otlp_retries_grpc(int code)
{
	return code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
}

static bool otlp_retries_http(unsigned status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

static void every_status_is_retryable_on_both_transports_or_on_none(void **state)
{
	(void)state;
	for (int code = STATUS_OK; code <= STATUS_UNAUTHENTICATED; code++) {
		const struct reply_row *row = reply_row((enum status_code)code);
		assert_int_equal(row->status, code);
		assert_int_equal(row->retryable, otlp_retries_grpc(row->grpc_code));
		assert_int_equal(row->retryable, otlp_retries_http(row->http_status));
		assert_int_equal(row->http_status == 200, row->grpc_code == 0);
	}
}

static void statuses_have_the_codes_that_the_protocol_gives_them(void **state)
{
	static const struct {
		enum status_code status;
		int grpc_code;
		unsigned http_status;
	} rows[] = {
		{ STATUS_MALFORMED, 3, 400 },    { STATUS_TOOBIG, 8, 413 },       { STATUS_FULL, 14, 429 },
		{ STATUS_UNAVAILABLE, 14, 503 }, { STATUS_UNSUPPORTED, 12, 415 }, { STATUS_DENIED, 7, 403 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(reply_row(rows[i].status)->grpc_code, rows[i].grpc_code);
		assert_int_equal(reply_row(rows[i].status)->http_status, rows[i].http_status);
	}
}

static Rpc__Status *packed_status(const struct ingest_reply *reply)
{
	struct buf b = BUF_INIT;

	rpc_status_pack(reply, &b);
	Rpc__Status *status = rpc__status__unpack(NULL, b.len, (const uint8_t *)b.ptr);
	assert_non_null(status);
	buf_release(&b);
	return status;
}

static void a_retryable_refusal_carries_retry_info(void **state)
{
	const struct ingest_reply reply = { .status = FAIL(FULL, "queue is full"), .retry_after_ms = 2500 };
	Rpc__Status *status = packed_status(&reply);

	(void)state;
	assert_int_equal(status->code, 14);
	assert_string_equal(status->message, "queue is full");
	assert_int_equal(status->n_details, 1);
	assert_string_equal(status->details[0]->type_url, "type.googleapis.com/google.rpc.RetryInfo");
	Rpc__RetryInfo *info =
		rpc__retry_info__unpack(NULL, status->details[0]->value.len, status->details[0]->value.data);
	assert_int_equal(info->retry_delay->seconds, 2);
	assert_int_equal(info->retry_delay->nanos, 500000000);
	rpc__retry_info__free_unpacked(info, NULL);
	rpc__status__free_unpacked(status, NULL);
}

static void a_request_that_is_too_big_carries_none(void **state)
{
	const struct ingest_reply reply = { .status = FAIL(TOOBIG, "too big"), .retry_after_ms = 2500 };
	Rpc__Status *status = packed_status(&reply);

	(void)state;
	assert_int_equal(status->code, 8);
	assert_int_equal(status->n_details, 0);
	rpc__status__free_unpacked(status, NULL);
}

static void the_json_status_says_the_same(void **state)
{
	const struct ingest_reply full = { .status = FAIL(FULL, "queue is \"full\""), .retry_after_ms = 2500 };
	const struct ingest_reply bad = { .status = FAIL(MALFORMED, "broken") };
	struct buf b = BUF_INIT;

	(void)state;
	rpc_status_json(&full, &b);
	assert_string_equal(buf_string(&b),
			    "{\"code\":14,\"message\":\"queue is \\\"full\\\"\",\"details\":[{\"@type\":"
			    "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"2.500s\"}]}");
	buf_reset(&b);
	rpc_status_json(&bad, &b);
	assert_string_equal(buf_string(&b), "{\"code\":3,\"message\":\"broken\"}");
	buf_release(&b);
}

static void full_success_is_the_empty_message(void **state)
{
	const struct ingest_reply reply = { .status = OK };
	struct buf b = BUF_INIT;

	(void)state;
	export_response_pack(&reply, &b);
	assert_int_equal(b.len, 0);
	export_response_json(&reply, SIGNAL_LOGS, &b);
	assert_string_equal(buf_string(&b), "{}");
	buf_release(&b);
}

static void partial_success_reads_back_as_each_signals_own_message(void **state)
{
	const struct ingest_reply reply = { .status = OK, .rejected_items = 7, .rejected_why = "no trace id" };
	struct buf b = BUF_INIT;

	(void)state;
	export_response_pack(&reply, &b);
	const uint8_t *bytes = (const uint8_t *)b.ptr;
	Otlp__ExportTraceServiceResponse *traces = otlp__export_trace_service_response__unpack(NULL, b.len, bytes);
	Otlp__ExportMetricsServiceResponse *metrics = otlp__export_metrics_service_response__unpack(NULL, b.len, bytes);
	Otlp__ExportLogsServiceResponse *logs = otlp__export_logs_service_response__unpack(NULL, b.len, bytes);
	assert_int_equal(traces->partial_success->rejected_spans, 7);
	assert_int_equal(metrics->partial_success->rejected_data_points, 7);
	assert_int_equal(logs->partial_success->rejected_log_records, 7);
	assert_string_equal(traces->partial_success->error_message, "no trace id");
	assert_string_equal(logs->partial_success->error_message, "no trace id");
	otlp__export_trace_service_response__free_unpacked(traces, NULL);
	otlp__export_metrics_service_response__free_unpacked(metrics, NULL);
	otlp__export_logs_service_response__free_unpacked(logs, NULL);
	buf_release(&b);
}

static void partial_success_in_json_names_the_signals_items(void **state)
{
	const struct ingest_reply reply = { .status = OK, .rejected_items = 7, .rejected_why = "no \"id\"" };
	static const char *const want[SIGNAL_COUNT] = {
		"{\"partialSuccess\":{\"rejectedSpans\":\"7\",\"errorMessage\":\"no \\\"id\\\"\"}}",
		"{\"partialSuccess\":{\"rejectedDataPoints\":\"7\",\"errorMessage\":\"no \\\"id\\\"\"}}",
		"{\"partialSuccess\":{\"rejectedLogRecords\":\"7\",\"errorMessage\":\"no \\\"id\\\"\"}}",
	};

	(void)state;
	for (int s = 0; s < SIGNAL_COUNT; s++) {
		struct buf b = BUF_INIT;
		export_response_json(&reply, (enum signal)s, &b);
		assert_string_equal(buf_string(&b), want[s]);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_is_retryable_on_both_transports_or_on_none),
		cmocka_unit_test(statuses_have_the_codes_that_the_protocol_gives_them),
		cmocka_unit_test(a_retryable_refusal_carries_retry_info),
		cmocka_unit_test(a_request_that_is_too_big_carries_none),
		cmocka_unit_test(the_json_status_says_the_same),
		cmocka_unit_test(full_success_is_the_empty_message),
		cmocka_unit_test(partial_success_reads_back_as_each_signals_own_message),
		cmocka_unit_test(partial_success_in_json_names_the_signals_items),
	};
	return cmocka_run_group_tests_name("receivers/reply", tests, NULL, NULL);
}
