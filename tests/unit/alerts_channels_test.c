/* SPDX-License-Identifier: Apache-2.0
 * What each kind of channel is sent, and which answers it takes as final.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include "agent/alerts/channel.h"
#include "agent/base/clock.h"
#include "tests/unit/alerts_fixture.h"

static const struct alerts_config config = { .external_url = "https://agent.example/" };

static struct channel_config channel_of(enum channel_type type)
{
	return (struct channel_config){ .name = "test", .type = type, .secret = "key", .send_resolved = true };
}

static json_t *body_of(enum channel_type type, const struct channel_config *c, struct alert *a)
{
	struct telling t = { .alert = a, .config = &config };
	struct buf body = BUF_INIT;

	alert_channels[type]->body(c, &t, &body);
	json_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	buf_release(&body);
	return json;
}

static const char *text_at(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	assert_non_null(text);
	return text;
}

static struct alert *firing(void)
{
	struct verdict v = cost_shift(START);

	return alert_new(&v);
}

static struct alert *resolved(void)
{
	struct alert *a = firing();

	a->state = ALERT_RESOLVED;
	a->end = ALERT_END_RECOVERED;
	a->ended_at_s = START + 3600;
	return a;
}

static void alertmanager_knows_an_incident_by_labels_that_every_pod_gives_it(void **state)
{
	struct string_pair labels[] = { { "cluster", "eu-1" } };
	struct channel_config c = channel_of(CHANNEL_ALERTMANAGER);
	struct alert *a = firing(), *b = resolved();

	(void)state;
	c.labels = (struct string_map){ labels, 1 };
	b->verdict.value = 77;
	b->verdict.started_at_s += 300;
	json_t *one = body_of(CHANNEL_ALERTMANAGER, &c, a), *two = body_of(CHANNEL_ALERTMANAGER, &c, b);
	const json_t *first = json_array_get(one, 0), *second = json_array_get(two, 0);
	assert_true(json_equal(json_object_get(first, "labels"), json_object_get(second, "labels")));
	assert_string_equal(text_at(json_object_get(first, "labels"), "alertname"), "Plimsoll_shift_cost");
	assert_string_equal(text_at(json_object_get(first, "labels"), "cluster"), "eu-1");
	assert_string_equal(text_at(json_object_get(first, "labels"), "feature"), "checkout");
	assert_string_equal(text_at(first, "startsAt"), "2026-03-06T11:00:00Z");
	assert_null(json_object_get(first, "endsAt"));
	assert_string_equal(text_at(second, "endsAt"), "2026-03-06T12:00:00Z");
	assert_string_equal(text_at(json_object_get(first, "annotations"), "runbook_url"),
			    "https://agent.example/runbooks/cost-spike");
	json_decref(one);
	json_decref(two);
	alert_free(a);
	alert_free(b);
}

static void a_title_of_nothing_but_what_is_not_known_is_the_usual_one(void **state)
{
	struct channel_config c = channel_of(CHANNEL_SLACK);
	struct alert *a = firing();

	(void)state;
	c.title = " {{cause}}{{prompt_version}} ";
	a->verdict.prompt_version = SLICE_NONE;
	json_t *slack = body_of(CHANNEL_SLACK, &c, a);
	assert_ptr_equal(strstr(text_at(slack, "text"), "[FIRING] "), text_at(slack, "text"));
	json_decref(slack);
	alert_free(a);
}

/* The first allocation failed: every later one is passed over, and who sends asks buf_failed. */
static void a_body_without_memory_fails_and_nothing_else(void **state)
{
	struct string_pair labels[] = { { "cluster", "eu-1" } };
	struct alert *a = firing();
	const struct telling t = { .alert = a, .config = &config };

	(void)state;
	for (int type = 0; type < CHANNEL_TYPE_COUNT; type++) {
		struct channel_config c = channel_of((enum channel_type)type);
		struct buf body = { .failed = true };
		c.labels = (struct string_map){ labels, 1 };
		alert_channels[type]->body(&c, &t, &body);
		assert_true(buf_failed(&body) && body.ptr == NULL);
	}
	alert_free(a);
}

/* Such as a severity by which a team's routes go. */
static void a_label_of_the_configuration_goes_before_ours(void **state)
{
	struct string_pair labels[] = { { "severity", "page" } };
	struct channel_config c = channel_of(CHANNEL_ALERTMANAGER);
	struct alert *a = firing();

	(void)state;
	c.labels = (struct string_map){ labels, 1 };
	json_t *one = body_of(CHANNEL_ALERTMANAGER, &c, a);
	assert_string_equal(text_at(json_object_get(json_array_get(one, 0), "labels"), "severity"), "page");
	json_decref(one);
	alert_free(a);
}

/* Alertmanager refuses what ends before it starts, and what fires ends there a few minutes from now. */
static void alertmanager_is_told_of_no_start_ahead_of_the_clock(void **state)
{
	struct channel_config c = channel_of(CHANNEL_ALERTMANAGER);
	struct alert *a = firing(), *b = resolved();
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	char latest[21];

	(void)state;
	a->verdict.started_at_s = b->verdict.started_at_s = now_s + 3600;
	b->ended_at_s = now_s + 7200;
	json_t *one = body_of(CHANNEL_ALERTMANAGER, &c, a), *two = body_of(CHANNEL_ALERTMANAGER, &c, b);
	const json_t *first = json_array_get(one, 0), *second = json_array_get(two, 0);
	clock_format_utc(clock_unix_ns() / NS_PER_SECOND, latest);
	assert_true(strcmp(text_at(first, "startsAt"), latest) <= 0);
	assert_true(strcmp(text_at(second, "startsAt"), text_at(second, "endsAt")) <= 0);
	json_decref(one);
	json_decref(two);
	alert_free(a);
	alert_free(b);
}

static void pagerduty_opens_and_closes_under_one_key(void **state)
{
	struct channel_config c = channel_of(CHANNEL_PAGERDUTY);
	struct alert *a = firing(), *b = resolved();
	json_t *trigger = body_of(CHANNEL_PAGERDUTY, &c, a), *resolve = body_of(CHANNEL_PAGERDUTY, &c, b);
	const json_t *payload = json_object_get(trigger, "payload");

	(void)state;
	assert_string_equal(text_at(trigger, "event_action"), "trigger");
	assert_string_equal(text_at(resolve, "event_action"), "resolve");
	assert_string_equal(text_at(trigger, "dedup_key"), text_at(resolve, "dedup_key"));
	assert_string_equal(text_at(trigger, "routing_key"), "key");
	assert_string_equal(text_at(payload, "severity"), "warning");
	assert_string_equal(text_at(payload, "source"), "checkout");
	assert_string_equal(text_at(json_object_get(payload, "custom_details"), "value"), "0.00420 USD");
	json_decref(trigger);
	json_decref(resolve);
	alert_free(a);
	alert_free(b);
}

static void opsgenie_closes_by_the_alias_that_it_created(void **state)
{
	struct channel_config c = channel_of(CHANNEL_OPSGENIE);
	struct channel_headers headers = { .count = 0 };
	struct alert *a = firing(), *b = resolved();
	json_t *created = body_of(CHANNEL_OPSGENIE, &c, a);
	struct telling t = { .alert = b, .config = &config };
	struct buf path = BUF_INIT, want = BUF_INIT;

	(void)state;
	opsgenie_channel.path(&t, &path);
	buf_printf(&want, "/%s/close?identifierType=alias", text_at(created, "alias"));
	assert_string_equal(buf_string(&path), buf_string(&want));
	assert_string_equal(text_at(created, "priority"), "P3");
	assert_true(strlen(text_at(created, "message")) <= 130);
	assert_false(FAILED(opsgenie_channel.headers(&c, NULL, "id", SLICE("{}"), 1, &headers)));
	assert_string_equal(headers.items[0].value, "GenieKey key");
	json_decref(created);
	buf_release(&path);
	buf_release(&want);
	buf_release(&headers.authorization);
	alert_free(a);
	alert_free(b);
}

static void slack_gets_escaped_text_within_its_limits(void **state)
{
	struct channel_config c = channel_of(CHANNEL_SLACK);
	struct verdict v = cost_shift(START);
	char name[4000];

	(void)state;
	memset(name, '<', sizeof(name));
	v.feature = (struct slice){ name, sizeof(name) };
	struct alert *a = alert_new(&v);
	json_t *message = body_of(CHANNEL_SLACK, &c, a);
	const json_t *blocks = json_object_get(message, "blocks");
	const json_t *header = json_object_get(json_array_get(blocks, 0), "text");
	const json_t *section = json_object_get(json_array_get(blocks, 1), "text");
	assert_true(strlen(text_at(header, "text")) <= 150);
	assert_true(strlen(text_at(section, "text")) <= 3000);
	assert_null(strchr(text_at(message, "text"), '<'));
	json_decref(message);
	alert_free(a);
}

static void teams_gets_an_adaptive_card(void **state)
{
	struct channel_config c = channel_of(CHANNEL_TEAMS);
	struct alert *a = firing();
	json_t *message = body_of(CHANNEL_TEAMS, &c, a);
	const json_t *card = json_object_get(json_array_get(json_object_get(message, "attachments"), 0), "content");

	(void)state;
	assert_string_equal(text_at(card, "type"), "AdaptiveCard");
	assert_int_equal(json_array_size(json_object_get(card, "actions")), 2);
	json_decref(message);
	alert_free(a);
}

static void templates_replace_the_words(void **state)
{
	struct channel_config c = channel_of(CHANNEL_SLACK);
	struct alert *a = firing();

	(void)state;
	c.title = "{{ severity }}: {{metric}} of {{feature}} is {{value}} ({{deviation}})";
	c.text = "Look: {{runbook_url}}";
	json_t *message = body_of(CHANNEL_SLACK, &c, a);
	assert_string_equal(text_at(message, "text"), "warning: cost of checkout is 0.00420 USD (5.1 sigma)");
	json_decref(message);
	alert_free(a);
}

/* Drift from a manifest has neither a value nor a baseline. */
static void what_is_not_known_has_no_line_and_is_unknown_in_a_template(void **state)
{
	struct channel_config c = channel_of(CHANNEL_PAGERDUTY), slack = channel_of(CHANNEL_SLACK);
	struct alert *a = firing();

	(void)state;
	a->verdict.value = a->verdict.baseline_mean = a->verdict.baseline_stddev = NAN;
	a->verdict.deviation = a->verdict.pooled_deviation = NAN;
	json_t *message = body_of(CHANNEL_PAGERDUTY, &c, a);
	const json_t *details = json_object_get(json_object_get(message, "payload"), "custom_details");
	assert_null(json_object_get(details, "value"));
	assert_null(json_object_get(details, "baseline"));
	assert_null(json_object_get(details, "deviation"));
	assert_string_equal(text_at(details, "samples"), "60 requests in 3 windows of 300 s");
	json_decref(message);

	slack.title = "{{value}} instead of {{baseline}} ({{deviation}})";
	message = body_of(CHANNEL_SLACK, &slack, a);
	assert_string_equal(text_at(message, "text"), "unknown instead of unknown (unknown)");
	json_decref(message);
	alert_free(a);
}

static void the_others_of_an_incident_are_listed(void **state)
{
	struct verdict v = cost_shift(START);
	struct alert *a = firing();

	(void)state;
	v.metric = "output_tokens";
	struct alert *b = alert_new(&v);
	struct telling t = { .alert = a, .members = { b }, .member_count = 1, .config = &config };
	struct buf text = BUF_INIT;
	telling_json(&t, &text);
	json_t *json = json_loadb(text.ptr, text.len, 0, NULL);
	assert_non_null(json);
	assert_string_equal(text_at(json_array_get(json_object_get(json, "members"), 0), "metric"), "output_tokens");
	json_decref(json);
	buf_release(&text);
	alert_free(a);
	alert_free(b);
}

static void what_will_not_change_is_not_tried_again(void **state)
{
	static const unsigned final[] = { 301, 302, 400, 401, 403, 404 }, passing[] = { 408, 425, 429, 500, 502, 503 };

	(void)state;
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_true(slack_channel.is_final(final[i]) && !slack_channel.is_final(passing[i]));
	assert_null(webhook_channel.is_final); /* Standard Webhooks: any answer but 2xx and 410 is tried again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alertmanager_knows_an_incident_by_labels_that_every_pod_gives_it),
		cmocka_unit_test(a_label_of_the_configuration_goes_before_ours),
		cmocka_unit_test(a_body_without_memory_fails_and_nothing_else),
		cmocka_unit_test(a_title_of_nothing_but_what_is_not_known_is_the_usual_one),
		cmocka_unit_test(alertmanager_is_told_of_no_start_ahead_of_the_clock),
		cmocka_unit_test(pagerduty_opens_and_closes_under_one_key),
		cmocka_unit_test(opsgenie_closes_by_the_alias_that_it_created),
		cmocka_unit_test(slack_gets_escaped_text_within_its_limits),
		cmocka_unit_test(teams_gets_an_adaptive_card),
		cmocka_unit_test(templates_replace_the_words),
		cmocka_unit_test(what_is_not_known_has_no_line_and_is_unknown_in_a_template),
		cmocka_unit_test(the_others_of_an_incident_are_listed),
		cmocka_unit_test(what_will_not_change_is_not_tried_again),
	};

	return cmocka_run_group_tests_name("alerts/channels", tests, NULL, NULL);
}
