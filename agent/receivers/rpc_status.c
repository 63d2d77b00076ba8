/* SPDX-License-Identifier: Apache-2.0
 * receivers/rpc_status.c - answers packed by protobuf-c, and the same written as JSON.
 */
#include "agent/receivers/rpc_status.h"

#include <inttypes.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/receivers/reply.h"
#include "proto/otlp_trace.pb-c.h"
#include "proto/rpc_status.pb-c.h"

#define RETRY_INFO_TYPE "type.googleapis.com/google.rpc.RetryInfo"
#define MS_PER_SECOND   1000

static void pack(const ProtobufCMessage *message, struct buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	char *at = buf_reserve(out, size);

	if (at != NULL)
		out->len += protobuf_c_message_pack(message, (uint8_t *)at);
}

/* protobuf-c's strings are not const, though packing only reads them. */
static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static void pack_with_retry_info(Rpc__Status *status, uint32_t retry_after_ms, struct buf *out)
{
	Rpc__Duration delay = RPC__DURATION__INIT;
	Rpc__RetryInfo info = RPC__RETRY_INFO__INIT;
	Rpc__Any any = RPC__ANY__INIT, *details[] = { &any };
	uint8_t packed[32]; /* a RetryInfo takes at most 20 bytes */

	delay.seconds = retry_after_ms / MS_PER_SECOND;
	delay.nanos = (int32_t)(retry_after_ms % MS_PER_SECOND * NS_PER_MS);
	info.retry_delay = &delay;
	any.type_url = text(RETRY_INFO_TYPE);
	any.value.data = packed;
	any.value.len = rpc__retry_info__pack(&info, packed);
	status->n_details = 1;
	status->details = details;
	pack(&status->base, out);
}

void rpc_status_pack(const struct ingest_reply *reply, struct buf *out)
{
	const struct reply_row *row = reply_row(reply->status.code);
	Rpc__Status status = RPC__STATUS__INIT;

	status.code = row->grpc_code;
	status.message = text(reply->status.why);
	if (row->retryable)
		pack_with_retry_info(&status, reply_retry_after_ms(reply), out);
	else
		pack(&status.base, out);
}

void rpc_status_json(const struct ingest_reply *reply, struct buf *out)
{
	const struct reply_row *row = reply_row(reply->status.code);

	buf_printf(out, "{\"code\":%d,\"message\":", row->grpc_code);
	json_write_string(out, slice_of(reply->status.why));
	if (row->retryable) {
		uint32_t ms = reply_retry_after_ms(reply);
		buf_printf(out, ",\"details\":[{\"@type\":\"" RETRY_INFO_TYPE "\",\"retryDelay\":\"%u.%03us\"}]",
			   ms / MS_PER_SECOND, ms % MS_PER_SECOND);
	}
	buf_byte(out, '}');
}

/* The three signals' partial successes differ in names only, so the trace messages stand for all on the wire. */
void export_response_pack(const struct ingest_reply *reply, struct buf *out)
{
	Otlp__ExportTraceServiceResponse response = OTLP__EXPORT_TRACE_SERVICE_RESPONSE__INIT;
	Otlp__ExportTracePartialSuccess partial = OTLP__EXPORT_TRACE_PARTIAL_SUCCESS__INIT;

	if (!reply_is_partial(reply))
		return;
	partial.rejected_spans = (int64_t)reply->rejected_items;
	if (reply->rejected_why != NULL)
		partial.error_message = text(reply->rejected_why);
	response.partial_success = &partial;
	pack(&response.base, out);
}

void export_response_json(const struct ingest_reply *reply, enum signal signal, struct buf *out)
{
	static const char *const rejected_names[SIGNAL_COUNT] = {
		[SIGNAL_TRACES] = "rejectedSpans",
		[SIGNAL_METRICS] = "rejectedDataPoints",
		[SIGNAL_LOGS] = "rejectedLogRecords",
	};

	if (!reply_is_partial(reply)) {
		buf_text(out, "{}");
		return;
	}
	buf_printf(out, "{\"partialSuccess\":{\"%s\":\"%" PRIu64 "\"", rejected_names[signal], reply->rejected_items);
	if (reply->rejected_why != NULL) {
		buf_text(out, ",\"errorMessage\":");
		json_write_string(out, slice_of(reply->rejected_why));
	}
	buf_text(out, "}}");
}
