/* SPDX-License-Identifier: Apache-2.0
 * How an OTLP/gRPC receiver's calls and connections end: clients that leave, many of them, its port, and its own stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "tests/unit/receivers_grpc_rig.h"

static void clients_of_both_loopback_addresses_are_served(void **state)
{
	struct client_call c;
	grpc_channel *v6 = connect_to("ipv6:[::1]");

	(void)state;
	pipeline_takes_all();
	call_start(&c, v6, TRACES, SLICE_NONE, PLAIN);
	call_next();
	grpc_status_code status = c.status;
	call_end(&c);
	grpc_channel_destroy(v6);
	if (status != GRPC_STATUS_OK) {
		struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
		int probe = socket(AF_INET6, SOCK_STREAM, 0);
		int bound = bind(probe, (struct sockaddr *)&a, sizeof(a));
		close(probe);
		if (bound != 0)
			skip(); /* no IPv6 here at all */
	}
	assert_int_equal(status, GRPC_STATUS_OK);
}

static void a_cancelled_call_leaves_nothing_behind(void **state)
{
	struct buf body = zeros(MAX_BYTES);
	struct client_call c;

	(void)state;
	pipeline_takes_all();
	for (int i = 0; i < 20; i++) {
		call_start(&c, channel, TRACES, buf_view(&body), PLAIN);
		usleep((unsigned)i * 200);
		grpc_call_cancel(c.core, NULL);
		call_next();
		call_end(&c);
	}
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	assert_int_equal(call_status(channel, TRACES, buf_view(&body)), GRPC_STATUS_OK);
	buf_release(&body);
}

static void more_bytes_than_the_budget_are_served_in_turns(void **state)
{
	enum { CHANNELS = 8, CALLS = 8 * 8 };
	struct buf body = zeros(MAX_BYTES);
	static struct client_call calls[CALLS];
	grpc_channel *channels[CHANNELS];

	(void)state;
	pipeline_takes_all();
	for (size_t i = 0; i < CHANNELS; i++)
		channels[i] = connect_to("127.0.0.1");
	for (size_t i = 0; i < CALLS; i++)
		call_start(&calls[i], channels[i % CHANNELS], TRACES, buf_view(&body), PLAIN);
	for (size_t i = 0; i < CALLS; i++)
		call_next();
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i].status, GRPC_STATUS_OK);
		call_end(&calls[i]);
	}
	for (size_t i = 0; i < CHANNELS; i++)
		grpc_channel_destroy(channels[i]);
	assert_int_equal(pipeline_calls(), CALLS);
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	buf_release(&body);
}

static void a_port_that_is_taken_is_named_with_the_remedy(void **state)
{
	struct config other = config;
	struct grpc_receiver *second = NULL;
	struct buf why = BUF_INIT;
	char endpoint[32];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "localhost:%u", grpc_receiver_port(receiver));
	other.grpc.endpoint = endpoint;
	struct status s = grpc_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &second, &why);
	assert_int_equal(s.code, STATUS_EXISTS);
	assert_null(second);
	assert_non_null(strstr(buf_string(&why), endpoint));
	assert_non_null(strstr(buf_string(&why), "the port is taken"));
	assert_non_null(strstr(buf_string(&why), "receivers.otlp.protocols.grpc.endpoint"));
	buf_release(&why);
}

static struct grpc_receiver *start_another(unsigned threads)
{
	struct config other = config;
	struct grpc_receiver *another = NULL;
	struct buf why = BUF_INIT;

	other.grpc.threads = threads;
	if (FAILED(grpc_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &another, &why)))
		fail_msg("%s", buf_string(&why));
	buf_release(&why);
	return another;
}

static void several_threads_serve_and_stop(void **state)
{
	struct grpc_receiver *kept = receiver;
	static struct client_call calls[32];
	static grpc_channel *channels[32];

	(void)state;
	pipeline_takes_all();
	receiver = start_another(3);
	for (size_t i = 0; i < 32; i++) {
		channels[i] = connect_to("127.0.0.1");
		call_start(&calls[i], channels[i], TRACES, SLICE("x"), PLAIN);
	}
	for (size_t i = 0; i < 32; i++)
		call_next();
	for (size_t i = 0; i < 32; i++) {
		assert_int_equal(calls[i].status, GRPC_STATUS_OK);
		call_end(&calls[i]);
		grpc_channel_destroy(channels[i]);
	}
	grpc_receiver_stop(receiver, 2000);
	receiver = kept;
}

static void *stop_receiver(void *r)
{
	grpc_receiver_stop(r, 5000);
	return NULL;
}

static void stopping_lets_running_calls_end_and_refuses_new_ones(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call running, late;
	pthread_t stopper;

	(void)state;
	receiver = start_another(1);
	pipeline_takes_all();
	pthread_mutex_lock(&pipeline.lock);
	pipeline.delay_ms = 300;
	pthread_mutex_unlock(&pipeline.lock);
	grpc_channel *c = connect_to("127.0.0.1");
	call_start(&running, c, TRACES, SLICE("x"), PLAIN);
	while (pipeline_calls() == 0)
		usleep(1000);
	unsigned port = grpc_receiver_port(receiver);
	pthread_create(&stopper, NULL, stop_receiver, receiver);
	assert_true(port_closes(port));
	call_start(&late, c, TRACES, SLICE("x"), PLAIN);
	call_next();
	call_next();
	assert_int_equal(running.status, GRPC_STATUS_OK);
	assert_int_equal(late.status, GRPC_STATUS_UNAVAILABLE);
	pthread_join(stopper, NULL);
	call_end(&running);
	call_end(&late);
	grpc_channel_destroy(c);
	receiver = kept;
}

static void stopping_cuts_off_calls_that_do_not_end(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call c;

	(void)state;
	receiver = start_another(1);
	grpc_channel *to = connect_to("127.0.0.1");
	struct meter *requests = meter_get(METER_REQUESTS, "signal=\"logs\",transport=\"grpc\"");
	int64_t before = meter_value(requests);
	call_start_hanging(&c, to, LOGS);
	assert_true(meter_becomes(METER_REQUESTS, "signal=\"logs\",transport=\"grpc\"", before + 1));
	uint64_t began_ns = clock_mono_ns();
	grpc_receiver_stop(receiver, 100);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 90, 3000);
	call_next();
	assert_int_not_equal(c.status, GRPC_STATUS_OK);
	call_end(&c);
	grpc_channel_destroy(to);
	receiver = kept;
}

/* The core holds the server shut down once nobody is connected, whatever is still with us. */
static void stopping_waits_for_what_is_being_stored_for_a_client_that_left(void **state)
{
	struct grpc_receiver *kept = receiver;
	struct client_call c;

	(void)state;
	for (unsigned threads = 1; threads <= 2; threads++) {
		receiver = start_another(threads);
		grpc_channel *to = connect_to("127.0.0.1");
		pipeline_answers_later((struct ingest_reply){ .status = OK }, 400);
		call_start(&c, to, LOGS, SLICE_NONE, PLAIN);
		while (pipeline_calls() == 0)
			usleep(1000);
		grpc_call_cancel(c.core, NULL);
		call_next();
		call_end(&c);
		grpc_channel_destroy(to);
		uint64_t began_ns = clock_mono_ns();
		grpc_receiver_stop(receiver, 1000);
		assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 200, 3000);
	}
	receiver = kept;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_both_loopback_addresses_are_served),
		cmocka_unit_test(a_cancelled_call_leaves_nothing_behind),
		cmocka_unit_test(more_bytes_than_the_budget_are_served_in_turns),
		cmocka_unit_test(a_port_that_is_taken_is_named_with_the_remedy),
		cmocka_unit_test(several_threads_serve_and_stop),
		cmocka_unit_test(stopping_lets_running_calls_end_and_refuses_new_ones),
		cmocka_unit_test(stopping_cuts_off_calls_that_do_not_end),
		cmocka_unit_test(stopping_waits_for_what_is_being_stored_for_a_client_that_left),
	};

	return cmocka_run_group_tests_name("receivers/grpc_connections", tests, start, stop);
}
