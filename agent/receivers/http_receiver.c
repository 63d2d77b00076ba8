/* SPDX-License-Identifier: Apache-2.0
 * receivers/http_receiver.c - OTLP/HTTP: sockets, the one thread that serves them all, its end.
 *
 * libmicrohttpd listens on one socket a daemon, but localhost is two addresses and a lane is one thread. So the thread
 * is ours: it accepts on every address, gives the connections to one daemon, and runs it when its epoll set has news.
 */
#include "agent/receivers/receiver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/net/listen.h"
#include "agent/receivers/http_request.h"

#define PROTOCOL_KEY            "receivers.otlp.protocols.http"
#define ENDPOINT_KEY            PROTOCOL_KEY ".endpoint"
#define CONNECTION_MEMORY_BYTES 32768
#define TICK_MS                 200
#define DRAIN_TICK_MS           10
#define MS_PER_SECOND           1000
#define ACCEPTS_PER_TURN        64

struct http_receiver {
	struct http_lane lane;
	struct MHD_Daemon *daemon;
	int listeners[LISTEN_ADDRESSES_MAX];
	size_t listener_count;
	uint64_t rests_until_ns; /* monotonic: no connection is accepted before; 0: accepting */
	uint16_t port;
	const char *unix_path; /* NULL: not a unix socket, or not bound */
	int epoll_fd, stop_fd; /* -1: not open */
	pthread_t thread;
	bool has_thread;
	_Atomic uint64_t stop_at_ns; /* monotonic: when to give up waiting; set before stop_fd is written */
};

/* ---------------------------------------------------------------- the thread */

static void watch_listeners(struct http_receiver *r, uint32_t events)
{
	for (size_t i = 0; i < r->listener_count; i++) {
		struct epoll_event event = { .events = events, .data.fd = r->listeners[i] };
		epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, r->listeners[i], &event);
	}
}

/* Without descriptors or memory the listeners stay ready: looked at all the time, they would take all of the thread's. */
static void rest_from_accepting(struct http_receiver *r)
{
	r->rests_until_ns = clock_mono_ns() + TICK_MS * NS_PER_MS;
	watch_listeners(r, 0);
}

static void accept_again(struct http_receiver *r, uint64_t now_ns)
{
	if (r->rests_until_ns == 0 || now_ns < r->rests_until_ns)
		return;
	r->rests_until_ns = 0;
	watch_listeners(r, EPOLLIN);
}

static void accept_some(struct http_receiver *r, int listener)
{
	struct sockaddr_storage address;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		socklen_t length = sizeof(address);
		int fd = accept4(listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
				LOG(WARN, "receivers", "accept_failed", "error=\"%s\"", strerror(errno));
				rest_from_accepting(r);
			}
			return;
		}
		/* past its connection limit the daemon closes fd itself */
		if (MHD_add_connection(r->daemon, fd, (struct sockaddr *)&address, length) != MHD_YES)
			LOG(WARN, "receivers", "connection_refused", "transport=http error=\"%s\"", strerror(errno));
	}
}

/* How long the thread may sleep: until the daemon's next timer, or our next sweep. */
static int sleep_ms(struct MHD_Daemon *daemon, int most_ms)
{
	MHD_UNSIGNED_LONG_LONG daemon_ms;

	if (MHD_get_timeout(daemon, &daemon_ms) == MHD_YES && daemon_ms < (unsigned)most_ms)
		return (int)daemon_ms;
	return most_ms;
}

static void close_listeners(struct http_receiver *r)
{
	for (size_t i = 0; i < r->listener_count; i++)
		close(r->listeners[i]);
	r->listener_count = 0;
	if (r->unix_path != NULL)
		unlink(r->unix_path);
	r->unix_path = NULL;
}

/* One round. False once the receiver was told to stop. */
static bool serve_once(struct http_receiver *r)
{
	struct epoll_event events[LISTEN_ADDRESSES_MAX + 2];
	int n = epoll_wait(r->epoll_fd, events, sizeof(events) / sizeof(events[0]), sleep_ms(r->daemon, TICK_MS));

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == r->stop_fd)
			return false;
		if (events[i].data.fd >= 0)
			accept_some(r, events[i].data.fd);
	}
	MHD_run(r->daemon);
	uint64_t now_ns = clock_mono_ns();
	accept_again(r, now_ns);
	http_connections_sweep(&r->lane.connections, now_ns);
	lane_trim(&r->lane.lane, now_ns);
	return true;
}

/* Serves what is under way; connections without a request are not waited for. What is on its way to the disk is, since the
 * daemon cannot end before it has come back. */
static void drain(struct http_receiver *r)
{
	struct epoll_event event;

	r->lane.is_draining = true;
	close_listeners(r);
	epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->stop_fd, NULL);
	while (r->lane.suspended > 0 || (r->lane.connections.requests > 0 && clock_mono_ns() < r->stop_at_ns)) {
		epoll_wait(r->epoll_fd, &event, 1, sleep_ms(r->daemon, DRAIN_TICK_MS));
		MHD_run(r->daemon);
	}
}

static void *serve(void *argument)
{
	struct http_receiver *r = argument;

	pthread_setname_np(pthread_self(), "lane-http");
	while (serve_once(r))
		;
	drain(r);
	return NULL;
}

/* ---------------------------------------------------------------- the start */

static void log_daemon(void *context, const char *format, va_list args)
{
	char line[256];

	(void)context;
	int n = vsnprintf(line, sizeof(line), format, args);
	while (n > 0 && (size_t)n < sizeof(line) && line[n - 1] == '\n')
		line[--n] = '\0';
	LOG(DEBUG, "receivers", "http_daemon", "text=\"%s\"", line);
}

static struct status start_daemon(struct http_receiver *r, const struct receiver_http_config *config)
{
	unsigned timeout_s = (unsigned)((config->read_timeout_ms + MS_PER_SECOND - 1) / MS_PER_SECOND);
	struct MHD_OptionItem tls[TLS_DAEMON_OPTIONS];

	tls_daemon_options(r->lane.tls, tls);
	/* clang-format off: an option a line */
	r->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
			tls_daemon_flags(r->lane.tls), 0,
		NULL, NULL, http_request_handle, &r->lane,
		MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
		MHD_OPTION_ARRAY, tls,
		MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify, &r->lane,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_done, &r->lane,
		MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, &r->lane,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)config->max_connections,
		MHD_OPTION_CONNECTION_TIMEOUT, timeout_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* our thread blocks all signals */
		MHD_OPTION_END);
	/* clang-format on */
	return r->daemon != NULL ? OK : FAIL(NOMEM, "libmicrohttpd cannot start");
}

static struct status watch(struct http_receiver *r, int fd, int data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = data };

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? OK : FAIL(IO, "epoll_ctl failed");
}

static struct status listen_on_all(struct http_receiver *r, const struct listen_set *set, struct buf *why)
{
	for (size_t i = 0; i < set->count; i++) {
		TRY(listen_open(set, i, &r->listeners[i], why));
		r->listener_count++;
		r->unix_path = endpoint_unix_path(set->endpoint);
		r->port = listen_port_of(r->listeners[i]);
		TRY(watch(r, r->listeners[i], r->listeners[i]));
	}
	return OK;
}

static struct status open_listeners(struct http_receiver *r, const struct receiver_http_config *config, struct buf *why)
{
	struct listen_set set;
	struct listen_hold hold;

	TRY(listen_resolve(config->endpoint, ENDPOINT_KEY, &set, why));
	socket_mode_read(config->socket_mode, &set.socket_mode);
	TRY(listen_hold_port(&set, &hold, why));
	struct status s = listen_on_all(r, &set, why);
	listen_hold_end(&hold);
	return s;
}

static struct status start(struct http_receiver *r, const struct receiver_http_config *config, struct buf *why)
{
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll_fd < 0 || r->stop_fd < 0)
		return FAIL(IO, "cannot create an epoll set");
	TRY(tls_server_new(&config->tls, PROTOCOL_KEY ".tls", &r->lane.tls, why));
	TRY(authenticator_new(&config->auth, PROTOCOL_KEY, &r->lane.authenticator, why));
	TRY(open_listeners(r, config, why));
	TRY(start_daemon(r, config));
	TRY(watch(r, r->stop_fd, r->stop_fd));
	TRY(watch(r, MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, -1));
	if (pthread_create(&r->thread, NULL, serve, r) != 0)
		return FAIL(NOMEM, "cannot start the HTTP thread");
	r->has_thread = true;
	return OK;
}

struct status http_receiver_start(const struct config *config, struct ingest ingest, struct http_receiver **out,
				  struct buf *why)
{
	struct http_receiver *r = calloc(1, sizeof(*r));
	sigset_t all, before;

	if (r == NULL)
		return FAIL(NOMEM, "no memory for the HTTP receiver");
	r->epoll_fd = r->stop_fd = -1;
	lane_init(&r->lane.lane, "http", ingest, ingest.first_lane, config->http.max_request_body_size_bytes,
		  config->limits.max_in_flight_bytes);
	r->lane.cors = config->http.cors;
	r->lane.connections.read_timeout_ms = config->http.read_timeout_ms;
	r->lane.connections.open = meter_get(METER_CONNECTIONS, "transport=\"http\"");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct status s = start(r, &config->http, why);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (FAILED(s)) {
		http_receiver_stop(r, 0);
		return s;
	}
	*out = r;
	return OK;
}

uint16_t http_receiver_port(const struct http_receiver *r)
{
	return r->port;
}

/* ---------------------------------------------------------------- the end */

void http_receiver_stop(struct http_receiver *r, uint64_t deadline_ms)
{
	if (r->has_thread) {
		r->stop_at_ns = clock_mono_ns() + deadline_ms * NS_PER_MS;
		eventfd_write(r->stop_fd, 1);
		pthread_join(r->thread, NULL);
	}
	close_listeners(r);
	if (r->daemon != NULL)
		MHD_stop_daemon(r->daemon);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	tls_server_free(r->lane.tls);
	authenticator_free(r->lane.authenticator);
	buf_release(&r->lane.spare);
	buf_release(&r->lane.scratch);
	buf_release(&r->lane.reason);
	lane_release(&r->lane.lane);
	free(r);
}
