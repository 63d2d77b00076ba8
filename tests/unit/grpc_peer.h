/* SPDX-License-Identifier: Apache-2.0
 * A gRPC server for tests: answers each call with the next row of a script and keeps what it was sent. One thread.
 */
#ifndef PLIMSOLL_TESTS_GRPC_PEER_H
#define PLIMSOLL_TESTS_GRPC_PEER_H

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRPC_PEER_REQUESTS 16

struct grpc_peer_reply {
	grpc_status_code status;
	const char *details;
	const char *response, *status_details_bin; /* NULL: none */
	size_t response_bytes, status_details_bytes;
	int never; /* no answer at all */
};

struct grpc_peer {
	grpc_server *server;
	grpc_completion_queue *queue;
	pthread_t thread;
	int port;
	const struct grpc_peer_reply *replies; /* the last one repeats */
	size_t reply_count;
	pthread_mutex_t lock;
	size_t served;
	struct grpc_peer_request {
		char method[96], authorization[64];
		char *body; /* inflated by core */
		size_t body_bytes;
	} requests[GRPC_PEER_REQUESTS];
};

struct grpc_peer_call {
	struct grpc_peer *peer;
	enum { PEER_POSTED, PEER_READING, PEER_ANSWERING } state;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *message;
	grpc_metadata trailing;
	int cancelled;
};

static inline void grpc_peer_post(struct grpc_peer *peer)
{
	struct grpc_peer_call *c = calloc(1, sizeof(*c));

	c->peer = peer;
	grpc_call_details_init(&c->details);
	grpc_metadata_array_init(&c->metadata);
	grpc_server_request_call(peer->server, &c->call, &c->details, &c->metadata, peer->queue, peer->queue, c);
}

static inline void grpc_peer_copy(char *out, size_t size, grpc_slice s)
{
	snprintf(out, size, "%.*s", (int)GRPC_SLICE_LENGTH(s), (const char *)GRPC_SLICE_START_PTR(s));
}

static inline void grpc_peer_keep_metadata(struct grpc_peer_call *c, struct grpc_peer_request *r)
{
	grpc_peer_copy(r->method, sizeof(r->method), c->details.method);
	for (size_t i = 0; i < c->metadata.count; i++) {
		if (grpc_slice_str_cmp(c->metadata.metadata[i].key, "authorization") == 0)
			grpc_peer_copy(r->authorization, sizeof(r->authorization), c->metadata.metadata[i].value);
	}
}

static inline void grpc_peer_keep_body(struct grpc_peer_call *c, struct grpc_peer_request *r)
{
	grpc_byte_buffer_reader reader;

	if (c->message == NULL || !grpc_byte_buffer_reader_init(&reader, c->message))
		return;
	grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
	r->body_bytes = GRPC_SLICE_LENGTH(all);
	r->body = malloc(r->body_bytes + 1);
	memcpy(r->body, GRPC_SLICE_START_PTR(all), r->body_bytes);
	grpc_slice_unref(all);
	grpc_byte_buffer_reader_destroy(&reader);
}

static inline struct grpc_peer_reply grpc_peer_keep(struct grpc_peer_call *c)
{
	struct grpc_peer *peer = c->peer;

	pthread_mutex_lock(&peer->lock);
	size_t i = peer->served++;
	if (i < GRPC_PEER_REQUESTS) {
		grpc_peer_keep_metadata(c, &peer->requests[i]);
		grpc_peer_keep_body(c, &peer->requests[i]);
	}
	pthread_mutex_unlock(&peer->lock);
	return peer->replies[i < peer->reply_count ? i : peer->reply_count - 1];
}

static inline void grpc_peer_read(struct grpc_peer_call *c)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	c->state = PEER_READING;
	op.data.recv_message.recv_message = &c->message;
	assert(grpc_call_start_batch(c->call, &op, 1, c, NULL) == GRPC_CALL_OK);
}

static inline void grpc_peer_answer(struct grpc_peer_call *c)
{
	struct grpc_peer_reply reply = grpc_peer_keep(c);
	grpc_op ops[4] = { { .op = GRPC_OP_RECV_CLOSE_ON_SERVER },
			   { .op = GRPC_OP_SEND_INITIAL_METADATA },
			   { .op = GRPC_OP_SEND_STATUS_FROM_SERVER },
			   { .op = GRPC_OP_SEND_MESSAGE } };
	grpc_slice details = grpc_slice_from_copied_string(reply.details != NULL ? reply.details : "");
	grpc_slice body =
		grpc_slice_from_copied_buffer(reply.response != NULL ? reply.response : "", reply.response_bytes);
	grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&body, 1);

	c->state = PEER_ANSWERING;
	ops[0].data.recv_close_on_server.cancelled = &c->cancelled;
	ops[2].data.send_status_from_server.status = reply.status;
	ops[2].data.send_status_from_server.status_details = &details;
	if (reply.status_details_bin != NULL) {
		c->trailing.key = grpc_slice_from_static_string("grpc-status-details-bin");
		c->trailing.value = grpc_slice_from_copied_buffer(reply.status_details_bin, reply.status_details_bytes);
		ops[2].data.send_status_from_server.trailing_metadata = &c->trailing;
		ops[2].data.send_status_from_server.trailing_metadata_count = 1;
	}
	ops[3].data.send_message.send_message = message;
	size_t count = reply.never ? 1 : reply.status == GRPC_STATUS_OK ? 4 : 3;
	assert(grpc_call_start_batch(c->call, ops, count, c, NULL) == GRPC_CALL_OK);
	grpc_byte_buffer_destroy(message);
	grpc_slice_unref(body);
	grpc_slice_unref(details);
}

static inline void grpc_peer_free_call(struct grpc_peer_call *c)
{
	if (c->call != NULL)
		grpc_call_unref(c->call);
	if (c->message != NULL)
		grpc_byte_buffer_destroy(c->message);
	if (c->trailing.value.refcount != NULL)
		grpc_slice_unref(c->trailing.value);
	grpc_call_details_destroy(&c->details);
	grpc_metadata_array_destroy(&c->metadata);
	free(c);
}

static inline void *grpc_peer_serve(void *arg)
{
	struct grpc_peer *peer = arg;

	for (;;) {
		grpc_event event = grpc_completion_queue_next(peer->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		struct grpc_peer_call *c = event.tag;
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		if (c == NULL) /* the server has shut down */
			grpc_completion_queue_shutdown(peer->queue);
		else if (c->state == PEER_POSTED && event.success) {
			grpc_peer_post(peer);
			grpc_peer_read(c);
		} else if (c->state == PEER_READING)
			grpc_peer_answer(c);
		else
			grpc_peer_free_call(c);
	}
}

/* credentials: NULL for none; released here. */
static inline void grpc_peer_start(struct grpc_peer *peer, int port, const struct grpc_peer_reply *replies,
				   size_t count, grpc_server_credentials *credentials)
{
	grpc_arg no_sharing = { .type = GRPC_ARG_INTEGER, .key = (char[]){ "grpc.so_reuseport" } };
	grpc_channel_args args = { 1, &no_sharing };
	char address[32];

	grpc_init();
	memset(peer, 0, sizeof(*peer));
	peer->replies = replies;
	peer->reply_count = count;
	pthread_mutex_init(&peer->lock, NULL);
	peer->server = grpc_server_create(&args, NULL);
	peer->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(peer->server, peer->queue, NULL);
	if (credentials == NULL)
		credentials = grpc_insecure_server_credentials_create();
	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	peer->port = grpc_server_add_http2_port(peer->server, address, credentials);
	grpc_server_credentials_release(credentials);
	assert(peer->port > 0);
	grpc_server_start(peer->server);
	grpc_peer_post(peer);
	pthread_create(&peer->thread, NULL, grpc_peer_serve, peer);
}

static inline size_t grpc_peer_served(struct grpc_peer *peer)
{
	pthread_mutex_lock(&peer->lock);
	size_t served = peer->served;
	pthread_mutex_unlock(&peer->lock);
	return served;
}

/* The i-th request, once it is known to have been served. */
static inline const struct grpc_peer_request *grpc_peer_request(struct grpc_peer *peer, size_t i)
{
	assert(grpc_peer_served(peer) > i); /* under the lock, so what it holds is visible here */
	return &peer->requests[i];
}

static inline void grpc_peer_stop(struct grpc_peer *peer)
{
	grpc_server_shutdown_and_notify(peer->server, peer->queue, NULL);
	grpc_server_cancel_all_calls(peer->server);
	pthread_join(peer->thread, NULL);
	grpc_server_destroy(peer->server);
	grpc_completion_queue_destroy(peer->queue);
	for (size_t i = 0; i < GRPC_PEER_REQUESTS; i++)
		free(peer->requests[i].body);
	pthread_mutex_destroy(&peer->lock);
	grpc_shutdown_blocking();
}

#endif
