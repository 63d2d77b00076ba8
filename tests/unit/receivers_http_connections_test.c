/* SPDX-License-Identifier: Apache-2.0
 * How an OTLP/HTTP receiver's connections begin and end: its port, its limits, silent senders, and its own stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/unit/receivers_http_rig.h"

static void clients_of_both_loopback_addresses_are_served(void **state)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(http_receiver_port(receiver)) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	a.sin6_addr = in6addr_loopback;
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		int probe = socket(AF_INET6, SOCK_STREAM, 0);
		a.sin6_port = 0;
		assert_int_not_equal(bind(probe, (struct sockaddr *)&a, sizeof(a)), 0); /* no IPv6 here at all */
		close(probe);
		close(fd);
		skip();
	}
	put(fd, SLICE("GET /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
	assert_answered(fd, 405);
}

static void a_client_that_leaves_in_mid_body_leaves_nothing_behind(void **state)
{
	struct meter *m = meter_get(METER_REFUSED, "signal=\"traces\",transport=\"http\",reason=\"incomplete\"");
	int64_t before = meter_value(m);
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\nsome"));
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 4));
	close(fd);
	assert_nothing_is_held();
	assert_int_equal(meter_value(m), before + 1);
}

static void a_silent_sender_is_closed_after_the_read_timeout(void **state)
{
	uint64_t began_ns = clock_mono_ns();
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\nsome"));
	struct buf all = get_all(fd);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 900, 5000);
	buf_release(&all);
	assert_nothing_is_held();
}

static void a_sender_that_drips_is_closed_too(void **state)
{
	uint64_t began_ns = clock_mono_ns();
	int fd = connect_v4();

	(void)state;
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n" PROTOBUF "\r\n"));
	for (int i = 0; i < 500 && send(fd, "x", 1, MSG_NOSIGNAL) == 1; i++)
		usleep(20000);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, 900, 5000);
	close(fd);
	assert_nothing_is_held();
}

static uint64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / NS_PER_MS;
}

static void without_descriptors_it_waits_idly_and_goes_on_when_there_are_some(void **state)
{
	struct rlimit usual, tight;
	int fd = connect_v4(); /* served, so that nothing has to be opened later */
	int next = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to;
	socklen_t length = sizeof(to);

	(void)state;
	pipeline_takes_all();
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 1));
	getpeername(fd, (struct sockaddr *)&to, &length);
	getrlimit(RLIMIT_NOFILE, &usual);
	tight = usual;
	int lowest_free = dup(next);
	close(lowest_free);
	tight.rlim_cur = (rlim_t)lowest_free;
	setrlimit(RLIMIT_NOFILE, &tight);
	assert_int_equal(connect(next, (struct sockaddr *)&to, length), 0);
	usleep(100000);
	uint64_t before_ms = cpu_ms();
	usleep(500000);
	assert_in_range(cpu_ms() - before_ms, 0, 100);
	setrlimit(RLIMIT_NOFILE, &usual);
	put(next,
	    SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n" PROTOBUF "\r\n"));
	assert_answered(next, 200);
	close(fd);
	assert_nothing_is_held();
}

static void connections_past_the_limit_are_closed_and_the_others_served(void **state)
{
	int fds[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		fds[i] = connect_v4();
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 8));
	struct buf all = get_all(connect_v4());
	assert_int_equal(all.len, 0);
	buf_release(&all);
	put(fds[7], SLICE("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
	assert_answered(fds[7], 404);
	for (size_t i = 0; i < 7; i++)
		close(fds[i]);
	assert_nothing_is_held();
}

static void a_port_that_is_taken_is_named_with_the_remedy(void **state)
{
	struct config other = config;
	struct http_receiver *second = NULL;
	struct buf why = BUF_INIT;
	char endpoint[32];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "localhost:%u", http_receiver_port(receiver));
	other.http.endpoint = endpoint;
	struct status s = http_receiver_start(&other, (struct ingest){ fake_ingest, &pipeline, 0 }, &second, &why);
	assert_int_equal(s.code, STATUS_EXISTS);
	assert_null(second);
	assert_non_null(strstr(buf_string(&why), endpoint));
	assert_non_null(strstr(buf_string(&why), "the port is taken"));
	assert_non_null(strstr(buf_string(&why), "receivers.otlp.protocols.http.endpoint"));
	buf_release(&why);
}

static void *stop_receiver(void *r)
{
	http_receiver_stop(r, 5000);
	return NULL;
}

static void stopping_waits_for_the_request_under_way(void **state)
{
	struct http_receiver *kept = receiver;
	int fd;

	start(state);
	fd = connect_v4();
	pipeline_takes_all();
	put(fd, SLICE("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" PROTOBUF "\r\n\x0a"));
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 1));
	pthread_t stopper;
	unsigned port = http_receiver_port(receiver);
	pthread_create(&stopper, NULL, stop_receiver, receiver);
	assert_true(port_closes(port));
	put(fd, (struct slice){ "\0", 1 });
	struct reply r = parse(get_all(fd));
	assert_int_equal(r.status, 200);
	assert_true(has_header(&r, "Connection: close"));
	buf_release(&r.all);
	pthread_join(stopper, NULL);
	receiver = kept;
	assert_nothing_is_held();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_both_loopback_addresses_are_served),
		cmocka_unit_test(a_client_that_leaves_in_mid_body_leaves_nothing_behind),
		cmocka_unit_test(a_silent_sender_is_closed_after_the_read_timeout),
		cmocka_unit_test(a_sender_that_drips_is_closed_too),
		cmocka_unit_test(without_descriptors_it_waits_idly_and_goes_on_when_there_are_some),
		cmocka_unit_test(connections_past_the_limit_are_closed_and_the_others_served),
		cmocka_unit_test(a_port_that_is_taken_is_named_with_the_remedy),
		cmocka_unit_test(stopping_waits_for_the_request_under_way),
	};

	return cmocka_run_group_tests_name("receivers/http_connections", tests, start, stop);
}
