/* SPDX-License-Identifier: Apache-2.0
 * An HTTP server of raw sockets for tests: answers each request with the next line of a script, may be slow, may reset
 * the connection in mid-body, and keeps what it was sent. One thread a connection.
 */
#ifndef PLIMSOLL_TESTS_HTTP_PEER_H
#define PLIMSOLL_TESTS_HTTP_PEER_H

#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_peer_reply {
	const char *bytes;   /* status line, headers, body as they go out */
	size_t filler_bytes; /* of 'x', after bytes */
	unsigned delay_ms;
	int resets; /* RST after the bytes */
};

#define HTTP_PEER_REQUESTS 32

struct http_peer {
	int listener;
	uint16_t port;
	pthread_t thread;
	const struct http_peer_reply *replies; /* the last one repeats */
	size_t reply_count;
	pthread_mutex_t lock;
	size_t served;
	_Atomic unsigned connections; /* open now */
	int fds[HTTP_PEER_REQUESTS];
	size_t fd_count;
	struct http_peer_request {
		char *head, *body;
		size_t body_bytes;
	} requests[HTTP_PEER_REQUESTS];
};

struct http_peer_connection {
	struct http_peer *peer;
	int fd;
};

static inline size_t http_peer_content_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");

	return at != NULL ? strtoul(at + 17, NULL, 10) : 0;
}

/* Reads one request; false at the end of the connection. */
static inline int http_peer_read(int fd, struct http_peer_request *r)
{
	char head[16384];
	size_t n = 0;

	do {
		if (n == sizeof(head) - 1 || read(fd, head + n, 1) != 1)
			return 0;
		head[++n] = '\0';
	} while (n < 4 || strcmp(head + n - 4, "\r\n\r\n") != 0);
	r->head = strdup(head);
	r->body_bytes = http_peer_content_length(head);
	r->body = malloc(r->body_bytes + 1);
	for (size_t got = 0; got < r->body_bytes;) {
		ssize_t more = read(fd, r->body + got, r->body_bytes - got);
		if (more <= 0) {
			free(r->head);
			free(r->body);
			return 0;
		}
		got += (size_t)more;
	}
	r->body[r->body_bytes] = '\0';
	return 1;
}

static inline struct http_peer_reply http_peer_keep(struct http_peer *peer, struct http_peer_request request)
{
	pthread_mutex_lock(&peer->lock);
	assert(peer->served < HTTP_PEER_REQUESTS);
	size_t i = peer->served < peer->reply_count ? peer->served : peer->reply_count - 1;
	peer->requests[peer->served++] = request;
	pthread_mutex_unlock(&peer->lock);
	return peer->replies[i];
}

static inline void http_peer_send(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static inline void http_peer_close(struct http_peer_connection *connection)
{
	struct http_peer *peer = connection->peer;

	pthread_mutex_lock(&peer->lock);
	for (size_t i = 0; i < peer->fd_count; i++)
		if (peer->fds[i] == connection->fd)
			peer->fds[i] = -1;
	pthread_mutex_unlock(&peer->lock);
	close(connection->fd);
	free(connection);
	peer->connections--;
}

static inline void *http_peer_serve(void *arg)
{
	struct http_peer_connection *connection = arg;
	struct http_peer_request request;
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	char filler[4096];
	int fd = connection->fd;

	memset(filler, 'x', sizeof(filler));
	while (http_peer_read(fd, &request)) {
		struct http_peer_reply reply = http_peer_keep(connection->peer, request);
		usleep(reply.delay_ms * 1000);
		http_peer_send(fd, reply.bytes, strlen(reply.bytes));
		for (size_t left = reply.filler_bytes; left > 0;) {
			size_t n = left < sizeof(filler) ? left : sizeof(filler);
			http_peer_send(fd, filler, n);
			left -= n;
		}
		if (reply.resets) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			break;
		}
	}
	http_peer_close(connection);
	return NULL;
}

static inline void *http_peer_accept(void *arg)
{
	struct http_peer *peer = arg;
	int fd;

	while ((fd = accept(peer->listener, NULL, NULL)) >= 0) {
		struct http_peer_connection *connection = malloc(sizeof(*connection));
		pthread_t thread;
		*connection = (struct http_peer_connection){ peer, fd };
		pthread_mutex_lock(&peer->lock);
		assert(peer->fd_count < HTTP_PEER_REQUESTS);
		peer->fds[peer->fd_count++] = fd;
		pthread_mutex_unlock(&peer->lock);
		peer->connections++;
		pthread_create(&thread, NULL, http_peer_serve, connection);
		pthread_detach(thread);
	}
	return NULL;
}

static inline void http_peer_start(struct http_peer *peer, const struct http_peer_reply *replies, size_t count)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	memset(peer, 0, sizeof(*peer));
	peer->replies = replies;
	peer->reply_count = count;
	pthread_mutex_init(&peer->lock, NULL);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(peer->listener, (struct sockaddr *)&address, size) == 0 && listen(peer->listener, 16) == 0);
	assert(getsockname(peer->listener, (struct sockaddr *)&address, &size) == 0);
	peer->port = ntohs(address.sin_port);
	pthread_create(&peer->thread, NULL, http_peer_accept, peer);
}

static inline size_t http_peer_served(struct http_peer *peer)
{
	pthread_mutex_lock(&peer->lock);
	size_t served = peer->served;
	pthread_mutex_unlock(&peer->lock);
	return served;
}

/* Closes everything, also under a client that is still connected. */
static inline void http_peer_stop(struct http_peer *peer)
{
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	pthread_mutex_lock(&peer->lock);
	for (size_t i = 0; i < peer->fd_count; i++)
		if (peer->fds[i] >= 0)
			shutdown(peer->fds[i], SHUT_RDWR);
	pthread_mutex_unlock(&peer->lock);
	while (peer->connections > 0)
		usleep(1000);
	for (size_t i = 0; i < peer->served; i++) {
		free(peer->requests[i].head);
		free(peer->requests[i].body);
	}
	pthread_mutex_destroy(&peer->lock);
}

/* A port that nobody listens on. */
static inline uint16_t http_peer_dead_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(bind(fd, (struct sockaddr *)&address, size) == 0);
	assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	close(fd);
	return ntohs(address.sin_port);
}

#endif
