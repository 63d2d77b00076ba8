/* SPDX-License-Identifier: Apache-2.0
 * net/listen.c - getaddrinfo, bind, and error messages that name the remedy.
 */
#include "agent/net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/config/config.h"

#define BACKLOG 1024
#define HOST_MAX 256
#define SOCKET_MODE 0660u
#define PORT_TRIES 100 /* each fails by chance: a port of the first address that another socket has on the second */

/* Gives every address of the set that port. */
static void set_port(struct listen_set *set, uint16_t port)
{
	for (size_t i = 0; i < set->count; i++) {
		struct sockaddr_storage *s = &set->addresses[i].sockaddr;
		if (s->ss_family == AF_INET6)
			((struct sockaddr_in6 *)s)->sin6_port = htons(port);
		else
			((struct sockaddr_in *)s)->sin_port = htons(port);
	}
}

/* Whether this machine has the address; ::1 may be missing where localhost is asked for. */
static bool is_ours(const struct addrinfo *info)
{
	int probe = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listen_set any = { .addresses = { { .length = info->ai_addrlen } }, .count = 1 };

	if (probe < 0)
		return false;
	memcpy(&any.addresses[0].sockaddr, info->ai_addr, info->ai_addrlen);
	set_port(&any, 0);
	int rc = bind(probe, (const struct sockaddr *)&any.addresses[0].sockaddr, info->ai_addrlen);
	close(probe);
	return rc == 0;
}

static void add_address(struct listen_set *set, const struct addrinfo *info)
{
	if (set->count == LISTEN_ADDRESSES_MAX || !is_ours(info))
		return;
	struct listen_address *a = &set->addresses[set->count++];
	memcpy(&a->sockaddr, info->ai_addr, info->ai_addrlen);
	a->length = info->ai_addrlen;
}

/* One wildcard is enough: :: takes IPv4 too. */
static void keep_one_wildcard(struct listen_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->addresses[i].sockaddr.ss_family == AF_INET6)
			set->addresses[0] = set->addresses[i];
	set->count = set->count > 0 ? 1 : 0;
}

/* The name localhost stands for both loopback addresses (RFC 6761), whatever /etc/hosts says of it. */
static int look_up(const char *host, uint16_t port, struct addrinfo **list)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	bool is_localhost = slice_equal_nocase(slice_of(host), SLICE("localhost"));
	char service[8];

	if (host[0] == '\0')
		hints.ai_flags |= AI_PASSIVE;
	snprintf(service, sizeof(service), "%u", port);
	return getaddrinfo(is_localhost || host[0] == '\0' ? NULL : host, service, &hints, list);
}

static struct status refused(const struct listen_set *set, const char *text, struct buf *why)
{
	buf_printf(why, "cannot listen on %s: %s; change %s", set->endpoint, text, set->key);
	return FAIL(INVALID, "endpoint cannot be listened on");
}

/* ------------------------------------------------------------------ unix sockets */

bool listen_is_unix(const struct listen_address *address)
{
	return address->sockaddr.ss_family == AF_UNIX;
}

static const char *path_of(const struct listen_address *address)
{
	return ((const struct sockaddr_un *)&address->sockaddr)->sun_path;
}

static struct status add_unix(struct listen_set *set, const char *path, struct buf *why)
{
	struct listen_address *a = &set->addresses[0];
	struct sockaddr_un *s = (struct sockaddr_un *)&a->sockaddr;

	if (path[0] != '/' || strlen(path) >= sizeof(s->sun_path))
		return refused(set, "no absolute path, or one that is too long for a unix socket", why);
	s->sun_family = AF_UNIX;
	strcpy(s->sun_path, path);
	a->length = sizeof(*s);
	set->count = 1;
	return OK;
}

static bool somebody_listens(const struct listen_address *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool connected = fd >= 0 && (connect(fd, (const struct sockaddr *)&a->sockaddr, a->length) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return connected;
}

struct status listen_claim(const struct listen_set *set, size_t i, struct buf *why)
{
	const struct listen_address *a = &set->addresses[i];
	struct stat info;

	if (!listen_is_unix(a) || lstat(path_of(a), &info) != 0)
		return OK; /* what is wrong with the folder, binding will say */
	if (!S_ISSOCK(info.st_mode)) {
		buf_printf(why, "cannot listen on %s: there is a file that is no socket; move it away, or change %s",
			   set->endpoint, set->key);
		return FAIL(EXISTS, "the path is taken");
	}
	if (somebody_listens(a)) {
		buf_printf(why, "cannot listen on %s: another process does; stop it, or change %s", set->endpoint, set->key);
		return FAIL(EXISTS, "the socket is in use");
	}
	if (unlink(path_of(a)) == 0)
		return OK;
	buf_printf(why, "cannot listen on %s: cannot remove the old socket: %s; change %s", set->endpoint, strerror(errno),
		   set->key);
	return FAIL(IO, "the old socket cannot be removed");
}

/* ------------------------------------------------------------------ all addresses */

struct status listen_resolve(const char *endpoint, const char *key, struct listen_set *out, struct buf *why)
{
	struct addrinfo *list = NULL;
	char host[HOST_MAX];
	uint16_t port;

	*out = (struct listen_set){ .endpoint = endpoint, .key = key, .socket_mode = SOCKET_MODE };
	if (endpoint_unix_path(endpoint) != NULL)
		return add_unix(out, endpoint_unix_path(endpoint), why);
	struct status s = endpoint_split(endpoint, host, sizeof(host), &port);
	if (FAILED(s))
		return refused(out, s.why, why);
	int rc = look_up(host, port, &list);
	if (rc != 0)
		return refused(out, gai_strerror(rc), why);
	for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
		add_address(out, info);
	freeaddrinfo(list);
	if (host[0] == '\0')
		keep_one_wildcard(out);
	return out->count > 0 ? OK : refused(out, "this machine has no such address", why);
}

static struct status explain(const struct listen_set *set, size_t i, int error, struct buf *why)
{
	char address[HOST_MAX];

	listen_format(&set->addresses[i], address, sizeof(address));
	buf_printf(why, "cannot listen on %s: ", set->endpoint);
	if (error == EADDRINUSE && !listen_is_unix(&set->addresses[i])) {
		buf_printf(why, "the port is taken (%s: %s); choose another with %s", address, strerror(error), set->key);
		return FAIL(EXISTS, "the port is taken");
	}
	if (!listen_is_unix(&set->addresses[i])) /* it is the endpoint's own words */
		buf_printf(why, "%s: ", address);
	buf_printf(why, "%s; change %s", strerror(error), set->key);
	return error == EACCES ? FAIL(DENIED, "not allowed to listen on the port") : FAIL(IO, "cannot listen");
}

/* A socket bound to address i; a unix socket has its permissions before anybody can connect. Returns 0 or an errno. */
static int bind_to(const struct listen_set *set, size_t i, int *out_fd)
{
	const struct listen_address *a = &set->addresses[i];
	int fd = socket(a->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&a->sockaddr, a->length) != 0 ||
	    (listen_is_unix(a) && chmod(path_of(a), set->socket_mode) != 0)) {
		int error = errno;
		close(fd);
		return error;
	}
	*out_fd = fd;
	return 0;
}

struct status listen_open(const struct listen_set *set, size_t i, int *out_fd, struct buf *why)
{
	int fd = -1;

	TRY(listen_claim(set, i, why));
	int error = bind_to(set, i, &fd);
	if (error == 0 && listen(fd, BACKLOG) != 0) {
		error = errno;
		close(fd);
	}
	if (error != 0)
		return explain(set, i, error, why);
	*out_fd = fd;
	return OK;
}

/* ------------------------------------------------------------------ one port on all addresses */

static uint16_t port_of(const struct listen_address *a)
{
	const struct sockaddr_storage *s = &a->sockaddr;

	return ntohs(s->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)s)->sin6_port :
						((const struct sockaddr_in *)s)->sin_port);
}

/* Binds every address to the port that the system chooses for the first. Returns 0, or the errno of address *at. */
static int try_port(struct listen_set *set, struct listen_hold *hold, size_t *at)
{
	set_port(set, 0);
	for (*at = 0; *at < set->count; (*at)++) {
		int error = bind_to(set, *at, &hold->fds[*at]);
		if (error != 0)
			return error;
		hold->count++;
		set_port(set, listen_port_of(hold->fds[0]));
	}
	return 0;
}

struct status listen_hold_port(struct listen_set *set, struct listen_hold *out, struct buf *why)
{
	int error = EADDRINUSE;
	size_t at = 0;

	*out = (struct listen_hold){ .count = 0 };
	if (set->count < 2 || port_of(&set->addresses[0]) != 0)
		return OK;
	for (int tries = 0; tries < PORT_TRIES && error == EADDRINUSE; tries++) {
		listen_hold_end(out);
		error = try_port(set, out, &at);
	}
	if (error == 0)
		return OK;
	listen_hold_end(out);
	return explain(set, at, error, why);
}

void listen_hold_end(struct listen_hold *hold)
{
	while (hold->count > 0)
		close(hold->fds[--hold->count]);
}

void listen_format(const struct listen_address *address, char *out, size_t out_size)
{
	char host[HOST_MAX] = "?", port[8] = "?";

	if (listen_is_unix(address)) {
		snprintf(out, out_size, "unix:%s", path_of(address));
		return;
	}
	getnameinfo((const struct sockaddr *)&address->sockaddr, address->length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, out_size, address->sockaddr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

bool listen_is_local(const struct listen_address *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->sockaddr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->sockaddr;

	if (listen_is_unix(address))
		return true;
	if (address->sockaddr.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

uint16_t listen_port_of(int fd)
{
	struct sockaddr_storage s;
	socklen_t length = sizeof(s);

	if (getsockname(fd, (struct sockaddr *)&s, &length) != 0 || s.ss_family == AF_UNIX)
		return 0;
	return ntohs(s.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&s)->sin6_port : ((struct sockaddr_in *)&s)->sin_port);
}
