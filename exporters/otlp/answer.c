/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/answer.c - OTLP answers and google.rpc.Status, read by protobuf-c.
 */
#include "exporters/otlp/answer.h"

#include <stdio.h>

#include "proto/otlp_trace.pb-c.h"
#include "proto/rpc_status.pb-c.h"

#define RETRY_INFO_TYPE "type.googleapis.com/google.rpc.RetryInfo"

static const uint8_t *bytes_of(struct slice s)
{
	return (const uint8_t *)s.ptr;
}

struct delivery otlp_read_success(struct slice body)
{
	struct delivery d = { .result = DELIVERY_DONE };
	Otlp__ExportTraceServiceResponse *response =
		otlp__export_trace_service_response__unpack(NULL, body.len, bytes_of(body));

	if (response != NULL && response->partial_success != NULL) {
		int64_t rejected = response->partial_success->rejected_spans;
		d.rejected_items = rejected > 0 ? (uint64_t)rejected : 0;
		snprintf(d.reason, sizeof(d.reason), "%s", response->partial_success->error_message);
	}
	if (response != NULL)
		otlp__export_trace_service_response__free_unpacked(response, NULL);
	return d;
}

static bool read_delay(const Rpc__Any *detail, uint64_t *retry_delay_ms)
{
	Rpc__RetryInfo *info;

	if (strcmp(detail->type_url, RETRY_INFO_TYPE) != 0)
		return false;
	info = rpc__retry_info__unpack(NULL, detail->value.len, detail->value.data);
	if (info == NULL)
		return false;
	*retry_delay_ms = 0;
	if (info->retry_delay != NULL && info->retry_delay->seconds >= 0 && info->retry_delay->seconds < INT32_MAX &&
	    info->retry_delay->nanos >= 0)
		*retry_delay_ms =
			(uint64_t)info->retry_delay->seconds * 1000 + (uint64_t)info->retry_delay->nanos / 1000000;
	rpc__retry_info__free_unpacked(info, NULL);
	return true;
}

bool otlp_read_retry_info(struct slice status_bytes, uint64_t *retry_delay_ms)
{
	Rpc__Status *status = rpc__status__unpack(NULL, status_bytes.len, bytes_of(status_bytes));
	bool found = false;

	for (size_t i = 0; status != NULL && i < status->n_details && !found; i++)
		found = read_delay(status->details[i], retry_delay_ms);
	if (status != NULL)
		rpc__status__free_unpacked(status, NULL);
	return found;
}

void otlp_read_status_message(struct slice status_bytes, struct buf *out)
{
	Rpc__Status *status = rpc__status__unpack(NULL, status_bytes.len, bytes_of(status_bytes));

	if (status == NULL)
		return;
	buf_text(out, status->message);
	rpc__status__free_unpacked(status, NULL);
}
