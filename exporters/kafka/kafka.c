/* SPDX-License-Identifier: Apache-2.0
 * exporters/kafka/kafka.c - messages to Kafka by librdkafka, and the brokers' reports back to the sender.
 *
 * librdkafka has threads of its own. What they report is put into a queue that writes to an event descriptor, which the
 * loop watches, so nothing here waits. A payload is done when each of its messages has its report. The producer is
 * idempotent while all replicas acknowledge: its own retries write nothing twice. An attempt that ran out of time is
 * repeated by the sender as a whole, which may.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/log.h"
#include "exporters/kafka/kafka_priv.h"
#include "exporters/kinds.h"

struct kafka_exporter {
	const char *id;
	const struct kafka_options *options;
	rd_kafka_t *client;
	rd_kafka_queue_t *reports;
	int event_fd;
	uv_poll_t poll;
	struct kafka_delivery *running;
	struct kafka_delivery *ended; /* every message has its report; nobody was told yet */
};

/* One payload on its way. */
struct kafka_delivery {
	struct kafka_exporter *exporter;
	struct kafka_delivery *next, **link;
	struct payload *payload;
	struct buf text;                      /* messages that are not the payload's own bytes */
	uint64_t open;                        /* messages without a report, and one for the time of producing */
	uint64_t refused;                     /* items in messages that the brokers will never take */
	rd_kafka_resp_err_t refusal, failure; /* the last of each; failure: worth another attempt */
	delivery_done done;
	void *context;
};

/* ------------------------------------------------------------------ outcome */

/* What no further attempt will change. */
static bool is_permanent(rd_kafka_resp_err_t error)
{
	static const rd_kafka_resp_err_t permanent[] = {
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		RD_KAFKA_RESP_ERR_INVALID_MSG,
		RD_KAFKA_RESP_ERR_INVALID_RECORD,
		RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
	};

	for (size_t i = 0; i < sizeof(permanent) / sizeof(permanent[0]); i++)
		if (error == permanent[i])
			return true;
	return false;
}

static uint64_t items_of(const struct kafka_delivery *d, struct slice message)
{
	const struct kafka_options *o = d->exporter->options;

	if (payload_is_lines(d->payload->kind))
		return 1;
	bool is_split = d->payload->kind == PAYLOAD_TRACES && o->partition_traces_by_id;
	bool is_json = o->topics[d->payload->kind].encoding == ENCODING_OTLP_JSON;
	return is_split && !is_json ? kafka_count_spans(message) : d->payload->items;
}

static void take_result(struct kafka_delivery *d, rd_kafka_resp_err_t error, struct slice message)
{
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	if (!is_permanent(error)) {
		d->failure = error;
		return;
	}
	d->refusal = error;
	d->refused += items_of(d, message);
}

static struct delivery outcome_of(const struct kafka_delivery *d)
{
	struct delivery out = { .result = DELIVERY_DONE };
	rd_kafka_resp_err_t error = d->failure != RD_KAFKA_RESP_ERR_NO_ERROR ? d->failure : d->refusal;

	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return out;
	snprintf(out.reason, sizeof(out.reason), "%s: %s", rd_kafka_err2name(error), rd_kafka_err2str(error));
	if (d->failure != RD_KAFKA_RESP_ERR_NO_ERROR)
		out.result = DELIVERY_RETRY;
	else if (d->refused < d->payload->items)
		out.rejected_items = d->refused;
	else if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		out.result = DELIVERY_TOO_BIG;
	else
		out.result = DELIVERY_REFUSED;
	return out;
}

/* What ends with its last message waits to be told. */
static void drop_one(struct kafka_delivery *d)
{
	struct kafka_exporter *e = d->exporter;

	if (--d->open > 0)
		return;
	*d->link = d->next;
	if (d->next != NULL)
		d->next->link = d->link;
	d->next = e->ended;
	e->ended = d;
}

static void tell_one(struct kafka_delivery *d)
{
	struct delivery outcome = outcome_of(d);
	delivery_done done = d->done;
	void *context = d->context;

	buf_release(&d->text);
	payload_unref(d->payload);
	free(d);
	done(context, &outcome);
}

/* Not from inside rd_kafka_poll: who hears of it may send the next payload, for which the client is made anew. */
static void tell_ended(struct kafka_exporter *e)
{
	while (e->ended != NULL) {
		struct kafka_delivery *d = e->ended;
		e->ended = d->next;
		tell_one(d);
	}
}

/* librdkafka's report on one message, from inside rd_kafka_poll. */
static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_delivery *d = message->_private;

	(void)client;
	(void)opaque;
	take_result(d, message->err, (struct slice){ message->payload, message->len });
	drop_one(d);
}

/* From librdkafka's threads. Its words name brokers and topics, never contents or passwords. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	(void)client;
	if (level <= 4) /* syslog's numbers: warning and worse */
		LOG(WARN, "exporters", "kafka_client", "facility=%s detail=\"%.200s\"", facility, text);
}

/* ------------------------------------------------------------------ the client */

static void serve(struct kafka_exporter *e)
{
	while (e->client != NULL && rd_kafka_poll(e->client, 0) > 0)
		;
	tell_ended(e);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct kafka_exporter *e = poll->data;
	uint64_t count;

	(void)status;
	(void)events;
	if (read(e->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		LOG(ERROR, "exporters", "event_lost", "exporter=%s reason=\"%s\"", e->id, strerror(errno));
	serve(e);
}

static struct status client_open(struct kafka_exporter *e, struct buf *why)
{
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf;
	char text[256];

	TRY(kafka_make_conf(e->options, &conf, why));
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_log_cb(conf, on_log);
	e->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (e->client == NULL) {
		rd_kafka_conf_destroy(conf);
		buf_printf(why, "cannot start the Kafka client: %s", text);
		return FAIL(INVALID, "librdkafka does not start");
	}
	e->reports = rd_kafka_queue_get_main(e->client);
	rd_kafka_queue_io_event_enable(e->reports, e->event_fd, &one, sizeof(one));
	return OK;
}

static void client_close(struct kafka_exporter *e)
{
	if (e->client == NULL)
		return;
	rd_kafka_queue_io_event_enable(e->reports, -1, NULL, 0);
	rd_kafka_queue_destroy(e->reports);
	rd_kafka_destroy(e->client);
	e->client = NULL;
}

/* An idempotent producer that has lost track of its sequence takes nothing more: begin with a new one. */
static struct status client_renew(struct kafka_exporter *e)
{
	struct buf why = BUF_INIT;
	char text[160];

	if (e->client != NULL && rd_kafka_fatal_error(e->client, text, sizeof(text)) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return OK;
	if (e->running != NULL)
		return FAIL(UNAVAILABLE, "the Kafka client has to be started anew");
	LOG(WARN, "exporters", "kafka_client_renewed", "exporter=%s reason=\"%s\"", e->id,
	    e->client != NULL ? text : "none");
	client_close(e);
	struct status s = client_open(e, &why);
	buf_release(&why);
	return s;
}

/* ------------------------------------------------------------------ sending */

static void produce(struct kafka_delivery *d, struct slice key, struct slice value)
{
	struct kafka_exporter *e = d->exporter;

	const void *key_bytes = key.len > 0 ? key.ptr : NULL;
	d->open++;
	rd_kafka_resp_err_t error =
		rd_kafka_producev(e->client, RD_KAFKA_V_TOPIC(e->options->topics[d->payload->kind].name),
				  RD_KAFKA_V_VALUE((void *)(uintptr_t)value.ptr, value.len),
				  RD_KAFKA_V_KEY(key_bytes, key.len), RD_KAFKA_V_OPAQUE(d), RD_KAFKA_V_END);
	if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	take_result(d, error, value);
	d->open--; /* no report will come; never the last one, while producing */
}

static struct status produce_all(struct kafka_delivery *d)
{
	struct kafka_messages messages;
	struct slice key, value;
	struct status s = kafka_messages_begin(d->exporter->options, d->payload, &d->text, &messages);

	while (!FAILED(s) && kafka_messages_next(&messages, &key, &value))
		produce(d, key, value);
	kafka_messages_end(&messages);
	return s;
}

static void not_started(struct status why, delivery_done done, void *context)
{
	struct delivery d = { .result = why.code == STATUS_MALFORMED ? DELIVERY_REFUSED : DELIVERY_RETRY };

	snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(why.code), why.why);
	done(context, &d);
}

static struct kafka_delivery *delivery_new(struct kafka_exporter *e, struct payload *p, delivery_done done,
					   void *context)
{
	struct kafka_delivery *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	*d = (struct kafka_delivery){
		.exporter = e, .payload = payload_ref(p), .open = 1, .done = done, .context = context
	};
	d->next = e->running;
	d->link = &e->running;
	if (d->next != NULL)
		d->next->link = &d->next;
	e->running = d;
	return d;
}

static void kafka_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct kafka_exporter *e = state;
	struct status s = client_renew(e);
	struct kafka_delivery *d = FAILED(s) ? NULL : delivery_new(e, p, done, context);

	if (d == NULL) {
		not_started(FAILED(s) ? s : FAIL(NOMEM, "no memory for the messages"), done, context);
		return;
	}
	s = produce_all(d);
	if (s.code == STATUS_MALFORMED)
		take_result(d, RD_KAFKA_RESP_ERR_INVALID_MSG, payload_view(p));
	else if (FAILED(s))
		take_result(d, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, SLICE_NONE);
	drop_one(d);
	tell_ended(e);
}

/* Messages that are purged are reported like others, some of them when their connection lets go. */
static void kafka_cancel(void *state)
{
	struct kafka_exporter *e = state;

	if (e->client == NULL)
		return;
	rd_kafka_purge(e->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	serve(e);
}

/* ------------------------------------------------------------------ life */

static void on_poll_closed(uv_handle_t *handle)
{
	struct kafka_exporter *e = handle->data;

	close(e->event_fd);
	free(e);
}

static void kafka_close(void *state)
{
	struct kafka_exporter *e = state;

	client_close(e);
	uv_close((uv_handle_t *)&e->poll, on_poll_closed);
}

static struct status kafka_open(const char *id, const void *options, struct exporter_env *env, void **state,
				struct buf *why)
{
	struct kafka_exporter *e = calloc(1, sizeof(*e));
	size_t start = why->len;

	if (e == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	*e = (struct kafka_exporter){ .id = id,
				      .options = options,
				      .event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	if (e->event_fd < 0 || uv_poll_init(env->loop, &e->poll, e->event_fd) != 0) {
		if (e->event_fd >= 0)
			close(e->event_fd);
		free(e);
		buf_printf(why, "exporters.%s: no event descriptor: %s", id, strerror(errno));
		return FAIL(IO, "no event descriptor");
	}
	e->poll.data = e;
	uv_poll_start(&e->poll, UV_READABLE, on_event);
	buf_printf(why, "exporters.%s: ", id);
	struct status s = client_open(e, why);
	if (FAILED(s)) {
		kafka_close(e);
		return s;
	}
	why->len = start;
	*state = e;
	return OK;
}

/* Framing and key of a message take a little of what a message may be. */
static void kafka_limits(const void *options, struct payload_limits *limits)
{
	const struct kafka_options *o = options;
	uint64_t room = o->producer.max_message_bytes - o->producer.max_message_bytes / 100;

	if (limits->max_bytes == 0 || room < limits->max_bytes)
		limits->max_bytes = room;
}

const struct exporter_kind exporter_kafka = {
	.name = "kafka",
	.doc = "Produces traces, metrics, logs, request records and judgements to Kafka topics.",
	.accepts = PAYLOADS_OTLP | PAYLOADS_LINES,
	.options = kafka_option_table,
	.options_size = sizeof(struct kafka_options),
	.check = kafka_check,
	.open = kafka_open,
	.send = kafka_send,
	.cancel = kafka_cancel,
	.close = kafka_close,
	.queue_offset = offsetof(struct kafka_options, queue),
	.retry_offset = offsetof(struct kafka_options, retry),
	.limits = kafka_limits,
};
