/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/remotewrite.c - Prometheus remote write: the series of /metrics, pushed.
 *
 * The exporter makes its own payloads: each interval it takes all series as of that moment (span/payload.h, SAMPLES)
 * and puts them into its own queue, so waiting, retry and counting are those of every exporter. What was taken keeps
 * its time, so an outage of the receiver leaves no gap that the queue could hold.
 *
 * A receiver tells agents apart by labels, as it does by target when it scrapes: `job` and `instance` are added unless
 * external_labels has them.
 */
#include "exporters/remotewrite/remotewrite_priv.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "exporters/kinds.h"

#define AT(member) .offset = offsetof(struct remotewrite_options, member)

static const struct conf_option remotewrite_option_table[] = {
	{ "endpoint", CONF_STRING, AT(endpoint), .required = true,
	  .doc = "URL that takes remote write, such as http://prometheus:9090/api/v1/write, used as it stands." },
	{ "protobuf_message", CONF_ENUM, AT(protobuf_message),
	  .choices = "prometheus.WriteRequest|io.prometheus.write.v2.Request", .fallback = "prometheus.WriteRequest",
	  .doc = "Remote write 1.0, or 2.0 with metadata, exemplars and start times. A receiver that does not know 2.0 "
		 "is "
		 "sent 1.0 instead." },
	{ "interval", CONF_DURATION, AT(interval_ms), .fallback = "15s", .min = 100, .max = 3600000,
	  .doc = "How often all series are sent." },
	{ "external_labels", CONF_MAP, AT(external_labels),
	  .doc = "Labels added to every series that lacks them; job (plimsoll) and instance (the host's name) are "
		 "added "
		 "unless they are given here." },
	{ "send_metadata", CONF_BOOL, AT(send_metadata), .fallback = "false",
	  .doc = "With 1.0: send type, help and unit of each family too. 2.0 always does." },
	{ "max_batch_size_bytes", CONF_SIZE, AT(max_batch_bytes), .fallback = "1MiB", .min = 4096, .max = 1 << 30,
	  .doc = "About the most that one request holds before compression; an interval may take several." },
	{ "headers", CONF_MAP, AT(headers),
	  .doc = "Headers sent with every request, such as Authorization or X-Scope-OrgID." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "5s", .min = 1, .max = 3600000,
	  .doc = "The longest that one attempt may take." },
	{ "tls", CONF_SECTION, AT(tls), .section = tls_client_options, .doc = "TLS, for https:// URLs." },
	{ "auth", CONF_SECTION, AT(auth), .section = client_auth_options, .doc = "Who we are to the peer." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options,
	  .doc = "What waits to be sent; num_consumers has to stay 1, since samples go in the order of their times." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

/* ------------------------------------------------------------------ payloads of our own */

static uint32_t count_samples(struct slice text)
{
	uint32_t count = 0;

	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		count += text.ptr[0] != '#';
		text = slice_skip(text, end != NULL ? (size_t)(end - text.ptr) + 1 : text.len);
	}
	return count;
}

/* All series as of now, into the queue. */
static void take_samples(struct remotewrite *w)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "# AT %llu\n", (unsigned long long)(clock_unix_ns() / NS_PER_MS));
	w->env.scrape.write(w->env.scrape.context, &text);
	struct payload *p =
		buf_failed(&text) ? NULL : payload_new(PAYLOAD_SAMPLES, text.len, count_samples(buf_view(&text)));
	if (p != NULL) {
		memcpy(p->bytes, text.ptr, text.len);
		w->env.offer(w->env.own_queue, p);
		payload_unref(p);
	} else {
		LOG(WARN, "exporters", "samples_skipped", "exporter=%s reason=\"no memory for all series\"", w->id);
	}
	buf_release(&text);
}

static void on_interval(uv_timer_t *timer)
{
	take_samples(timer->data);
}

static void remotewrite_flush(void *state)
{
	struct remotewrite *w = state;

	uv_timer_stop(&w->timer);
	if (w->env.scrape.write != NULL)
		take_samples(w);
}

/* ------------------------------------------------------------------ life */

static bool has_key(const struct string_map *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return true;
	return false;
}

static void add_pair(struct string_map *map, const char *key, const char *value)
{
	map->items[map->count++] = (struct string_pair){ key, value };
}

static bool set_labels(struct remotewrite *w)
{
	const struct string_map *external = &w->options->external_labels;

	w->labels.items = calloc(external->count + 2, sizeof(*w->labels.items));
	if (w->labels.items == NULL)
		return false;
	for (size_t i = 0; i < external->count; i++)
		add_pair(&w->labels, external->items[i].key, external->items[i].value);
	if (gethostname(w->instance, sizeof(w->instance) - 1) != 0)
		w->instance[0] = '\0';
	if (!has_key(external, "job"))
		add_pair(&w->labels, "job", "plimsoll");
	if (!has_key(external, "instance"))
		add_pair(&w->labels, "instance", w->instance);
	return true;
}

void remotewrite_set_headers(struct remotewrite *w)
{
	const struct string_map *configured = &w->options->headers;

	w->headers.count = 0;
	add_pair(&w->headers, "X-Prometheus-Remote-Write-Version", write_version_words[w->version].header);
	for (size_t i = 0; i < configured->count; i++)
		add_pair(&w->headers, configured->items[i].key, configured->items[i].value);
}

static struct status check_options(const void *options, struct buf *why)
{
	const struct remotewrite_options *o = options;

	if (strncmp(o->endpoint, "http://", 7) != 0 && strncmp(o->endpoint, "https://", 8) != 0) {
		buf_text(why,
			 "endpoint must start with http:// or https://, such as http://prometheus:9090/api/v1/write");
		return FAIL(INVALID, "not an http:// or https:// URL");
	}
	if (o->queue.num_consumers != 1) {
		buf_text(why,
			 "sending_queue.num_consumers must be 1: samples have to arrive in the order of their times");
		return FAIL(INVALID, "more than one consumer");
	}
	return OK;
}

static void release(struct remotewrite *w)
{
	series_set_release(&w->known);
	write_request_release(&w->request);
	buf_release(&w->now.body);
	free(w->headers.items);
	free(w->labels.items);
	client_auth_free(w->auth);
	free(w);
}

static struct status remotewrite_open(const char *id, const void *options, struct exporter_env *env, void **state,
				      struct buf *why)
{
	struct remotewrite *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return FAIL(NOMEM, "no memory for the exporter");
	*w = (struct remotewrite){ .id = id, .options = options, .env = *env };
	w->version = (enum write_version)w->options->protobuf_message;
	w->start_ms = (int64_t)(clock_unix_ns() / NS_PER_MS);
	write_request_init(&w->request);
	w->headers.items = calloc(w->options->headers.count + 1, sizeof(*w->headers.items));
	if (w->headers.items == NULL || !set_labels(w)) {
		release(w);
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	struct status s = client_auth_new(id, &w->options->auth, env->http, &w->auth, why);
	if (FAILED(s)) {
		release(w);
		return s;
	}
	remotewrite_set_headers(w);
	uv_timer_init(env->loop, &w->timer);
	w->timer.data = w;
	if (env->scrape.write != NULL)
		uv_timer_start(&w->timer, on_interval, w->options->interval_ms, w->options->interval_ms);
	*state = w;
	return OK;
}

static void remotewrite_cancel(void *state)
{
	struct remotewrite *w = state;

	client_auth_cancel_post(w->auth, w);
}

static void on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void remotewrite_close(void *state)
{
	struct remotewrite *w = state;

	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}

const struct exporter_kind exporter_remotewrite = {
	.name = "prometheusremotewrite",
	.doc = "Pushes the series of /metrics to Prometheus and what speaks its remote write, 1.0 or 2.0.",
	.accepts = 1u << PAYLOAD_SAMPLES,
	.options = remotewrite_option_table,
	.options_size = sizeof(struct remotewrite_options),
	.check = check_options,
	.open = remotewrite_open,
	.send = remotewrite_send,
	.flush = remotewrite_flush,
	.cancel = remotewrite_cancel,
	.close = remotewrite_close,
	.queue_offset = offsetof(struct remotewrite_options, queue),
	.retry_offset = offsetof(struct remotewrite_options, retry),
};
