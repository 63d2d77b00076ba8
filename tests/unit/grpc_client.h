/* SPDX-License-Identifier: Apache-2.0
 * A gRPC client for tests: calls are started, and awaited apart from that, on one completion queue. One thread.
 */
#ifndef PLIMSOLL_TESTS_GRPC_CLIENT_H
#define PLIMSOLL_TESTS_GRPC_CLIENT_H

#include <grpc/byte_buffer.h>
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdio.h>

#include "agent/base/slice.h"

static grpc_completion_queue *client_queue;

enum packing { PLAIN, GZIPPED };

struct client_call {
	grpc_call *core;
	grpc_byte_buffer *request, *response; /* NULL: none was sent, or came */
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice details;
};

static inline gpr_timespec in_seconds(int n)
{
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(n, GPR_TIMESPAN));
}

/* ---------------------------------------------------------------- life */

static inline void client_begin(void)
{
	grpc_init();
	client_queue = grpc_completion_queue_create_for_next(NULL);
}

/* Once every call has ended and every channel is destroyed. */
static inline void client_end(void)
{
	grpc_completion_queue_shutdown(client_queue);
	while (grpc_completion_queue_next(client_queue, gpr_inf_future(GPR_CLOCK_REALTIME),
					  NULL).type != GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(client_queue);
	grpc_shutdown();
}

/* A channel with a connection of its own. */
static inline grpc_channel *client_connect(const char *host, unsigned port)
{
	char target[64];
	grpc_channel_credentials *plain = grpc_insecure_credentials_create();
	grpc_arg arg = { .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL };

	arg.value.integer = 1;
	snprintf(target, sizeof(target), "%s:%u", host, port);
	grpc_channel *channel = grpc_channel_create(target, plain, &(grpc_channel_args){ 1, &arg });
	grpc_channel_credentials_release(plain);
	return channel;
}

/* ---------------------------------------------------------------- calls */

static inline void call_start_core(struct client_call *c, grpc_channel *to, const char *method,
				   grpc_byte_buffer *request, enum packing packing)
{
	grpc_op ops[6] = { { .op = GRPC_OP_SEND_INITIAL_METADATA }, { .op = GRPC_OP_RECV_INITIAL_METADATA },
			   { .op = GRPC_OP_RECV_MESSAGE },          { .op = GRPC_OP_RECV_STATUS_ON_CLIENT },
			   { .op = GRPC_OP_SEND_MESSAGE },          { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT } };
	grpc_metadata encoding = { .key = grpc_slice_from_static_string(GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY),
				   .value = grpc_slice_from_static_string("gzip") };

	*c = (struct client_call){ .request = request };
	c->core = grpc_channel_create_call(to, NULL, 0, client_queue, grpc_slice_from_static_string(method), NULL,
					   in_seconds(20), NULL);
	grpc_metadata_array_init(&c->initial);
	grpc_metadata_array_init(&c->trailing);
	ops[0].data.send_initial_metadata.count = packing == GZIPPED ? 1 : 0;
	ops[0].data.send_initial_metadata.metadata = &encoding;
	ops[1].data.recv_initial_metadata.recv_initial_metadata = &c->initial;
	ops[2].data.recv_message.recv_message = &c->response;
	ops[3].data.recv_status_on_client.trailing_metadata = &c->trailing;
	ops[3].data.recv_status_on_client.status = &c->status;
	ops[3].data.recv_status_on_client.status_details = &c->details;
	ops[4].data.send_message.send_message = request;
	assert_int_equal(grpc_call_start_batch(c->core, ops, request != NULL ? 6 : 4, c, NULL), GRPC_CALL_OK);
}

/* Sends the whole request. The call stays where it is until call_next has told of it. */
static inline void call_start(struct client_call *c, grpc_channel *to, const char *method, struct slice body,
			      enum packing packing)
{
	grpc_slice bytes = grpc_slice_from_copied_buffer(body.ptr, body.len);

	call_start_core(c, to, method, grpc_raw_byte_buffer_create(&bytes, 1), packing);
	grpc_slice_unref(bytes);
}

/* The call is begun, and its message never sent. */
static inline void call_start_hanging(struct client_call *c, grpc_channel *to, const char *method)
{
	call_start_core(c, to, method, NULL, PLAIN);
}

/* Waits for the next call that is over, with its status and response. */
static inline struct client_call *call_next(void)
{
	grpc_event event = grpc_completion_queue_next(client_queue, in_seconds(30), NULL);

	assert_int_equal(event.type, GRPC_OP_COMPLETE);
	return event.tag;
}

static inline void call_end(struct client_call *c)
{
	if (c->request != NULL)
		grpc_byte_buffer_destroy(c->request);
	if (c->response != NULL)
		grpc_byte_buffer_destroy(c->response);
	grpc_metadata_array_destroy(&c->initial);
	grpc_metadata_array_destroy(&c->trailing);
	grpc_slice_unref(c->details);
	grpc_call_unref(c->core);
}

/* One whole call, for call_end. */
static inline void call_run(struct client_call *c, grpc_channel *to, const char *method, struct slice body)
{
	call_start(c, to, method, body, PLAIN);
	assert_ptr_equal(call_next(), c);
}

static inline grpc_status_code call_status(grpc_channel *to, const char *method, struct slice body)
{
	struct client_call c;

	call_run(&c, to, method, body);
	call_end(&c);
	return c.status;
}

#endif
