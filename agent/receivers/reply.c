/* SPDX-License-Identifier: Apache-2.0
 * receivers/reply.c - the table from our statuses to the protocols' codes.
 *
 * A request that would fail the same way again must not be retried: too large, malformed, past a memory cap.
 * RESOURCE_EXHAUSTED is retried by senders only when RetryInfo comes with it, so TOOBIG carries none; FULL is
 * UNAVAILABLE over gRPC, because not every SDK looks for RetryInfo.
 */
#include "agent/receivers/reply.h"

#include <assert.h>

#include <grpc/status.h>

#define RETRY_DEFAULT_MS 1000

static const struct reply_row rows[] = {
	{ STATUS_OK, GRPC_STATUS_OK, 200, false, "none" },
	{ STATUS_NOMEM, GRPC_STATUS_RESOURCE_EXHAUSTED, 413, false, "memory_limit" },
	{ STATUS_MALFORMED, GRPC_STATUS_INVALID_ARGUMENT, 400, false, "malformed" },
	{ STATUS_TOOBIG, GRPC_STATUS_RESOURCE_EXHAUSTED, 413, false, "too_big" },
	{ STATUS_UNSUPPORTED, GRPC_STATUS_UNIMPLEMENTED, 415, false, "unsupported" },
	{ STATUS_INVALID, GRPC_STATUS_INVALID_ARGUMENT, 400, false, "invalid" },
	{ STATUS_NOTFOUND, GRPC_STATUS_NOT_FOUND, 404, false, "not_found" },
	{ STATUS_EXISTS, GRPC_STATUS_ALREADY_EXISTS, 409, false, "exists" },
	{ STATUS_FULL, GRPC_STATUS_UNAVAILABLE, 429, true, "full" },
	{ STATUS_UNAVAILABLE, GRPC_STATUS_UNAVAILABLE, 503, true, "unavailable" },
	{ STATUS_TIMEOUT, GRPC_STATUS_DEADLINE_EXCEEDED, 503, true, "timeout" },
	{ STATUS_DENIED, GRPC_STATUS_PERMISSION_DENIED, 403, false, "denied" },
	{ STATUS_IO, GRPC_STATUS_UNAVAILABLE, 503, true, "incomplete" },
	{ STATUS_CORRUPT, GRPC_STATUS_INTERNAL, 500, false, "corrupt" },
	{ STATUS_UNAUTHENTICATED, GRPC_STATUS_UNAUTHENTICATED, 401, false, "unauthenticated" },
};

const struct reply_row *reply_row(enum status_code status)
{
	assert((size_t)status < sizeof(rows) / sizeof(rows[0]) && rows[status].status == status);
	return &rows[status];
}

uint32_t reply_retry_after_ms(const struct ingest_reply *reply)
{
	return reply->retry_after_ms > 0 ? reply->retry_after_ms : RETRY_DEFAULT_MS;
}
