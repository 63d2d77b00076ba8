/* SPDX-License-Identifier: Apache-2.0
 * Any text through the OTLP/JSON transcoder: what it accepts, protobuf-c unpacks, and packs into as many bytes.
 * Input: a byte that chooses the signal, then the text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/otlp/json_transcode.h"
#include "proto/otlp_logs.pb-c.h"
#include "proto/otlp_metrics.pb-c.h"
#include "proto/otlp_trace.pb-c.h"

#define LIMIT 65536u

static void die(const char *what)
{
	fprintf(stderr, "fuzz_transcode: %s\n", what);
	abort();
}

static const ProtobufCMessageDescriptor *const requests[SIGNAL_COUNT] = {
	[SIGNAL_TRACES] = &otlp__export_trace_service_request__descriptor,
	[SIGNAL_METRICS] = &otlp__export_metrics_service_request__descriptor,
	[SIGNAL_LOGS] = &otlp__export_logs_service_request__descriptor,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;
	char where[40] = "";

	if (size == 0)
		return 0;
	enum signal signal = (enum signal)(data[0] % SIGNAL_COUNT);
	struct status s = json_to_wire((struct slice){ (const char *)data + 1, size - 1 }, signal, LIMIT, &out, where);
	if (FAILED(s)) {
		if (out.len != 0 || (s.code == STATUS_MALFORMED && where[0] == '\0'))
			die("a refused text left bytes, or has no place");
	} else {
		ProtobufCMessage *m =
			protobuf_c_message_unpack(requests[signal], NULL, out.len, (const uint8_t *)out.ptr);
		if (m == NULL || out.len > LIMIT)
			die("the result is no request, or too large");
		protobuf_c_message_free_unpacked(m, NULL);
	}
	buf_release(&out);
	return 0;
}
