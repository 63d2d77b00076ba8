/* SPDX-License-Identifier: Apache-2.0
 * Kafka: which messages a payload becomes, and what the brokers' answers mean. The brokers are librdkafka's own mock
 * cluster, over sockets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"
#include "exporters/kafka/kafka_priv.h"
#include "tests/unit/exporter_rig.h"

#include <librdkafka/rdkafka_mock.h> /* behind rdkafka.h */

#define LABELS(kind)          "exporter=\"kafka\",kind=\"" kind "\""
#define DELIVERED(kind, n)    rig_wait(&rig, METER_EXPORTED, LABELS(kind), n)
#define DROPPED(kind, reason) METER_DROPPED, LABELS(kind) ",reason=\"" reason "\""
#define QUICK_RETRY           "    retry_on_failure: { initial_interval: 10ms, max_interval: 10ms }\n"
#define MESSAGES_MAX          16

static rd_kafka_t *host; /* of the mock cluster */
static rd_kafka_mock_cluster_t *brokers;
static struct rig rig;
static struct message {
	char *key, *value;
	size_t value_bytes;
} messages[MESSAGES_MAX];
static size_t message_count;

static int start_brokers(void **state)
{
	(void)state;
	host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
	brokers = rd_kafka_mock_cluster_new(host, 3);
	return brokers == NULL;
}

static int stop_brokers(void **state)
{
	(void)state;
	for (size_t i = 0; i < message_count; i++) {
		free(messages[i].key);
		free(messages[i].value);
	}
	message_count = 0;
	rd_kafka_mock_cluster_destroy(brokers);
	rd_kafka_destroy(host);
	return 0;
}

static void start(const char *more)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "exporters:\n  kafka:\n    brokers: [%s]\n%s",
		 rd_kafka_mock_cluster_bootstraps(brokers), more);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
}

static void stop(void)
{
	assert_int_equal(rig_stop(&rig), 0);
}

static void keep(const rd_kafka_message_t *m)
{
	struct message *to = &messages[message_count++];

	to->key = m->key != NULL ? strndup(m->key, m->key_len) : NULL;
	to->value = malloc(m->len + 1);
	memcpy(to->value, m->payload, m->len);
	to->value[m->len] = '\0';
	to->value_bytes = m->len;
}

/* Reads that many messages of a topic, all partitions, from the beginning. */
static void read_topic(const char *topic, size_t count)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(4);

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(brokers), NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
	for (int32_t i = 0; i < 4; i++)
		rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(consumer, all);
	for (int tries = 0; message_count < count && tries < 200; tries++) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 100);
		if (m != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			keep(m);
		if (m != NULL)
			rd_kafka_message_destroy(m);
	}
	rd_kafka_topic_partition_list_destroy(all);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	assert_int_equal(message_count, count);
}

static const struct message *message_with_key(const char *key)
{
	for (size_t i = 0; i < message_count; i++)
		if (messages[i].key != NULL && strcmp(messages[i].key, key) == 0)
			return &messages[i];
	fail_msg("no message has the key %s", key);
	return NULL;
}

static void a_request_is_one_message_without_a_key(void **state)
{
	(void)state;
	start("");
	rig_offer(&rig, PAYLOAD_TRACES, SLICE("the\0spans"), 3);
	assert_true(DELIVERED("traces", 3));
	read_topic("otlp_spans", 1);
	assert_null(messages[0].key);
	assert_int_equal(messages[0].value_bytes, 9);
	assert_memory_equal(messages[0].value, "the\0spans", 9);
	stop();
}

static void each_signal_has_its_topic_and_encoding(void **state)
{
	static const char json[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityNumber\":9}]}]}]}";
	struct buf wire = BUF_INIT;

	(void)state;
	start("    logs: { topic: elsewhere, encoding: otlp_json }\n");
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_LOGS, 1000, &wire, NULL)));
	rig_offer(&rig, PAYLOAD_LOGS, buf_view(&wire), 1);
	assert_true(DELIVERED("logs", 1));
	read_topic("elsewhere", 1);
	assert_string_equal(messages[0].value, json);
	buf_release(&wire);
	stop();
}

static void a_record_is_a_message_whose_key_is_that_of_its_baseline(void **state)
{
	(void)state;
	start("");
	rig_offer(&rig, PAYLOAD_RECORDS,
		  SLICE("{\"trace_id\":\"t1\",\"feature\":\"chat\",\"model\":\"gpt-4o\",\"prompt_version\":\"a@1\",\"scores\":{\"model\":\"x\"}}\n"
			"{\"trace_id\":\"t2\",\"feature\":\"chat\",\"model\":null,\"prompt_version\":\"a@2\"}\n"),
		  2);
	assert_true(DELIVERED("records", 2));
	read_topic("plimsoll_records", 2);
	assert_non_null(strstr(message_with_key("chat|gpt-4o|a@1")->value, "\"t1\""));
	assert_string_equal(message_with_key("chat|unknown|a@2")->value,
			    "{\"trace_id\":\"t2\",\"feature\":\"chat\",\"model\":null,\"prompt_version\":\"a@2\"}");
	stop();
}

#define SPAN(trace, name)  "{\"traceId\":\"" trace "\",\"name\":\"" name "\"}"
#define T1                 "11111111111111111111111111111111"
#define T2                 "22222222222222222222222222222222"
#define RESOURCE(r, spans)                                                                                             \
	"{\"resource\":{\"droppedAttributesCount\":" r "},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[" spans "]}]}"

static void a_trace_is_a_message_with_its_id_as_key(void **state)
{
	static const char json[] = "{\"resourceSpans\":[" RESOURCE("1", SPAN(T1, "a") "," SPAN(T1, "b") "," SPAN(T2, "c")) ","
		RESOURCE("2", SPAN(T1, "d")) "]}";
	struct buf wire = BUF_INIT;

	(void)state;
	start("    partition_traces_by_id: true\n    traces: { encoding: otlp_json }\n");
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 10000, &wire, NULL)));
	rig_offer(&rig, PAYLOAD_TRACES, buf_view(&wire), 4);
	assert_true(DELIVERED("traces", 4));
	read_topic("otlp_spans", 2);
	assert_string_equal(message_with_key(T1)->value,
			    "{\"resourceSpans\":[" RESOURCE("1", SPAN(T1, "a") "," SPAN(T1, "b")) "," RESOURCE("2", SPAN(T1, "d")) "]}");
	assert_string_equal(message_with_key(T2)->value, "{\"resourceSpans\":[" RESOURCE("1", SPAN(T2, "c")) "]}");
	buf_release(&wire);
	stop();
}

static void spans_are_counted_in_what_a_trace_became(void **state)
{
	static const char json[] = "{\"resourceSpans\":[" RESOURCE("1", SPAN(T1, "a") "," SPAN(T1, "b")) "," RESOURCE("2", SPAN(T1, "d")) "]}";
	struct buf wire = BUF_INIT;

	(void)state;
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 10000, &wire, NULL)));
	assert_int_equal(kafka_count_spans(buf_view(&wire)), 3);
	buf_release(&wire);
}

static void what_the_broker_refuses_for_good_is_dropped_and_counted(void **state)
{
	(void)state;
	start(QUICK_RETRY);
	rd_kafka_mock_push_request_errors(brokers, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	rig_offer(&rig, PAYLOAD_LOGS, SLICE("x"), 7);
	assert_true(rig_wait(&rig, DROPPED("logs", "refused"), 7));
	assert_int_equal(rig_count(METER_EXPORT_FAILURES, "exporter=\"kafka\",reason=\"TOPIC_AUTHORIZATION_FAILED\""),
			 1);
	stop();
}

/* A prompt of a megabyte is no reason to lose the call that it belongs to. */
static void a_span_larger_than_a_message_is_shortened(void **state)
{
	char words[1800], json[2048];
	struct buf wire = BUF_INIT;

	(void)state;
	memset(words, 'w', sizeof(words));
	snprintf(json, sizeof(json),
		 "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a\",\"attributes\":"
		 "[{\"key\":\"prompt\",\"value\":{\"stringValue\":\"%.*s\"}}]}]}]}]}",
		 (int)sizeof(words), words);
	assert_false(FAILED(json_to_wire(slice_of(json), SIGNAL_TRACES, 10000, &wire, NULL)));
	start("    producer: { max_message_bytes: 1500 }\n");
	rig_offer(&rig, PAYLOAD_TRACES, buf_view(&wire), 1);
	assert_true(DELIVERED("traces", 1));
	read_topic("otlp_spans", 1);
	assert_non_null(strstr(messages[0].value + 20, "bytes cut]"));
	stop();
	buf_release(&wire);
}

static void a_record_larger_than_a_message_is_counted_as_too_big(void **state)
{
	char line[2001];

	(void)state;
	snprintf(line, sizeof(line), "{\"feature\":\"%01980d\"}\n", 0);
	start("    producer: { max_message_bytes: 1500 }\n");
	rig_offer(&rig, PAYLOAD_RECORDS, slice_of(line), 1);
	assert_true(rig_wait(&rig, DROPPED("records", "too_big"), 1));
	stop();
}

static void a_broker_that_is_away_is_waited_for(void **state)
{
	(void)state;
	start(QUICK_RETRY "    timeout: 300ms\n");
	for (int32_t i = 1; i <= 3; i++)
		rd_kafka_mock_broker_set_down(brokers, i);
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"feature\":\"f\"}\n"), 1);
	assert_true(rig_wait(&rig, METER_EXPORT_RETRIES, "exporter=\"kafka\"", 1));
	for (int32_t i = 1; i <= 3; i++)
		rd_kafka_mock_broker_set_up(brokers, i);
	assert_true(DELIVERED("records", 1));
	stop();
}

static void at_the_deadline_what_waits_is_counted(void **state)
{
	(void)state;
	start("");
	for (int32_t i = 1; i <= 3; i++)
		rd_kafka_mock_broker_set_down(brokers, i);
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"feature\":\"f\"}\n"), 1);
	rig_drain(&rig, 300);
	assert_int_equal(rig_count(DROPPED("records", "shutdown")), 1);
	stop();
}

static void options_that_do_not_fit_are_named(void **state)
{
	(void)state;
	assert_int_equal(rig_start(&rig, "exporters:\n  kafka:\n    auth: { sasl: { mechanism: PLAIN, username: me } }\n").code,
			 STATUS_INVALID);
	assert_non_null(strstr(buf_string(&rig.why), "kafka: auth.sasl needs username and password"));
	rig_stop(&rig);
}

static void tls_and_sasl_are_said_in_librdkafkas_words(void **state)
{
	char value[64];
	size_t size = sizeof(value);
	struct buf why = BUF_INIT;
	rd_kafka_conf_t *conf;

	(void)state;
	assert_false(FAILED(rig_load(&rig, "exporters:\n  kafka:\n    tls: { insecure: false }\n"
					   "    auth: { sasl: { mechanism: SCRAM-SHA-512, username: me, password: secret } }\n")));
	assert_false(FAILED(kafka_make_conf(rig.config->exporters[0].options, &conf, &why)));
	rd_kafka_conf_get(conf, "security.protocol", value, &size);
	assert_string_equal(value, "sasl_ssl");
	size = sizeof(value);
	rd_kafka_conf_get(conf, "sasl.mechanisms", value, &size);
	assert_string_equal(value, "SCRAM-SHA-512");
	size = sizeof(value);
	rd_kafka_conf_get(conf, "enable.idempotence", value, &size);
	assert_string_equal(value, "true");
	rd_kafka_conf_destroy(conf);
	config_free(rig.config);
}

/* The client is renewed for the next payload, and not from inside the report on the last one. */
static void a_client_that_has_lost_its_sequence_is_renewed(void **state)
{
	int64_t delivered = rig_count(METER_EXPORTED, LABELS("records"));

	(void)state;
	rd_kafka_mock_push_request_errors(brokers, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	start("    retry_on_failure: { enabled: false }\n");
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"a\":1}\n"), 1);
	uv_run(&rig.loop, UV_RUN_NOWAIT); /* on its way: the other one waits for its end */
	rig_offer(&rig, PAYLOAD_RECORDS, SLICE("{\"a\":2}\n"), 1);
	assert_true(rig_wait(&rig, DROPPED("records", "gave_up"), 1));
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("records"), delivered + 1));
	stop();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_brokers, stop_brokers)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_one_message_without_a_key),
		TEST(each_signal_has_its_topic_and_encoding),
		TEST(a_record_is_a_message_whose_key_is_that_of_its_baseline),
		TEST(a_trace_is_a_message_with_its_id_as_key),
		cmocka_unit_test(spans_are_counted_in_what_a_trace_became),
		TEST(what_the_broker_refuses_for_good_is_dropped_and_counted),
		TEST(a_span_larger_than_a_message_is_shortened),
		TEST(a_record_larger_than_a_message_is_counted_as_too_big),
		TEST(a_client_that_has_lost_its_sequence_is_renewed),
		TEST(a_broker_that_is_away_is_waited_for),
		TEST(at_the_deadline_what_waits_is_counted),
		cmocka_unit_test(options_that_do_not_fit_are_named),
		cmocka_unit_test(tls_and_sasl_are_said_in_librdkafkas_words),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/kafka", tests, NULL, NULL);
}
