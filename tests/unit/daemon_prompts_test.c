/* SPDX-License-Identifier: Apache-2.0
 * A deployment whose command could not be started does not count, and whoever asked for it hears of it.
 */
#include "agent/daemon/prompts.h"

#include "agent/base/clock.h"
#include "tests/unit/store_dir.h"

/* What the prompts stand on, as the agent opens it; its loop turns where the test turns it. */
static struct rig {
	struct config *config;
	uv_loop_t loop;
	struct http_client *http;
	struct store *store;
	struct audit *audit;
	struct counting *counting;
	struct model_watch *models;
	struct judge *judge;
	struct prompts *prompts;
} rig;

static struct config *configuration(const char *text)
{
	const char *path = in_dir("plimsoll.yaml");
	struct config *c = NULL;
	struct buf why = BUF_INIT;

	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (FAILED(config_load(path, NULL, 0, &c, &why)))
		fail_msg("%s", buf_string(&why));
	assert_int_equal(remove(path), 0);
	buf_release(&why);
	return c;
}

static void open_rig(const char *text)
{
	struct buf why = BUF_INIT;

	rig = (struct rig){ .config = configuration(text), .store = must_open(MAP_BYTES), .counting = counting_new(1 << 20),
			    .models = model_watch_new() };
	assert_int_equal(uv_loop_init(&rig.loop), 0);
	assert_false(FAILED(http_client_new(&rig.loop, &rig.http)));
	assert_false(FAILED(audit_new(rig.store, &rig.config->alerts, &rig.audit)));
	assert_false(FAILED(judge_new(rig.config, &rig.loop, rig.http, rig.store, rig.audit, rig.counting, rig.models,
				      &rig.judge, &why)));
	assert_false(FAILED(prompts_new(rig.config, &rig.loop, rig.store, rig.audit, rig.judge, &rig.prompts, &why)));
	buf_release(&why);
}

static void close_rig(void)
{
	prompts_free(rig.prompts);
	judge_free(rig.judge);
	http_client_free(rig.http);
	uv_run(&rig.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&rig.loop), 0);
	audit_free(rig.audit);
	model_watch_free(rig.models);
	counting_free(rig.counting);
	store_close(rig.store);
	config_free(rig.config);
}

/* As the API does it, on another thread than the loop's, which does not turn. */
static struct prompt_deployment deploy_while_the_loop_is_busy(void)
{
	struct registry *r = prompts_registry(rig.prompts);
	struct prompt_deployment d = { .at_s = 1000, .name = SLICE("answer"), .version = SLICE("1"), .by = SLICE("ana"),
				       .environment = SLICE("production"), .canary_share = 1 };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_learn(r, d.name, d.version, PROMPT_FROM_MANIFEST, 1000)));
	assert_false(FAILED(registry_deploy(r, &d, &versions, &why)));
	prompts_deployed(rig.prompts, &d);
	buf_release(&why);
	d.version = d.previous = SLICE_NONE; /* they were in the room for versions */
	return d;
}

static bool is_in_force(void)
{
	return registry_is_in_force(prompts_registry(rig.prompts), SLICE("answer"), SLICE("1"), SLICE("production"));
}

static void a_command_that_the_loop_is_too_busy_for_has_failed(void **state)
{
	(void)state;
	open_rig("prompts: {deploy_command: [/bin/true]}\n");
	struct prompt_deployment d = deploy_while_the_loop_is_busy();
	assert_int_equal(d.command, PROMPT_COMMAND_DONE);
	assert_int_equal(d.command_exit, -1);
	assert_false(is_in_force());
	close_rig();
}

static void without_a_command_a_busy_loop_is_no_failure(void **state)
{
	(void)state;
	open_rig("prompts: {}\n");
	struct prompt_deployment d = deploy_while_the_loop_is_busy();
	assert_int_equal(d.command, PROMPT_COMMAND_NONE);
	assert_true(is_in_force());
	close_rig();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_command_that_the_loop_is_too_busy_for_has_failed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(without_a_command_a_busy_loop_is_no_failure, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("daemon/prompts", tests, NULL, NULL);
}
