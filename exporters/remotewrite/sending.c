/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/sending.c - one payload of samples on its way, as one request or several.
 *
 * Samples repeat with their times when a payload is tried again, which receivers take. Behind each exposition the
 * series that it does not hold any more are marked stale, so that they end there and not minutes later; they are
 * forgotten once that was delivered.
 */
#include <stdio.h>

#include "agent/base/log.h"
#include "exporters/http_delivery.h"
#include "exporters/remotewrite/remotewrite_priv.h"

#define STALE_NAN_BITS UINT64_C(0x7ff0000000000002)

static void send_next(struct remotewrite *w);

static void end(struct remotewrite *w, const struct delivery *d)
{
	struct sending ended = w->now;

	if (d->result == DELIVERY_DONE)
		series_set_sweep(&w->known);
	w->now = (struct sending){ .body = ended.body };
	payload_unref(ended.payload);
	ended.done(ended.context, d);
}

static void fail(struct remotewrite *w, struct status why)
{
	struct delivery d = http_not_started(why);

	end(w, &d);
}

/* ------------------------------------------------------------------ filling a request */

/* Counters and histograms began with the agent; its gauges have no beginning. */
static int64_t start_of(const struct remotewrite *w, const struct exposition_reader *about)
{
	return about->family.type == FAMILY_COUNTER || about->family.type == FAMILY_HISTOGRAM ? w->start_ms : 0;
}

static struct status add_sample(struct remotewrite *w, const struct exposition_sample *sample)
{
	struct write_label labels[WRITE_LABELS_MAX], exemplar_labels[WRITE_LABELS_MAX];
	struct write_series s = {
		.labels = labels,
		.value = sample->value,
		.time_ms = w->now.reader.time_ms,
		.start_ms = start_of(w, &w->now.reader),
		.about = &w->now.reader,
		.exemplar_value = sample->exemplar_value,
		.exemplar_ms = sample->exemplar_ms,
	};

	TRY(write_request_labels(&w->request, sample->name, sample->labels, &w->labels, labels, &s.label_count));
	if (sample->has_exemplar && w->version == WRITE_2) {
		TRY(write_request_labels(&w->request, SLICE_NONE, sample->exemplar_labels, NULL, exemplar_labels,
					 &s.exemplar_label_count));
		s.exemplar_labels = exemplar_labels;
	}
	return write_request_add(&w->request, &s);
}

static struct status add_stale(struct remotewrite *w, struct slice series)
{
	struct write_label labels[WRITE_LABELS_MAX];
	struct write_series s = { .labels = labels, .time_ms = w->now.reader.time_ms };
	uint64_t bits = STALE_NAN_BITS;
	struct slice name, rest;

	memcpy(&s.value, &bits, sizeof(s.value));
	exposition_split(series, &name, &rest);
	TRY(write_request_labels(&w->request, name, rest, &w->labels, labels, &s.label_count));
	return write_request_add(&w->request, &s);
}

/* One more of what ended. */
static struct status add_next_ended(struct remotewrite *w)
{
	struct slice series;

	w->now.in_ended = series_set_next_ended(&w->known, &w->now.ended_place, &series);
	return w->now.in_ended ? add_stale(w, series) : OK;
}

/* One step through the payload; *more is false at its end. */
static struct status add_next(struct remotewrite *w, bool *more)
{
	struct exposition_sample sample;

	if (w->now.in_ended)
		return add_next_ended(w);
	switch (exposition_next(&w->now.reader, &sample)) {
	case EXPOSITION_BEGIN:
		w->known.generation++;
		return OK;
	case EXPOSITION_SAMPLE:
		if (!series_set_mark(&w->known, sample.series))
			LOG(WARN, "exporters", "series_not_kept",
			    "exporter=%s reason=\"no memory to mark it stale one day\"", w->id);
		return add_sample(w, &sample);
	case EXPOSITION_END:
		w->now.in_ended = true;
		w->now.ended_place = 0;
		return OK;
	case EXPOSITION_NOTHING:
		*more = false;
		return OK;
	}
	return OK;
}

static struct status fill(struct remotewrite *w)
{
	bool more = true;

	TRY(write_request_begin(&w->request, w->version, w->options->send_metadata));
	while (more && w->request.size_bytes < w->options->max_batch_bytes)
		TRY(add_next(w, &more));
	return OK;
}

/* ------------------------------------------------------------------ sending it */

/* 5xx has to be tried again, 429 may be, nothing else. */
static bool is_retryable(unsigned code)
{
	return code == 429 || (code >= 500 && code <= 599);
}

/* 415, or an answer that does not say what was written: the receiver knows 1.0 only, and has kept nothing. */
static bool wants_version_1(const struct remotewrite *w, const struct http_response *response)
{
	if (w->version == WRITE_1 || FAILED(response->status))
		return false;
	return response->code == 415 ||
	       (response->code / 100 == 2 &&
		http_response_header(response, "X-Prometheus-Remote-Write-Samples-Written") == NULL &&
		http_response_header(response, "X-Prometheus-Remote-Write-Histograms-Written") == NULL &&
		http_response_header(response, "X-Prometheus-Remote-Write-Exemplars-Written") == NULL);
}

/* The payload once more from its beginning, in words that the receiver knows. */
static void begin_again(struct remotewrite *w)
{
	LOG(WARN, "exporters", "falls_back",
	    "exporter=%s reason=\"the receiver does not know remote write 2.0; sending 1.0\"", w->id);
	w->version = WRITE_1;
	remotewrite_set_headers(w);
	w->now.reader = (struct exposition_reader){ .rest = payload_view(w->now.payload) };
	w->now.in_ended = false;
	send_next(w);
}

static void on_answer(void *context, const struct http_response *response)
{
	struct remotewrite *w = context;

	if (wants_version_1(w, response)) {
		begin_again(w);
		return;
	}
	struct delivery d = http_delivery(w->options->endpoint, response, is_retryable);
	if (d.result == DELIVERY_DONE)
		send_next(w);
	else
		end(w, &d);
}

static struct status post(struct remotewrite *w)
{
	buf_reset(&w->now.body);
	TRY(write_request_pack(&w->request, &w->now.body));
	const struct http_request request = {
		.url = w->options->endpoint,
		.content_type = write_version_words[w->version].content_type,
		.content_encoding = "snappy",
		.headers = &w->headers,
		.tls = &w->options->tls,
		.body = buf_view(&w->now.body),
		.timeout_ms = w->options->timeout_ms,
	};
	return client_auth_post(w->auth, &request, on_answer, w);
}

/* The next request of the payload, or its end. */
static void send_next(struct remotewrite *w)
{
	struct delivery done = { .result = DELIVERY_DONE };
	struct status s = fill(w);

	if (!FAILED(s) && w->request.count == 0) {
		end(w, &done);
		return;
	}
	if (!FAILED(s))
		s = post(w);
	if (FAILED(s))
		fail(w, s);
}

void remotewrite_send(void *state, struct payload *p, delivery_done done, void *context)
{
	struct remotewrite *w = state;

	w->now = (struct sending){
		.payload = payload_ref(p),
		.done = done,
		.context = context,
		.reader = { .rest = payload_view(p) },
		.body = w->now.body,
	};
	send_next(w);
}
