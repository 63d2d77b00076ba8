/* SPDX-License-Identifier: Apache-2.0
 * Presets: where each back end is asked, with which headers, in which keys; and what is said where an input is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/base/log.h"
#include "agent/otlp/json_transcode.h"
#include "exporters/otlphttp/preset.h"
#include "tests/unit/exporter_rig.h"
#include "tests/unit/http_peer.h"

#define LABELS(kind) "exporter=\"otlphttp/a\",kind=\"" kind "\""
#define OK_REPLY     { .bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n" }

static const char request[] =
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"0123456789abcdef0123456789abcdef\",\"spanId\":"
	"\"0123456789abcdef\",\"attributes\":[{\"key\":\"gen_ai.usage.cost\",\"value\":{\"doubleValue\":0.5}},"
	"{\"key\":\"plimsoll.outcome\",\"value\":{\"stringValue\":\"ok\"}}]}]}]}]}";

static struct http_peer peer;
static struct rig rig;

/* Sends one span through the preset to a peer; options: further lines. */
static void send_through(const char *preset, const char *path, const char *options)
{
	static const struct http_peer_reply replies[] = { OK_REPLY };
	struct buf wire = BUF_INIT;
	char yaml[1024];

	http_peer_start(&peer, replies, 1);
	snprintf(yaml, sizeof(yaml),
		 "exporters:\n  otlphttp/a:\n    preset: %s\n    endpoint: http://127.0.0.1:%u%s\n    compression: none\n%s", preset,
		 peer.port, path, options);
	if (FAILED(rig_start(&rig, yaml)))
		fail_msg("%s", buf_string(&rig.why));
	assert_false(FAILED(json_to_wire(slice_of(request), SIGNAL_TRACES, 10000, &wire, NULL)));
	rig_offer(&rig, PAYLOAD_TRACES, buf_view(&wire), 1);
	assert_true(rig_wait(&rig, METER_EXPORTED, LABELS("traces"), 1));
	buf_release(&wire);
}

static void stop(void)
{
	assert_int_equal(rig_stop(&rig), 0);
	http_peer_stop(&peer);
}

static bool body_holds(const char *text)
{
	return memmem(peer.requests[0].body, peer.requests[0].body_bytes, text, strlen(text)) != NULL;
}

#define HEAD_HOLDS(text) assert_non_null(strstr(peer.requests[0].head, text))

static void langfuse_is_asked_as_it_documents(void **state)
{
	(void)state;
	send_through("langfuse", "", "    public_key: pk-lf-1\n    api_key: sk-lf-2\n");
	HEAD_HOLDS("POST /api/public/otel/v1/traces HTTP/1.1\r\n");
	HEAD_HOLDS("Authorization: Basic cGstbGYtMTpzay1sZi0y\r\n");
	HEAD_HOLDS("x-langfuse-ingestion-version: 4\r\n");
	HEAD_HOLDS("Content-Type: application/x-protobuf\r\n");
	assert_true(body_holds("langfuse.observation.cost_details"));
	stop();
}

static void what_the_user_writes_wins(void **state)
{
	(void)state;
	send_through("langfuse", "/own/path",
		     "    public_key: a\n    api_key: b\n    headers: { authorization: mine }\n");
	HEAD_HOLDS("POST /own/path/v1/traces HTTP/1.1\r\n");
	HEAD_HOLDS("authorization: mine\r\n");
	assert_null(strstr(peer.requests[0].head, "Basic"));
	stop();
}

static void helicone_gets_json_at_its_own_path(void **state)
{
	(void)state;
	send_through("helicone", "", "    api_key: k\n");
	HEAD_HOLDS("POST /v1/trace/log HTTP/1.1\r\n");
	HEAD_HOLDS("Authorization: Bearer k\r\n");
	HEAD_HOLDS("Content-Type: application/json\r\n");
	assert_true(body_holds("{\"resourceSpans\":[{\"scopeSpans\""));
	stop();
}

static void projects_go_where_each_back_end_looks(void **state)
{
	(void)state;
	send_through("braintrust", "", "    api_key: k\n    project: shop\n");
	HEAD_HOLDS("x-bt-parent: project_name:shop\r\n");
	stop();
	send_through("braintrust", "", "    api_key: k\n    project: \"project_id:12\"\n");
	HEAD_HOLDS("x-bt-parent: project_id:12\r\n");
	stop();
	send_through("langsmith", "", "    api_key: k\n    project: shop\n");
	HEAD_HOLDS("POST /otel/v1/traces HTTP/1.1\r\n");
	HEAD_HOLDS("x-api-key: k\r\n");
	HEAD_HOLDS("Langsmith-Project: shop\r\n");
	stop();
	send_through("phoenix", "", "    project: shop\n");
	assert_true(body_holds("openinference.project.name"));
	stop();
	send_through("dash0", "", "    api_key: k\n    dataset: shop\n");
	HEAD_HOLDS("Dash0-Dataset: shop\r\n");
	stop();
}

static void a_back_end_of_traces_is_given_nothing_else(void **state)
{
	(void)state;
	send_through("phoenix", "", "");
	rig_offer(&rig, PAYLOAD_LOGS, SLICE("x"), 1);
	rig_offer(&rig, PAYLOAD_METRICS, SLICE("x"), 1);
	rig_drain(&rig, 2000);
	assert_int_equal(http_peer_served(&peer), 1);
	stop();
}

static void regions_are_part_of_the_address(void **state)
{
	static const struct {
		int name;
		const char *region, *url;
	} cases[] = {
		{ 1, NULL, "https://cloud.langfuse.com/api/public/otel" },
		{ 1, "us", "https://us.cloud.langfuse.com/api/public/otel" },
		{ 3, "eu", "https://api-eu.braintrust.dev/otel" },
		{ 6, "datadoghq.eu", "https://otlp.datadoghq.eu" },
		{ 8, NULL, "https://otlp.nr-data.net" },
		{ 9, "prod-eu-west-2", "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp" },
		{ 10, "us", "https://ingest.us.signoz.cloud:443" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct preset_inputs in = { .name = cases[i].name, .region = cases[i].region };
		struct buf url = BUF_INIT;
		preset_write_url(preset_of(&in), &in, NULL, &url);
		assert_string_equal(buf_string(&url), cases[i].url);
		buf_release(&url);
	}
}

static void expect_mistake(const char *options, const char *words)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "exporters:\n  otlphttp/a:\n%s", options);
	assert_int_equal(rig_start(&rig, yaml).code, STATUS_INVALID);
	if (strstr(buf_string(&rig.why), words) == NULL)
		fail_msg("'%s' does not say '%s'", buf_string(&rig.why), words);
	rig_stop(&rig);
}

static void what_is_missing_is_named_with_the_page_that_shows_it(void **state)
{
	(void)state;
	expect_mistake("    preset: newrelic\n",
		       "otlphttp/a: api_key is missing; newrelic shows it under \"API keys, type INGEST - LICENSE\" (or set "
		       "NEW_RELIC_LICENSE_KEY)");
	expect_mistake("    preset: langfuse\n    api_key: k\n",
		       "public_key is missing: the public key, which langfuse shows under");
	expect_mistake("    preset: grafana_cloud\n    api_key: k\n    public_key: i\n", "region is missing");
	expect_mistake("    preset: phoenix\n", "endpoint is missing: the address of your phoenix");
	expect_mistake("    preset: phoenix\n    endpoint: http://localhost:1\n    encoding: json\n",
		       "phoenix takes no JSON");
	expect_mistake("    preset: datadog\n    api_key: k\n    dataset: d\n",
		       "dataset has no meaning for the preset datadog");
	expect_mistake("    endpoint: http://localhost:1\n    api_key: k\n",
		       "api_key is for a preset, and none is named");
}

static void the_vendors_own_variable_is_looked_at(void **state)
{
	(void)state;
	setenv("HONEYCOMB_API_KEY", "from-the-environment", 1);
	send_through("honeycomb", "", "");
	HEAD_HOLDS("x-honeycomb-team: from-the-environment\r\n");
	stop();
	unsetenv("HONEYCOMB_API_KEY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langfuse_is_asked_as_it_documents),
		cmocka_unit_test(what_the_user_writes_wins),
		cmocka_unit_test(helicone_gets_json_at_its_own_path),
		cmocka_unit_test(projects_go_where_each_back_end_looks),
		cmocka_unit_test(a_back_end_of_traces_is_given_nothing_else),
		cmocka_unit_test(regions_are_part_of_the_address),
		cmocka_unit_test(what_is_missing_is_named_with_the_page_that_shows_it),
		cmocka_unit_test(the_vendors_own_variable_is_looked_at),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("exporters/preset", tests, NULL, NULL);
}
