/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/post.c - one attempt: the payload as the back end wants it, posted, and what the answer means.
 *
 * Which answers are worth another attempt: OTLP specification, "OTLP/HTTP Response" (429, 502, 503, 504 and none else).
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/url.h"
#include "agent/otlp/json_write.h"
#include "exporters/compress.h"
#include "exporters/http_delivery.h"
#include "exporters/otlp/answer.h"
#include "exporters/otlphttp/otlphttp_priv.h"

/* One attempt. */
struct post {
	struct otlphttp_exporter *exporter;
	struct post *next, **link;
	enum payload_kind kind;
	const char *url;
	struct buf body;
	delivery_done done;
	void *context;
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
	struct delivery d = { .result = result_of(response->code), .retry_after_ms = response->retry_after_ms };
	struct buf message = BUF_INIT, redirect = BUF_INIT;
	char url[80];

	url_for_log(post->url, url, sizeof(url));
	http_redirect_append(response, &redirect);
	if (slice_starts_with(response->content_type, SLICE("application/x-protobuf")))
		otlp_read_status_message(response->body, &message);
	else if (slice_starts_with(response->content_type, SLICE("application/json")))
		otlphttp_read_json_message(response->body, &message);
	snprintf(d.reason, sizeof(d.reason), "http_%u: answer of %s%s%s%s", response->code, url, buf_string(&redirect),
		 message.len > 0 ? ": " : "", buf_string(&message));
	buf_release(&message);
	buf_release(&redirect);
	return d;
}

/* Back ends say yes in many ways, but a page for people comes from something else. */
static struct delivery other_success(const struct post *post, const struct http_response *response)
{
	struct delivery d = { .result = DELIVERY_DONE };
	char url[80];

	if (!slice_starts_with(response->content_type, SLICE("text/html")) ||
	    !slice_starts_with(slice_trim(response->body), SLICE("<")))
		return d;
	url_for_log(post->url, url, sizeof(url));
	snprintf(d.reason, sizeof(d.reason), "the answer of %s is a web page; does the endpoint take OTLP?", url);
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
	if (slice_starts_with(response->content_type, SLICE("application/json")))
		return otlphttp_read_json_success(response->body);
	return other_success(post, response);
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
	*post = (struct post){ .exporter = e, .kind = kind, .url = e->urls[kind], .done = done, .context = context };
	post->next = e->running;
	post->link = &e->running;
	if (post->next != NULL)
		post->next->link = &post->next;
	e->running = post;
	return post;
}

static const enum signal signal_of[] = {
	[PAYLOAD_TRACES] = SIGNAL_TRACES,
	[PAYLOAD_METRICS] = SIGNAL_METRICS,
	[PAYLOAD_LOGS] = SIGNAL_LOGS,
};

/* The payload in the keys and the encoding that the back end reads. What is made lies in one of the two buffers. */
static struct status translate(const struct post *post, struct slice payload, struct buf *spans, struct buf *json,
			       struct slice *out)
{
	const struct otlphttp_exporter *e = post->exporter;

	*out = payload;
	if (post->kind == PAYLOAD_TRACES && e->preset != NULL && e->preset->rules != NULL) {
		TRY(reemit_spans(e->preset->rules, e->options->preset.project, payload, spans));
		*out = buf_view(spans);
	}
	if (e->is_json) {
		TRY(wire_to_json(*out, signal_of[post->kind], json));
		*out = buf_view(json);
	}
	return OK;
}

/* The request's body, in post->body. */
static struct status make_body(struct post *post, struct slice payload, struct slice *out)
{
	enum compression how = (enum compression)post->exporter->options->compression;
	struct buf spans = BUF_INIT, json = BUF_INIT;
	struct status s = translate(post, payload, &spans, &json, out);

	if (!FAILED(s) && how != COMPRESSION_NONE)
		s = compress_append(how, *out, &post->body);
	else if (!FAILED(s) && out->ptr != payload.ptr)
		buf_slice(&post->body, *out);
	if (!FAILED(s) && buf_failed(&post->body))
		s = FAIL(NOMEM, "no memory for the request");
	if (post->body.len > 0)
		*out = buf_view(&post->body);
	buf_release(&spans);
	buf_release(&json);
	return s;
}

static struct status post_start(struct post *post, struct slice payload)
{
	const struct otlphttp_exporter *e = post->exporter;
	struct slice body;

	TRY(make_body(post, payload, &body));
	const struct http_request request = {
		.url = post->url,
		.content_type = e->is_json ? "application/json" : "application/x-protobuf",
		.content_encoding = compression_encoding((enum compression)e->options->compression),
		.headers = &e->headers,
		.tls = &e->options->tls,
		.unix_socket = e->unix_socket,
		.body = body,
		.timeout_ms = e->options->timeout_ms,
	};
	return client_auth_post(e->auth, &request, on_answer, post);
}

void otlphttp_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct post *post = post_new(state, p->kind, done, context);
	struct delivery failed;

	if (post == NULL) {
		failed = http_not_started(FAIL(NOMEM, "no memory for the request"));
		done(context, &failed);
		return;
	}
	struct status status = post_start(post, payload_view(p));
	if (FAILED(status)) {
		failed = http_not_started(status);
		post_end(post, &failed);
	}
}

void otlphttp_cancel(void *state)
{
	struct otlphttp_exporter *e = state;

	while (e->running != NULL)
		client_auth_cancel_post(e->auth, e->running);
}
