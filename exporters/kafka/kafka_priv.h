/* SPDX-License-Identifier: Apache-2.0
 * exporters/kafka/kafka_priv.h - what kafka.c (life, reports), options.c, message.c and split.c share.
 */
#ifndef PLIMSOLL_EXPORTERS_KAFKA_KAFKA_PRIV_H
#define PLIMSOLL_EXPORTERS_KAFKA_KAFKA_PRIV_H

#include <librdkafka/rdkafka.h>

#include "agent/base/buf.h"
#include "exporters/exporter.h"

#define KAFKA_KINDS (PAYLOAD_JUDGEMENTS + 1) /* traces, metrics, logs, records, judgements; no samples */

enum kafka_encoding { ENCODING_OTLP_PROTO, ENCODING_OTLP_JSON };
enum kafka_record_key { RECORD_KEY_BASELINE, RECORD_KEY_TRACE_ID, RECORD_KEY_NONE };

struct kafka_options {
	struct string_list brokers;
	const char *client_id;
	struct kafka_topic {
		const char *name;
		int encoding; /* enum kafka_encoding; records and judgements are JSON */
	} topics[KAFKA_KINDS];
	bool partition_traces_by_id;
	int partition_records_by; /* enum kafka_record_key */
	uint64_t timeout_ms;
	struct {
		uint64_t max_message_bytes, linger_ms;
		int compression, required_acks;
		bool allow_auto_topic_creation;
	} producer;
	struct {
		int mechanism; /* index into its choices; 0: none */
		const char *username, *password;
	} sasl;
	struct {
		int insecure; /* enum kafka_tls */
		bool insecure_skip_verify;
		const char *ca_file, *cert_file, *key_file;
	} tls;
	struct queue_config queue;
	struct retry_config retry;
};

extern const struct conf_option kafka_option_table[];

/* As in struct config_kind. */
struct status kafka_check(const void *options, struct buf *why) MUST_USE;

/* librdkafka's configuration for the options; the caller's to destroy. why: what it does not take.
 * Errors: INVALID, NOMEM. */
struct status kafka_make_conf(const struct kafka_options *o, rd_kafka_conf_t **out, struct buf *why) MUST_USE;

/* The messages of one payload, one after the other. */
struct kafka_messages {
	enum payload_kind kind;
	int record_key;    /* enum kafka_record_key */
	bool is_split;     /* rest holds traces, as kafka_split_traces writes them */
	struct slice rest; /* what is still to come */
	struct buf key;    /* of the message at hand */
};

/* Begins with a payload. What has to be encoded or split goes to text, which must outlive the messages; else they are
 * the payload's own bytes. Errors: MALFORMED, NOMEM. */
struct status kafka_messages_begin(const struct kafka_options *o, const struct payload *p, struct buf *text,
				   struct kafka_messages *out) MUST_USE;
void kafka_messages_end(struct kafka_messages *m);

/* The next one. key: empty for none; until the next call. False: no more. */
bool kafka_messages_next(struct kafka_messages *m, struct slice *key, struct slice *value);

#define KAFKA_TRACE_ID_BYTES 16

/* Appends the request to out as one request for each trace in it: trace id, length (8 bytes, this machine's order),
 * request. Errors: MALFORMED, NOMEM. */
struct status kafka_split_traces(struct slice request, int encoding, struct buf *out) MUST_USE;

/* Spans in a request: how many items one message was. */
uint64_t kafka_count_spans(struct slice request);

#endif
