/* SPDX-License-Identifier: Apache-2.0
 * Matchers, hiding rules and templates of alerts: what they mean, and what is refused before anybody depends on it.
 */
#include "tests/unit/config_fixture.h"

#include "agent/config/matcher.h"
#include "agent/config/template.h"

static struct match_labels labels_of(const char *metric, const char *feature)
{
	struct match_labels l = { .of = { [MATCH_METRIC] = slice_of(metric), [MATCH_FEATURE] = slice_of(feature) } };

	return l;
}

static bool holds(const char *text, const char *metric, const char *feature)
{
	struct matchers m = { .count = 0 };
	struct match_labels l = labels_of(metric, feature);

	assert_null(matchers_read(slice_of(text), &m));
	return matchers_hold(&m, &l);
}

static void matchers_must_all_hold(void **state)
{
	(void)state;
	assert_true(holds("metric=cost", "cost", "a"));
	assert_true(holds("metric=cost feature=a", "cost", "a") && !holds("metric=cost feature=b", "cost", "a"));
	assert_true(holds("metric=latency*", "latency_tail", "a") && holds("metric=*_tail", "latency_tail", "a"));
	assert_true(holds("metric=l*n*l", "latency_tail", "a") && !holds("metric=l*x*l", "latency_tail", "a"));
	assert_true(holds("metric!=cost", "latency", "a") && !holds("metric!=c*", "cost", "a"));
	assert_true(holds("model=", "cost", "a") && !holds("model=?", "cost", "a"));
	assert_true(holds("feature=*", "cost", "") && !holds("feature=a", "cost", "A"));
}

static void a_value_with_blanks_is_in_quotes(void **state)
{
	(void)state;
	assert_true(holds("feature=\"my shop, the new\" metric=cost", "cost", "my shop, the new"));
	assert_true(holds("metric=cost,feature=\"my *\"", "cost", "my shop") &&
		    !holds("feature!=\"my shop\"", "cost", "my shop"));
	assert_true(holds("model=\"\"", "cost", "a") && holds("feature=5\"", "cost", "5\""));
}

static void hiding_needs_source_target_and_shared_labels(void **state)
{
	struct hiding_rule rule;
	struct match_labels errors = labels_of("error_rate", "a"), slow = labels_of("latency", "a"),
			    elsewhere = labels_of("latency", "b"), everywhere = labels_of("latency", "*");

	(void)state;
	assert_null(hiding_rule_read(SLICE("metric=error_rate hides metric=* by feature"), &rule));
	assert_true(hiding_rule_hides(&rule, &errors, &slow) && hiding_rule_hides(&rule, &errors, &everywhere));
	assert_false(hiding_rule_hides(&rule, &errors, &elsewhere));
	assert_false(hiding_rule_hides(&rule, &slow, &errors));
	assert_false(hiding_rule_hides(&rule, &errors, &errors));
	assert_non_null(hiding_rule_read(SLICE("metric=a hides metric=b"), &rule));
	assert_non_null(hiding_rule_read(SLICE("metric=a hides metric=b by colour"), &rule));
	assert_non_null(hiding_rule_read(SLICE("hides"), &rule));
}

static void mistakes_are_named_with_their_place(void **state)
{
	(void)state;
	fixture_refuses("alerts: {shadow: [metrics=cost]}\n",
			"f:1:18: shadow: 'metrics=cost': the labels are kind, metric, name, feature, model, "
			"prompt_version, workflow, user_segment and severity\n");
	fixture_refuses("alerts: {shadow: ['feature=my shop']}\n",
			"f:1:18: shadow: 'feature=my shop': a matcher is label=value or label!=value; a value with a blank or "
			"comma is in quotes: feature=\"my shop\"\n");
	fixture_refuses("alerts: {shadow: ['feature=\"my\" shop', 'feature=\"my\"shop', 'feature=\"']}\n",
			"f:1:18: shadow: 'feature=\"my\" shop': a matcher is label=value or label!=value; a value with a blank or "
			"comma is in quotes: feature=\"my shop\"\n"
			"f:1:18: shadow: 'feature=\"my\"shop': a value that begins with a quote ends with one: "
			"feature=\"my shop\"\n"
			"f:1:18: shadow: 'feature=\"': a value that begins with a quote ends with one: feature=\"my shop\"\n");
	fixture_refuses("alerts: {inhibit: [cost]}\n",
			"f:1:19: inhibit: 'cost': the form is: MATCHERS hides MATCHERS by LABEL, LABEL\n");
	fixture_refuses("alerts: {channels: {slack: {url: 'https://h/', title: 'a {{b'}}}\n",
			"f:1:55: title: a {{ has no }}\n");
	fixture_refuses("alerts: {channels: {alertmanager: {endpoints: [am:9093]}}}\n",
			"f:1:47: endpoints: 'am:9093': does not start with http:// or https://\n");
	fixture_refuses("alerts: {channels: {alertmanager: {endpoints: ['http://am'], labels: {a-b: c}}}}\n",
			"f:1:70: labels: 'a-b' is no label name; letters, digits and _ make one\n");
}

static void a_secret_url_is_checked_and_not_shown(void **state)
{
	(void)state;
	fixture_refuses("alerts: {channels: {slack: {url: 'hooks.example/T0/secret'}}}\n",
			"f:1:34: url: '<redacted>' does not start with http:// or https://\n");
}

static void write_name(const void *context, enum placeholder which, struct buf *out)
{
	(void)context;
	buf_printf(out, "<%s>", placeholder_names[which]);
}

static void templates_replace_what_they_know(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_null(template_check("plain"));
	assert_null(template_check("{{summary}} {{ id }}"));
	assert_non_null(template_check("{{sumary}}"));
	template_write("a {{summary}} {b} {{ id }}.", write_name, NULL, &out);
	assert_string_equal(buf_string(&out), "a <summary> {b} <id>.");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_must_all_hold),
		cmocka_unit_test(a_value_with_blanks_is_in_quotes),
		cmocka_unit_test(hiding_needs_source_target_and_shared_labels),
		cmocka_unit_test(mistakes_are_named_with_their_place),
		cmocka_unit_test(a_secret_url_is_checked_and_not_shown),
		cmocka_unit_test(templates_replace_what_they_know),
	};

	return cmocka_run_group_tests_name("config/alerts", tests, NULL, NULL);
}
