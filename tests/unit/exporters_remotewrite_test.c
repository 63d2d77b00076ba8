/* SPDX-License-Identifier: Apache-2.0
 * Prometheus remote write: what is sent of a scrape, in both versions, and what each answer means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <snappy-c.h>

#include "agent/base/log.h"
#include "proto/remote_write_1.pb-c.h"
#include "proto/remote_write_2.pb-c.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/http_peer.h"

#define LABELS          "exporter=\"prometheusremotewrite\",kind=\"samples\""
#define DELIVERED(n)    rig_wait(&rig, METER_EXPORTED, LABELS, n)
#define DROPPED(reason) METER_DROPPED, LABELS ",reason=\"" reason "\""
#define QUICK_RETRY     "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n"
#define V2              "    protobuf_message: io.prometheus.write.v2.Request\n"
#define NO_CONTENT      { .bytes = "HTTP/1.1 204 No Content\r\n\r\n" }
#define WRITTEN                                                                                                        \
	{                                                                                                              \
		.bytes = "HTTP/1.1 204 No Content\r\nX-Prometheus-Remote-Write-Samples-Written: 3\r\n\r\n"             \
	}

static const char scrape[] =
	"# HELP calls Model calls\n# TYPE calls counter\n"
	"calls_total{model=\"m\",feature=\"a \\\"b\\\"\\\\n\\n{}\"} 3\n"
	"# HELP took_seconds Time\n# TYPE took_seconds histogram\n# UNIT took_seconds seconds\n"
	"took_seconds_bucket{le=\"+Inf\"} 1 # {trace_id=\"ab\",span_id=\"cd\"} 0.25 1700000000.125\n"
	"# HELP spread x\n# TYPE spread gauge\n"
	"spread NaN\n"
	"# EOF\n";

static struct http_peer peer;
static struct rig rig;
static const char *series; /* what the next scrape gives */

static void write_series(void *context, struct buf *out)
{
	(void)context;
	buf_text(out, series);
}

static void start(const struct http_peer_reply *replies, size_t count, const char *more)
{
	char yaml[1024];

	http_peer_start(&peer, replies, count);
	series = scrape;
	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  prometheusremotewrite:\n    endpoint: http://127.0.0.1:%u/api/v1/write\n"
		 "    external_labels: { instance: here, job: \"\", model: other }\n%s%s",
		 peer.port, more, strstr(more, "interval: 1h") == NULL ? "    interval: 100ms\n" : "");
	if (FAILED(rig_start_with(&rig, yaml, write_series, NULL)))
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

/* The message of one request. */
static uint8_t *message_of(size_t request, size_t *size)
{
	const struct http_peer_request *r = &peer.requests[request];

	assert_int_equal(snappy_uncompressed_length(r->body, r->body_bytes, size), SNAPPY_OK);
	char *plain = malloc(*size);
	assert_int_equal(snappy_uncompress(r->body, r->body_bytes, plain, size), SNAPPY_OK);
	return (uint8_t *)plain;
}

static Write1__WriteRequest *read_1(size_t request)
{
	size_t size;
	uint8_t *plain = message_of(request, &size);
	Write1__WriteRequest *message = write1__write_request__unpack(NULL, size, plain);

	free(plain);
	assert_non_null(message);
	assert_int_equal(message->base.n_unknown_fields, 0);
	return message;
}

static Write2__Request *read_2(size_t request)
{
	size_t size;
	uint8_t *plain = message_of(request, &size);
	Write2__Request *message = write2__request__unpack(NULL, size, plain);

	free(plain);
	assert_non_null(message);
	assert_int_equal(message->base.n_unknown_fields, 0);
	return message;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void series_have_sorted_labels_and_those_that_tell_the_agent_apart(void **state)
{
	static const char *const labels[][2] = {
		{ "__name__", "calls_total" }, { "feature", "a \"b\"\\n\n{}" }, { "instance", "here" }, { "model", "m" },
	};

	(void)state;
	START("", NO_CONTENT);
	assert_true(DELIVERED(3));
	assert_non_null(strstr(peer.requests[0].head, "POST /api/v1/write HTTP/1.1\r\n"));
	assert_non_null(strstr(peer.requests[0].head, "Content-Encoding: snappy\r\n"));
	assert_non_null(strstr(peer.requests[0].head, "Content-Type: application/x-protobuf\r\n"));
	assert_non_null(strstr(peer.requests[0].head, "X-Prometheus-Remote-Write-Version: 0.1.0\r\n"));
	Write1__WriteRequest *message = read_1(0);
	assert_int_equal(message->n_timeseries, 3);
	const Write1__TimeSeries *calls = message->timeseries[0];
	assert_int_equal(calls->n_labels, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(calls->labels[i]->name, labels[i][0]);
		assert_string_equal(calls->labels[i]->value, labels[i][1]);
	}
	assert_int_equal(calls->n_samples, 1);
	assert_true(bits_of(calls->samples[0]->value) == bits_of(3));
	int64_t now_ms = (int64_t)(clock_unix_ns() / NS_PER_MS);
	assert_in_range(calls->samples[0]->timestamp, now_ms - 30000, now_ms);
	assert_int_equal(message->n_metadata, 0);
	write1__write_request__free_unpacked(message, NULL);
	stop();
}

static void families_are_described_where_it_is_asked_for(void **state)
{
	(void)state;
	START("    send_metadata: true\n", NO_CONTENT);
	assert_true(DELIVERED(3));
	Write1__WriteRequest *message = read_1(0);
	assert_int_equal(message->n_metadata, 3);
	assert_int_equal(message->metadata[0]->type, 1);
	assert_string_equal(message->metadata[0]->metric_family_name, "calls");
	assert_string_equal(message->metadata[0]->help, "Model calls");
	assert_int_equal(message->metadata[1]->type, 3);
	assert_string_equal(message->metadata[1]->unit, "seconds");
	write1__write_request__free_unpacked(message, NULL);
	stop();
}

static void version_2_says_each_text_once_and_brings_exemplars_and_starts(void **state)
{
	(void)state;
	START(V2, WRITTEN);
	assert_true(DELIVERED(3));
	assert_non_null(strstr(peer.requests[0].head,
			       "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\n"));
	assert_non_null(strstr(peer.requests[0].head, "X-Prometheus-Remote-Write-Version: 2.0.0\r\n"));
	Write2__Request *message = read_2(0);
	assert_string_equal(message->symbols[0], "");
	for (size_t i = 0; i < message->n_symbols; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(message->symbols[i], message->symbols[j]);
	assert_int_equal(message->n_timeseries, 3);
	const Write2__TimeSeries *took = message->timeseries[1];
	assert_int_equal(took->n_labels_refs, 8);
	assert_string_equal(message->symbols[took->labels_refs[1]], "took_seconds_bucket");
	assert_string_equal(message->symbols[took->labels_refs[4]], "le");
	assert_string_equal(message->symbols[took->labels_refs[5]], "+Inf");
	assert_string_equal(message->symbols[took->metadata->unit_ref], "seconds");
	assert_int_equal(took->n_exemplars, 1);
	assert_true(bits_of(took->exemplars[0]->value) == bits_of(0.25));
	assert_int_equal(took->exemplars[0]->timestamp, 1700000000125);
	assert_string_equal(message->symbols[took->exemplars[0]->labels_refs[0]], "span_id");
	assert_string_equal(message->symbols[took->exemplars[0]->labels_refs[3]], "ab");
	assert_true(took->samples[0]->start_timestamp > 0);
	assert_true(took->samples[0]->start_timestamp <= took->samples[0]->timestamp);
	assert_int_equal(message->timeseries[2]->samples[0]->start_timestamp, 0);
	assert_true(message->timeseries[2]->samples[0]->value != message->timeseries[2]->samples[0]->value);
	write2__request__free_unpacked(message, NULL);
	stop();
}

static void a_receiver_of_version_1_gets_version_1(void **state)
{
	(void)state;
	START(V2, { .bytes = "HTTP/1.1 415 No\r\nContent-Length: 0\r\n\r\n" }, NO_CONTENT);
	assert_true(DELIVERED(3));
	assert_non_null(strstr(peer.requests[1].head, "X-Prometheus-Remote-Write-Version: 0.1.0\r\n"));
	Write1__WriteRequest *message = read_1(1);
	assert_int_equal(message->n_timeseries, 3);
	write1__write_request__free_unpacked(message, NULL);
	stop();
}

static void an_answer_that_does_not_say_what_was_written_is_one_of_version_1(void **state)
{
	(void)state;
	START(V2, NO_CONTENT);
	assert_true(DELIVERED(3));
	assert_non_null(strstr(peer.requests[1].head, "X-Prometheus-Remote-Write-Version: 0.1.0\r\n"));
	stop();
}

static void a_series_that_ends_is_marked_stale_once(void **state)
{
	size_t stale = 0, request = 0;

	(void)state;
	START("", NO_CONTENT);
	assert_true(DELIVERED(3));
	series = "# TYPE calls counter\ncalls_total{model=\"m\",feature=\"a \\\"b\\\"\\\\n\\n{}\"} 4\n# EOF\n";
	size_t before = http_peer_served(&peer);
	while (http_peer_served(&peer) < before + 4)
		uv_run(&rig.loop, UV_RUN_ONCE);
	for (request = 0; request < before + 4; request++) {
		Write1__WriteRequest *message = read_1(request);
		for (size_t i = 0; i < message->n_timeseries; i++) {
			const Write1__TimeSeries *s = message->timeseries[i];
			if (bits_of(s->samples[0]->value) != UINT64_C(0x7ff0000000000002))
				continue;
			stale++;
			assert_string_not_equal(s->labels[0]->value, "calls_total");
			assert_int_equal(s->samples[0]->timestamp, message->timeseries[0]->samples[0]->timestamp);
		}
		write1__write_request__free_unpacked(message, NULL);
	}
	assert_int_equal(stale, 2);
	stop();
}

static void a_large_scrape_takes_several_requests(void **state)
{
	struct buf large = BUF_INIT;
	size_t got = 0;

	(void)state;
	START("    max_batch_size_bytes: 4096\n", NO_CONTENT);
	buf_text(&large, "# TYPE calls counter\n");
	for (int i = 0; i < 300; i++)
		buf_printf(&large, "calls_total{n=\"%d\"} %d\n", i, i);
	buf_text(&large, "# EOF\n");
	series = buf_string(&large);
	assert_true(DELIVERED(303));
	series = scrape;
	for (size_t request = 1; request < http_peer_served(&peer); request++) {
		Write1__WriteRequest *message = read_1(request);
		assert_true(message->n_timeseries < 100);
		got += message->n_timeseries;
		write1__write_request__free_unpacked(message, NULL);
	}
	assert_true(got >= 300);
	stop();
	buf_release(&large);
}

static void server_trouble_is_tried_again_and_keeps_the_times(void **state)
{
	(void)state;
	START(QUICK_RETRY, { .bytes = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" },
	      { .bytes = "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n" }, NO_CONTENT);
	assert_true(DELIVERED(3));
	Write1__WriteRequest *first = read_1(0), *third = read_1(2);
	assert_int_equal(first->timeseries[0]->samples[0]->timestamp, third->timeseries[0]->samples[0]->timestamp);
	write1__write_request__free_unpacked(first, NULL);
	write1__write_request__free_unpacked(third, NULL);
	stop();
}

static void what_the_receiver_calls_bad_is_dropped_and_counted(void **state)
{
	(void)state;
	START(QUICK_RETRY,
	      { .bytes = "HTTP/1.1 400 Bad\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nout of order" }, NO_CONTENT);
	assert_true(rig_wait(&rig, DROPPED("refused"), 3));
	assert_true(DELIVERED(3));
	assert_int_equal(rig_count(METER_EXPORT_FAILURES, "exporter=\"prometheusremotewrite\",reason=\"http_400\""), 1);
	stop();
}

static void the_last_samples_are_taken_when_the_agent_stops(void **state)
{
	(void)state;
	START("    interval: 1h\n", NO_CONTENT);
	rig_drain(&rig, 5000);
	assert_int_equal(rig_count(METER_EXPORTED, LABELS), 3);
	stop();
}

static void two_consumers_would_mix_up_the_times(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  prometheusremotewrite:\n    endpoint: http://localhost:1/\n"
					 "    sending_queue: { num_consumers: 2 }\n")
				 .code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "prometheusremotewrite"));
	assert_non_null(strstr(buf_string(&rig.why), "num_consumers must be 1"));
	rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_have_sorted_labels_and_those_that_tell_the_agent_apart),
		cmocka_unit_test(families_are_described_where_it_is_asked_for),
		cmocka_unit_test(version_2_says_each_text_once_and_brings_exemplars_and_starts),
		cmocka_unit_test(a_receiver_of_version_1_gets_version_1),
		cmocka_unit_test(an_answer_that_does_not_say_what_was_written_is_one_of_version_1),
		cmocka_unit_test(a_series_that_ends_is_marked_stale_once),
		cmocka_unit_test(a_large_scrape_takes_several_requests),
		cmocka_unit_test(server_trouble_is_tried_again_and_keeps_the_times),
		cmocka_unit_test(what_the_receiver_calls_bad_is_dropped_and_counted),
		cmocka_unit_test(the_last_samples_are_taken_when_the_agent_stops),
		cmocka_unit_test(two_consumers_would_mix_up_the_times),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/remotewrite", tests, NULL, NULL);
}
