/* SPDX-License-Identifier: Apache-2.0
 * A reload names what it cannot apply, and only that.
 */
#include "tests/unit/config_fixture.h"

static void change_needs(const char *before, const char *after, const char *names)
{
	struct config *old = fixture_load(before), *new = fixture_load(after);
	struct buf out = BUF_INIT;

	config_diff_reload(old, new, &out);
	assert_string_equal(buf_string(&out), names);
	config_free(old);
	config_free(new);
	buf_release(&out);
}

static void the_same_file_needs_nothing(void **state)
{
	static const char text[] = "exporters: {fake: {headers: {a: b}, token: x}}\nadmin: {token: y}\n";

	(void)state;
	change_needs(text, text, "");
	change_needs("", "receivers: {otlp: {protocols: {grpc: , http: }}}\n", "");
}

static void what_reloads_is_not_named(void **state)
{
	(void)state;
	change_needs("", "log: {level: debug}\nbaselines: {sigma: 3}\ncanary: {enabled: false}\n", "");
	change_needs("", "alerts: {channels: {webhook: {url: http://h/}}, runbook_url: http://r/}\n", "");
	change_needs("", "dimensions: {feature: [team.feature]}\nprices: {file: /prices.json}\n", "");
	change_needs("exporters: {fake: }\n", "exporters: {fake: {flag: true}}\n", "");
}

static void what_waits_for_a_restart_is_named(void **state)
{
	(void)state;
	change_needs("", "storage: {directory: /x}\nadmin: {token: t}\nlimits: {max_series: 10}\n",
		     "storage.directory, limits.max_series, admin.token");
	change_needs("", "receivers: {otlp: {protocols: {grpc: {endpoint: 'localhost:1'}}}}\n",
		     "receivers.otlp.protocols.http, receivers.otlp.protocols.grpc.endpoint");
}

static void exporters_that_come_go_or_change_are_named(void **state)
{
	(void)state;
	change_needs("exporters: {fake/a: , fake/b: {headers: {x: y}}}\n",
		     "exporters: {fake/b: {headers: {x: z}, tls: {insecure: true}}, fake/c: }\n",
		     "exporters.fake/a, exporters.fake/b.headers, exporters.fake/b.tls.insecure, exporters.fake/c");
}

static void text_that_is_there_already_is_kept(void **state)
{
	struct config *old = fixture_load(""), *new = fixture_load("limits: {max_series: 10}\n");
	struct buf out = BUF_INIT;

	(void)state;
	buf_text(&out, "keys: ");
	config_diff_reload(old, new, &out);
	assert_string_equal(buf_string(&out), "keys: limits.max_series");
	config_free(old);
	config_free(new);
	buf_release(&out);
}

static void assert_marked(const struct conf_option *table, bool reloads)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		if (reloads && !o->reloads)
			fail_msg("'%s' stands in a section that reloads, and its own line in the manual does not say so", o->name);
		if (o->type == CONF_SECTION)
			assert_marked(o->section, o->reloads);
	}
}

static void a_section_that_reloads_says_so_of_each_of_its_keys(void **state)
{
	static const struct config_kind *const kinds[] = { channel_kinds, slo_kinds, budget_kinds };

	(void)state;
	assert_marked(config_options, false);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (const struct config_kind *k = kinds[i]; k->name != NULL; k++)
			assert_marked(k->options, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_file_needs_nothing),
		cmocka_unit_test(what_reloads_is_not_named),
		cmocka_unit_test(what_waits_for_a_restart_is_named),
		cmocka_unit_test(exporters_that_come_go_or_change_are_named),
		cmocka_unit_test(text_that_is_there_already_is_kept),
		cmocka_unit_test(a_section_that_reloads_says_so_of_each_of_its_keys),
	};
	return cmocka_run_group_tests_name("config/reload", tests, NULL, NULL);
}
