/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/otlphttp.c - OTLP over HTTP, one request a POST: the exporter's options and life.
 */
#include "exporters/otlphttp/otlphttp_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/kinds.h"

#define AT(member) .offset = offsetof(struct otlphttp_options, member)

static const struct conf_option otlphttp_option_table[] = {
	{ "endpoint", CONF_STRING, AT(endpoint),
	  .doc = "Base URL, such as https://host:4318; /v1/traces, /v1/metrics and /v1/logs are put behind it. unix:/path is a "
		 "socket of this machine." },
	{ "preset", CONF_ENUM, AT(preset.name), .choices = PRESET_CHOICES, .fallback = "none",
	  .doc = "A back end whose address, headers, limits and keys are known; what is given beside it wins. Its "
		 "inputs are "
		 "api_key and, by back end, public_key, region, project and dataset (see exporters/README.md)." },
	{ "api_key", CONF_SECRET, AT(preset.api_key),
	  .doc = "The preset's key; without it the vendor's usual environment variable is looked at." },
	{ "public_key", CONF_STRING, AT(preset.public_key),
	  .doc = "langfuse: the public key; grafana_cloud: the instance id." },
	{ "region", CONF_STRING, AT(preset.region),
	  .doc = "The preset's region: us, eu, jp, ... as it stands in the vendor's address; datadog: the site." },
	{ "project", CONF_STRING, AT(preset.project),
	  .doc = "langsmith, braintrust, phoenix: the project that spans go to." },
	{ "dataset", CONF_STRING, AT(preset.dataset), .doc = "honeycomb, dash0: the dataset." },
	{ "traces_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_TRACES]),
	  .doc = "URL for traces, used as it stands." },
	{ "metrics_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_METRICS]),
	  .doc = "URL for metrics, used as it stands." },
	{ "logs_endpoint", CONF_STRING, AT(signal_endpoints[PAYLOAD_LOGS]), .doc = "URL for logs, used as it stands." },
	{ "headers", CONF_MAP, AT(headers), .doc = "Headers sent with every request, such as Authorization." },
	{ "encoding", CONF_ENUM, AT(encoding), .choices = "auto|proto|json", .fallback = "auto",
	  .doc = "How requests are encoded; auto is proto, or what the preset needs." },
	{ "compression", CONF_ENUM, AT(compression), .choices = "gzip|none|zstd", .fallback = "gzip",
	  .doc = "How bodies are compressed; none saves CPU where the peer is on the same machine." },
	{ "timeout", CONF_DURATION, AT(timeout_ms), .fallback = "30s", .min = 1, .max = 3600000,
	  .doc = "The longest that one attempt may take." },
	{ "tls", CONF_SECTION, AT(tls), .section = tls_client_options, .doc = "TLS, for https:// URLs." },
	{ "auth", CONF_SECTION, AT(auth), .section = client_auth_options, .doc = "Who we are to the peer." },
	{ "sending_queue", CONF_SECTION, AT(queue), .section = queue_options, .doc = "What waits to be sent." },
	{ "retry_on_failure", CONF_SECTION, AT(retry), .section = retry_options,
	  .doc = "When an attempt is repeated." },
	{ .name = NULL },
};

static bool is_http_url(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static const char *const endpoint_keys[OTLPHTTP_SIGNALS] = { "traces_endpoint", "metrics_endpoint", "logs_endpoint" };

static uint32_t signals_of(const struct preset *p)
{
	return p != NULL ? p->signals : PAYLOADS_OTLP;
}

/* ------------------------------------------------------------------ checks */

static struct status check_endpoints(const struct otlphttp_options *o, const struct preset *p, struct buf *why)
{
	bool has_all = true;

	for (int signal = 0; signal < OTLPHTTP_SIGNALS; signal++) {
		const char *url = o->signal_endpoints[signal];
		has_all &= url != NULL;
		if (url == NULL || is_http_url(url))
			continue;
		buf_printf(why, "%s must start with http:// or https://", endpoint_keys[signal]);
		return FAIL(INVALID, "not an http:// or https:// URL");
	}
	if (o->endpoint == NULL && !has_all && p == NULL) {
		buf_text(why, "endpoint is missing; give the base URL, such as https://host:4318, or a preset");
		return FAIL(INVALID, "no endpoint");
	}
	if (o->endpoint != NULL && !is_http_url(o->endpoint) && endpoint_unix_path(o->endpoint) == NULL) {
		buf_text(why, "endpoint must start with http://, https:// or unix:/ (host:port alone is for otlp, over gRPC)");
		return FAIL(INVALID, "not an http:// or https:// URL");
	}
	if (p != NULL && o->endpoint != NULL && endpoint_unix_path(o->endpoint) != NULL) {
		buf_text(why, "a preset's back end is not reached by a unix socket; give its URL, or leave the preset out");
		return FAIL(INVALID, "a preset with a unix socket");
	}
	return OK;
}

static struct status otlphttp_check(const void *options, struct buf *why)
{
	const struct otlphttp_options *o = options;
	const struct preset *p = preset_of(&o->preset);

	TRY(check_endpoints(o, p, why));
	TRY(preset_check(&o->preset, o->endpoint, why));
	if (p != NULL && p->refuses_json && o->encoding == ENCODING_JSON) {
		buf_printf(why, "encoding: %s takes no JSON; leave it out", p->name);
		return FAIL(INVALID, "an encoding that the back end does not take");
	}
	return OK;
}

/* ------------------------------------------------------------------ life */

/* The signal's own endpoint, or the base with the signal's path behind. NULL without memory. */
static char *make_url(const struct otlphttp_options *o, const struct preset *p, int signal)
{
	static const char *const paths[OTLPHTTP_SIGNALS] = { "/v1/traces", "/v1/metrics", "/v1/logs" };
	const char *path = paths[signal];
	struct buf url = BUF_INIT;

	if (o->signal_endpoints[signal] != NULL)
		return strdup(o->signal_endpoints[signal]);
	if (p != NULL)
		preset_write_url(p, &o->preset, o->endpoint, &url);
	else if (endpoint_unix_path(o->endpoint) != NULL)
		buf_text(&url, "http://localhost");
	else
		buf_text(&url, o->endpoint);
	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	if (p != NULL && signal == PAYLOAD_TRACES && p->traces_path != NULL)
		path = p->traces_path;
	buf_text(&url, path);
	buf_byte(&url, '\0');
	if (buf_failed(&url)) {
		buf_release(&url);
		return NULL;
	}
	return url.ptr;
}

static struct status make_headers(struct otlphttp_exporter *e)
{
	const struct string_map *configured = &e->options->headers;

	if (e->preset != NULL)
		return preset_headers(e->preset, &e->options->preset, configured, e->header_values, &e->headers);
	e->headers.items = calloc(configured->count + 1, sizeof(*e->headers.items));
	if (e->headers.items == NULL)
		return FAIL(NOMEM, "no memory for the headers");
	for (size_t i = 0; i < configured->count; i++)
		e->headers.items[e->headers.count++] = configured->items[i];
	return OK;
}

static void otlphttp_close(void *state)
{
	struct otlphttp_exporter *e = state;

	for (int signal = 0; signal < OTLPHTTP_SIGNALS; signal++)
		free(e->urls[signal]);
	for (int i = 0; i < PRESET_HEADERS_MAX; i++)
		buf_release(&e->header_values[i]);
	free(e->headers.items);
	client_auth_free(e->auth);
	free(e);
}

static struct status fill(struct otlphttp_exporter *e)
{
	TRY(make_headers(e));
	for (int signal = 0; signal < OTLPHTTP_SIGNALS; signal++) {
		if ((signals_of(e->preset) >> signal & 1u) == 0)
			continue;
		e->urls[signal] = make_url(e->options, e->preset, signal);
		if (e->urls[signal] == NULL)
			return FAIL(NOMEM, "no memory for the exporter");
	}
	return OK;
}

static struct status otlphttp_open(const char *id, const void *options, struct exporter_env *env, void **state,
				   struct buf *why)
{
	struct otlphttp_exporter *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		buf_printf(why, "exporters.%s: no memory", id);
		return FAIL(NOMEM, "no memory for the exporter");
	}
	e->options = options;
	e->preset = preset_of(&e->options->preset);
	e->is_json = e->options->encoding == ENCODING_JSON ||
		     (e->options->encoding == ENCODING_AUTO && e->preset != NULL && e->preset->wants_json);
	e->unix_socket = e->options->endpoint != NULL ? endpoint_unix_path(e->options->endpoint) : NULL;
	struct status s = fill(e);
	if (!FAILED(s))
		s = client_auth_new(id, &e->options->auth, env->http, &e->auth, why);
	if (FAILED(s)) {
		if (why->len == 0)
			buf_printf(why, "exporters.%s: %s", id, s.why);
		otlphttp_close(e);
		return s;
	}
	*state = e;
	return OK;
}

static uint32_t otlphttp_wants(const void *options)
{
	const struct otlphttp_options *o = options;

	return signals_of(preset_of(&o->preset));
}

static void otlphttp_limits(const void *options, struct payload_limits *limits)
{
	const struct otlphttp_options *o = options;
	const struct preset *p = preset_of(&o->preset);

	if (p != NULL)
		*limits = p->limits;
}

const struct exporter_kind exporter_otlphttp = {
	.name = "otlphttp",
	.doc = "Sends traces, metrics and logs by OTLP over HTTP, in protobuf or JSON; knows eleven back ends by "
	       "name.",
	.accepts = PAYLOADS_OTLP,
	.wants = otlphttp_wants,
	.options = otlphttp_option_table,
	.options_size = sizeof(struct otlphttp_options),
	.check = otlphttp_check,
	.open = otlphttp_open,
	.send = otlphttp_send,
	.cancel = otlphttp_cancel,
	.close = otlphttp_close,
	.queue_offset = offsetof(struct otlphttp_options, queue),
	.retry_offset = offsetof(struct otlphttp_options, retry),
	.limits = otlphttp_limits,
};
