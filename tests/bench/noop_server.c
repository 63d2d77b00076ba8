/* SPDX-License-Identifier: Apache-2.0
 * The yardstick: a server on gRPC core alone, with the receiver's arguments and thread layout, that ignores what it
 * gets.
 *
 *     noop_server [host:port]
 *
 * Prints "ready grpc=PORT" and answers every call with an empty message until SIGTERM or SIGINT.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>

#define CALLS 256

static grpc_server *server;
static grpc_completion_queue *queue;

static struct call {
	enum { POSTED, READING, REPLYING } stage;
	grpc_call *core;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *message, *response;
	int cancelled;
} calls[CALLS];

static void post(struct call *c)
{
	c->stage = POSTED;
	c->metadata.count = 0;
	grpc_call_details_init(&c->details);
	grpc_server_request_call(server, &c->core, &c->details, &c->metadata, queue, queue, c);
}

static void start(struct call *c, int stage, const grpc_op *ops, size_t count)
{
	c->stage = stage;
	if (grpc_call_start_batch(c->core, ops, count, c, NULL) != GRPC_CALL_OK)
		abort();
}

static void read_message(struct call *c)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &c->message };

	start(c, READING, &op, 1);
}

static void reply(struct call *c)
{
	grpc_slice empty = grpc_empty_slice();
	grpc_op ops[4] = {
		{ .op = GRPC_OP_SEND_INITIAL_METADATA },
		{ .op = GRPC_OP_SEND_MESSAGE },
		{ .op = GRPC_OP_SEND_STATUS_FROM_SERVER },
		{ .op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &c->cancelled },
	};

	if (c->message != NULL)
		grpc_byte_buffer_destroy(c->message);
	c->message = NULL;
	c->response = grpc_raw_byte_buffer_create(&empty, 1);
	ops[1].data.send_message.send_message = c->response;
	start(c, REPLYING, ops, 4);
}

static void finish(struct call *c)
{
	grpc_byte_buffer_destroy(c->response);
	grpc_call_details_destroy(&c->details);
	grpc_call_unref(c->core);
	post(c);
}

static void *run(void *unused)
{
	(void)unused;
	for (;;) {
		grpc_event event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		struct call *c = event.tag;
		if (event.type != GRPC_OP_COMPLETE || (c->stage == POSTED && !event.success))
			return NULL;
		if (c->stage == POSTED)
			read_message(c);
		else if (c->stage == READING)
			reply(c);
		else
			finish(c);
	}
}

static grpc_arg integer(const char *name, int value)
{
	return (grpc_arg){ .type = GRPC_ARG_INTEGER, .key = (char *)(size_t)name, .value.integer = value };
}

int main(int argc, char **argv)
{
	grpc_arg args[] = {
		integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 64 << 20),
		integer(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0),
		integer(GRPC_ARG_HTTP2_BDP_PROBE, 0),
		integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16),
		integer(GRPC_ARG_ALLOW_REUSEPORT, 0),
	};
	grpc_channel_args list = { sizeof(args) / sizeof(args[0]), args };
	pthread_t thread;
	sigset_t stop;
	int got;

	sigfillset(&stop);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	grpc_init();
	server = grpc_server_create(&list, NULL);
	queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(server, queue, NULL);
	int port = grpc_server_add_http2_port(server, argc > 1 ? argv[1] : "127.0.0.1:0",
					      grpc_insecure_server_credentials_create());
	if (port == 0)
		return 2;
	grpc_server_start(server);
	for (size_t i = 0; i < CALLS; i++)
		post(&calls[i]);
	pthread_create(&thread, NULL, run, NULL);
	printf("ready grpc=%d\n", port);
	fflush(stdout);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigwait(&stop, &got);
	_exit(0); /* nothing of it outlives the process */
}
