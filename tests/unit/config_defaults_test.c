/* SPDX-License-Identifier: Apache-2.0
 * Without a file the agent has a configuration that works; every default of every table is legal.
 */
#include "tests/unit/config_fixture.h"

#include "agent/base/log.h"

static struct config *defaults(void)
{
	struct buf errors = BUF_INIT;
	struct config *c = NULL;

	assert_int_equal(config_load(NULL, NULL, 0, &c, &errors).code, STATUS_OK);
	assert_int_equal(errors.len, 0);
	buf_release(&errors);
	return c;
}

static void both_protocols_and_admin_listen_on_loopback(void **state)
{
	struct config *c = defaults();

	(void)state;
	assert_true(c->grpc.enabled && c->http.enabled && c->admin.enabled);
	assert_string_equal(c->grpc.endpoint, "localhost:4317");
	assert_string_equal(c->http.endpoint, "localhost:4318");
	assert_string_equal(c->admin.endpoint, "localhost:9464");
	assert_null(c->admin.token);
	assert_null(c->path);
	config_free(c);
}

static void memory_is_bounded(void **state)
{
	struct config *c = defaults();

	(void)state;
	assert_true(c->grpc.max_recv_msg_size_bytes == 64u << 20);
	assert_true(c->http.max_request_body_size_bytes == 64u << 20);
	assert_true(c->limits.max_in_flight_bytes == 256u << 20);
	assert_int_equal(c->limits.max_series, 2000);
	assert_true(c->storage.max_size_bytes == 1u << 30);
	config_free(c);
}

static void judgement_is_two_sigma_within_the_budget(void **state)
{
	struct config *c = defaults();

	(void)state;
	assert_true(c->baselines.enabled);
	assert_true(c->baselines.sigma > 1.999 && c->baselines.sigma < 2.001);
	assert_true(c->baselines.false_alert_budget > 0.00999 && c->baselines.false_alert_budget < 0.01001);
	assert_int_equal(c->log.level, LOG_LEVEL_INFO);
	assert_int_equal(c->exporter_count, 0);
	assert_int_equal(c->alerts.channel_count, 0);
	config_free(c);
}

static bool contains(const struct string_list *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], key) == 0)
			return true;
	return false;
}

static void our_own_attribute_names_the_feature_before_any_other(void **state)
{
	struct config *c = defaults();

	(void)state;
	assert_string_equal(c->dimensions.feature.items[0], "plimsoll.feature");
	assert_string_equal(c->dimensions.workflow.items[0], "plimsoll.workflow");
	assert_string_equal(c->dimensions.user_segment.items[0], "plimsoll.user_segment");
	assert_true(contains(&c->dimensions.feature, "feature"));
	assert_true(contains(&c->dimensions.feature, "baggage.feature"));
	assert_true(contains(&c->dimensions.environment, "deployment.environment.name"));
	config_free(c);
}

static void queue_and_retry_have_the_collectors_habits(void **state)
{
	struct config *c = fixture_load("exporters: {fake: }\n");
	const struct fake_options *o = fixture_fake(c);

	(void)state;
	assert_true(o->retry.enabled && o->queue.enabled);
	assert_int_equal(o->retry.initial_interval_ms, 5000);
	assert_int_equal(o->retry.max_interval_ms, 30000);
	assert_int_equal(o->retry.max_elapsed_time_ms, 300000);
	assert_true(o->retry.multiplier > 1.499 && o->retry.multiplier < 1.501);
	assert_true(o->queue.queue_size_bytes == 64u << 20);
	config_free(c);
}

/* Printing reads every row, and reading what was printed gives the same again. */
static void the_printed_configuration_loads_to_the_same(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct config *c = fixture_load("receivers: {otlp: {protocols: {http: }}}\n"
					"storage: {directory: \"/a b/$$x\\u00e9\"}\n"
					"exporters: {fake/1: {list: []}, fake/2: {endpoint: 'unix:/x'}}\n"
					"alerts: {channels: {webhook: {url: http://h/}}}\n");

	(void)state;
	config_print(c, &first);
	config_free(c);
	c = fixture_load(buf_string(&first));
	config_print(c, &second);
	assert_string_equal(buf_string(&first), buf_string(&second));
	assert_false(c->grpc.enabled);
	assert_string_equal(c->storage.directory, "/a b/$x\xc3\xa9");
	config_free(c);
	buf_release(&first);
	buf_release(&second);
}

static void secrets_are_never_printed(void **state)
{
	struct buf out = BUF_INIT;
	struct config *c = fixture_load(
		"admin: {token: hush}\n"
		"exporters: {fake: {endpoint: 'http://me:hu@hush@h:1/a@b', token: hush, headers: {authorization: hush}}}\n"
		"alerts: {channels: {webhook: {url: http://h/, signing_secret: hush, headers: {x: hush}}}}\n");

	(void)state;
	config_print(c, &out);
	assert_true(slice_find(buf_view(&out), SLICE("hush")) < 0);
	assert_true(slice_find(buf_view(&out), SLICE("\"authorization\": <redacted>")) > 0);
	assert_true(slice_find(buf_view(&out), SLICE("\"http://<redacted>@h:1/a@b\"")) > 0);
	config_free(c);
	buf_release(&out);
}

/* Tests run in the top folder. */
static void the_containers_configuration_opens_the_ports_of_a_pod(void **state)
{
	struct buf errors = BUF_INIT;
	struct config *c = NULL;
	struct status s = config_load("docker/plimsoll.yaml", NULL, 0, &c, &errors);

	(void)state;
	if (FAILED(s))
		fail_msg("%s", buf_string(&errors));
	assert_string_equal(c->grpc.endpoint, "0.0.0.0:4317");
	assert_string_equal(c->http.endpoint, "0.0.0.0:4318");
	assert_string_equal(c->admin.endpoint, "0.0.0.0:9464");
	assert_string_equal(c->storage.directory, "/var/lib/plimsoll");
	config_free(c);
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_protocols_and_admin_listen_on_loopback),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(judgement_is_two_sigma_within_the_budget),
		cmocka_unit_test(our_own_attribute_names_the_feature_before_any_other),
		cmocka_unit_test(queue_and_retry_have_the_collectors_habits),
		cmocka_unit_test(the_printed_configuration_loads_to_the_same),
		cmocka_unit_test(the_containers_configuration_opens_the_ports_of_a_pod),
		cmocka_unit_test(secrets_are_never_printed),
	};
	return cmocka_run_group_tests_name("config/defaults", tests, NULL, NULL);
}
