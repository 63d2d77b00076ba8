/* SPDX-License-Identifier: Apache-2.0
 * ClickHouse: what is asked of servers old and new, and what their answers mean. tests/system/test_clickhouse.py asks a
 * real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"
#include "exporters/clickhouse/clickhouse_priv.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/http_peer.h"

#define LABELS(kind)          "exporter=\"clickhouse\",kind=\"" kind "\""
#define DROPPED(kind, reason) METER_DROPPED, LABELS(kind) ",reason=\"" reason "\""
#define QUICK_RETRY           "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n"
#define ANSWER(length, body)  { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body }
#define DONE                  ANSWER("0", "")
#define FAILS(code)                                                                                                    \
	{                                                                                                              \
		.bytes = "HTTP/1.1 500 No\r\nX-ClickHouse-Exception-Code: " code "\r\nContent-Length: 0\r\n\r\n"       \
	}
/* version, database, table of versions */
#define BEGINS(version) ANSWER("5", version "\n"), DONE, DONE
#define RECORD          SLICE("{\"feature\":\"f\"}\n")

static struct http_peer peer;
static struct rig rig;

static void start(const struct http_peer_reply *replies, size_t count, const char *more)
{
	char yaml[1024];

	http_peer_start(&peer, replies, count);
	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  clickhouse:\n    endpoint: http://127.0.0.1:%u/\n    database: llm\n    compression: none\n%s", peer.port,
		 more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

#define START(more, ...)                                                                                               \
	const struct http_peer_reply replies[] = { __VA_ARGS__ };                                                      \
	start(replies, sizeof(replies) / sizeof(replies[0]), more)

static void stop(void)
{
	assert_int_equal(rig_stop(&rig), 0);
	http_peer_stop(&peer);
}

static void a_new_server_gets_maps_ttl_and_a_token(void **state)
{
	(void)state;
	START("    ttl: 24h\n    password: secret\n", BEGINS("24.8"), ANSWER("2", "0\n"), DONE);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 1));
	assert_string_equal(peer.requests[0].body, "SELECT version()");
	assert_non_null(strstr(peer.requests[0].head, "X-ClickHouse-User: default\r\n"));
	assert_non_null(strstr(peer.requests[0].head, "X-ClickHouse-Key: secret\r\n"));
	assert_non_null(strstr(peer.requests[4].body, "llm.plimsoll_records (time DateTime64(9)"));
	assert_non_null(strstr(peer.requests[4].body, " TTL toDateTime(time) + toIntervalSecond(86400)"));
	assert_non_null(strstr(peer.requests[5].body, "SpanAttributes Map(LowCardinality(String), String)"));
	assert_string_equal(peer.requests[6].body, "INSERT INTO llm.plimsoll_schema SELECT 1, now()");
	assert_non_null(strstr(peer.requests[7].head, "&insert_deduplication_token="));
	assert_non_null(strstr(peer.requests[7].head,
			       "&query=INSERT%20INTO%20llm.plimsoll_records%20FORMAT%20JSONEachRow "));
	assert_memory_equal(peer.requests[7].body, "{\"feature\":\"f\"}\n", 16);
	stop();
}

static void tables_of_this_version_are_left_alone(void **state)
{
	(void)state;
	START("", BEGINS("18.1"), ANSWER("2", "1\n"), DONE);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 1));
	assert_int_equal(http_peer_served(&peer), 5);
	assert_null(strstr(peer.requests[4].head, "insert_deduplication_token"));
	stop();
}

static void tables_of_a_newer_version_are_not_touched(void **state)
{
	(void)state;
	START(QUICK_RETRY, BEGINS("24.8"), ANSWER("2", "9\n"), BEGINS("24.8"), ANSWER("2", "9\n"), FAILS("516"));
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORT_FAILURES, "exporter=\"clickhouse\",reason=\"schema\"", 2));
	assert_true(rig_wait(&rig, DROPPED("records", "refused"), 1));
	stop();
}

static void trouble_that_passes_is_tried_again_with_the_same_token(void **state)
{
	(void)state;
	START(QUICK_RETRY "    create_schema: false\n", ANSWER("5", "24.8\n"), FAILS("252"), FAILS("241"), DONE);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 1));
	assert_int_equal(http_peer_served(&peer), 4);
	assert_int_equal(rig_count(METER_EXPORT_FAILURES, "exporter=\"clickhouse\",reason=\"clickhouse_252\""), 1);
	size_t line = strcspn(peer.requests[1].head, "\r");
	assert_memory_equal(peer.requests[1].head, peer.requests[3].head, line);
	stop();
}

/* Of clusters too: Keeper away, replicas away, a quorum that is not reached, servers with too much to do. */
static void what_passes_in_a_cluster_is_tried_again(void **state)
{
	static const char *const codes[] = { "201", "225", "244", "279", "285", "286", "319", "439", "499", "745",
					     "999" };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char answer[128];
		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 500 No\r\nX-ClickHouse-Exception-Code: %s\r\nContent-Length: 0\r\n\r\n", codes[i]);
		START(QUICK_RETRY "    create_schema: false\n", ANSWER("5", "24.8\n"), { .bytes = answer }, DONE);
		rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
		assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 1));
		stop();
	}
}

/* Numbers of later versions: what the status says of them holds. */
static void an_unknown_error_with_a_503_is_tried_again(void **state)
{
	(void)state;
	START(QUICK_RETRY "    create_schema: false\n", ANSWER("5", "24.8\n"),
	      { .bytes = "HTTP/1.1 503 No\r\nX-ClickHouse-Exception-Code: 4711\r\nContent-Length: 0\r\n\r\n" }, DONE);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 1));
	stop();
}

#define TOO_MANY_DAYS                                                                                                         \
	{                                                                                                                    \
		.bytes = "HTTP/1.1 500 No\r\nX-ClickHouse-Exception-Code: 252\r\nContent-Length: 84\r\n\r\nCode: 252. "          \
			 "DB::Exception: Too many partitions for single INSERT block (more than 100)."                       \
	}

/* The server counts days (partitions), and says no to the same rows for ever. */
static void rows_of_too_many_days_go_in_halves(void **state)
{
	(void)state;
	START("    create_schema: false\n    sending_queue: { batch: { min_size: 32, flush_timeout: 10s } }\n",
	      ANSWER("5", "24.8\n"), TOO_MANY_DAYS, DONE);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), 2));
	assert_int_equal(http_peer_served(&peer), 4);
	assert_int_equal(peer.requests[1].body_bytes, 2 * RECORD.len);
	assert_int_equal(peer.requests[2].body_bytes, RECORD.len);
	assert_int_equal(peer.requests[3].body_bytes, RECORD.len);
	stop();
}

static void what_it_cannot_parse_is_dropped_without_its_words(void **state)
{
	(void)state;
	START(QUICK_RETRY "    create_schema: false\n", ANSWER("5", "18.1\n"),
	      { .bytes = "HTTP/1.1 400 No\r\nContent-Length: 40\r\n\r\nCode: 27, Cannot parse input: my secrets" });
	rig_offer(&rig, PAYLOAD_RECORDS, RECORD, 3);
	assert_true(rig_wait(&rig, DROPPED("records", "refused"), 3));
	assert_int_equal(rig_count(METER_EXPORT_FAILURES, "exporter=\"clickhouse\",reason=\"clickhouse_27\""), 1);
	stop();
}

#define SPAN                                                                                                           \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}]}," \
	"\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{\"traceId\":\"0123456789abcdef0123456789abcdef\","        \
	"\"spanId\":\"0123456789abcdef\",\"name\":\"n\\\"\",\"kind\":3,\"startTimeUnixNano\":\"1700000000000000001\","      \
	"\"endTimeUnixNano\":\"1700000000000000006\",\"attributes\":[{\"key\":\"i\",\"value\":{\"intValue\":\"5\"}},"        \
	"{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},{\"boolValue\":true}]}}}],"           \
	"\"events\":[{\"timeUnixNano\":\"1700000000000000002\",\"name\":\"e\",\"attributes\":[{\"key\":\"k\",\"value\":"     \
	"{\"stringValue\":\"v\"}}]}],\"status\":{\"message\":\"no\",\"code\":2}}]}]}]}"
#define IDS "\"TraceId\":\"0123456789abcdef0123456789abcdef\",\"SpanId\":\"0123456789abcdef\",\"ParentSpanId\":\"\","
#define OWN "\"SpanName\":\"n\\\"\",\"SpanKind\":\"Client\",\"ServiceName\":\"shop\","
#define END "\"Duration\":5,\"StatusCode\":\"Error\",\"StatusMessage\":\"no\",\"Events.Timestamp\":[\"2023-11-14T22:13:20.000000002Z\"]," \
	    "\"Events.Name\":[\"e\"],\"Events.Attributes\":"

static void expect_row_of(const char *request, bool is_modern, const char *want)
{
	const struct clickhouse_server server = { .is_modern = is_modern };
	struct buf wire = BUF_INIT, rows = BUF_INIT;

	assert_false(FAILED(json_to_wire(slice_of(request), SIGNAL_TRACES, 10000, &wire, NULL)));
	assert_false(FAILED(clickhouse_rows(&server, buf_view(&wire), &rows)));
	assert_string_equal(buf_string(&rows), want);
	buf_release(&wire);
	buf_release(&rows);
}

static void expect_row(bool is_modern, const char *want)
{
	expect_row_of(SPAN, is_modern, want);
}

static void a_span_is_a_row_in_the_collectors_columns(void **state)
{
	(void)state;
	expect_row(true, "{\"Timestamp\":\"2023-11-14T22:13:20.000000001Z\"," IDS OWN "\"ResourceAttributes\":{\"service.name\":\"shop\"},"
			 "\"ScopeName\":\"s\",\"ScopeVersion\":\"\",\"SpanAttributes\":{\"i\":\"5\",\"l\":\"[\\\"a\\\",true]\"}," END
			 "[{\"k\":\"v\"}]}\n");
	expect_row(false, "{\"Timestamp\":\"2023-11-14T22:13:20.000000001Z\"," IDS OWN "\"ResourceAttributes.key\":[\"service.name\"],"
			  "\"ResourceAttributes.value\":[\"shop\"],\"ScopeName\":\"s\",\"ScopeVersion\":\"\","
			  "\"SpanAttributes.key\":[\"i\",\"l\"],\"SpanAttributes.value\":[\"5\",\"[\\\"a\\\",true]\"]," END
			  "[\"{\\\"k\\\":\\\"v\\\"}\"]}\n");
}

#define LINKED                                                                                                               \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"0123456789abcdef0123456789abcdef\","                     \
	"\"spanId\":\"0123456789abcdef\",\"traceState\":\"ot=th:8\",\"name\":\"n\",\"links\":[{\"traceId\":"                      \
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"spanId\":\"aaaaaaaaaaaaaaaa\",\"traceState\":\"a=1\",\"attributes\":["           \
	"{\"key\":\"i\",\"value\":{\"intValue\":\"5\"}},{\"key\":\"s\",\"value\":{\"stringValue\":\"v\"}}]},"                        \
	"{\"traceId\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"spanId\":\"bbbbbbbbbbbbbbbb\"}]}]}]}]}"
#define LINKED_HEAD "{\"Timestamp\":\"1970-01-01T00:00:00.000000000Z\"," IDS "\"TraceState\":\"ot=th:8\",\"SpanName\":\"n\"," \
		    "\"SpanKind\":\"Unspecified\",\"ServiceName\":\"\","
#define LINKED_END "\"Duration\":0,\"StatusCode\":\"Unset\",\"StatusMessage\":\"\",\"Events.Timestamp\":[],\"Events.Name\":[]," \
		   "\"Events.Attributes\":[]"

static void links_and_the_trace_state_go_with_their_span(void **state)
{
	(void)state;
	expect_row_of(LINKED, true,
		      LINKED_HEAD "\"ResourceAttributes\":{},\"ScopeName\":\"\",\"ScopeVersion\":\"\",\"SpanAttributes\":{}," LINKED_END
				  ",\"Links.TraceId\":[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"],"
				  "\"Links.SpanId\":[\"aaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbb\"],\"Links.TraceState\":[\"a=1\",\"\"],"
				  "\"Links.Attributes\":[{\"i\":\"5\",\"s\":\"v\"},{}]}\n");
	expect_row_of(LINKED, false,
		      LINKED_HEAD "\"ResourceAttributes.key\":[],\"ResourceAttributes.value\":[],\"ScopeName\":\"\",\"ScopeVersion\":\"\","
				  "\"SpanAttributes.key\":[],\"SpanAttributes.value\":[]," LINKED_END "}\n");
}

static void names_that_are_no_names_are_refused(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  clickhouse:\n    endpoint: http://localhost:1\n    database: \"a; DROP\"\n").code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "clickhouse: database: 'a; DROP' is no plain name"));
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_server_gets_maps_ttl_and_a_token),
		cmocka_unit_test(tables_of_this_version_are_left_alone),
		cmocka_unit_test(tables_of_a_newer_version_are_not_touched),
		cmocka_unit_test(trouble_that_passes_is_tried_again_with_the_same_token),
		cmocka_unit_test(what_passes_in_a_cluster_is_tried_again),
		cmocka_unit_test(an_unknown_error_with_a_503_is_tried_again),
		cmocka_unit_test(rows_of_too_many_days_go_in_halves),
		cmocka_unit_test(what_it_cannot_parse_is_dropped_without_its_words),
		cmocka_unit_test(a_span_is_a_row_in_the_collectors_columns),
		cmocka_unit_test(links_and_the_trace_state_go_with_their_span),
		cmocka_unit_test(names_that_are_no_names_are_refused),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/clickhouse", tests, NULL, NULL);
}
