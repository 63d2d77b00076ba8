/* SPDX-License-Identifier: Apache-2.0
 * admin/admin.c - listening, and who may ask at all.
 */
#include "agent/admin/admin.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/admin/admin_priv.h"
#include "agent/admin/negotiate.h"
#include "agent/net/http_framing.h"

#define ENDPOINT_KEY            "admin.endpoint"
#define CONNECTIONS_MAX         64u
#define CONNECTION_MEMORY_BYTES ((size_t)32768)
#define IDLE_TIMEOUT_S          30u
#define STACK_BYTES             ((size_t)262144)
#define THREADS                 3u /* of each address: a decision on a budget does not wait for a scrape or for the disk */

/* In place of an upload: a GET or HEAD of our own table, which is answered on the second call. */
static char headers_seen;

static enum MHD_Result reply_not_found(const struct request *r)
{
	struct buf message = BUF_INIT;

	buf_text(&message, "no such path; there are ");
	route_list(&message);
	api_list(r, &message);
	enum MHD_Result result = reply_refusal(r, MHD_HTTP_NOT_FOUND, buf_string(&message), NULL, NULL);
	buf_release(&message);
	return result;
}

/* The headers are here: who is it, and is there such a thing. */
static enum MHD_Result begin(const struct request *r, const char *path, const char *method, void **seen)
{
	bool is_read = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	struct status framing = http_framing_check(r->connection);

	if (FAILED(framing))
		return reply_refusal(r, framing.code == STATUS_UNSUPPORTED ? MHD_HTTP_NOT_IMPLEMENTED : MHD_HTTP_BAD_REQUEST,
				     framing.why, MHD_HTTP_HEADER_CONNECTION, "close");
	if (r->admin->is_loopback &&
	    !host_is_local(request_header(r, MHD_HTTP_HEADER_HOST), slice_of(r->admin->configured_host)))
		return reply_refusal(r, MHD_HTTP_MISDIRECTED_REQUEST,
				     "the Host header names another machine; use localhost", NULL, NULL);
	if (route_exists(path) && !is_read)
		return reply_refusal(r, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered here",
				     MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (route_exists(path)) {
		*seen = &headers_seen;
		return MHD_YES;
	}
	if (!api_covers(r, path))
		return reply_not_found(r);
	struct upload *upload = NULL;
	enum MHD_Result result = api_begin(r, path, method, &upload);
	*seen = upload;
	return result;
}

/* libmicrohttpd calls this once with the headers, for each piece of a body, and when the request is complete. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *bytes, size_t *size, void **seen)
{
	struct request r = { context, connection, strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 };

	(void)version;
	if (*seen == NULL)
		return begin(&r, url, method, seen);
	if (*size > 0) {
		if (*seen != &headers_seen) /* else a body that nobody asked for */
			api_take(r.admin, *seen, bytes, *size);
		*size = 0;
		return MHD_YES;
	}
	return *seen == &headers_seen ? route_request(&r, url) : api_finish(&r, url, *seen);
}

static void completed(void *context, struct MHD_Connection *connection, void **seen,
		      enum MHD_RequestTerminationCode why)
{
	(void)connection;
	(void)why;
	if (*seen != &headers_seen)
		upload_free(context, *seen);
	*seen = NULL;
}

/* A connection holds what its handshake began with. */
static void connected(void *context, struct MHD_Connection *connection, void **socket_context,
		      enum MHD_ConnectionNotificationCode code)
{
	struct admin *a = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*socket_context = tls_daemon_greet(a->tls, connection);
	else
		tls_material_release(*socket_context);
}

/* Its threads inherit the mask: signals belong to the main thread. */
static struct status start_daemon(struct admin *a, int fd)
{
	sigset_t all, before;
	struct MHD_OptionItem tls[TLS_DAEMON_OPTIONS];

	tls_daemon_options(a->tls, tls);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct MHD_Daemon *d =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | tls_daemon_flags(a->tls), 0, NULL, NULL, handle, a,
				 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_ARRAY, tls, MHD_OPTION_NOTIFY_CONNECTION,
				 connected, a,
				 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
				 MHD_OPTION_NOTIFY_COMPLETED, completed, a, MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES,
				 MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (d == NULL) {
		close(fd);
		return FAIL(IO, "cannot start the HTTP server");
	}
	a->daemons[a->daemon_count++] = d;
	return OK;
}

static struct status listen_on_all(struct admin *a, const struct listen_set *set, struct buf *why)
{
	a->is_loopback = set->count > 0;
	for (size_t i = 0; i < set->count; i++)
		a->is_loopback = a->is_loopback && listen_is_local(&set->addresses[i]) &&
				 !listen_is_unix(&set->addresses[i]);
	for (size_t i = 0; i < set->count; i++) {
		int fd;
		TRY(listen_open(set, i, &fd, why));
		a->unix_path = endpoint_unix_path(set->endpoint);
		a->port = listen_port_of(fd);
		struct status s = start_daemon(a, fd);
		if (FAILED(s)) {
			buf_printf(why, "cannot listen on %s: the HTTP server did not start", set->endpoint);
			return s;
		}
	}
	return set->count > 0 ? OK : FAIL(NOTFOUND, "endpoint has no address here");
}

struct status admin_start(const struct config *config, const struct admin_source *source, struct admin **out,
			  struct buf *why)
{
	struct admin *a = calloc(1, sizeof(*a));
	struct listen_hold hold = { .count = 0 };
	struct listen_set set;
	uint16_t port;

	if (a == NULL)
		return FAIL(NOMEM, "no memory for the admin endpoint");
	a->source = *source;
	a->token = config->admin.token;
	atomic_init(&a->not_ready_why, "starting");
	struct status s = tls_server_new(&config->admin.tls, "admin.tls", &a->tls, why);
	if (!FAILED(s))
		s = listen_resolve(config->admin.endpoint, ENDPOINT_KEY, &set, why);
	if (!FAILED(s))
		socket_mode_read(config->admin.socket_mode, &set.socket_mode);
	if (!FAILED(s) && endpoint_unix_path(config->admin.endpoint) == NULL)
		s = endpoint_split(config->admin.endpoint, a->configured_host, sizeof(a->configured_host), &port);
	if (!FAILED(s))
		s = listen_hold_port(&set, &hold, why);
	if (!FAILED(s))
		s = listen_on_all(a, &set, why);
	listen_hold_end(&hold);
	if (FAILED(s)) {
		admin_stop(a);
		return s;
	}
	*out = a;
	return OK;
}

uint16_t admin_port(const struct admin *a)
{
	return a->port;
}

void admin_set_ready(struct admin *a, bool is_ready, const char *reason)
{
	atomic_store(&a->not_ready_why, is_ready ? NULL : reason);
}

void admin_stop(struct admin *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->daemon_count; i++)
		MHD_stop_daemon(a->daemons[i]);
	if (a->unix_path != NULL)
		unlink(a->unix_path);
	tls_server_free(a->tls);
	free(a);
}
