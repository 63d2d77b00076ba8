/* SPDX-License-Identifier: Apache-2.0
 * An OTLP/gRPC receiver before a pipeline of the test's own, and gRPC core's own client.
 */
#ifndef PLIMSOLL_TESTS_RECEIVERS_GRPC_RIG_H
#define PLIMSOLL_TESTS_RECEIVERS_GRPC_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/grpc_client.h"
#include "tests/unit/receiver_rig.h"

#define MAX_BYTES (1u << 20)
#define TRACES    "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define METRICS   "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define LOGS      "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
#define CHECK     "/grpc.health.v1.Health/Check"

static struct grpc_receiver *receiver;
static grpc_channel *channel;
static struct config config = {
	.grpc = { .enabled = true,
		  .endpoint = "localhost:0",
		  .max_recv_msg_size_bytes = MAX_BYTES,
		  .max_concurrent_streams = 16,
		  .threads = 1 },
	.limits.max_in_flight_bytes = 4 * MAX_BYTES,
};

static inline grpc_channel *connect_to(const char *host)
{
	return client_connect(host, grpc_receiver_port(receiver));
}

static inline int start(void **state)
{
	struct buf why = BUF_INIT;

	(void)state;
	client_begin();
	if (FAILED(grpc_receiver_start(&config, (struct ingest){ fake_ingest, &pipeline, 0 }, &receiver, &why)))
		fail_msg("%s", buf_string(&why));
	channel = connect_to("127.0.0.1");
	buf_release(&why);
	return 0;
}

static inline int stop(void **state)
{
	(void)state;
	grpc_channel_destroy(channel);
	grpc_receiver_stop(receiver, 2000);
	client_end();
	buf_release(&pipeline.wire);
	return 0;
}

static inline struct buf zeros(size_t n)
{
	struct buf b = BUF_INIT;

	memset(buf_reserve(&b, n), 0, n);
	b.len = n;
	return b;
}

/* The pipeline was given these bytes last. */
static inline void assert_took(struct slice wire)
{
	pthread_mutex_lock(&pipeline.lock);
	assert_true(slice_equal(buf_view(&pipeline.wire), wire));
	pthread_mutex_unlock(&pipeline.lock);
}

#endif
