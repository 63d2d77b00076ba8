/* SPDX-License-Identifier: Apache-2.0
 * net/listen.h - the addresses behind an endpoint, and words for the user when one cannot be listened on.
 *
 * For the receivers and the admin endpoint. "localhost:4317" stands for every loopback address the name has, usually
 * 127.0.0.1 and ::1: a client may use either. "unix:/path" is a socket file; one that nobody listens on any more is
 * replaced, anything else at its path is left alone.
 */
#ifndef PLIMSOLL_NET_LISTEN_H
#define PLIMSOLL_NET_LISTEN_H

#include <sys/socket.h>

#include "agent/base/buf.h"
#include "agent/base/status.h"

#define LISTEN_ADDRESSES_MAX 8

struct listen_address {
	struct sockaddr_storage sockaddr;
	socklen_t length;
};

struct listen_set {
	const char *endpoint, *key; /* borrowed: as configured, and the key that configures it */
	struct listen_address addresses[LISTEN_ADDRESSES_MAX];
	size_t count;
	unsigned socket_mode; /* permissions of a unix socket; 0660 unless set */
};

/* The endpoint's addresses, without those that this machine does not have. An empty host is every address.
 * why: appended to on failure, a sentence for the user, as by listen_open. Errors: INVALID. */
struct status listen_resolve(const char *endpoint, const char *key, struct listen_set *out, struct buf *why) MUST_USE;

/* The address is a unix socket's. */
bool listen_is_unix(const struct listen_address *address);

/* Nobody reaches the address from another machine. */
bool listen_is_local(const struct listen_address *address);

/* Makes room for a unix socket: takes away what a process that is gone has left at its path. Any other address: OK.
 * Errors: EXISTS, somebody listens there, or it is no socket; IO. */
struct status listen_claim(const struct listen_set *set, size_t i, struct buf *why) MUST_USE;

/* A non-blocking, close-on-exec socket that listens on address i. Errors: EXISTS, the port is taken; DENIED; IO. */
struct status listen_open(const struct listen_set *set, size_t i, int *out_fd, struct buf *why) MUST_USE;

/* Sockets that are bound and never listened on: they keep a port from everyone but a listener. */
struct listen_hold {
	int fds[LISTEN_ADDRESSES_MAX];
	size_t count;
};

/* Where the set asks for port 0 on several addresses: gives it one port that is free on all of them, and holds that
 * until listen_hold_end, which comes when they are listened on (with SO_REUSEADDR, as listen_open and gRPC do).
 * Without this, the second address may find the port of the first one taken. Other sets stay as they are, with nothing
 * held. Errors: EXISTS, no such port was found; as listen_open. */
struct status listen_hold_port(struct listen_set *set, struct listen_hold *out, struct buf *why) MUST_USE;
void listen_hold_end(struct listen_hold *hold);

/* "127.0.0.1:4317", "[::1]:4317", "unix:/run/plimsoll.sock" */
void listen_format(const struct listen_address *address, char *out, size_t out_size);

/* The port that fd is bound to; 0 where it is none. */
uint16_t listen_port_of(int fd);

#endif
