/* SPDX-License-Identifier: Apache-2.0
 * An OTLP/HTTP receiver before a pipeline of the test's own, and a client over real sockets.
 */
#ifndef PLIMSOLL_TESTS_RECEIVERS_HTTP_RIG_H
#define PLIMSOLL_TESTS_RECEIVERS_HTTP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <zlib.h>

#include "tests/unit/receiver_rig.h"

#define MAX_BYTES 100000

static struct http_receiver *receiver;
static struct config config = {
	.http = { .enabled = true,
		  .endpoint = "localhost:0",
		  .max_request_body_size_bytes = MAX_BYTES,
		  .read_timeout_ms = 1000,
		  .max_connections = 8 },
	.limits.max_in_flight_bytes = 150000,
};

static inline int start(void **state)
{
	struct buf why = BUF_INIT;
	struct status s = http_receiver_start(&config, (struct ingest){ fake_ingest, &pipeline, 0 }, &receiver, &why);

	(void)state;
	if (FAILED(s))
		fail_msg("%s: %s", s.why, buf_string(&why));
	buf_release(&why);
	return 0;
}

static inline int stop(void **state)
{
	(void)state;
	http_receiver_stop(receiver, 1000);
	buf_release(&pipeline.wire);
	return 0;
}

static inline int connect_v4(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(http_receiver_port(receiver)) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static inline void put(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n <= 0)
			return; /* what the other side answered is what counts */
		bytes = slice_skip(bytes, (size_t)n);
	}
}

/* Reads until the other side closes. */
static inline struct buf get_all(int fd)
{
	struct buf b = BUF_INIT;
	ssize_t n;

	do {
		n = recv(fd, buf_reserve(&b, 65536), 65536, 0);
		b.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	close(fd);
	return b;
}

struct reply {
	struct buf all;
	unsigned status;
	struct slice head, body;
};

static inline struct reply parse(struct buf all)
{
	struct reply r = { .all = all };
	ptrdiff_t end = slice_find(buf_view(&all), SLICE("\r\n\r\n"));

	if (end < 0)
		return r; /* no answer */
	r.head = slice_head(buf_view(&all), (size_t)end);
	r.body = slice_skip(buf_view(&all), (size_t)end + 4);
	assert_true(slice_starts_with(r.head, SLICE("HTTP/1.1 ")));
	r.status = (unsigned)atoi(r.head.ptr + 9);
	return r;
}

/* Until the other side closes, which comes after the answer. */
static inline void assert_answered(int fd, unsigned status)
{
	struct reply r = parse(get_all(fd));

	assert_int_equal(r.status, status);
	buf_release(&r.all);
}

static inline bool has_header(const struct reply *r, const char *line)
{
	return slice_find(r->head, slice_of(line)) >= 0;
}

/* One request on a connection of its own. headers: lines with their ends. */
static inline struct reply request(const char *method, const char *path, const char *headers, struct slice body)
{
	struct buf b = BUF_INIT;
	int fd = connect_v4();

	buf_printf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
		   method, path, body.len, headers);
	buf_slice(&b, body);
	put(fd, buf_view(&b));
	buf_release(&b);
	return parse(get_all(fd));
}

#define PROTOBUF "Content-Type: application/x-protobuf\r\n"
#define JSON     "Content-Type: application/json; charset=utf-8\r\n"

static inline struct reply post(const char *headers, struct slice body)
{
	return request("POST", "/v1/traces", headers, body);
}

static inline unsigned status_of(const char *method, const char *path, const char *headers, struct slice body)
{
	struct reply r = request(method, path, headers, body);

	buf_release(&r.all);
	return r.status;
}

static inline struct buf gzipped(struct slice plain)
{
	struct buf b = BUF_INIT;
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain.ptr, .avail_in = (uInt)plain.len };

	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	size_t bound = deflateBound(&z, plain.len);
	z.next_out = (Bytef *)buf_reserve(&b, bound);
	z.avail_out = (uInt)bound;
	deflate(&z, Z_FINISH);
	b.len = z.total_out;
	deflateEnd(&z);
	return b;
}

static inline struct buf zeros(size_t n)
{
	struct buf b = BUF_INIT;

	memset(buf_reserve(&b, n), 0, n);
	b.len = n;
	return b;
}

static inline void assert_nothing_is_held(void)
{
	assert_true(meter_becomes(METER_IN_FLIGHT_BYTES, "", 0));
	assert_true(meter_becomes(METER_CONNECTIONS, "transport=\"http\"", 0));
}

#endif
