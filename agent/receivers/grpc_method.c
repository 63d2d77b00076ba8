/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_method.c - Export of the three signals, and the table.
 */
#include "agent/receivers/grpc_method.h"

#include "agent/receivers/reply.h"
#include "agent/receivers/rpc_status.h"

static void answer_reply(struct grpc_lane *l, enum signal signal, const struct ingest_reply *reply,
			 struct answer *answer)
{
	*answer =
		(struct answer){ .grpc_code = reply_row(reply->status.code)->grpc_code, .message = reply->status.why };
	buf_reset(&l->scratch);
	if (FAILED(reply->status)) {
		lane_refused(&l->lane, signal, reply->status.code);
		rpc_status_pack(reply, &l->scratch);
		answer->status_details = buf_view(&l->scratch);
	} else {
		export_response_pack(reply, &l->scratch);
		answer->body = buf_view(&l->scratch);
	}
}

void method_refuse(struct grpc_lane *l, enum signal signal, struct status why, struct answer *answer)
{
	const struct ingest_reply reply = { .status = why };

	answer_reply(l, signal, &reply, answer);
}

static void export(struct grpc_lane *l, const struct method *m, struct slice body, struct answer *answer)
{
	struct ingest_reply reply = { .status = OK };

	lane_ingest(&l->lane, m->signal, body, &reply);
	answer_reply(l, m->signal, &reply, answer);
}

#define EXPORT(name) "/opentelemetry.proto.collector." name "/Export"
static const struct method methods[] = {
	{ EXPORT("trace.v1.TraceService"), SIGNAL_TRACES, export },
	{ EXPORT("metrics.v1.MetricsService"), SIGNAL_METRICS, export },
	{ EXPORT("logs.v1.LogsService"), SIGNAL_LOGS, export },
	{ "/grpc.health.v1.Health/Check", SIGNAL_COUNT, health_check },
};

const struct method *method_find(struct slice path)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_equal(path, slice_of(methods[i].path)))
			return &methods[i];
	return NULL;
}
