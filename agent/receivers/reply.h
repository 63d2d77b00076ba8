/* SPDX-License-Identifier: Apache-2.0
 * receivers/reply.h - what each status means to a sender: the gRPC code, the HTTP status, and whether to try again.
 *
 * One table for both transports. Source: the OTLP specification's "Failures" sections; gRPC status codes by number.
 */
#ifndef PLIMSOLL_RECEIVERS_REPLY_H
#define PLIMSOLL_RECEIVERS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/receivers/receiver.h"

struct reply_row {
	enum status_code status;
	int grpc_code;
	unsigned http_status;
	bool retryable;     /* the answer then carries RetryInfo or Retry-After */
	const char *reason; /* label of plimsoll_agent_refused_total */
};

const struct reply_row *reply_row(enum status_code status);

/* The delay to tell the sender: what the reply asks for, else a second. Only of retryable replies. */
uint32_t reply_retry_after_ms(const struct ingest_reply *reply);

static inline bool reply_is_partial(const struct ingest_reply *reply)
{
	return reply->rejected_items > 0 || reply->rejected_why != NULL;
}

#endif
