/* SPDX-License-Identifier: Apache-2.0
 * budgets/envoy_server.c - a small gRPC server: a fixed number of slots, each with one call, on one thread.
 *
 * A slot always has exactly one operation with the core, and that operation's tag is the slot. A call that takes longer
 * than CALL_MAX_NS is cut off: as many that never send their message would hold all slots for good.
 */
#include "agent/budgets/envoy_server.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "agent/base/clock.h"
#include "agent/budgets/envoy_method.h"
#include "agent/net/listen.h"

#define ENDPOINT_KEY      "budgets.envoy.endpoint"
#define SLOTS             64
#define MESSAGE_BYTES_MAX (1024 * 1024)
#define CALL_MAX_NS       (2 * NS_PER_SECOND) /* Envoy itself waits 20 ms (rate limit) or 200 ms (authorization) */

enum slot_stage { SLOT_POSTED, SLOT_READING, SLOT_REPLYING, SLOT_CLOSED };

struct slot {
	struct envoy_server *server;
	enum slot_stage stage;
	grpc_call *core;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *message, *response;
	grpc_slice status_message;
	int cancelled;
	uint64_t began_ns; /* monotonic */
};

struct envoy_server {
	struct envoy_asking asking;
	grpc_server *core;
	grpc_completion_queue *queue;
	uint16_t port;
	bool runs;
	pthread_t thread;
	struct buf scratch;
	uint64_t looked_ns; /* when calls were last looked at for their age */
	struct slot slots[SLOTS];
};

static const struct {
	const char *path;
	envoy_method *run;
} methods[] = {
	{ "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit", envoy_should_rate_limit },
	{ "/envoy.service.auth.v3.Authorization/Check", envoy_check },
};

/* ---------------------------------------------------------------- one call */

static void start(struct slot *s, enum slot_stage stage, const grpc_op *ops, size_t count)
{
	s->stage = stage;
	grpc_call_error error = grpc_call_start_batch(s->core, ops, count, s, NULL);
	assert(error == GRPC_CALL_OK);
	(void)error;
}

static void post(struct slot *s)
{
	s->stage = SLOT_POSTED;
	s->core = NULL;
	s->metadata.count = 0;
	grpc_call_details_init(&s->details);
	if (grpc_server_request_call(s->server->core, &s->core, &s->details, &s->metadata, s->server->queue,
				     s->server->queue, s) != GRPC_CALL_OK)
		s->stage = SLOT_CLOSED;
}

static void release(struct slot *s)
{
	if (s->message != NULL)
		grpc_byte_buffer_destroy(s->message);
	if (s->response != NULL)
		grpc_byte_buffer_destroy(s->response);
	s->message = s->response = NULL;
	grpc_slice_unref(s->status_message);
	s->status_message = grpc_empty_slice();
	grpc_call_details_destroy(&s->details);
	if (s->core != NULL)
		grpc_call_unref(s->core);
	s->core = NULL;
}

static void reply(struct slot *s, grpc_status_code code, const char *message, struct slice body)
{
	grpc_op ops[4] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
			   { .op = GRPC_OP_RECV_CLOSE_ON_SERVER },
			   { .op = GRPC_OP_SEND_STATUS_FROM_SERVER } };
	size_t count = 3;

	ops[1].data.recv_close_on_server.cancelled = &s->cancelled;
	ops[2].data.send_status_from_server.status = code;
	if (code == GRPC_STATUS_OK) {
		grpc_slice bytes = grpc_slice_from_copied_buffer(body.ptr, body.len);
		s->response = grpc_raw_byte_buffer_create(&bytes, 1);
		grpc_slice_unref(bytes);
		ops[count] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE };
		ops[count++].data.send_message.send_message = s->response;
	} else {
		s->status_message = grpc_slice_from_copied_string(message);
		ops[2].data.send_status_from_server.status_details = &s->status_message;
	}
	start(s, SLOT_REPLYING, ops, count);
}

static envoy_method *method_of(const struct slot *s)
{
	struct slice path = { (const char *)GRPC_SLICE_START_PTR(s->details.method), GRPC_SLICE_LENGTH(s->details.method) };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_equal(path, slice_of(methods[i].path)))
			return methods[i].run;
	return NULL;
}

static void read_message(struct slot *s)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	op.data.recv_message.recv_message = &s->message;
	start(s, SLOT_READING, &op, 1);
}

static void run(struct slot *s)
{
	grpc_byte_buffer_reader reader;
	struct buf *scratch = &s->server->scratch;

	if (s->message == NULL || s->message->data.raw.compression != GRPC_COMPRESS_NONE ||
	    !grpc_byte_buffer_reader_init(&reader, s->message)) {
		reply(s, GRPC_STATUS_UNIMPLEMENTED, "an uncompressed message is expected", SLICE_NONE);
		return;
	}
	grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);
	struct slice request = { (const char *)GRPC_SLICE_START_PTR(bytes), GRPC_SLICE_LENGTH(bytes) };
	buf_reset(scratch);
	bool is_read = method_of(s)(&s->server->asking, request, scratch);
	grpc_slice_unref(bytes);
	grpc_byte_buffer_reader_destroy(&reader);
	if (!is_read)
		reply(s, GRPC_STATUS_INVALID_ARGUMENT, "broken request", SLICE_NONE);
	else if (buf_failed(scratch))
		reply(s, GRPC_STATUS_RESOURCE_EXHAUSTED, "no memory for the answer", SLICE_NONE);
	else
		reply(s, GRPC_STATUS_OK, "", buf_view(scratch));
}

static void advance(struct slot *s, bool success)
{
	switch (s->stage) {
	case SLOT_POSTED:
		s->began_ns = clock_mono_ns();
		if (!success) { /* the server is shutting down */
			release(s);
			s->stage = SLOT_CLOSED;
		} else if (method_of(s) == NULL) {
			reply(s, GRPC_STATUS_UNIMPLEMENTED, "unknown method", SLICE_NONE);
		} else {
			read_message(s);
		}
		break;
	case SLOT_READING:
		run(s);
		break;
	case SLOT_REPLYING:
		release(s);
		post(s);
		break;
	case SLOT_CLOSED:
		assert(!"an operation returned that was never started");
	}
}

/* Every second. What is cut off here comes back through the queue, as every call does. */
static void cut_off(struct envoy_server *s)
{
	uint64_t now_ns = clock_mono_ns();

	if (now_ns - s->looked_ns < NS_PER_SECOND)
		return;
	s->looked_ns = now_ns;
	for (size_t i = 0; i < SLOTS; i++)
		if ((s->slots[i].stage == SLOT_READING || s->slots[i].stage == SLOT_REPLYING) &&
		    now_ns - s->slots[i].began_ns > CALL_MAX_NS)
			grpc_call_cancel_with_status(s->slots[i].core, GRPC_STATUS_DEADLINE_EXCEEDED, "the call takes too long",
						     NULL);
}

static grpc_event next_event(struct envoy_server *s)
{
	gpr_timespec second = gpr_time_from_seconds(1, GPR_TIMESPAN);

	return grpc_completion_queue_next(s->queue, gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), second), NULL);
}

static bool all_closed(const struct envoy_server *s)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (s->slots[i].stage != SLOT_CLOSED)
			return false;
	return true;
}

/* The core says that the server is shut down once nobody is connected; calls of those that left may be here still. */
static void *serve(void *argument)
{
	struct envoy_server *s = argument;
	bool is_shut_down = false;

	while (!is_shut_down || !all_closed(s)) {
		cut_off(s);
		grpc_event event = next_event(s);
		if (event.type == GRPC_QUEUE_TIMEOUT)
			continue;
		if (event.tag == s)
			is_shut_down = true;
		else
			advance(event.tag, event.success != 0);
	}
	grpc_completion_queue_shutdown(s->queue);
	while (next_event(s).type != GRPC_QUEUE_SHUTDOWN)
		;
	return NULL;
}

/* ---------------------------------------------------------------- the server */

static grpc_server *create_core(void)
{
	const struct {
		const char *name;
		int value;
	} values[] = {
		{ GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, MESSAGE_BYTES_MAX },
		{ GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0 }, /* a bomb would be inflated whole */
		{ GRPC_ARG_ALLOW_REUSEPORT, 0 },
	};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	grpc_arg args[COUNT];
	const grpc_channel_args list = { COUNT, args };

	for (size_t i = 0; i < COUNT; i++) {
		args[i] = (grpc_arg){ .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)values[i].name };
		args[i].value.integer = values[i].value;
	}
	return grpc_server_create(&list, NULL);
}

static struct status add_port(struct envoy_server *s, const struct listen_set *set, size_t i, struct buf *why)
{
	grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
	char address[300];
	int fd = -1;

	listen_format(&set->addresses[i], address, sizeof(address));
	/* the core binds by itself, and a unix socket's permissions follow from this */
	mode_t before = umask(listen_is_unix(&set->addresses[i]) ? ~set->socket_mode & 0777 : 0077);
	int port = grpc_server_add_http2_port(s->core, address, plain);
	umask(before);
	grpc_server_credentials_release(plain);
	if (port == 0) {
		TRY(listen_open(set, i, &fd, why)); /* the core does not tell why; this does */
		close(fd);
		buf_printf(why, "cannot listen on %s: gRPC refused; change %s", set->endpoint, set->key);
		return FAIL(IO, "gRPC cannot listen");
	}
	s->port = listen_is_unix(&set->addresses[i]) ? 0 : (uint16_t)port;
	return OK;
}

static struct status add_ports(struct envoy_server *s, const struct config *config, struct buf *why)
{
	struct listen_set set;
	struct listen_hold hold;

	TRY(listen_resolve(config->budgets.envoy_endpoint, ENDPOINT_KEY, &set, why));
	socket_mode_read(config->budgets.envoy_socket_mode, &set.socket_mode);
	TRY(listen_hold_port(&set, &hold, why));
	struct status status = OK;
	for (size_t i = 0; i < set.count && !FAILED(status); i++) {
		status = listen_claim(&set, i, why);
		if (!FAILED(status))
			status = add_port(s, &set, i, why);
	}
	listen_hold_end(&hold);
	return status;
}

static struct status open_server(struct envoy_server *s, const struct config *config, struct buf *why)
{
	s->core = create_core();
	if (s->core == NULL)
		return FAIL(NOMEM, "gRPC cannot create a server");
	s->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(s->core, s->queue, NULL);
	TRY(add_ports(s, config, why));
	grpc_server_start(s->core);
	for (size_t i = 0; i < SLOTS; i++)
		post(&s->slots[i]);
	if (pthread_create(&s->thread, NULL, serve, s) != 0)
		return FAIL(NOMEM, "the system starts no more threads");
	s->runs = true;
	return OK;
}

struct status envoy_server_start(const struct config *config, struct budgets *b, struct envoy_server **out, struct buf *why)
{
	struct envoy_server *s = calloc(1, sizeof(*s));
	sigset_t all, before;

	if (s == NULL)
		return FAIL(NOMEM, "no memory for Envoy's endpoint");
	s->asking = (struct envoy_asking){ b, &config->budgets.envoy_keys };
	for (size_t i = 0; i < SLOTS; i++) {
		s->slots[i].server = s;
		s->slots[i].stage = SLOT_CLOSED;
		s->slots[i].status_message = grpc_empty_slice();
		grpc_metadata_array_init(&s->slots[i].metadata);
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals belong to the main thread */
	grpc_init();
	struct status status = open_server(s, config, why);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (FAILED(status)) {
		envoy_server_stop(s);
		return status;
	}
	*out = s;
	return OK;
}

void envoy_server_stop(struct envoy_server *s)
{
	if (s == NULL)
		return;
	if (s->core != NULL) {
		grpc_server_shutdown_and_notify(s->core, s->queue, s);
		grpc_server_cancel_all_calls(s->core);
		if (s->runs)
			pthread_join(s->thread, NULL);
		else
			(void)serve(s); /* a start that failed half way */
		grpc_server_destroy(s->core);
		grpc_completion_queue_destroy(s->queue);
	}
	for (size_t i = 0; i < SLOTS; i++)
		grpc_metadata_array_destroy(&s->slots[i].metadata);
	buf_release(&s->scratch);
	grpc_shutdown();
	free(s);
}

uint16_t envoy_server_port(const struct envoy_server *s)
{
	return s->port;
}
