/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/call.c - one attempt over gRPC: a unary call as one batch of operations.
 *
 * The loop starts it; core ends it on the completion queue, whose thread links it into `ended` and wakes the loop,
 * which reads the outcome. The payload's bytes are sent from where they lie: core's slice holds a reference, since core
 * may keep it for longer than the call. Which codes are worth another attempt: OTLP specification, "Failures".
 */
#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporters/compress.h"
#include "exporters/otlp/answer.h"
#include "exporters/otlp/otlp_priv.h"

#define LENT_BYTES_MIN (16u << 10)

struct otlp_call {
	struct client_auth_waiter waiter;
	struct otlp_exporter *exporter;
	enum payload_kind kind;
	grpc_metadata *metadata; /* the exporter's, and the authorization */
	grpc_slice authorization;
	struct otlp_call *next, **link; /* among those that run */
	struct otlp_call *next_ended;
	grpc_call *call;
	unsigned channel_number; /* of the channel that it runs on */
	grpc_byte_buffer *request, *response;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice details;
	delivery_done done;
	void *context;
};

enum retryable { NEVER, ALWAYS, WITH_RETRY_INFO };

static const struct code {
	const char *name;
	enum retryable retryable;
} codes[] = {
	[GRPC_STATUS_OK] = { "OK", NEVER },
	[GRPC_STATUS_CANCELLED] = { "CANCELLED", ALWAYS },
	[GRPC_STATUS_UNKNOWN] = { "UNKNOWN", NEVER },
	[GRPC_STATUS_INVALID_ARGUMENT] = { "INVALID_ARGUMENT", NEVER },
	[GRPC_STATUS_DEADLINE_EXCEEDED] = { "DEADLINE_EXCEEDED", ALWAYS },
	[GRPC_STATUS_NOT_FOUND] = { "NOT_FOUND", NEVER },
	[GRPC_STATUS_ALREADY_EXISTS] = { "ALREADY_EXISTS", NEVER },
	[GRPC_STATUS_PERMISSION_DENIED] = { "PERMISSION_DENIED", NEVER },
	[GRPC_STATUS_RESOURCE_EXHAUSTED] = { "RESOURCE_EXHAUSTED", WITH_RETRY_INFO },
	[GRPC_STATUS_FAILED_PRECONDITION] = { "FAILED_PRECONDITION", NEVER },
	[GRPC_STATUS_ABORTED] = { "ABORTED", ALWAYS },
	[GRPC_STATUS_OUT_OF_RANGE] = { "OUT_OF_RANGE", ALWAYS },
	[GRPC_STATUS_UNIMPLEMENTED] = { "UNIMPLEMENTED", NEVER },
	[GRPC_STATUS_INTERNAL] = { "INTERNAL", NEVER },
	[GRPC_STATUS_UNAVAILABLE] = { "UNAVAILABLE", ALWAYS },
	[GRPC_STATUS_DATA_LOSS] = { "DATA_LOSS", ALWAYS },
	[GRPC_STATUS_UNAUTHENTICATED] = { "UNAUTHENTICATED", NEVER },
};

static const struct code *code_of(grpc_status_code status)
{
	size_t i = (size_t)status < sizeof(codes) / sizeof(codes[0]) ? (size_t)status : GRPC_STATUS_UNKNOWN;

	return &codes[i];
}

/* ------------------------------------------------------------------ reading the outcome */

static struct slice view(const grpc_slice *s)
{
	return (struct slice){ (const char *)GRPC_SLICE_START_PTR(*s), GRPC_SLICE_LENGTH(*s) };
}

static struct delivery read_response(const struct otlp_call *c)
{
	struct delivery d = { .result = DELIVERY_DONE };
	grpc_byte_buffer_reader reader;

	if (c->response == NULL || !grpc_byte_buffer_reader_init(&reader, c->response))
		return d;
	grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
	d = otlp_read_success(view(&all));
	grpc_slice_unref(all);
	grpc_byte_buffer_reader_destroy(&reader);
	return d;
}

/* Core has decoded the base64 of a "-bin" key. */
static bool read_retry_info(const grpc_metadata_array *trailing, uint64_t *retry_after_ms)
{
	for (size_t i = 0; i < trailing->count; i++)
		if (slice_equal(view(&trailing->metadata[i].key), SLICE("grpc-status-details-bin")))
			return otlp_read_retry_info(view(&trailing->metadata[i].value), retry_after_ms);
	return false;
}

/* RESOURCE_EXHAUSTED without RetryInfo is a quota, or a message above the peer's limit, which Rust's servers (tonic) call
 * OUT_OF_RANGE; only words tell. Of a proxy that answers 413 before it, core says "Received http2 header with status: 413"
 * and UNKNOWN. */
static bool is_too_big(const struct otlp_call *c)
{
	static const char *const words[] = { "larger than", "too large", "message size", "size limit", "exceeds" };

	if (c->status == GRPC_STATUS_UNKNOWN)
		return slice_find(view(&c->details), SLICE("http2 header with status: 413")) >= 0;
	if (c->status != GRPC_STATUS_RESOURCE_EXHAUSTED && c->status != GRPC_STATUS_OUT_OF_RANGE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_find(view(&c->details), slice_of(words[i])) >= 0)
			return true;
	return false;
}

static struct delivery read_outcome(const struct otlp_call *c)
{
	const struct code *code = code_of(c->status);
	struct delivery d = { .result = DELIVERY_REFUSED };

	if (c->status == GRPC_STATUS_OK)
		return read_response(c);
	bool has_retry_info = read_retry_info(&c->trailing, &d.retry_after_ms);
	if (!has_retry_info && is_too_big(c))
		d.result = DELIVERY_TOO_BIG;
	else if (code->retryable == ALWAYS || (code->retryable == WITH_RETRY_INFO && has_retry_info))
		d.result = DELIVERY_RETRY;
	struct slice details = view(&c->details);
	snprintf(d.reason, sizeof(d.reason), "%s: %.*s", code->name, (int)slice_head(details, sizeof(d.reason)).len,
		 details.ptr);
	return d;
}

/* ------------------------------------------------------------------ the call */

static void call_free(struct otlp_call *c)
{
	if (c->call != NULL)
		grpc_call_unref(c->call);
	if (c->request != NULL)
		grpc_byte_buffer_destroy(c->request);
	if (c->response != NULL)
		grpc_byte_buffer_destroy(c->response);
	grpc_metadata_array_destroy(&c->initial);
	grpc_metadata_array_destroy(&c->trailing);
	grpc_slice_unref(c->details);
	grpc_slice_unref(c->authorization);
	free(c->metadata);
	free(c);
}

static struct otlp_call *call_new(struct otlp_exporter *e, delivery_done done, void *context)
{
	struct otlp_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->exporter = e;
	c->done = done;
	c->context = context;
	c->details = c->authorization = grpc_empty_slice();
	c->metadata = calloc(e->metadata_count + 1, sizeof(*c->metadata));
	if (c->metadata == NULL) {
		free(c);
		return NULL;
	}
	grpc_metadata_array_init(&c->initial);
	grpc_metadata_array_init(&c->trailing);
	return c;
}

static void drop_payload(void *payload)
{
	payload_unref(payload);
}

/* The bytes stay where they are; core holds references. */
static grpc_byte_buffer *lend(struct payload *const *pieces, size_t count)
{
	grpc_slice *slices = malloc(count * sizeof(*slices));
	grpc_byte_buffer *buffer;

	if (slices == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		slices[i] = grpc_slice_new_with_user_data(pieces[i]->bytes, pieces[i]->size_bytes, drop_payload,
							  payload_ref(pieces[i]));
	buffer = grpc_raw_byte_buffer_create(slices, count);
	for (size_t i = 0; i < count; i++)
		grpc_slice_unref(slices[i]);
	free(slices);
	return buffer;
}

/* Many small pieces cost core more than copying them does. */
static grpc_byte_buffer *plain_request(struct payload *p)
{
	struct payload *flat;
	grpc_byte_buffer *buffer;

	if (p->piece_count > 0 && p->size_bytes / p->piece_count >= LENT_BYTES_MIN)
		return lend(payload_pieces(p), p->piece_count);
	flat = payload_flat(p);
	buffer = flat != NULL ? lend(&flat, 1) : NULL;
	payload_unref(flat);
	return buffer;
}

/* Compressed here, not by core, which is slower at it; core sees that it is done and only sets the flag. */
static grpc_byte_buffer *gzip_request(struct payload *p)
{
	struct payload *flat = payload_flat(p);
	struct buf compressed = BUF_INIT;
	grpc_byte_buffer *buffer = NULL;

	if (flat != NULL && !FAILED(compress_append(COMPRESSION_GZIP, payload_view(flat), &compressed))) {
		grpc_slice slice = grpc_slice_new(compressed.ptr, compressed.len, free);
		compressed = BUF_INIT; /* the slice owns it now */
		buffer = grpc_raw_compressed_byte_buffer_create(&slice, 1, GRPC_COMPRESS_GZIP);
		grpc_slice_unref(slice);
	}
	buf_release(&compressed);
	payload_unref(flat);
	return buffer;
}

/* Returns how many there are. */
static size_t write_metadata(struct otlp_call *c, const char *authorization)
{
	const struct otlp_exporter *e = c->exporter;

	for (size_t i = 0; i < e->metadata_count; i++)
		c->metadata[i] = e->metadata[i];
	if (authorization[0] == '\0')
		return e->metadata_count;
	c->authorization = grpc_slice_from_copied_string(authorization);
	c->metadata[e->metadata_count].key = grpc_slice_from_static_string("authorization");
	c->metadata[e->metadata_count].value = c->authorization;
	return e->metadata_count + 1;
}

static void call_run(struct otlp_call *c, const char *authorization)
{
	struct otlp_exporter *e = c->exporter;
	grpc_op ops[6] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },  { .op = GRPC_OP_SEND_MESSAGE },
			   { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT }, { .op = GRPC_OP_RECV_INITIAL_METADATA },
			   { .op = GRPC_OP_RECV_MESSAGE },           { .op = GRPC_OP_RECV_STATUS_ON_CLIENT } };
	gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					     gpr_time_from_millis((int64_t)e->options->timeout_ms, GPR_TIMESPAN));

	ops[0].data.send_initial_metadata.count = write_metadata(c, authorization);
	ops[0].data.send_initial_metadata.metadata = c->metadata;
	ops[1].data.send_message.send_message = c->request;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &c->initial;
	ops[4].data.recv_message.recv_message = &c->response;
	ops[5].data.recv_status_on_client.trailing_metadata = &c->trailing;
	ops[5].data.recv_status_on_client.status = &c->status;
	ops[5].data.recv_status_on_client.status_details = &c->details;
	c->channel_number = e->channel_number;
	c->call = grpc_channel_create_registered_call(e->channel, NULL, GRPC_PROPAGATE_DEFAULTS, e->queue,
						      e->methods[c->kind], deadline, NULL);
	grpc_call_error error = grpc_call_start_batch(c->call, ops, 6, c, NULL);
	assert(error == GRPC_CALL_OK); /* headers were checked when the exporter was opened */
}

static void call_link(struct otlp_call *c)
{
	c->next = c->exporter->running;
	c->link = &c->exporter->running;
	if (c->next != NULL)
		c->next->link = &c->next;
	c->exporter->running = c;
}

/* Never sent: no token, or the exporter ends. */
static void call_fail(struct otlp_call *c, const char *reason)
{
	struct delivery d = { .result = DELIVERY_RETRY };
	delivery_done done = c->done;
	void *context = c->context;

	snprintf(d.reason, sizeof(d.reason), "%s", reason);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	call_free(c);
	done(context, &d);
}

static void on_authorization(struct client_auth_waiter *w, struct status status, const char *authorization)
{
	struct otlp_call *c = (struct otlp_call *)w; /* its first member */
	char reason[160];
	grpc_slice value = grpc_slice_from_copied_string(authorization);
	bool is_legal = grpc_header_nonbin_value_is_legal(value) != 0;

	grpc_slice_unref(value);
	if (!FAILED(status) && is_legal) {
		call_run(c, authorization);
		return;
	}
	snprintf(reason, sizeof(reason), "no_token: %s", FAILED(status) ? status.why : "it is no text for a header");
	call_fail(c, reason);
}

void otlp_call_start(struct otlp_exporter *e, struct payload *p, delivery_done done, void *context)
{
	struct otlp_call *c = call_new(e, done, context);

	if (c != NULL)
		c->request = e->options->compression == COMPRESSION_GZIP ? gzip_request(p) : plain_request(p);
	if (c == NULL || c->request == NULL) {
		struct delivery d = { .result = DELIVERY_RETRY, .reason = "NOMEM: no memory for the request" };
		if (c != NULL)
			call_free(c);
		done(context, &d);
		return;
	}
	call_link(c);
	c->kind = p->kind;
	c->waiter.ready = on_authorization;
	client_auth_get(e->auth, &c->waiter);
}

void otlp_cancel_calls(void *state)
{
	const struct otlp_exporter *e = state;

	for (struct otlp_call *c = e->running, *next; c != NULL; c = next) {
		next = c->next;
		if (c->call != NULL) {
			grpc_call_cancel(c->call, NULL);
		} else {
			client_auth_cancel(&c->waiter);
			call_fail(c, "UNAVAILABLE: ended before there was a token");
		}
	}
}

/* ------------------------------------------------------------------ from core's threads back to the loop */

void *otlp_watch_queue(void *arg)
{
	struct otlp_exporter *e = arg;

	pthread_setname_np(pthread_self(), "exporter-otlp");
	for (;;) {
		grpc_event event = grpc_completion_queue_next(e->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		struct otlp_call *c = event.tag;
		pthread_mutex_lock(&e->lock);
		c->next_ended = e->ended;
		e->ended = c;
		pthread_mutex_unlock(&e->lock);
		uv_async_send(&e->wake);
	}
}

static void call_finish(struct otlp_call *c)
{
	struct delivery d = read_outcome(c);
	struct client_auth *auth = c->exporter->auth;
	if (c->status == GRPC_STATUS_OK)
		client_auth_accepted(auth, &c->waiter);
	else if (c->status == GRPC_STATUS_UNAUTHENTICATED && client_auth_refused(auth, &c->waiter))
		d.result = DELIVERY_RETRY; /* with another token */
	else if (c->status == GRPC_STATUS_DEADLINE_EXCEEDED)
		otlp_channel_suspect(c->exporter, c->channel_number);
	delivery_done done = c->done;
	void *context = c->context;

	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	call_free(c);
	done(context, &d);
}

void otlp_finish_calls(uv_async_t *wake)
{
	struct otlp_exporter *e = wake->data;

	pthread_mutex_lock(&e->lock);
	struct otlp_call *c = e->ended;
	e->ended = NULL;
	pthread_mutex_unlock(&e->lock);
	while (c != NULL) {
		struct otlp_call *next = c->next_ended;
		call_finish(c);
		c = next;
	}
}
