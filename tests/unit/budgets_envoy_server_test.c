/* SPDX-License-Identifier: Apache-2.0
 * Envoy's endpoint against gRPC core's own client: broken, oversize and hanging calls keep nobody else waiting for
 * long.
 */
#include "tests/unit/budgets_rig.h"

#include "agent/budgets/envoy_server.h"
#include "tests/unit/grpc_client.h"

#define CHECK   "/envoy.service.auth.v3.Authorization/Check"
#define LIMIT   "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
#define HANGING 64 /* as many as the server has slots */

static struct budgets *budgets;
static struct envoy_server *server;
static grpc_channel *channel;

static int start(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	client_begin();
	budgets = opened("day/user: {limit_usd: 1, by: [user], hard: deny}}, envoy: {endpoint: 'localhost:0'");
	if (FAILED(envoy_server_start(config, budgets, &server, &why)))
		fail_msg("%s", buf_string(&why));
	channel = client_connect("127.0.0.1", envoy_server_port(server));
	return 0;
}

static int stop(void **state)
{
	grpc_channel_destroy(channel);
	envoy_server_stop(server);
	budgets_free(budgets);
	client_end();
	return set_up(state);
}

static void broken_requests_are_told_apart_and_the_server_goes_on(void **state)
{
	static char big[1024 * 1024 + 1];

	(void)state;
	assert_int_equal(call_status(channel, CHECK, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(call_status(channel, LIMIT, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(call_status(channel, CHECK, SLICE("\x0a\xff")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(call_status(channel, LIMIT, SLICE("\x12\x05\x0a")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(call_status(channel, "/some.Service/Method", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(call_status(channel, CHECK "s", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(call_status(channel, CHECK, (struct slice){ big, sizeof(big) }),
			 GRPC_STATUS_RESOURCE_EXHAUSTED);
	for (unsigned i = 0; i < 2 * HANGING; i++) /* no slot is lost by any of them */
		assert_int_equal(call_status(channel, CHECK, SLICE("\x0a\xff")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(call_status(channel, CHECK, SLICE_NONE), GRPC_STATUS_OK);
}

static void calls_that_never_send_their_message_do_not_keep_the_others_out(void **state)
{
	static struct client_call hanging[HANGING];

	(void)state;
	for (size_t i = 0; i < HANGING; i++)
		call_start_hanging(&hanging[i], channel, CHECK);
	struct client_call asks;
	call_start(&asks, channel, CHECK, SLICE_NONE, PLAIN);
	for (size_t i = 0; i < HANGING + 1; i++)
		(void)call_next();
	assert_int_equal(asks.status, GRPC_STATUS_OK);
	for (size_t i = 0; i < HANGING; i++)
		assert_int_not_equal(hanging[i].status, GRPC_STATUS_OK);
	call_end(&asks);
	for (size_t i = 0; i < HANGING; i++)
		call_end(&hanging[i]);
}

static void stopping_ends_calls_that_hang(void **state)
{
	struct client_call c;

	(void)state;
	call_start_hanging(&c, channel, LIMIT);
	envoy_server_stop(server);
	server = NULL;
	assert_ptr_equal(call_next(), &c);
	assert_int_not_equal(c.status, GRPC_STATUS_OK);
	call_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(broken_requests_are_told_apart_and_the_server_goes_on, start, stop),
		cmocka_unit_test_setup_teardown(calls_that_never_send_their_message_do_not_keep_the_others_out, start,
						stop),
		cmocka_unit_test_setup_teardown(stopping_ends_calls_that_hang, start, stop),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
