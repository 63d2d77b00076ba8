/* SPDX-License-Identifier: Apache-2.0
 * A deployment whose command could not be started does not count, and whoever asked for it hears of it. What the store
 * could not take is stored later, or was never promised.
 */
#include "agent/daemon/prompts.h"

#include "agent/base/clock.h"
#include "agent/daemon/prompts_api.h"
#include "tests/unit/full_store.h"

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

	rig = (struct rig){ .config = configuration(text), .store = must_open(1 << 20),
			    .counting = counting_new(1 << 20), .models = model_watch_new() };
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

/* More than fits into what a full store has left. */
static struct slice long_text(void)
{
	static char text[20000];

	memset(text, 'x', sizeof(text));
	return (struct slice){ text, sizeof(text) };
}

static struct prompt_deployment deploy(void)
{
	struct registry *r = prompts_registry(rig.prompts);
	struct prompt_deployment d = { .at_s = 1000, .name = SLICE("answer"), .version = SLICE("1"), .by = SLICE("ana"),
				       .environment = SLICE("production"), .canary_share = 1,
				       .reason = long_text() };
	struct prompt_versions versions;
	struct buf why = BUF_INIT;

	assert_false(FAILED(registry_learn(r, d.name, d.version, PROMPT_FROM_MANIFEST, 1000)));
	assert_false(FAILED(registry_deploy(r, &d, &versions, &why)));
	buf_release(&why);
	d.version = d.previous = SLICE_NONE; /* they were in the room for versions */
	return d;
}

/* As the API does it, on another thread than the loop's, which does not turn. */
static struct prompt_deployment deploy_while_the_loop_is_busy(void)
{
	struct prompt_deployment d = deploy();

	prompts_deployed(rig.prompts, &d);
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

static void open_with_a_full_store(void)
{
	open_rig("prompts: {}\n");
	fill_store(rig.store, 4096);
}

/* Until there was a save, and what became of it is known. */
static void tick_until_saved(void)
{
	for (int i = 0; i < 10; i++)
		prompts_tick(rig.prompts);
	(void)store_flush(rig.store).code;
}

static bool count_one(void *context, struct slice key, size_t value_bytes)
{
	(void)key;
	(void)value_bytes;
	++*(size_t *)context;
	return true;
}

static size_t stored_deployments(void)
{
	size_t n = 0;

	assert_false(FAILED(store_scan_keys(rig.store, STORE_PROMPTS, SLICE("d"), count_one, &n)));
	return n;
}

static void restart(void)
{
	close_rig();
	open_rig("prompts: {}\n");
}

static void a_deployment_that_a_full_store_could_not_take_is_stored_when_there_is_room(void **state)
{
	(void)state;
	open_with_a_full_store();
	deploy();
	(void)store_flush(rig.store).code;
	tick_until_saved();
	assert_int_equal(stored_deployments(), 0);
	empty_store(rig.store);
	tick_until_saved();
	assert_int_equal(stored_deployments(), 1);
	restart();
	assert_true(is_in_force());
	close_rig();
}

static void what_was_not_stored_before_the_agent_ends_is_stored_by_its_last_save(void **state)
{
	(void)state;
	open_with_a_full_store();
	deploy();
	(void)store_flush(rig.store).code;
	empty_store(rig.store);
	prompts_drain(rig.prompts);
	restart();
	assert_true(is_in_force());
	close_rig();
}

static void a_commit_may_fail_while_the_prompts_are_freed(void **state)
{
	(void)state;
	open_with_a_full_store();
	deploy();
	deploy(); /* which waits for the commit of the first */
	close_rig();
}

static unsigned post_gate(struct buf *answer)
{
	struct api_reply reply = { .status = 200 };
	struct buf body = BUF_INIT;
	const struct api_route *r = prompt_routes;

	buf_printf(&body, "{\"version\":\"1\",\"by\":\"ana\",\"gate\":{\"open\":true,\"cases\":[\"%.*s\"]}}",
		   SLICE_ARG(long_text()));
	const struct api_request q = { .rest = SLICE("answer/gate"), .body = buf_view(&body) };
	while (r->method[0] != 'P' || !slice_equal(slice_of(r->path), SLICE("/api/v1/prompts/")))
		r++;
	r->answer(rig.prompts, &q, &reply);
	buf_slice(answer, buf_view(&reply.body));
	buf_release(&reply.body);
	buf_release(&body);
	return reply.status;
}

static bool has_gate(void)
{
	struct buf key = BUF_INIT;
	bool has = registry_gate_key(prompts_registry(rig.prompts), SLICE("answer"), SLICE("1"), &key);

	buf_release(&key);
	return has;
}

static void a_gate_that_a_full_store_could_not_take_is_refused_and_forgotten(void **state)
{
	struct buf answer = BUF_INIT;

	(void)state;
	open_with_a_full_store();
	assert_int_equal(post_gate(&answer), 503);
	assert_non_null(strstr(buf_string(&answer), "full"));
	assert_false(has_gate());
	empty_store(rig.store);
	assert_int_equal(post_gate(&answer), 200);
	assert_true(has_gate());
	restart();
	assert_true(has_gate());
	close_rig();
	buf_release(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_command_that_the_loop_is_too_busy_for_has_failed, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(without_a_command_a_busy_loop_is_no_failure, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_deployment_that_a_full_store_could_not_take_is_stored_when_there_is_room, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_was_not_stored_before_the_agent_ends_is_stored_by_its_last_save,
						make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_commit_may_fail_while_the_prompts_are_freed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_gate_that_a_full_store_could_not_take_is_refused_and_forgotten,
						make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("daemon/prompts", tests, NULL, NULL);
}
