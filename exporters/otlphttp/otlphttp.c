/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/otlphttp.c - OTLP over HTTP: one protobuf request a POST.
 *
 * Which answers are worth another attempt: OTLP specification, "OTLP/HTTP Response" (429, 502, 503, 504 and none else).
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/url.h"
#include "exporters/compress.h"
#include "exporters/kinds.h"
#include "exporters/otlp/answer.h"

#define AT(member) .offset = offsetof(struct otlphttp_options, member)
#define SIGNALS    3 /* PAYLOAD_TRACES, _METRICS, _LOGS */

struct otlphttp_options {
	const char *endpoint;
	const char *signal_endpoints[SIGNALS];
	struct string_map headers;
	int compression;
	uint64_t timeout_ms;
	struct tls_client_config tls;
	struct queue_config queue;
	struct retry_config retry;
};

struct otlphttp_exporter {
	const struct otlphttp_options *options;
	struct http_client *http;
	char *urls[SIGNALS];
	struct post *running;
};

/* One attempt. */
struct post {
	struct otlphttp_exporter *exporter;
	struct post *next, **link;
	const char *url;
	struct buf body;
	delivery_done done;
	void *context;
};

static const struct conf_option otlphttp_option_table[] = {
	{ "endpoint", CONF_STRING, AT(endpoint),
	  .doc = "Base URL, such as https://host:4318; /v1/traces, /v1/metrics and /v1/logs are put behind it." },
	{ "traces_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_TRACES]),
	  .doc = "URL for traces, used as it stands." },
	{ "metrics_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_METRICS]),
	  .doc = "URL for metrics, used as it stands." },
	{ "logs_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_LOGS]), .doc = "URL for logs, used as it stands." },
	{ "headers", CONF_MAP, AT(headers), .doc = "Headers sent with every request, such as Authorization." },
	{ "compression", CONF_ENUM, AT(compression), .choices = "gzip|none|zstd", .fallback = "gzip",
	  .doc = "How bodies are compressed; none saves CPU where the peer is on the same machine." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "30s", .min = 1, .max = 3600000,
	  .doc = "The longest that one attempt may take." },
	{ "tls", CONF_SECTION, AT(tls), .section = tls_client_options, .doc = "TLS, for https:// URLs." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits to be sent." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ answers */

static bool is_retryable(unsigned code)
{
	return code == 429 || code == 502 || code == 503 || code == 504;
}

static enum delivery_result result_of(unsigned code)
{
	if (is_retryable(code))
		return DELIVERY_RETRY;
	return code == 413 ? DELIVERY_TOO_BIG : DELIVERY_REFUSED;
}

static struct delivery no_answer(const struct post *post, const struct http_response *response)
{
	struct delivery d = { .result = DELIVERY_RETRY };
	char url[80];

	url_for_log(post->url, url, sizeof(url));
	snprintf(d.reason, sizeof(d.reason), "%s: %s: %s", status_name(response->status.code), url, response->error);
	return d;
}

static struct delivery error_answer(const struct post *post, const struct http_response *response)
{
	struct delivery d = { .result = result_of(response->code),
			      .retry_after_ms = response->retry_after_ms };
	struct buf message = BUF_INIT;
	char url[80];

	url_for_log(post->url, url, sizeof(url));
	if (slice_starts_with(response->content_type, SLICE("application/x-protobuf")))
		otlp_read_status_message(response->body, &message);
	snprintf(d.reason, sizeof(d.reason), "http_%u: answer of %s%s%s", response->code, url,
		 message.len > 0 ? ": " : "", buf_string(&message));
	buf_release(&message);
	return d;
}

static struct delivery read_answer(const struct post *post, const struct http_response *response)
{
	if (FAILED(response->status))
		return no_answer(post, response);
	if (response->code < 200 || response->code > 299)
		return error_answer(post, response);
	if (slice_starts_with(response->content_type, SLICE("application/x-protobuf")))
		return otlp_read_success(response->body);
	return (struct delivery){ .result = DELIVERY_DONE };
}

/* ------------------------------------------------------------------ attempts */

static void post_end(struct post *post, const struct delivery *d)
{
	delivery_done done = post->done;
	void *context = post->context;

	*post->link = post->next;
	if (post->next != NULL)
		post->next->link = post->link;
	buf_release(&post->body);
	free(post);
	done(context, d);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct post *post = context;
	struct delivery d = read_answer(post, response);

	post_end(post, &d);
}

static struct post *post_new(struct otlphttp_exporter *e, enum payload_kind kind, delivery_done done, void *context)
{
	struct post *post = calloc(1, sizeof(*post));

	if (post == NULL)
		return NULL;
	*post = (struct post){ .exporter = e, .url = e->urls[kind], .done = done, .context = context };
	post->next = e->running;
	post->link = &e->running;
	if (post->next != NULL)
		post->next->link = &post->next;
	e->running = post;
	return post;
}

static struct status post_start(struct post *post, struct slice body)
{
	const struct otlphttp_options *o = post->exporter->options;
	enum compression how = (enum compression)o->compression;

	if (how != COMPRESSION_NONE) {
		TRY(compress_append(how, body, &post->body));
		body = buf_view(&post->body);
	}
	const struct http_request request = {
		.url = post->url,
		.content_type = "application/x-protobuf",
		.content_encoding = compression_encoding(how),
		.headers = &o->headers,
		.tls = &o->tls,
		.body = body,
		.timeout_ms = o->timeout_ms,
	};
	return http_client_post(post->exporter->http, &request, on_answer, post);
}

static struct delivery not_started(struct status status)
{
	struct delivery d = { .result = status.code == STATUS_INVALID ? DELIVERY_REFUSED : DELIVERY_RETRY };

	snprintf(d.reason, sizeof(d.reason), "%s: %s", status_name(status.code), status.why);
	return d;
}

static void otlphttp_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct post *post = post_new(state, p->kind, done, context);
	struct delivery failed;

	if (post == NULL) {
		failed = not_started(FAIL(NOMEM, "no memory for the request"));
		done(context, &failed);
		return;
	}
	struct status status = post_start(post, payload_view(p));
	if (FAILED(status)) {
		failed = not_started(status);
		post_end(post, &failed);
	}
}

static void otlphttp_cancel(void *state)
{
	struct otlphttp_exporter *e = state;

	while (e->running != NULL)
		http_client_cancel(e->http, e->running);
}

/* ------------------------------------------------------------------ opening */

static bool is_http_url(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

/* endpoint and path with one slash between, or the signal's own endpoint. NULL where neither is set, or no memory. */
static char *make_url(const struct otlphttp_options *o, int signal)
{
	static const char *const paths[SIGNALS] = { "/v1/traces", "/v1/metrics", "/v1/logs" };
	char *url = NULL;

	if (o->signal_endpoints[signal] != NULL)
		return strdup(o->signal_endpoints[signal]);
	if (o->endpoint == NULL)
		return NULL;
	size_t n = strlen(o->endpoint);
	while (n > 0 && o->endpoint[n - 1] == '/')
		n--;
	return asprintf(&url, "%.*s%s", (int)n, o->endpoint, paths[signal]) >= 0 ? url : NULL;
}

static struct status check_endpoints(const char *id, const struct otlphttp_options *o, struct buf *why)
{
	static const char *const keys[SIGNALS] = { "traces_endpoint", "metrics_endpoint", "logs_endpoint" };
	bool has_all = true;

	for (int signal = 0; signal < SIGNALS; signal++) {
		const char *url = o->signal_endpoints[signal];
		has_all &= url != NULL;
		if (url != NULL && !is_http_url(url)) {
			buf_printf(why, "exporters.%s.%s must start with http:// or https://", id, keys[signal]);
			return FAIL(INVALID, "not an http:// or https:// URL");
		}
	}
	if (o->endpoint == NULL && !has_all) {
		buf_printf(why, "exporters.%s.endpoint is missing; give the base URL, such as https://host:4318", id);
		return FAIL(INVALID, "no endpoint");
	}
	if (o->endpoint != NULL && !is_http_url(o->endpoint)) {
		buf_printf(why,
			   "exporters.%s.endpoint must start with http:// or https:// (host:port alone is for otlp, "
			   "over gRPC)",
			   id);
		return FAIL(INVALID, "not an http:// or https:// URL");
	}
	return OK;
}

static void otlphttp_close(void *state)
{
	struct otlphttp_exporter *e = state;

	for (int signal = 0; signal < SIGNALS; signal++)
		free(e->urls[signal]);
	free(e);
}

static struct status otlphttp_open(const char *id, const void *options, struct exporter_env *env, void **state,
				   struct buf *why)
{
	struct otlphttp_exporter *e;

	TRY(check_endpoints(id, options, why));
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	e->options = options;
	e->http = env->http;
	for (int signal = 0; signal < SIGNALS; signal++) {
		e->urls[signal] = make_url(options, signal);
		if (e->urls[signal] == NULL) {
			otlphttp_close(e);
			return FAIL(NOMEM, "no memory for the exporter");
		}
	}
	*state = e;
	return OK;
}

const struct exporter_kind exporter_otlphttp = {
	.name = "otlphttp",
	.doc = "Sends traces, metrics and logs by OTLP over HTTP (protobuf).",
	.accepts = 1u << PAYLOAD_TRACES | 1u << PAYLOAD_METRICS | 1u << PAYLOAD_LOGS,
	.options = otlphttp_option_table,
	.options_size = sizeof(struct otlphttp_options),
	.open = otlphttp_open,
	.send = otlphttp_send,
	.cancel = otlphttp_cancel,
	.close = otlphttp_close,
	.queue_offset = offsetof(struct otlphttp_options, queue),
	.retry_offset = offsetof(struct otlphttp_options, retry),
};
