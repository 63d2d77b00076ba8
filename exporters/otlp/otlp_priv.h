/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/otlp_priv.h - what otlp.c (options, life), channel.c (connection) and call.c (one attempt) share.
 */
#ifndef PLIMSOLL_EXPORTERS_OTLP_OTLP_PRIV_H
#define PLIMSOLL_EXPORTERS_OTLP_OTLP_PRIV_H

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>

#include "agent/base/meter.h"
#include "agent/net/file_watch.h"
#include "exporters/client_auth.h"
#include "exporters/exporter.h"

#define OTLP_SIGNALS 3 /* PAYLOAD_TRACES, _METRICS, _LOGS */

struct otlp_options {
	const char *endpoint;
	struct string_map headers;
	int compression;
	uint64_t timeout_ms;
	struct tls_client_config tls;
	struct client_auth_config auth;
	struct queue_config queue;
	struct retry_config retry;
};

/* Everything belongs to the loop thread but `ended`, which the queue's thread fills under the lock. */
struct otlp_exporter {
	const char *id;
	const struct otlp_options *options;
	struct client_auth *auth;
	struct buf tls_key;           /* "exporters.otlp/a.tls" */
	struct file_watch *tls_watch; /* its load makes the channel; NULL: no TLS */
	grpc_channel *channel;
	grpc_channel_credentials *credentials; /* of the channel, for the next one */
	unsigned channel_number; /* counts the channels there were */
	void *methods[OTLP_SIGNALS]; /* core's handles of the registered methods */
	grpc_metadata *metadata;     /* configured headers, then the compression that core announces */
	size_t metadata_count;
	grpc_completion_queue *queue;
	pthread_t queue_thread;
	uv_async_t wake;
	struct otlp_call *running;
	pthread_mutex_t lock;
	struct otlp_call *ended;
};

/* Makes the channel for the options' endpoint, and makes another whenever a TLS file changes; it connects when the first
 * call is made. Errors: INVALID, IO with why filled. */
struct status otlp_channel_open(struct otlp_exporter *e, struct buf *why) MUST_USE;

/* A call of that channel was not answered in time. Where the channel is connected nevertheless, it is made anew: nobody may
 * be at the other end any more, and TCP would find out after a quarter of an hour. */
void otlp_channel_suspect(struct otlp_exporter *e, unsigned channel_number);

/* Also where otlp_channel_open has failed. */
void otlp_channel_close(struct otlp_exporter *e);

/* Starts one attempt; done is called on the loop. */
void otlp_call_start(struct otlp_exporter *e, struct payload *p, delivery_done done, void *context);

/* Asks core to end the calls that run; done follows soon. state: struct otlp_exporter. */
void otlp_cancel_calls(void *state);

/* The queue's thread: hands ended calls to the loop until the queue is shut down. arg: struct otlp_exporter. */
void *otlp_watch_queue(void *arg);

/* On the loop: tells the owners of ended calls what became of them. */
void otlp_finish_calls(uv_async_t *wake);

#endif
