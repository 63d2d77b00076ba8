/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_receiver.c - OTLP/gRPC: the server's arguments, its ports, its threads, its end.
 *
 * gRPC core runs threads of its own; they and ours block all signals, which belong to the main thread.
 */
#include "agent/receivers/receiver.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <grpc/support/log.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/net/listen.h"
#include "agent/receivers/grpc_call.h"
#include "agent/receivers/grpc_tls.h"

#define PROTOCOL_KEY        "receivers.otlp.protocols.grpc"
#define ENDPOINT_KEY        PROTOCOL_KEY ".endpoint"
#define LANES_MAX           64
#define TICK_MS             100
#define STREAM_WINDOW_BYTES 65536 /* HTTP/2 default, which the core leaves alone without its probe */

struct grpc_receiver {
	grpc_server *server;
	uint16_t port;
	atomic_bool is_serving;
	struct tls_server *tls;
	struct grpc_port_tls port_tls[LISTEN_ADDRESSES_MAX];
	struct authenticator *authenticator;
	unsigned lane_count, thread_count;
	struct grpc_lane *lanes[LANES_MAX];
	pthread_t threads[LANES_MAX];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool is_shut_down; /* set under lock: nobody is connected any more */
};

/* ---------------------------------------------------------------- threads */

static void shut_down(struct grpc_receiver *r)
{
	pthread_mutex_lock(&r->lock);
	r->is_shut_down = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

struct thread_start {
	struct grpc_receiver *receiver;
	struct grpc_lane *lane;
};

static void *run_lane(void *argument)
{
	struct thread_start start = *(struct thread_start *)argument;
	bool is_over = false;

	free(argument);
	pthread_setname_np(pthread_self(), "lane-grpc");
	grpc_lane_open(start.lane);
	for (;;) {
		gpr_timespec tick =
			gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(TICK_MS, GPR_TIMESPAN));
		grpc_event event = grpc_completion_queue_next(start.lane->queue, tick, NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (event.type == GRPC_OP_COMPLETE && event.tag == start.receiver)
			shut_down(start.receiver);
		else if (event.type == GRPC_OP_COMPLETE)
			call_advance(event.tag, event.success != 0);
		grpc_lane_sweep(start.lane, clock_mono_ns());
		if (!is_over && start.receiver->is_shut_down && grpc_lane_end(start.lane)) {
			is_over = true;
			grpc_completion_queue_shutdown(start.lane->queue);
		}
	}
}

static struct status start_threads(struct grpc_receiver *r)
{
	for (unsigned i = 0; i < r->lane_count; i++) {
		struct thread_start *start = malloc(sizeof(*start));
		if (start == NULL)
			return FAIL(NOMEM, "no memory for a receiving thread");
		*start = (struct thread_start){ r, r->lanes[i] };
		if (pthread_create(&r->threads[i], NULL, run_lane, start) != 0) {
			free(start);
			return FAIL(NOMEM, "cannot start a receiving thread");
		}
		r->thread_count++;
	}
	return OK;
}

/* ---------------------------------------------------------------- the server */

/* What is left of bad luck and bad will: beyond this the core closes windows and ends calls. It is exceeded by little.
 * Room for what is being worked on, for one message that nobody counted on, and for calls that wait with a full window.
 */
static grpc_resource_quota *create_quota(const struct config *config)
{
	grpc_resource_quota *quota = grpc_resource_quota_create("receivers");
	uint64_t windows = (uint64_t)config->grpc.threads * CALLS_PER_LANE * STREAM_WINDOW_BYTES;

	grpc_resource_quota_resize(quota,
				   config->limits.max_in_flight_bytes + config->grpc.max_recv_msg_size_bytes + windows);
	return quota;
}

/* Values measured in their effect on memory and on idle clients; the window probe lets unread messages pile up. */
static grpc_server *create_server(const struct config *config)
{
	uint64_t max_message = config->grpc.max_recv_msg_size_bytes;
	grpc_resource_quota *quota = create_quota(config);
	const struct {
		const char *name;
		int value;
	} values[] = {
		{ GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, max_message > INT32_MAX ? INT32_MAX : (int)max_message },
		{ GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0 },
		{ GRPC_ARG_HTTP2_BDP_PROBE, 0 },
		{ GRPC_ARG_MAX_CONCURRENT_STREAMS, (int)config->grpc.max_concurrent_streams },
		{ GRPC_ARG_ALLOW_REUSEPORT, 0 },
		{ GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000 },
		{ GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1 },
		{ GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000 },
	};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	grpc_arg args[COUNT + 1];
	const grpc_channel_args list = { COUNT + 1, args };

	for (size_t i = 0; i < COUNT; i++) {
		args[i] = (grpc_arg){ .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)values[i].name };
		args[i].value.integer = values[i].value;
	}
	args[COUNT] = (grpc_arg){ .type = GRPC_ARG_POINTER, .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA };
	args[COUNT].value.pointer.p = quota;
	args[COUNT].value.pointer.vtable = grpc_resource_quota_arg_vtable();
	grpc_server *server = grpc_server_create(&list, NULL);
	grpc_resource_quota_unref(quota);
	return server;
}

/* The core says only that it failed; an attempt of our own tells why. */
static struct status explain_failure(const struct listen_set *set, size_t i, struct buf *why)
{
	int fd;

	TRY(listen_open(set, i, &fd, why));
	close(fd);
	buf_printf(why, "cannot listen on %s: gRPC refused; change %s", set->endpoint, set->key);
	return FAIL(IO, "gRPC cannot listen");
}

static struct status add_port(struct grpc_receiver *r, const struct listen_set *set, size_t i, struct buf *why)
{
	grpc_server_credentials *credentials = grpc_port_credentials(&r->port_tls[i], r->tls);
	char address[300];

	listen_format(&set->addresses[i], address, sizeof(address));
	/* the core binds by itself, and a unix socket's permissions follow from this */
	mode_t before = umask(listen_is_unix(&set->addresses[i]) ? ~set->socket_mode & 0777 : 0077);
	int port = grpc_server_add_http2_port(r->server, address, credentials);
	umask(before);
	grpc_server_credentials_release(credentials);
	if (port == 0)
		return explain_failure(set, i, why);
	r->port = listen_is_unix(&set->addresses[i]) ? 0 : (uint16_t)port;
	return OK;
}

static struct status add_all_ports(struct grpc_receiver *r, const struct listen_set *set, struct buf *why)
{
	for (size_t i = 0; i < set->count; i++) {
		TRY(listen_claim(set, i, why)); /* the core would take the path of one that lives */
		TRY(add_port(r, set, i, why));
	}
	return OK;
}

static struct status add_ports(struct grpc_receiver *r, const struct receiver_grpc_config *config, struct buf *why)
{
	struct listen_set set;
	struct listen_hold hold;

	TRY(listen_resolve(config->endpoint, ENDPOINT_KEY, &set, why));
	socket_mode_read(config->socket_mode, &set.socket_mode);
	TRY(listen_hold_port(&set, &hold, why));
	struct status s = add_all_ports(r, &set, why);
	listen_hold_end(&hold);
	return s;
}

static struct status add_lanes(struct grpc_receiver *r, const struct config *config, struct ingest ingest)
{
	int64_t threads = config->grpc.threads;

	for (int64_t i = 0; i < threads && i < LANES_MAX; i++) {
		struct grpc_lane *l = calloc(1, sizeof(*l));
		if (l == NULL)
			return FAIL(NOMEM, "no memory for a receiving thread");
		lane_init(&l->lane, "grpc", ingest, ingest.first_lane + (unsigned)i,
			  config->grpc.max_recv_msg_size_bytes, config->limits.max_in_flight_bytes);
		read_gate_init(&l->gate, l->lane.in_flight, l->lane.max_bytes, (unsigned)threads);
		l->server = r->server;
		l->is_serving = &r->is_serving;
		l->authenticator = r->authenticator;
		l->queue = grpc_completion_queue_create_for_next(NULL);
		grpc_server_register_completion_queue(r->server, l->queue, NULL);
		r->lanes[r->lane_count++] = l;
	}
	return OK;
}

/* The core's own lines are for those who debug it: GRPC_VERBOSITY asks for them, our level must let them through. But for
 * its last one, before it aborts. */
static void log_core(gpr_log_func_args *args)
{
	if (slice_starts_with(slice_of(args->message), SLICE("assertion failed")))
		LOG(ERROR, "receivers", "grpc_core_aborts", "text=\"%s\" file=%s line=%d", args->message, args->file,
		    args->line);
	LOG(DEBUG, "receivers", "grpc_core", "severity=%s text=\"%s\"", gpr_log_severity_string(args->severity),
	    args->message);
}

void grpc_core_log(void)
{
	gpr_set_log_function(log_core);
}

static struct status serve(struct grpc_receiver *r, const struct config *config, struct ingest ingest, struct buf *why)
{
	TRY(tls_server_new(&config->grpc.tls, PROTOCOL_KEY ".tls", &r->tls, why));
	TRY(authenticator_new(&config->grpc.auth, PROTOCOL_KEY, &r->authenticator, why));
	r->server = create_server(config);
	if (r->server == NULL)
		return FAIL(NOMEM, "gRPC cannot create a server");
	TRY(add_lanes(r, config, ingest));
	TRY(add_ports(r, &config->grpc, why));
	grpc_server_start(r->server);
	return start_threads(r);
}

struct status grpc_receiver_start(const struct config *config, struct ingest ingest, struct grpc_receiver **out,
				  struct buf *why)
{
	struct grpc_receiver *r = calloc(1, sizeof(*r));
	sigset_t all, before;

	if (r == NULL)
		return FAIL(NOMEM, "no memory for the gRPC receiver");
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	atomic_init(&r->is_serving, true);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	grpc_init();
	struct status s = serve(r, config, ingest, why);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (FAILED(s)) {
		grpc_receiver_stop(r, 0);
		return s;
	}
	*out = r;
	return OK;
}

uint16_t grpc_receiver_port(const struct grpc_receiver *r)
{
	return r->port;
}

void grpc_receiver_set_serving(struct grpc_receiver *r, bool serving)
{
	atomic_store(&r->is_serving, serving);
}

/* ---------------------------------------------------------------- the end */

/* Waits until nobody is connected. False where the deadline came first. */
static bool await_shut_down(struct grpc_receiver *r, uint64_t deadline_ms)
{
	uint64_t until_ns = clock_unix_ns() + deadline_ms * NS_PER_MS;
	const struct timespec until = { (time_t)(until_ns / NS_PER_SECOND), (long)(until_ns % NS_PER_SECOND) };
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	while (!r->is_shut_down && rc == 0)
		rc = pthread_cond_timedwait(&r->changed, &r->lock, &until);
	bool done = r->is_shut_down;
	pthread_mutex_unlock(&r->lock);
	return done;
}

/* Takes what the queue still holds, where no thread does. */
static void drain(grpc_completion_queue *queue, const void *last_tag)
{
	grpc_event event;

	do {
		event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
	} while (event.type != GRPC_QUEUE_SHUTDOWN && event.tag != last_tag);
}

static void stop_server(struct grpc_receiver *r, uint64_t deadline_ms)
{
	grpc_server_shutdown_and_notify(r->server, r->lanes[0]->queue, r);
	if (r->thread_count == 0) {
		drain(r->lanes[0]->queue, r);
	} else if (!await_shut_down(r, deadline_ms)) {
		grpc_server_cancel_all_calls(r->server);
		await_shut_down(r, UINT32_MAX);
	}
}

/* The core's shutdown waits for clients, not for our calls of those that left: each lane ends its queue after its last. */
static void stop_lane(struct grpc_receiver *r, unsigned i)
{
	struct grpc_lane *l = r->lanes[i];

	if (i < r->thread_count) {
		pthread_join(r->threads[i], NULL);
	} else {
		grpc_completion_queue_shutdown(l->queue);
		drain(l->queue, NULL);
	}
	grpc_completion_queue_destroy(l->queue);
	grpc_lane_release(l);
	free(l);
}

void grpc_receiver_stop(struct grpc_receiver *r, uint64_t deadline_ms)
{
	if (r->lane_count > 0)
		stop_server(r, deadline_ms);
	for (unsigned i = 0; i < r->lane_count; i++)
		stop_lane(r, i);
	if (r->server != NULL)
		grpc_server_destroy(r->server);
	for (size_t i = 0; i < LISTEN_ADDRESSES_MAX; i++)
		grpc_port_tls_release(&r->port_tls[i]);
	tls_server_free(r->tls);
	authenticator_free(r->authenticator);
	grpc_shutdown();
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
