/* SPDX-License-Identifier: Apache-2.0
 * An endpoint is a host and a port; nothing else passes for one.
 */
#include "tests/unit/config_fixture.h"

static void hosts_and_ports_are_split(void **state)
{
	static const struct {
		const char *endpoint, *host;
		uint16_t port;
	} good[] = {
		{ "localhost:4317", "localhost", 4317 },
		{ "0.0.0.0:0", "0.0.0.0", 0 },
		{ ":9464", "", 9464 },
		{ "[::1]:65535", "::1", 65535 },
		{ "[fe80::1%eth0]:1", "fe80::1%eth0", 1 },
		{ "a-b.example:0080", "a-b.example", 80 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char host[64];
		uint16_t port = 1;
		assert_int_equal(endpoint_split(good[i].endpoint, host, sizeof(host), &port).code, STATUS_OK);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
}

static void everything_else_is_refused_and_touches_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"localhost",
		"localhost:",
		"localhost:65536",
		"localhost:-1",
		"localhost:x",
		"localhost:1 ",
		" localhost:1",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[]:80",
		"[::1:80",
		"http://h:1",
		"h/x:1",
		"user@h:1",
		"h\n:1",
		"a:b:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char host[64] = "before";
		uint16_t port = 7;
		if (!FAILED(endpoint_split(bad[i], host, sizeof(host), &port)))
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(host, "before");
		assert_int_equal(port, 7);
	}
}

static void a_host_longer_than_its_room_is_refused(void **state)
{
	char host[4];
	uint16_t port;

	(void)state;
	assert_int_equal(endpoint_split("abc:1", host, sizeof(host), &port).code, STATUS_OK);
	assert_int_equal(endpoint_split("abcd:1", host, sizeof(host), &port).code, STATUS_TOOBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports_are_split),
		cmocka_unit_test(everything_else_is_refused_and_touches_nothing),
		cmocka_unit_test(a_host_longer_than_its_room_is_refused),
	};
	return cmocka_run_group_tests_name("config/endpoint", tests, NULL, NULL);
}
