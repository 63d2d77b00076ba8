/* SPDX-License-Identifier: Apache-2.0
 * exporters/kafka/options.c - the Collector's option names, and librdkafka's words for them.
 */
#include <stdio.h>

#include "exporters/kafka/kafka_priv.h"

#define AT(member) .offset = offsetof(struct kafka_options, member)
#define MIB        (1024.0 * 1024)

enum kafka_tls { TLS_AUTO, TLS_ON, TLS_OFF }; /* in the order of the choices of tls.insecure */

static const char mechanisms[] = "none|PLAIN|SCRAM-SHA-256|SCRAM-SHA-512";
static const char *const mechanism_names[] = { NULL, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" };

#define TOPIC_OPTIONS(kind, topic)                                                                                     \
	{                                                                                                              \
		{ "topic", CONF_STRING, AT(topics[kind].name), .fallback = topic, .doc = "The topic they go to." },    \
		{ "encoding", CONF_ENUM, AT(topics[kind].encoding), .choices = "otlp_proto|otlp_json",                 \
		  .fallback = "otlp_proto", .doc = "One OTLP request a message, in protobuf or JSON." },               \
		{ .name = NULL },                                                                                      \
	}

static const struct conf_option traces_options[] = TOPIC_OPTIONS(PAYLOAD_TRACES, "otlp_spans");
static const struct conf_option metrics_options[] = TOPIC_OPTIONS(PAYLOAD_METRICS, "otlp_metrics");
static const struct conf_option logs_options[] = TOPIC_OPTIONS(PAYLOAD_LOGS, "otlp_logs");

static const struct conf_option records_options[] = {
	{ "topic", CONF_STRING, AT(topics[PAYLOAD_RECORDS].name), .fallback = "plimsoll_records",
	  .doc = "The topic they go to: one JSON object a message." },
	{ .name = NULL },
};

static const struct conf_option judgements_options[] = {
	{ "topic", CONF_STRING, AT(topics[PAYLOAD_JUDGEMENTS].name), .fallback = "plimsoll_judgements",
	  .doc = "The topic they go to: one JSON object a message." },
	{ .name = NULL },
};

static const struct conf_option producer_options[] = {
	{ "max_message_bytes", CONF_SIZE, AT(producer.max_message_bytes), .fallback = "1000000", .min = 1000,
	  .max = 1000 * MIB, .doc = "The largest message, before compression; requests are split to fit." },
	{ "required_acks", CONF_ENUM, AT(producer.required_acks), .choices = "all|-1|1|0", .fallback = "all",
	  .doc = "all (or -1): every replica in sync has it, and retries write nothing twice; 1: the leader; 0: "
		 "nobody." },
	{ "compression", CONF_ENUM, AT(producer.compression), .choices = "none|gzip|snappy|lz4|zstd",
	  .fallback = "none", .doc = "How messages are compressed." },
	{ "linger", CONF_DURATION, AT(producer.linger_ms), .fallback = "10ms", .max = 900000,
	  .doc = "How long messages are gathered for one request to the broker." },
	{ "allow_auto_topic_creation", CONF_BOOL, AT(producer.allow_auto_topic_creation), .fallback = "true",
	  .doc = "Let the broker make topics that are missing, if it does so." },
	{ .name = NULL },
};

static const struct conf_option sasl_options[] = {
	{ "mechanism", CONF_ENUM, AT(sasl.mechanism), .choices = mechanisms, .fallback = "none",
	  .doc = "How we say who we are." },
	{ "username", CONF_STRING, AT(sasl.username), .doc = "The user." },
	{ "password", CONF_SECRET, AT(sasl.password), .doc = "The password." },
	{ .name = NULL },
};

static const struct conf_option auth_options[] = {
	{ "sasl", CONF_SECTION, .section = sasl_options, .doc = "User and password." },
	{ .name = NULL },
};

static const struct conf_option kafka_tls_options[] = {
	{ "insecure", CONF_ENUM, AT(tls.insecure), .choices = "auto|false|true", .fallback = "auto",
	  .doc = "false: TLS; true: none; auto: TLS where another key of this section is given." },
	{ "insecure_skip_verify", CONF_BOOL, AT(tls.insecure_skip_verify), .fallback = "false",
	  .doc = "Use TLS but accept any certificate; for tests only." },
	{ "ca_file", CONF_STRING, AT(tls.ca_file), .is_read = true, .doc = "Certificates (PEM) that sign the brokers'." },
	{ "cert_file", CONF_STRING, AT(tls.cert_file), .is_read = true,
	  .doc = "Our certificate (PEM), for brokers that ask for one." },
	{ "key_file", CONF_STRING, AT(tls.key_file), .is_read = true, .doc = "The private key (PEM) of cert_file." },
	{ .name = NULL },
};

const struct conf_option kafka_option_table[] = {
	{ "brokers", CONF_LIST, AT(brokers), .fallback = "localhost:9092",
	  .doc = "host:port of some brokers; they name the others." },
	{ "client_id", CONF_STRING, AT(client_id), .fallback = "plimsoll",
	  .doc = "What the brokers' logs and quotas call us." },
	{ "traces", CONF_SECTION, .section = traces_options, .doc = "Where traces go." },
	{ "metrics", CONF_SECTION, .section = metrics_options, .doc = "Where metrics that applications send go." },
	{ "logs", CONF_SECTION, .section = logs_options, .doc = "Where logs go." },
	{ "records", CONF_SECTION, .section = records_options, .doc = "Where request records go." },
	{ "judgements", CONF_SECTION, .section = judgements_options, .doc = "Where evaluations and feedback go." },
	{ "partition_traces_by_id", CONF_BOOL, AT(partition_traces_by_id), .fallback = "false",
	  .doc = "One message for each trace, with the trace id as its key, so that a trace stays in one partition." },
	{ "partition_records_by", CONF_ENUM, AT(partition_records_by), .choices = "baseline_key|trace_id|none",
	  .fallback = "baseline_key",
	  .doc = "The key of a record: feature|model|prompt_version, so that one consumer sees all that a baseline "
		 "needs; or the trace id; or none." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "30s", .min = 100, .max = 900000,
	  .doc = "The longest that one attempt may take, the client's own retries included." },
	{ "producer", CONF_SECTION, .section = producer_options, .doc = "How messages are made and sent." },
	{ "auth", CONF_SECTION, .section = auth_options, .doc = "Who we are to the brokers." },
	{ "tls", CONF_SECTION, .section = kafka_tls_options, .doc = "TLS to the brokers." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits to be sent." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ checks */

static bool uses_tls(const struct kafka_options *o)
{
	bool has_more = o->tls.insecure_skip_verify || o->tls.ca_file != NULL || o->tls.cert_file != NULL;

	return o->tls.insecure == TLS_ON || (o->tls.insecure == TLS_AUTO && has_more);
}

struct status kafka_check(const void *options, struct buf *why)
{
	const struct kafka_options *o = options;

	if (o->brokers.count == 0)
		buf_text(why, "brokers is empty; name at least one, such as localhost:9092");
	else if (o->sasl.mechanism != 0 && (o->sasl.username == NULL || o->sasl.password == NULL))
		buf_text(why, "auth.sasl needs username and password");
	else if (o->sasl.mechanism == 0 && (o->sasl.username != NULL || o->sasl.password != NULL))
		buf_printf(why, "auth.sasl.mechanism is missing; one of %s", mechanisms + strlen("none|"));
	else if ((o->tls.cert_file == NULL) != (o->tls.key_file == NULL))
		buf_text(why, "tls.cert_file and tls.key_file go together; one of them is missing");
	else
		return OK;
	return FAIL(INVALID, "options do not fit each other");
}

/* ------------------------------------------------------------------ librdkafka's words */

struct conf_maker {
	rd_kafka_conf_t *conf;
	struct buf *why;
	bool failed;
};

static void set(struct conf_maker *m, const char *name, const char *value)
{
	char text[256];

	if (m->failed || value == NULL)
		return;
	if (rd_kafka_conf_set(m->conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
		return;
	m->failed = true;
	buf_printf(m->why, "librdkafka does not take %s: %s", name, text); /* it never quotes a password */
}

static void set_number(struct conf_maker *m, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	set(m, name, text);
}

static void set_flag(struct conf_maker *m, const char *name, bool value)
{
	set(m, name, value ? "true" : "false");
}

static void set_brokers(struct conf_maker *m, const struct string_list *brokers)
{
	struct buf joined = BUF_INIT;

	for (size_t i = 0; i < brokers->count; i++)
		buf_printf(&joined, "%s%s", i > 0 ? "," : "", brokers->items[i]);
	set(m, "bootstrap.servers", buf_string(&joined));
	buf_release(&joined);
}

static void set_producer(struct conf_maker *m, const struct kafka_options *o)
{
	static const char *const compressions[] = { "none", "gzip", "snappy", "lz4", "zstd" };
	static const char *const acks[] = { "all", "all", "1", "0" };
	const char *wanted = acks[o->producer.required_acks];

	set(m, "acks", wanted);
	set_flag(m, "enable.idempotence", strcmp(wanted, "all") == 0);
	set(m, "compression.type", compressions[o->producer.compression]);
	set_number(m, "message.max.bytes", o->producer.max_message_bytes);
	set_number(m, "linger.ms", o->producer.linger_ms);
	set_number(m, "message.timeout.ms", o->timeout_ms);
	set_flag(m, "allow.auto.create.topics", o->producer.allow_auto_topic_creation);
	set(m, "partitioner", "murmur2_random"); /* what Java's clients use: the same key, the same partition */
}

static void set_security(struct conf_maker *m, const struct kafka_options *o)
{
	static const char *const protocols[2][2] = { { "plaintext", "sasl_plaintext" }, { "ssl", "sasl_ssl" } };
	bool has_tls = uses_tls(o), has_sasl = o->sasl.mechanism != 0;

	set(m, "security.protocol", protocols[has_tls][has_sasl]);
	if (has_tls) {
		set(m, "ssl.ca.location", o->tls.ca_file);
		set(m, "ssl.certificate.location", o->tls.cert_file);
		set(m, "ssl.key.location", o->tls.key_file);
		set_flag(m, "enable.ssl.certificate.verification", !o->tls.insecure_skip_verify);
	}
	if (has_sasl) {
		set(m, "sasl.mechanisms", mechanism_names[o->sasl.mechanism]);
		set(m, "sasl.username", o->sasl.username);
		set(m, "sasl.password", o->sasl.password);
	}
}

struct status kafka_make_conf(const struct kafka_options *o, rd_kafka_conf_t **out, struct buf *why)
{
	struct conf_maker m = { .conf = rd_kafka_conf_new(), .why = why };

	set_brokers(&m, &o->brokers);
	set(&m, "client.id", o->client_id);
	set(&m, "log.connection.close", "false");
	set_producer(&m, o);
	set_security(&m, o);
	if (m.failed) {
		rd_kafka_conf_destroy(m.conf);
		return FAIL(INVALID, "librdkafka does not take the options");
	}
	*out = m.conf;
	return OK;
}
