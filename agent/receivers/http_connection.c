/* SPDX-License-Identifier: Apache-2.0
 * receivers/http_connection.c - a list, and the clock.
 */
#include "agent/receivers/http_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/base/clock.h"

#define BYTES_PER_MS_MIN 64 /* 64 kB/s: who sends at least that may go on */
#define SWEEP_MS         200

struct http_connection *http_connection_new(struct http_connections *all, int fd)
{
	struct http_connection *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		shutdown(fd, SHUT_RDWR); /* nobody would watch over it */
		return NULL;
	}
	c->all = all;
	c->fd = fd;
	c->next = all->first;
	c->self = &all->first;
	if (c->next != NULL)
		c->next->self = &c->next;
	all->first = c;
	meter_add(all->open, 1);
	c->busy_since_ns = clock_mono_ns();
	return c;
}

void http_connection_free(struct http_connection *c)
{
	http_connection_end(c);
	*c->self = c->next;
	if (c->next != NULL)
		c->next->self = c->self;
	meter_add(c->all->open, -1);
	tls_material_release(c->tls);
	free(c);
}

void http_connection_begin(struct http_connection *c)
{
	if (c == NULL)
		return;
	if (!c->has_request)
		c->all->requests++;
	c->has_request = c->had_request = true;
	c->busy_since_ns = clock_mono_ns();
	c->received_bytes = 0;
}

void http_connection_received(struct http_connection *c, size_t n)
{
	if (c != NULL)
		c->received_bytes += n;
}

void http_connection_wait(struct http_connection *c)
{
	if (c != NULL)
		c->busy_since_ns = 0;
}

void http_connection_end(struct http_connection *c)
{
	if (c == NULL)
		return;
	if (c->has_request)
		c->all->requests--;
	c->has_request = false;
	c->busy_since_ns = 0;
}

bool http_connection_was_in_vain(const struct http_connection *c)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof(info);

	return !c->had_request && getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	       info.tcpi_bytes_received > 1; /* the end counts as one */
}

void http_connections_sweep(struct http_connections *all, uint64_t now_ns)
{
	if (now_ns < all->next_sweep_ns)
		return;
	all->next_sweep_ns = now_ns + SWEEP_MS * NS_PER_MS;
	for (struct http_connection *c = all->first; c != NULL; c = c->next) {
		uint64_t allowed_ms = all->read_timeout_ms + c->received_bytes / BYTES_PER_MS_MIN;
		if (c->busy_since_ns != 0 && now_ns - c->busy_since_ns > allowed_ms * NS_PER_MS)
			shutdown(c->fd, SHUT_RDWR);
	}
}
