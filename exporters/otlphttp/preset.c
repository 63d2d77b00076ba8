/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/preset.c - the back ends, one row each.
 *
 * Sources: each vendor's page on its OTLP endpoint, as of November 2026.
 */
#include "exporters/otlphttp/preset.h"

#include <stdlib.h>
#include <strings.h>

#include "agent/base/base64.h"

#define TRACES (1u << PAYLOAD_TRACES)

/* In the order of PRESET_CHOICES, behind "none". */
static const struct preset presets[] = {
	{
		.name = "langfuse",
		.url = "https://cloud.langfuse.com",
		.regional_url = "https://%s.cloud.langfuse.com", /* us, jp, hipaa */
		.path = "/api/public/otel",
		.signals = TRACES,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BASIC,
		.key_variable = "LANGFUSE_SECRET_KEY",
		.public_key_variable = "LANGFUSE_PUBLIC_KEY",
		.key_page = "Project Settings, API Keys",
		.public_key_word = "the public key",
		.fixed_header = "x-langfuse-ingestion-version", /* shown at once, not after minutes */
		.fixed_value = "4",
		.rules = &reemit_langfuse,
	},
	{
		.name = "langsmith",
		.url = "https://api.smith.langchain.com",
		.regional_url = "https://%s.api.smith.langchain.com", /* eu, apac, aws */
		.path = "/otel",
		.signals = TRACES,
		.auth_header = "x-api-key",
		.key_variable = "LANGSMITH_API_KEY",
		.key_page = "Settings, API Keys",
		.project_header = "Langsmith-Project",
		.project_prefix = "",
		.refuses_json = true,
		.rules = &reemit_langsmith,
	},
	{
		.name = "braintrust",
		.url = "https://api.braintrust.dev",
		.regional_url = "https://api-%s.braintrust.dev", /* eu */
		.path = "/otel",
		.signals = TRACES,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BEARER,
		.key_variable = "BRAINTRUST_API_KEY",
		.key_page = "Organization settings, API keys",
		.project_header = "x-bt-parent",
		.project_prefix = "project_name:",
		.limits = { .max_bytes = 10000000 },
		.rules = &reemit_braintrust,
	},
	{
		.name = "helicone",
		.url = "https://api.helicone.ai",
		.regional_url = "https://%s.api.helicone.ai", /* eu */
		.path = "",
		.traces_path = "/v1/trace/log",
		.signals = TRACES,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BEARER,
		.key_variable = "HELICONE_API_KEY",
		.key_page = "Settings, API Keys",
		.wants_json = true,
		.rules = &reemit_helicone,
	},
	{
		.name = "phoenix",
		.path = "",
		.signals = TRACES,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BEARER,
		.key_is_optional = true, /* self-hosted without authentication */
		.key_variable = "PHOENIX_API_KEY",
		.key_page = "Settings, API Keys",
		.refuses_json = true,
		.rules = &reemit_phoenix,
	},
	{
		.name = "datadog",
		.url = "https://otlp.datadoghq.com",
		.regional_url = "https://otlp.%s", /* the site: datadoghq.eu, us5.datadoghq.com */
		.path = "",
		.signals = TRACES,
		.auth_header = "dd-api-key",
		.key_variable = "DD_API_KEY",
		.key_page = "Organization Settings, API Keys",
		.fixed_header = "dd-otlp-source",
		.fixed_value = "llmobs",
		.refuses_json = true,
		.rules = &reemit_semconv,
	},
	{
		.name = "honeycomb",
		.url = "https://api.honeycomb.io",
		.regional_url = "https://api.%s.honeycomb.io", /* eu1 */
		.path = "",
		.signals = PAYLOADS_OTLP,
		.auth_header = "x-honeycomb-team",
		.key_variable = "HONEYCOMB_API_KEY",
		.key_page = "Environment settings, API Keys",
		.dataset_header = "x-honeycomb-dataset",
		.rules = &reemit_semconv,
	},
	{
		.name = "newrelic",
		.url = "https://otlp.nr-data.net",
		.regional_url = "https://otlp.%s.nr-data.net", /* eu01 */
		.path = "",
		.signals = PAYLOADS_OTLP,
		.auth_header = "api-key",
		.key_variable = "NEW_RELIC_LICENSE_KEY",
		.key_page = "API keys, type INGEST - LICENSE",
		.limits = { .max_bytes = 1000000, .max_attribute_bytes = 4095 },
		.rules = &reemit_semconv,
	},
	{
		.name = "grafana_cloud",
		.regional_url = "https://otlp-gateway-%s.grafana.net", /* the stack's zone: prod-eu-west-2 */
		.path = "/otlp",
		.signals = PAYLOADS_OTLP,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BASIC,
		.key_variable = "GRAFANA_CLOUD_API_KEY",
		.public_key_variable = "GRAFANA_CLOUD_INSTANCE_ID",
		.key_page = "the stack's details, OpenTelemetry, Configure",
		.public_key_word = "the instance id",
		.rules = &reemit_semconv,
	},
	{
		.name = "signoz",
		.regional_url = "https://ingest.%s.signoz.cloud:443", /* us, eu, in */
		.path = "",
		.signals = PAYLOADS_OTLP,
		.auth_header = "signoz-ingestion-key",
		.key_is_optional = true, /* self-hosted */
		.key_variable = "SIGNOZ_INGESTION_KEY",
		.key_page = "Settings, Ingestion Settings",
		.rules = &reemit_semconv,
	},
	{
		.name = "dash0",
		.regional_url = "https://ingress.%s.aws.dash0.com", /* eu-west-1 */
		.path = "",
		.signals = PAYLOADS_OTLP,
		.auth_header = "Authorization",
		.auth = PRESET_AUTH_BEARER,
		.key_variable = "DASH0_AUTH_TOKEN",
		.key_page = "Organization Settings, Auth Tokens",
		.dataset_header = "Dash0-Dataset",
		.rules = &reemit_semconv,
	},
};

const struct preset *preset_of(const struct preset_inputs *in)
{
	return in->name > 0 ? &presets[in->name - 1] : NULL;
}

static const char *given_or_variable(const char *given, const char *variable)
{
	if (given != NULL || variable == NULL)
		return given;
	const char *value = getenv(variable);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *key_of(const struct preset *p, const struct preset_inputs *in)
{
	return given_or_variable(in->api_key, p->key_variable);
}

static const char *public_key_of(const struct preset *p, const struct preset_inputs *in)
{
	return given_or_variable(in->public_key, p->public_key_variable);
}

/* ------------------------------------------------------------------ checks */

/* Inputs that this preset has no use for are mistakes, most likely a mix-up of presets. */
static const char *useless_input(const struct preset *p, const struct preset_inputs *in)
{
	if (in->region != NULL && p->regional_url == NULL)
		return "region";
	if (in->project != NULL && p->project_header == NULL && (p->rules == NULL || p->rules->resource_key == NULL))
		return "project";
	if (in->dataset != NULL && p->dataset_header == NULL)
		return "dataset";
	return in->public_key != NULL && p->public_key_word == NULL ? "public_key" : NULL;
}

static struct status check_none(const struct preset_inputs *in, struct buf *why)
{
	const struct {
		const char *key, *value;
	} inputs[] = {
		{ "api_key", in->api_key }, { "public_key", in->public_key }, { "region", in->region },
		{ "project", in->project }, { "dataset", in->dataset },
	};

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		if (inputs[i].value != NULL) {
			buf_printf(why, "%s is for a preset, and none is named; set preset, or use headers",
				   inputs[i].key);
			return FAIL(INVALID, "an input without its preset");
		}
	return OK;
}

struct status preset_check(const struct preset_inputs *in, const char *endpoint, struct buf *why)
{
	const struct preset *p = preset_of(in);

	if (p == NULL)
		return check_none(in, why);
	const char *useless = useless_input(p, in);
	if (useless != NULL)
		buf_printf(why, "%s has no meaning for the preset %s", useless, p->name);
	else if (!p->key_is_optional && key_of(p, in) == NULL)
		buf_printf(why, "api_key is missing; %s shows it under \"%s\" (or set %s)", p->name, p->key_page,
			   p->key_variable);
	else if (p->public_key_word != NULL && public_key_of(p, in) == NULL)
		buf_printf(why, "public_key is missing: %s, which %s shows under \"%s\" (or set %s)",
			   p->public_key_word, p->name, p->key_page, p->public_key_variable);
	else if (endpoint == NULL && p->url == NULL && p->regional_url == NULL)
		buf_printf(why, "endpoint is missing: the address of your %s, such as http://localhost:6006", p->name);
	else if (endpoint == NULL && p->url == NULL && in->region == NULL)
		buf_printf(why, "region is missing (or endpoint, for your own %s)", p->name);
	else if (endpoint != NULL && in->region != NULL)
		buf_text(why, "region and endpoint are both given; keep one");
	else
		return OK;
	return FAIL(INVALID, "the preset's inputs are incomplete");
}

/* ------------------------------------------------------------------ where and how */

static void write_regional(const char *pattern, const char *region, struct buf *out)
{
	const char *hole = strstr(pattern, "%s");

	buf_append(out, pattern, (size_t)(hole - pattern));
	buf_text(out, region);
	buf_text(out, hole + strlen("%s"));
}

static bool has_path(const char *url)
{
	const char *host = strstr(url, "://");
	const char *slash = host != NULL ? strchr(host + 3, '/') : NULL;

	return slash != NULL && slash[1] != '\0';
}

void preset_write_url(const struct preset *p, const struct preset_inputs *in, const char *endpoint, struct buf *out)
{
	if (endpoint != NULL && has_path(endpoint)) {
		buf_text(out, endpoint);
		return;
	}
	if (endpoint != NULL)
		buf_text(out, endpoint);
	else if (in->region != NULL)
		write_regional(p->regional_url, in->region, out);
	else
		buf_text(out, p->url);
	while (out->len > 0 && out->ptr[out->len - 1] == '/')
		out->len--;
	buf_text(out, p->path);
}

static void write_auth(const struct preset *p, const char *key, const char *public_key, struct buf *out)
{
	struct buf pair = BUF_INIT;

	switch (p->auth) {
	case PRESET_AUTH_BARE:
		buf_text(out, key);
		break;
	case PRESET_AUTH_BEARER:
		buf_printf(out, "Bearer %s", key);
		break;
	case PRESET_AUTH_BASIC:
		buf_printf(&pair, "%s:%s", public_key, key);
		buf_text(out, "Basic ");
		base64_append(out, buf_view(&pair));
		break;
	}
	buf_release(&pair);
}

/* A project that says itself what it is ("project_id:...") is sent as it stands. */
static void write_project(const struct preset *p, const char *project, struct buf *out)
{
	buf_printf(out, "%s%s", strchr(project, ':') != NULL ? "" : p->project_prefix, project);
}

static bool is_configured(const struct string_map *configured, const char *name)
{
	for (size_t i = 0; i < configured->count; i++)
		if (strcasecmp(configured->items[i].key, name) == 0)
			return true;
	return false;
}

static void put_header(const struct string_map *configured, const char *name, const char *value, struct string_map *out)
{
	if (!is_configured(configured, name))
		out->items[out->count++] = (struct string_pair){ name, value };
}

struct status preset_headers(const struct preset *p, const struct preset_inputs *in,
			     const struct string_map *configured, struct buf values[PRESET_HEADERS_MAX],
			     struct string_map *out)
{
	const char *key = key_of(p, in);

	out->count = 0;
	out->items = calloc(configured->count + PRESET_HEADERS_MAX + 1, sizeof(*out->items));
	if (out->items == NULL)
		return FAIL(NOMEM, "no memory for the headers");
	if (key != NULL) {
		write_auth(p, key, public_key_of(p, in), &values[0]);
		put_header(configured, p->auth_header, buf_string(&values[0]), out);
	}
	if (in->project != NULL && p->project_header != NULL) {
		write_project(p, in->project, &values[1]);
		put_header(configured, p->project_header, buf_string(&values[1]), out);
	}
	if (in->dataset != NULL)
		put_header(configured, p->dataset_header, in->dataset, out);
	if (p->fixed_header != NULL)
		put_header(configured, p->fixed_header, p->fixed_value, out);
	for (size_t i = 0; i < configured->count; i++)
		out->items[out->count++] = configured->items[i];
	return OK;
}
