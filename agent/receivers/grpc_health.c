/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_health.c - grpc.health.v1.Health/Check, which Kubernetes `grpc:` probes call.
 *
 * Watch is answered UNIMPLEMENTED, which the protocol lets clients take as "do not watch".
 */
#include "agent/receivers/grpc_method.h"
#include "proto/grpc_health.pb-c.h"

/* The server as a whole, and the services that it has. */
static const char *const services[] = {
	"",
	"opentelemetry.proto.collector.trace.v1.TraceService",
	"opentelemetry.proto.collector.metrics.v1.MetricsService",
	"opentelemetry.proto.collector.logs.v1.LogsService",
};

static bool is_known(const char *service)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(service, services[i]) == 0)
			return true;
	return false;
}

static void answer_serving(struct grpc_lane *l, struct answer *answer)
{
	Health__CheckResponse response = HEALTH__CHECK_RESPONSE__INIT;

	response.status = atomic_load(l->is_serving) ? HEALTH__CHECK_RESPONSE__SERVING_STATUS__SERVING
						     : HEALTH__CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
	buf_reset(&l->scratch);
	char *at = buf_reserve(&l->scratch, health__check_response__get_packed_size(&response));
	l->scratch.len = at != NULL ? health__check_response__pack(&response, (uint8_t *)at) : 0;
	*answer = (struct answer){ .grpc_code = GRPC_STATUS_OK, .body = buf_view(&l->scratch) };
}

bool health_check(struct call *c, struct slice body, struct answer *answer)
{
	Health__CheckRequest *request = health__check_request__unpack(NULL, body.len, (const uint8_t *)body.ptr);

	if (request == NULL)
		*answer = (struct answer){ .grpc_code = GRPC_STATUS_INVALID_ARGUMENT, .message = "broken request" };
	else if (!is_known(request->service))
		*answer = (struct answer){ .grpc_code = GRPC_STATUS_NOT_FOUND, .message = "no such service" };
	else
		answer_serving(c->lane, answer);
	health__check_request__free_unpacked(request, NULL);
	return true;
}
