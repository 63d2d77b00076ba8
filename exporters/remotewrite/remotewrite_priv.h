/* SPDX-License-Identifier: Apache-2.0
 * exporters/remotewrite/remotewrite_priv.h - what remotewrite.c (options, life, timer) and sending.c (one payload)
 * share.
 */
#ifndef PLIMSOLL_EXPORTERS_REMOTEWRITE_REMOTEWRITE_PRIV_H
#define PLIMSOLL_EXPORTERS_REMOTEWRITE_REMOTEWRITE_PRIV_H

#include "exporters/client_auth.h"
#include "exporters/exporter.h"
#include "exporters/remotewrite/series_set.h"
#include "exporters/remotewrite/write_request.h"

struct remotewrite_options {
	const char *endpoint;
	struct string_map headers, external_labels;
	int protobuf_message; /* enum write_version */
	bool send_metadata;
	uint64_t interval_ms, timeout_ms, max_batch_bytes;
	struct tls_client_config tls;
	struct client_auth_config auth;
	struct queue_config queue;
	struct retry_config retry;
};

/* A payload on its way: one request after the other, made while the payload is read. */
struct sending {
	struct payload *payload; /* NULL: none */
	delivery_done done;
	void *context;
	struct exposition_reader reader;
	bool in_ended; /* behind an exposition: the series that ended are being marked stale */
	size_t ended_place;
	struct buf body;
};

/* Everything belongs to the loop thread. */
struct remotewrite {
	const char *id;
	const struct remotewrite_options *options;
	struct client_auth *auth;
	struct exporter_env env;
	uv_timer_t timer;
	struct string_map headers; /* the protocol's, then the configured ones */
	struct string_map labels;  /* external_labels, and what tells this agent from others */
	char instance[256];
	enum write_version version; /* as configured, or 1.0 once the receiver has shown that it knows no other */
	int64_t start_ms;           /* when all counters began */
	struct series_set known;
	struct write_request request;
	struct sending now;
};

/* Starts on a payload; one at a time. */
void remotewrite_send(void *state, struct payload *p, delivery_done done, void *context);

/* The headers of the version in force, and those of the configuration. */
void remotewrite_set_headers(struct remotewrite *w);

#endif
