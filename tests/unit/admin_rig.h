/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/admin_rig.h - a client of the admin endpoint, as plain as its bytes. Include cmocka.h first.
 */
#ifndef PLIMSOLL_TESTS_UNIT_ADMIN_RIG_H
#define PLIMSOLL_TESTS_UNIT_ADMIN_RIG_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/buf.h"

/* Sends the text and reads until the peer closes. */
static inline void exchange_with(const struct sockaddr_in *to, const char *text, struct buf *answer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof(*to)), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	buf_reset(answer);
	while ((n = recv(fd, buf_reserve(answer, 65536), 65536, 0)) > 0)
		answer->len += (size_t)n;
	close(fd);
	buf_string(answer);
}

static inline void exchange(uint16_t port, const char *text, struct buf *answer)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	exchange_with(&to, text, answer);
}

static inline void get(uint16_t port, const char *path, const char *headers, struct buf *answer)
{
	struct buf request = BUF_INIT;

	buf_printf(&request, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n%s\r\n", path, port,
		   headers);
	exchange(port, buf_string(&request), answer);
	buf_release(&request);
}

static inline void assert_holds(const struct buf *answer, const char *text)
{
	if (slice_find(buf_view(answer), slice_of(text)) < 0)
		fail_msg("no '%s' in: %.*s", text, (int)(answer->len < 2000 ? answer->len : 2000), answer->ptr);
}

#endif
