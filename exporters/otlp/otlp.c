/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/otlp.c - OTLP over gRPC: the exporter's options and life.
 *
 * Each exporter has its own connection and its own completion queue with a thread that hands ended calls to the loop.
 */
#include <ctype.h>
#include <grpc/slice.h>
#include <stdlib.h>

#include "exporters/compress.h"
#include "exporters/kinds.h"
#include "exporters/otlp/otlp_priv.h"

#define AT(member) .offset = offsetof(struct otlp_options, member)

static const struct conf_option otlp_option_table[] = {
	{ "endpoint", CONF_STRING, AT(endpoint), .required = true,
	  .doc = "host:port, or http://host:port (without TLS), https://host:port, unix:/path." },
	{ "headers", CONF_MAP, AT(headers), .doc = "Metadata sent with every call, such as authorization." },
	{ "compression", CONF_ENUM, AT(compression), .choices = "gzip|none", .fallback = "gzip",
	  .doc = "How requests are compressed; none saves CPU where the peer is on the same machine." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "5s", .min = 1, .max = 3600000,
	  .doc = "The longest that one attempt may take." },
	{ "tls", CONF_SECTION, AT(tls), .section = tls_client_options, .doc = "TLS; on unless insecure is set." },
	{ "auth", CONF_SECTION, AT(auth), .section = client_auth_options, .doc = "Who we are to the peer." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits to be sent." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ metadata */

/* HTTP/2 has lower-case names only; users write them as they know them. */
static grpc_slice lower_case(const char *text)
{
	grpc_slice slice = grpc_slice_from_copied_string(text);

	for (size_t i = 0; i < GRPC_SLICE_LENGTH(slice); i++)
		GRPC_SLICE_START_PTR(slice)[i] = (uint8_t)tolower(GRPC_SLICE_START_PTR(slice)[i]);
	return slice;
}

static void add_metadata(struct otlp_exporter *e, const char *key, const char *value)
{
	grpc_metadata *m = &e->metadata[e->metadata_count++];

	m->key = lower_case(key);
	m->value = grpc_slice_from_copied_string(value);
}

static struct status add_headers(const char *id, struct otlp_exporter *e, struct buf *why)
{
	const struct string_map *headers = &e->options->headers;

	e->metadata = calloc(headers->count + 1, sizeof(*e->metadata));
	if (e->metadata == NULL)
		return FAIL(NOMEM, "no memory for the headers");
	for (size_t i = 0; i < headers->count; i++) {
		const grpc_metadata *m = &e->metadata[e->metadata_count];
		add_metadata(e, headers->items[i].key, headers->items[i].value);
		if (grpc_header_key_is_legal(m->key) && grpc_header_nonbin_value_is_legal(m->value) &&
		    !grpc_is_binary_header(m->key))
			continue;
		buf_printf(why,
			   "exporters.%s.headers: '%s' is not a header that can be sent: printable ASCII, no -bin name",
			   id, headers->items[i].key);
		return FAIL(INVALID, "header cannot be sent");
	}
	if (e->options->compression == COMPRESSION_GZIP)
		add_metadata(e, GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY, "gzip");
	return OK;
}

/* ------------------------------------------------------------------ life */

/* What otlp_open has made so far; the queue's thread is not among it. */
static void release(struct otlp_exporter *e)
{
	for (size_t i = 0; i < e->metadata_count; i++) {
		grpc_slice_unref(e->metadata[i].key);
		grpc_slice_unref(e->metadata[i].value);
	}
	free(e->metadata);
	otlp_channel_close(e);
	client_auth_free(e->auth);
}

static void stop_queue(struct otlp_exporter *e)
{
	grpc_completion_queue_shutdown(e->queue);
	pthread_join(e->queue_thread, NULL);
	grpc_completion_queue_destroy(e->queue);
	pthread_mutex_destroy(&e->lock);
}

static struct status start_queue(struct otlp_exporter *e, uv_loop_t *loop)
{
	e->wake.data = e;
	e->queue = grpc_completion_queue_create_for_next(NULL);
	if (pthread_create(&e->queue_thread, NULL, otlp_watch_queue, e) != 0) {
		grpc_completion_queue_shutdown(e->queue);
		grpc_completion_queue_destroy(e->queue);
		return FAIL(IO, "no thread for the exporter");
	}
	pthread_mutex_init(&e->lock, NULL); /* the thread takes it when a call has ended, and none has begun */
	if (uv_async_init(loop, &e->wake, otlp_finish_calls) == 0)
		return OK;
	stop_queue(e);
	return FAIL(IO, "no wake-up handle for the exporter");
}

static struct status otlp_open(const char *id, const void *options, struct exporter_env *env, void **state,
			       struct buf *why)
{
	struct otlp_exporter *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	grpc_init();
	e->id = id;
	e->options = options;
	struct status status = add_headers(id, e, why);
	if (!FAILED(status))
		status = client_auth_new(id, &e->options->auth, env->http, &e->auth, why);
	if (!FAILED(status))
		status = otlp_channel_open(e, why);
	if (!FAILED(status))
		status = start_queue(e, env->loop);
	if (FAILED(status)) {
		release(e);
		grpc_shutdown();
		free(e);
		return status;
	}
	*state = e;
	return OK;
}

static struct status otlp_check(const void *options, struct buf *why)
{
	const struct otlp_options *o = options;

	if (o->tls.min_version == TLS_VERSION_1_2)
		return OK;
	buf_text(why, "tls.min_version: gRPC speaks TLS 1.2 and 1.3 and cannot be told to refuse 1.2; leave it out");
	return FAIL(INVALID, "not to be had over gRPC");
}

static void otlp_send(void *state, struct payload *p, delivery_done done, void *context)
{
	otlp_call_start(state, p, done, context);
}

static void on_wake_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void otlp_close(void *state)
{
	struct otlp_exporter *e = state;

	release(e);
	stop_queue(e);
	grpc_shutdown();
	uv_close((uv_handle_t *)&e->wake, on_wake_closed);
}

const struct exporter_kind exporter_otlp = {
	.name = "otlp",
	.doc = "Sends traces, metrics and logs by OTLP over gRPC.",
	.accepts = PAYLOADS_OTLP,
	.options = otlp_option_table,
	.options_size = sizeof(struct otlp_options),
	.check = otlp_check,
	.open = otlp_open,
	.send = otlp_send,
	.takes_pieces = true,
	.cancel = otlp_cancel_calls,
	.close = otlp_close,
	.queue_offset = offsetof(struct otlp_options, queue),
	.retry_offset = offsetof(struct otlp_options, retry),
};
