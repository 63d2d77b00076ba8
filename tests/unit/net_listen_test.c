/* SPDX-License-Identifier: Apache-2.0
 * One port on every address of an endpoint, whoever else takes ports meanwhile.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/net/listen.h"

#define OTHERS 300
#define ROUNDS 400

static void listen_on_all(const struct listen_set *set, int *fds, struct buf *why)
{
	for (size_t i = 0; i < set->count; i++)
		assert_int_equal(listen_open(set, i, &fds[i], why).code, STATUS_OK);
}

static void close_all(const struct listen_set *set, const int *fds)
{
	for (size_t i = 0; i < set->count; i++)
		close(fds[i]);
}

/* Sockets on the last address of localhost only, as connections of other programs are. */
static size_t take_ports(int *fds)
{
	struct buf why = BUF_INIT;
	struct listen_set set;
	size_t taken = 0;

	assert_int_equal(listen_resolve("localhost:0", "key", &set, &why).code, STATUS_OK);
	while (taken < OTHERS && !FAILED(listen_open(&set, set.count - 1, &fds[taken], &why)))
		taken++;
	buf_release(&why);
	return taken;
}

static void port_0_is_one_port_that_is_free_on_every_address(void **state)
{
	(void)state;
	int others[OTHERS], fds[LISTEN_ADDRESSES_MAX];
	size_t taken = take_ports(others);
	struct buf why = BUF_INIT;

	for (int round = 0; round < ROUNDS; round++) {
		struct listen_set set;
		struct listen_hold hold;
		assert_int_equal(listen_resolve("localhost:0", "key", &set, &why).code, STATUS_OK);
		assert_int_equal(listen_hold_port(&set, &hold, &why).code, STATUS_OK);
		listen_on_all(&set, fds, &why);
		listen_hold_end(&hold);
		for (size_t i = 1; i < set.count; i++)
			assert_int_equal(listen_port_of(fds[i]), listen_port_of(fds[0]));
		close_all(&set, fds);
	}
	while (taken > 0)
		close(others[--taken]);
	buf_release(&why);
}

static void a_held_port_is_given_to_nobody_else(void **state)
{
	(void)state;
	struct buf why = BUF_INIT;
	struct listen_set set, other;
	struct listen_hold hold;
	int first, second;

	assert_int_equal(listen_resolve("localhost:0", "key", &set, &why).code, STATUS_OK);
	assert_int_equal(listen_hold_port(&set, &hold, &why).code, STATUS_OK);
	if (hold.count > 0) { /* a machine without ::1 has nothing to hold */
		other = set;
		assert_int_equal(listen_open(&set, 0, &first, &why).code, STATUS_OK);
		assert_int_equal(listen_open(&other, 0, &second, &why).code, STATUS_EXISTS);
		close(first);
	}
	listen_hold_end(&hold);
	buf_release(&why);
}

static void a_chosen_port_and_a_single_address_hold_nothing(void **state)
{
	(void)state;
	static const char *const endpoints[] = { "localhost:4317", "127.0.0.1:0" };
	struct buf why = BUF_INIT;
	struct listen_set set;
	struct listen_hold hold;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(listen_resolve(endpoints[i], "key", &set, &why).code, STATUS_OK);
		assert_int_equal(listen_hold_port(&set, &hold, &why).code, STATUS_OK);
		assert_int_equal(hold.count, 0);
	}
	buf_release(&why);
}

static void a_unix_socket_that_cannot_be_made_is_named_once(void **state)
{
	(void)state;
	struct buf why = BUF_INIT;
	struct listen_set set;
	int fd;

	assert_int_equal(listen_resolve("unix:/nonexistent/otlp.sock", "key", &set, &why).code, STATUS_OK);
	assert_int_equal(listen_open(&set, 0, &fd, &why).code, STATUS_IO);
	assert_string_equal(buf_string(&why),
			    "cannot listen on unix:/nonexistent/otlp.sock: No such file or directory; change key");
	buf_release(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_0_is_one_port_that_is_free_on_every_address),
		cmocka_unit_test(a_held_port_is_given_to_nobody_else),
		cmocka_unit_test(a_chosen_port_and_a_single_address_hold_nothing),
		cmocka_unit_test(a_unix_socket_that_cannot_be_made_is_named_once),
	};

	return cmocka_run_group_tests_name("net/listen", tests, NULL, NULL);
}
