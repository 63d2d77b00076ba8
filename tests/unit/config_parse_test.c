/* SPDX-License-Identifier: Apache-2.0
 * Every type is read as it is written, and every mistake is told with its place and a remedy.
 */
#include "tests/unit/config_fixture.h"

static void every_type_is_read(void **state)
{
	struct config *c = fixture_load("exporters:\n"
					"  fake/one:\n"
					"    flag: True\n"
					"    number: -3\n"
					"    ratio: 0.25\n"
					"    wait: 1h1m1s1ms\n"
					"    room: 64KiB\n"
					"    message_mib: 16\n"
					"    endpoint: https://host:443/path\n"
					"    token: hush\n"
					"    color: blue\n"
					"    list: [x, \"y z\"]\n"
					"    headers: {a: 1, \"b-c\": }\n"
					"    match: {\"b c\": }\n"
					"    tls: {ca_file: /ca.pem}\n");
	const struct fake_options *o = fixture_fake(c);

	(void)state;
	assert_string_equal(c->exporters[0].id, "fake/one");
	assert_string_equal(c->exporters[0].kind, "fake");
	assert_true(o->flag && o->number == -3 && o->ratio > 0.2499 && o->ratio < 0.2501);
	assert_int_equal(o->wait_ms, 3661001);
	assert_int_equal(o->room_bytes, 65536);
	assert_int_equal(o->message_bytes, 16 << 20);
	assert_string_equal(o->endpoint, "https://host:443/path");
	assert_string_equal(o->token, "hush");
	assert_int_equal(o->color, 2);
	assert_int_equal(o->list.count, 2);
	assert_string_equal(o->list.items[1], "y z");
	assert_int_equal(o->headers.count, 2);
	assert_string_equal(o->headers.items[0].value, "1");
	assert_string_equal(o->headers.items[1].key, "b-c");
	assert_string_equal(c->exporters[0].common.match.items[0].key, "b c");
	assert_string_equal(o->headers.items[1].value, "");
	assert_string_equal(o->tls.ca_file, "/ca.pem");
	config_free(c);
}

static void what_is_not_written_has_its_default(void **state)
{
	struct config *c = fixture_load("exporters:\n  fake:\n    number:\n    tls:\n");
	const struct fake_options *o = fixture_fake(c);

	(void)state;
	assert_int_equal(o->number, 7);
	assert_int_equal(o->wait_ms, 90000);
	assert_int_equal(o->message_bytes, 4 << 20);
	assert_int_equal(o->color, 1);
	assert_int_equal(o->list.count, 2);
	assert_string_equal(o->list.items[1], "b");
	assert_null(o->token);
	assert_int_equal(o->headers.count, 0);
	config_free(c);
}

static void an_empty_list_is_a_choice(void **state)
{
	struct config *c = fixture_load("dimensions: {feature: []}\n");

	(void)state;
	assert_int_equal(c->dimensions.feature.count, 0);
	assert_true(c->dimensions.workflow.count > 0);
	config_free(c);
}

static void durations_and_sizes_have_units(void **state)
{
	static const struct {
		const char *wait;
		uint64_t ms;
	} waits[] = { { "250ms", 250 },   { "1.5s", 1500 },      { "1m30s", 90000 },   { "24h", 86400000 },
		    { "2.01s", 2010 }, { "4.1m", 246000 }, { "1.1h", 3960000 }, { "1.1h0.1m", 3966000 } };

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "exporters: {fake: {wait: %s}}\n", waits[i].wait);
		struct config *c = fixture_load(text);
		assert_int_equal(fixture_fake(c)->wait_ms, waits[i].ms);
		config_free(c);
	}
	struct config *c = fixture_load("exporters: {fake: {room: 4096}}\n");
	assert_int_equal(fixture_fake(c)->room_bytes, 4096);
	config_free(c);
}

static void an_unknown_key_names_the_nearest(void **state)
{
	(void)state;
	fixture_refuses("recievers: {}\n", "f:1:1: unknown key 'recievers'; did you mean 'receivers'?\n");
	fixture_refuses("log:\n  levle: info\n", "f:2:3: unknown key 'levle'; did you mean 'level'?\n");
	fixture_refuses("storage: {compression: x}\n",
			"f:1:11: unknown key 'compression'; known here: directory, max_size\n");
	fixture_refuses("exporters: {fakr/x: }\n", "f:1:13: unknown exporter 'fakr'; did you mean 'fake'?\n");
	fixture_refuses("exporters: {pigeon_post: }\n", "f:1:13: unknown exporter 'pigeon_post'; known: fake\n");
	fixture_refuses("alerts: {channels: {webhok: }}\n",
			"f:1:21: unknown channel 'webhok'; did you mean 'webhook'?\n");
	fixture_refuses("exporters: {fake/: }\n", "f:1:13: 'fake/' has no name behind the '/'\n");
}

static void a_wrong_type_says_what_is_expected(void **state)
{
	static const struct {
		const char *value, *line;
	} bad[] = {
		{ "flag: yes", "f:1:26: flag: 'yes' is not a boolean; write true or false\n" },
		{ "number: 1.5", "f:1:28: number: '1.5' is not a whole number\n" },
		{ "number: [1]", "f:1:28: number: expected a single value, found a list\n" },
		{ "ratio: half", "f:1:27: ratio: 'half' is not a number\n" },
		{ "ratio: .nan", "f:1:27: ratio: '.nan' is not a number\n" },
		{ "wait: 30",
		  "f:1:26: wait: '30' is not a duration; write it with h, m, s or ms, such as 30s or 1m30s\n" },
		{ "wait: -5s",
		  "f:1:26: wait: '-5s' is not a duration; write it with h, m, s or ms, such as 30s or 1m30s\n" },
		{ "wait: 0.1ms",
		  "f:1:26: wait: '0.1ms' is not a duration; write it with h, m, s or ms, such as 30s or 1m30s\n" },
		{ "room: 1MB",
		  "f:1:26: room: '1MB' is not a size; write bytes, or a whole number with KiB, MiB, GiB or TiB\n" },
		{ "room: 99999999999TiB", "f:1:26: room: '99999999999TiB' is not a size; write bytes, or a whole "
					  "number with KiB, MiB, GiB or TiB\n" },
		{ "message_mib: 4MiB", "f:1:33: message_mib: '4MiB' is not a whole number of MiB\n" },
		{ "color: pink", "f:1:27: color: 'pink' is none of: red, green, blue\n" },
		{ "list: a", "f:1:26: list: expected a list, such as [first, second]\n" },
		{ "list: [a, {}]", "f:1:30: list: expected text here, found a mapping\n" },
		{ "list: ['']", "f:1:27: list: an empty element\n" },
		{ "headers: [a]", "f:1:29: headers: expected a mapping of names to values\n" },
		{ "headers: {a: [b]}", "f:1:33: a: expected text here, found a list\n" },
		{ "tls: true", "f:1:25: expected a mapping of keys to values, found a single value\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "exporters: {fake: {%s}}\n", bad[i].value);
		fixture_refuses(text, bad[i].line);
	}
	fixture_refuses("exporters: [fake]\n", "f:1:12: expected a mapping of exporters by kind, or kind/name\n");
}

static void a_value_out_of_range_names_the_range(void **state)
{
	(void)state;
	fixture_refuses("exporters:\n"
			"  fake:\n"
			"    number: 11\n"
			"    ratio: 1.1\n"
			"    wait: 1ms\n"
			"    room: 2MiB\n"
			"    message_mib: 0\n",
			"f:3:13: number: '11' is out of range; allowed is -10 to 10\n"
			"f:4:12: ratio: '1.1' is out of range; allowed is 0 to 1\n"
			"f:5:11: wait: '1ms' is out of range; allowed is 100ms to 24h\n"
			"f:6:11: room: '2MiB' is out of range; allowed is 0 to 1MiB\n"
			"f:7:18: message_mib: '0' is out of range; allowed is 1 to 16\n");
}

static void a_missing_key_is_told_at_its_section(void **state)
{
	(void)state;
	fixture_refuses("alerts:\n  channels:\n    webhook/oncall:\n      timeout: 5s\n",
			"f:3:5: missing required key 'url'\n");
	fixture_refuses("alerts:\n  channels:\n    webhook: {url: }\n", "f:3:5: missing required key 'url'\n");
}

static void a_required_key_holds_something(void **state)
{
	(void)state;
	fixture_refuses("alerts: {channels: {slack: {url: '${env:PLIMSOLL_TEST_UNSET:-}'}}}\n",
			"f:1:21: required key 'url' is empty\n");
	fixture_refuses("alerts: {channels: {pagerduty: {routing_key: ''}}}\n", "f:1:21: required key 'routing_key' is empty\n");
	fixture_refuses("alerts: {channels: {webhook: {url: ''}}}\n",
			"f:1:36: url: '' does not start with http:// or https://\n");
}

static void habits_from_the_collector_get_an_answer(void **state)
{
	static const char *const keys[] = { "service", "processors", "extensions", "connectors" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct buf errors = BUF_INIT;
		char text[64], want[64];
		snprintf(text, sizeof(text), "%s: {}\n", keys[i]);
		snprintf(want, sizeof(want), "f:1:1: '%s' is not needed", keys[i]);
		assert_null(fixture_try(slice_of(text), &errors));
		assert_true(slice_starts_with(buf_view(&errors), slice_of(want)));
		buf_release(&errors);
	}
}

static void an_exporter_that_is_not_needed_here_is_answered_too(void **state)
{
	struct buf errors = BUF_INIT;

	(void)state;
	assert_null(fixture_try(SLICE("exporters: {prometheus: {endpoint: '0.0.0.0:8889'}}\n"), &errors));
	assert_true(slice_starts_with(buf_view(&errors), SLICE("f:1:13: exporter 'prometheus' is not needed: Prometheus scrapes "
							       "/metrics on admin.endpoint")));
	buf_release(&errors);
}

static void a_protocol_that_is_not_named_is_off(void **state)
{
	struct config *c = fixture_load("receivers:\n  otlp:\n    protocols:\n      http:\n");

	(void)state;
	assert_true(c->http.enabled && !c->grpc.enabled);
	assert_string_equal(c->http.endpoint, "localhost:4318");
	config_free(c);
	fixture_refuses("receivers: {otlp: {protocols: {}}}\n",
			"f:1:1: receivers: no protocol is named; write otlp: {protocols: {grpc:, http:}}, or leave "
			"receivers out to "
			"have both\n");
}

static void the_collectors_receiver_keys_mean_the_same(void **state)
{
	struct config *c = fixture_load(
		"receivers:\n  otlp:\n    protocols:\n"
		"      grpc: {endpoint: '0.0.0.0:4317', max_recv_msg_size_mib: 16, max_concurrent_streams: 100}\n"
		"      http: {endpoint: '[::]:4318', max_request_body_size: 20971520}\n");

	(void)state;
	assert_int_equal(c->grpc.max_recv_msg_size_bytes, 16 << 20);
	assert_int_equal(c->grpc.max_concurrent_streams, 100);
	assert_int_equal(c->http.max_request_body_size_bytes, 20 << 20);
	config_free(c);
}

static void two_listeners_on_one_port_are_refused(void **state)
{
	(void)state;
	fixture_refuses("admin: {endpoint: 'localhost:4317'}\n",
			"f:1:19: receivers.otlp.protocols.grpc.endpoint and admin.endpoint both listen on port 4317; "
			"give one of them "
			"another\n");
	fixture_refuses("admin: {endpoint: ':4318'}\n", "f:1:19: receivers.otlp.protocols.http.endpoint and "
							"admin.endpoint both listen on port 4318; give one of them "
							"another\n");
	config_free(fixture_load("admin: {endpoint: '10.0.0.1:4317'}\n"));
	config_free(fixture_load("admin: {endpoint: 'localhost:4317', enabled: false}\n"));
	config_free(fixture_load("receivers: {otlp: {protocols: {grpc: {endpoint: 'localhost:0'}, http: {endpoint: "
				 "'localhost:0'}}}}\n"));
}

static void addresses_are_checked(void **state)
{
	(void)state;
	fixture_refuses("admin: {endpoint: localhost}\n",
			"f:1:19: endpoint: 'localhost' has no port; write host:port\n");
	fixture_refuses("admin: {endpoint: 'http://localhost:9464'}\n",
			"f:1:19: endpoint: 'http://localhost:9464' is no address to listen on; write host:port or unix:/path\n");
	fixture_refuses("admin: {endpoint: '*:9464'}\n",
			"f:1:19: endpoint: '*:9464' has * for a host; to listen on every address write 0.0.0.0:port or "
			"[::]:port\n");
	fixture_refuses("exporters: {fake: {endpoint: 'htp://h:1'}}\n",
			"f:1:30: endpoint: 'htp://h:1' does not start with http:// or https://\n");
	fixture_refuses("exporters: {fake: {endpoint: 'http://:1'}}\n", "f:1:30: endpoint: 'http://:1' has no host\n");
	fixture_refuses("exporters: {fake: {endpoint: 'htp://user:pw@h:1'}}\n",
			"f:1:30: endpoint: 'htp://<redacted>@h:1' does not start with http:// or https://\n");
	fixture_refuses("exporters: {fake: {endpoint: 'h :1'}}\n", "f:1:30: endpoint: 'h :1' holds a blank\n");
	fixture_refuses("alerts: {runbook_url: 'runbooks/'}\n",
			"f:1:23: runbook_url: 'runbooks/' does not start with http:// or https://\n");
	config_free(fixture_load(
		"exporters: {fake: {endpoint: 'http://user:pw@[::1]:80/x'}, fake/2: {endpoint: 'dns:///h:1'}, "
		"fake/3: {endpoint: 'https://collector'}}\n"));
}

static void headers_are_checked(void **state)
{
	(void)state;
	fixture_refuses("exporters: {fake: {headers: {'a b': c}}}\n",
			"f:1:29: headers: 'a b' is no name of a header; letters, digits and !#$%&'*+-.^_`|~ make one\n");
	fixture_refuses("exporters: {fake: {headers: {'': c}}}\n",
			"f:1:29: headers: '' is no name of a header; letters, digits and !#$%&'*+-.^_`|~ make one\n");
	fixture_refuses("exporters: {fake: {headers: {x-a: b, authorization: \"hush\\n\"}}}\n",
			"f:1:29: headers: the value of 'authorization' holds a line end or another control character\n");
	fixture_refuses("alerts: {channels: {webhook: {url: 'http://h', headers: {x-a: \"b\\r\\nx-c: d\"}}}}\n",
			"f:1:57: headers: the value of 'x-a' holds a line end or another control character\n");
	config_free(fixture_load("exporters: {fake: {headers: {X-Scope_OrgID: 'a \u00fc', empty: ''}}}\n"));
}

static void values_must_fit_each_other(void **state)
{
	(void)state;
	fixture_refuses(
		"exporters:\n"
		"  fake:\n"
		"    retry_on_failure: {initial_interval: 1m}\n"
		"    sending_queue: {batch: {min_size: 5MiB}}\n"
		"    tls: {cert_file: a}\n"
		"  fake/2:\n"
		"    retry_on_failure: {max_elapsed_time: 1s}\n"
		"    tls: {insecure: true, ca_file: a}\n",
		"f:3:5: initial_interval is longer than max_interval\n"
		"f:4:5: batch.min_size is larger than batch.max_size\n"
		"f:5:5: cert_file and key_file go together; one of them is missing\n"
		"f:7:5: max_elapsed_time ends before the first retry (initial_interval); 0 means never to give up\n"
		"f:8:5: insecure switches TLS off, so certificates are of no use; drop one of them\n");
	config_free(fixture_load("exporters: {fake: {retry_on_failure: {max_elapsed_time: 0}}}\n"));
}

static void an_empty_folder_of_the_state_is_no_folder(void **state)
{
	(void)state;
	fixture_refuses("storage: {directory: ''}\n",
			"f:1:22: directory: is empty; name a folder, or leave it out to have the default\n");
	config_free(fixture_load("storage: {directory: }\n"));
}

static void doors_are_checked(void **state)
{
	(void)state;
	fixture_refuses(
		"receivers:\n"
		"  otlp:\n"
		"    protocols:\n"
		"      grpc: {endpoint: \"unix:relative\", auth: {authenticator: bearertokenauth}}\n"
		"      http:\n"
		"        socket_mode: 9\n"
		"        tls: {client_ca_file: x}\n"
		"        auth: {header: {name: x-api-key}}\n",
		"f:4:24: endpoint: 'unix:relative' is no absolute path; write unix:/path\n"
		"f:4:48: 'authenticator' names an extension in the Collector; here the rules stand in place: auth: {bearer: "
		"{token_file: ...}}, {basic: {htpasswd: {file: ...}}} or {header: {name: x-api-key, key_file: ...}}\n"
		"f:6:22: socket_mode: '9' is no mode such as 0660\n"
		"f:7:9: client_ca_file is of no use without our own cert_file and key_file\n"
		"f:8:9: header: a key or a filename is missing\n");
	fixture_refuses("receivers: {otlp: {protocols: {grpc: {endpoint: \"unix:/a\"}, http: {endpoint: \"unix:///a\"}}}}\n",
			"f:1:78: receivers.otlp.protocols.grpc.endpoint and receivers.otlp.protocols.http.endpoint are both "
			"unix:///a\n");
	config_free(fixture_load("receivers: {otlp: {protocols: {grpc: {endpoint: \"unix:/a\"}, http: {endpoint: \"unix:/b\"}}}}\n"));
}

static void alert_channels_are_read(void **state)
{
	struct config *c = fixture_load("alerts:\n"
					"  runbook_url: https://runbooks/\n"
					"  channels:\n"
					"    webhook/oncall:\n"
					"      url: https://h/x?y=1\n"
					"      signing_secret: whsec_x\n"
					"      headers: {x-team: llm}\n"
					"      retry_on_failure: {max_elapsed_time: 1h}\n"
					"    webhook: {url: 'http://h', timeout: 1s}\n");
	const struct channel_config *first = &c->alerts.channels[0];

	(void)state;
	assert_int_equal(c->alerts.channel_count, 2);
	assert_string_equal(first->name, "webhook/oncall");
	assert_int_equal(first->type, CHANNEL_WEBHOOK);
	assert_string_equal(first->secret, "whsec_x");
	assert_string_equal(first->headers.items[0].key, "x-team");
	assert_int_equal(first->timeout_ms, 10000);
	assert_int_equal(first->retry.max_elapsed_time_ms, 3600000);
	assert_string_equal(c->alerts.channels[1].name, "webhook");
	assert_int_equal(c->alerts.channels[1].timeout_ms, 1000);
	config_free(c);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	fixture_refuses("log: {level: \"\\e[31m\"}\n", "f:1:14: level: '?[31m' is none of: debug, info, warn, error\n");
}

static void a_file_that_cannot_be_read_is_told_apart(void **state)
{
	struct buf errors = BUF_INIT;
	struct config *c = NULL;

	(void)state;
	assert_int_equal(config_load("/nonexistent/x.yaml", NULL, 0, &c, &errors).code, STATUS_IO);
	assert_string_equal(buf_string(&errors), "/nonexistent/x.yaml: cannot read: No such file or directory\n");
	buf_reset(&errors);
	assert_int_equal(config_load("/tmp", NULL, 0, &c, &errors).code, STATUS_IO);
	assert_string_equal(buf_string(&errors), "/tmp: cannot read: Is a directory\n");
	assert_null(c);
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(what_is_not_written_has_its_default),
		cmocka_unit_test(an_empty_list_is_a_choice),
		cmocka_unit_test(durations_and_sizes_have_units),
		cmocka_unit_test(an_unknown_key_names_the_nearest),
		cmocka_unit_test(a_wrong_type_says_what_is_expected),
		cmocka_unit_test(a_value_out_of_range_names_the_range),
		cmocka_unit_test(a_missing_key_is_told_at_its_section),
		cmocka_unit_test(a_required_key_holds_something),
		cmocka_unit_test(habits_from_the_collector_get_an_answer),
		cmocka_unit_test(an_exporter_that_is_not_needed_here_is_answered_too),
		cmocka_unit_test(a_protocol_that_is_not_named_is_off),
		cmocka_unit_test(the_collectors_receiver_keys_mean_the_same),
		cmocka_unit_test(two_listeners_on_one_port_are_refused),
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(values_must_fit_each_other),
		cmocka_unit_test(an_empty_folder_of_the_state_is_no_folder),
		cmocka_unit_test(doors_are_checked),
		cmocka_unit_test(alert_channels_are_read),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told_apart),
	};
	return cmocka_run_group_tests_name("config/parse", tests, NULL, NULL);
}
