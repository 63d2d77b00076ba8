/* SPDX-License-Identifier: Apache-2.0
 * Envoy's endpoint against gRPC core's own client: broken, oversize and hanging calls keep nobody else waiting for long.
 */
#include "tests/unit/budgets_rig.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "agent/budgets/envoy_server.h"

#define CHECK   "/envoy.service.auth.v3.Authorization/Check"
#define LIMIT   "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"
#define HANGING 64 /* as many as the server has slots */

static struct budgets *budgets;
static struct envoy_server *server;
static grpc_completion_queue *queue;
static grpc_channel *channel;

struct client_call {
	grpc_call *core;
	grpc_byte_buffer *request, *response;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice details;
};

static gpr_timespec in_seconds(int n)
{
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(n, GPR_TIMESPAN));
}

/* request: NULL, the call is begun and its message never sent. */
static void call_start(struct client_call *c, const char *method, const struct slice *request)
{
	grpc_op ops[6] = { { .op = GRPC_OP_SEND_INITIAL_METADATA }, { .op = GRPC_OP_RECV_INITIAL_METADATA },
			   { .op = GRPC_OP_RECV_MESSAGE },          { .op = GRPC_OP_RECV_STATUS_ON_CLIENT },
			   { .op = GRPC_OP_SEND_MESSAGE },          { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT } };

	*c = (struct client_call){ .core = grpc_channel_create_call(channel, NULL, 0, queue,
								    grpc_slice_from_static_string(method), NULL,
								    in_seconds(20), NULL) };
	grpc_metadata_array_init(&c->initial);
	grpc_metadata_array_init(&c->trailing);
	ops[1].data.recv_initial_metadata.recv_initial_metadata = &c->initial;
	ops[2].data.recv_message.recv_message = &c->response;
	ops[3].data.recv_status_on_client.trailing_metadata = &c->trailing;
	ops[3].data.recv_status_on_client.status = &c->status;
	ops[3].data.recv_status_on_client.status_details = &c->details;
	if (request != NULL) {
		grpc_slice bytes = grpc_slice_from_copied_buffer(request->ptr, request->len);
		c->request = grpc_raw_byte_buffer_create(&bytes, 1);
		grpc_slice_unref(bytes);
		ops[4].data.send_message.send_message = c->request;
	}
	assert_int_equal(grpc_call_start_batch(c->core, ops, request != NULL ? 6 : 4, c, NULL), GRPC_CALL_OK);
}

static struct client_call *call_next(void)
{
	grpc_event event = grpc_completion_queue_next(queue, in_seconds(30), NULL);

	assert_int_equal(event.type, GRPC_OP_COMPLETE);
	return event.tag;
}

static void call_end(struct client_call *c)
{
	if (c->request != NULL)
		grpc_byte_buffer_destroy(c->request);
	if (c->response != NULL)
		grpc_byte_buffer_destroy(c->response);
	grpc_metadata_array_destroy(&c->initial);
	grpc_metadata_array_destroy(&c->trailing);
	grpc_slice_unref(c->details);
	grpc_call_unref(c->core);
}

static grpc_status_code told(const char *method, struct slice request)
{
	struct client_call c;

	call_start(&c, method, &request);
	assert_ptr_equal(call_next(), &c);
	call_end(&c);
	return c.status;
}

static int start(void **state)
{
	struct buf why = BUF_INIT;
	char target[40];

	(void)state;
	grpc_init();
	budgets = opened("day/user: {limit_usd: 1, by: [user], hard: deny}}, envoy: {endpoint: 'localhost:0'");
	if (FAILED(envoy_server_start(config, budgets, &server, &why)))
		fail_msg("%s", buf_string(&why));
	grpc_channel_credentials *plain = grpc_insecure_credentials_create();
	snprintf(target, sizeof(target), "127.0.0.1:%u", envoy_server_port(server));
	channel = grpc_channel_create(target, plain, NULL);
	grpc_channel_credentials_release(plain);
	queue = grpc_completion_queue_create_for_next(NULL);
	return 0;
}

static int stop(void **state)
{
	grpc_channel_destroy(channel);
	grpc_completion_queue_shutdown(queue);
	while (grpc_completion_queue_next(queue, in_seconds(5), NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(queue);
	envoy_server_stop(server);
	budgets_free(budgets);
	grpc_shutdown();
	return set_up(state);
}

static void broken_requests_are_told_apart_and_the_server_goes_on(void **state)
{
	static char big[1024 * 1024 + 1];

	(void)state;
	assert_int_equal(told(CHECK, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(told(LIMIT, SLICE_NONE), GRPC_STATUS_OK);
	assert_int_equal(told(CHECK, SLICE("\x0a\xff")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(told(LIMIT, SLICE("\x12\x05\x0a")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(told("/some.Service/Method", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(told(CHECK "s", SLICE_NONE), GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(told(CHECK, (struct slice){ big, sizeof(big) }), GRPC_STATUS_RESOURCE_EXHAUSTED);
	for (unsigned i = 0; i < 2 * HANGING; i++) /* no slot is lost by any of them */
		assert_int_equal(told(CHECK, SLICE("\x0a\xff")), GRPC_STATUS_INVALID_ARGUMENT);
	assert_int_equal(told(CHECK, SLICE_NONE), GRPC_STATUS_OK);
}

static void calls_that_never_send_their_message_do_not_keep_the_others_out(void **state)
{
	static struct client_call hanging[HANGING];

	(void)state;
	for (size_t i = 0; i < HANGING; i++)
		call_start(&hanging[i], CHECK, NULL);
	struct client_call asks;
	call_start(&asks, CHECK, &(struct slice){ "", 0 });
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
	call_start(&c, LIMIT, NULL);
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
		cmocka_unit_test_setup_teardown(calls_that_never_send_their_message_do_not_keep_the_others_out, start, stop),
		cmocka_unit_test_setup_teardown(stopping_ends_calls_that_hang, start, stop),
	};

	return run(tests, sizeof(tests) / sizeof(tests[0]));
}
