/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_method.c - Export of the three signals, and the table.
 */
#include "agent/receivers/grpc_method.h"

#include "agent/receivers/reply.h"
#include "agent/receivers/rpc_status.h"

static void answer_reply(const struct lane *l, enum signal signal, const struct ingest_reply *reply, struct buf *scratch,
			 struct answer *answer)
{
	*answer =
		(struct answer){ .grpc_code = reply_row(reply->status.code)->grpc_code, .message = reply->status.why };
	buf_reset(scratch);
	if (FAILED(reply->status)) {
		lane_refused(l, signal, reply->status.code);
		rpc_status_pack(reply, scratch);
		answer->status_details = buf_view(scratch);
	} else {
		export_response_pack(reply, scratch);
		answer->body = buf_view(scratch);
	}
}

void method_refuse(struct grpc_lane *l, enum signal signal, struct status why, struct answer *answer)
{
	const struct ingest_reply reply = { .status = why };

	answer_reply(&l->lane, signal, &reply, &l->scratch, answer);
}

void method_answer(struct call *c, struct buf *scratch, struct answer *answer)
{
	answer_reply(&c->lane->lane, c->method->signal, &c->reply, scratch, answer);
}

static bool export(struct call *c, struct slice body, struct answer *answer)
{
	c->reply = (struct ingest_reply){ .status = OK, .later = &c->later };
	lane_ingest(&c->lane->lane, c->method->signal, body, &c->reply);
	if (c->reply.is_pending)
		return false;
	method_answer(c, &c->lane->scratch, answer);
	return true;
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
