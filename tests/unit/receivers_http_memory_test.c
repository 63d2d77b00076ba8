/* SPDX-License-Identifier: Apache-2.0
 * OTLP/HTTP where memory fails: this program's own calloc refuses what the test names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/receivers/http_connection.h"
#include "agent/receivers/receiver.h"

#define REQUEST                                                                                      \
	"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n" \
	"Content-Length: 0\r\n\r\n"

static _Atomic size_t refused_size; /* 0: none */

/* In the place of the C library's, or of a sanitizer's, which it calls; also in threads that the latter has not
 * met yet. */
__attribute__((no_sanitize("thread"))) void *calloc(size_t n, size_t size)
{
	static void *(*_Atomic next)(size_t, size_t);
	void *(*found)(size_t, size_t) = next;

	if (found == NULL) {
		void *symbol = dlsym(RTLD_NEXT, "calloc");
		memcpy(&found, &symbol, sizeof(found));
		next = found;
	}
	return refused_size != 0 && n * size == refused_size ? NULL : found(n, size);
}

static void take_all(void *context, unsigned lane, enum signal signal, struct slice wire, struct ingest_reply *reply)
{
	(void)context;
	(void)lane;
	(void)signal;
	(void)wire;
	reply->status = OK;
}

static struct buf answer_of(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct timeval patience = { .tv_sec = 10 };
	struct buf all = BUF_INIT;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n;

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	for (char *at = buf_reserve(&all, 4096); (n = recv(fd, at, 4096, 0)) > 0; at = buf_reserve(&all, 4096))
		all.len += (size_t)n;
	close(fd);
	return all;
}

static void a_connection_without_memory_is_closed_and_the_next_one_served(void **state)
{
	struct config config = {
		.http = { .enabled = true,
			  .endpoint = "127.0.0.1:0",
			  .max_request_body_size_bytes = 1000,
			  .read_timeout_ms = 1000,
			  .max_connections = 8 },
		.limits.max_in_flight_bytes = 150000,
	};
	struct http_receiver *receiver;
	struct buf why = BUF_INIT;

	(void)state;
	assert_int_equal(http_receiver_start(&config, (struct ingest){ .run = take_all }, &receiver, &why).code,
			 STATUS_OK);
	refused_size = sizeof(struct http_connection);
	struct buf none = answer_of(http_receiver_port(receiver));
	refused_size = 0;
	struct buf some = answer_of(http_receiver_port(receiver));
	assert_int_equal(none.len, 0);
	assert_non_null(strstr(buf_string(&some), "HTTP/1.1 200 "));
	http_receiver_stop(receiver, 1000);
	buf_release(&none);
	buf_release(&some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_without_memory_is_closed_and_the_next_one_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
