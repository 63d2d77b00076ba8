/* SPDX-License-Identifier: Apache-2.0
 * Sends model-call spans over OTLP/gRPC as fast as they are taken, with little CPU of its own.
 *
 *     otlp_load TARGET [--spans N] [--batch N] [--connections N] [--in-flight N] [--seed N]
 *     otlp_load --write FILE [--batch N] [--seed N]
 *
 * in-flight counts calls at a time on each connection; another seed makes other trace and span ids. Prints one line:
 * spans sent, calls that failed, wall seconds, spans a second, bytes a span. Exits 1 where a call failed. --write puts
 * one request into FILE instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>

#include "agent/base/clock.h"
#include "tests/bench/otlp_spans.h"

#define TEMPLATE_SPANS 512 /* at least so many different spans, whatever the batch size */
#define DEADLINE_S     60

static struct load {
	const char *target, *file;
	uint64_t spans, batch, connections, in_flight;

	struct span_template *templates;
	size_t template_count;
	struct span_series series;
	uint64_t requests, sent, failed;
	grpc_completion_queue *queue;
} load = { .spans = 1000000, .batch = 512, .connections = 4, .in_flight = 2, .series = { .seed = 1 } };

struct call {
	grpc_channel *channel;
	grpc_call *core;
	grpc_byte_buffer *request, *response;
	grpc_metadata_array initial, trailing;
	grpc_status_code status;
	grpc_slice details;
};

static void make_templates(void)
{
	load.template_count = (TEMPLATE_SPANS + load.batch - 1) / load.batch;
	load.templates = calloc(load.template_count, sizeof(*load.templates));
	for (size_t i = 0; i < load.template_count; i++)
		span_template_init(&load.templates[i], load.batch, i);
}

static grpc_byte_buffer *make_request(uint64_t n)
{
	const struct span_template *t = &load.templates[n % load.template_count];
	grpc_slice slice = grpc_slice_malloc(t->wire.len);

	span_template_write(t, &load.series, n, (char *)GRPC_SLICE_START_PTR(slice));
	grpc_byte_buffer *request = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return request;
}

static bool start(struct call *c)
{
	static const char path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
	grpc_op ops[6] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },  { .op = GRPC_OP_SEND_MESSAGE },
			   { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT }, { .op = GRPC_OP_RECV_INITIAL_METADATA },
			   { .op = GRPC_OP_RECV_MESSAGE },           { .op = GRPC_OP_RECV_STATUS_ON_CLIENT } };

	if (load.sent == load.requests)
		return false;
	gpr_timespec deadline =
		gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(DEADLINE_S, GPR_TIMESPAN));
	c->core = grpc_channel_create_call(c->channel, NULL, 0, load.queue, grpc_slice_from_static_string(path), NULL,
					   deadline, NULL);
	c->request = make_request(load.sent++);
	grpc_metadata_array_init(&c->initial);
	grpc_metadata_array_init(&c->trailing);
	ops[1].data.send_message.send_message = c->request;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &c->initial;
	ops[4].data.recv_message.recv_message = &c->response;
	ops[5].data.recv_status_on_client.trailing_metadata = &c->trailing;
	ops[5].data.recv_status_on_client.status = &c->status;
	ops[5].data.recv_status_on_client.status_details = &c->details;
	if (grpc_call_start_batch(c->core, ops, 6, c, NULL) != GRPC_CALL_OK)
		abort();
	return true;
}

static void complain(const struct call *c)
{
	if (load.failed++ == 0)
		fprintf(stderr, "first failure: status %d: %.*s\n", c->status, (int)GRPC_SLICE_LENGTH(c->details),
			(const char *)GRPC_SLICE_START_PTR(c->details));
}

static void finish(struct call *c)
{
	if (c->status != GRPC_STATUS_OK)
		complain(c);
	grpc_byte_buffer_destroy(c->request);
	if (c->response != NULL)
		grpc_byte_buffer_destroy(c->response);
	grpc_metadata_array_destroy(&c->initial);
	grpc_metadata_array_destroy(&c->trailing);
	grpc_slice_unref(c->details);
	grpc_call_unref(c->core);
}

static grpc_channel *connect_to(const char *target)
{
	grpc_arg args[] = {
		{ .type = GRPC_ARG_INTEGER,
		  .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
		  .value.integer = 1 },
		{ .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)GRPC_ARG_ENABLE_RETRIES, .value.integer = 0 },
		{ .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)GRPC_ARG_ENABLE_HTTP_PROXY, .value.integer = 0 },
	};
	grpc_channel_args list = { sizeof(args) / sizeof(args[0]), args };
	grpc_channel_credentials *plain = grpc_insecure_credentials_create();
	grpc_channel *channel = grpc_channel_create(target, plain, &list);

	grpc_channel_credentials_release(plain);
	return channel;
}

static void run(grpc_channel **channels)
{
	uint64_t slots = load.connections * load.in_flight, running = 0;
	struct call *calls = calloc(slots, sizeof(*calls));

	for (uint64_t i = 0; i < slots; i++) {
		calls[i].channel = channels[i % load.connections];
		running += start(&calls[i]);
	}
	while (running > 0) {
		grpc_event event = grpc_completion_queue_next(load.queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		finish(event.tag);
		running -= !start(event.tag);
	}
	free(calls);
}

static void report(uint64_t began_ns)
{
	double seconds = (double)(clock_mono_ns() - began_ns) / 1e9;
	double spans = (double)(load.requests * load.batch);

	printf("spans=%.0f failed_calls=%" PRIu64 " seconds=%.3f spans_per_s=%.0f bytes_per_span=%.0f\n", spans,
	       load.failed, seconds, spans / seconds, (double)load.templates[0].wire.len / (double)load.batch);
}

static int send_all(void)
{
	grpc_channel **channels = calloc(load.connections, sizeof(grpc_channel *));

	grpc_init();
	load.queue = grpc_completion_queue_create_for_next(NULL);
	for (uint64_t i = 0; i < load.connections; i++)
		channels[i] = connect_to(load.target);
	uint64_t began_ns = clock_mono_ns();
	run(channels);
	report(began_ns);
	for (uint64_t i = 0; i < load.connections; i++)
		grpc_channel_destroy(channels[i]);
	grpc_completion_queue_shutdown(load.queue);
	while (grpc_completion_queue_next(load.queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
	       GRPC_QUEUE_SHUTDOWN)
		;
	grpc_completion_queue_destroy(load.queue);
	grpc_shutdown();
	free(channels);
	return load.failed > 0;
}

static int write_one(void)
{
	struct span_template *t = &load.templates[0];
	char *request = malloc(t->wire.len);
	FILE *f = fopen(load.file, "wb");

	if (f == NULL || request == NULL) {
		perror(load.file);
		return 2;
	}
	span_template_write(t, &load.series, 0, request);
	fwrite(request, 1, t->wire.len, f);
	free(request);
	return fclose(f) == 0 ? 0 : 2;
}

static int usage(void)
{
	fputs("usage: otlp_load TARGET [--spans N] [--batch N] [--connections N] [--in-flight N] [--seed N]\n"
	      "       otlp_load --write FILE [--batch N] [--seed N]\n",
	      stderr);
	return 2;
}

static bool read_number(const char *name, const char *text)
{
	const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = { { "--spans", &load.spans },
			{ "--batch", &load.batch },
			{ "--connections", &load.connections },
			{ "--in-flight", &load.in_flight },
			{ "--seed", &load.series.seed } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(name, numbers[i].name) == 0)
			return slice_to_u64(slice_of(text), numbers[i].value) && *numbers[i].value > 0;
	return false;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;
		if (argv[i][0] != '-')
			load.target = argv[i];
		else if (has_value && strcmp(argv[i], "--write") == 0)
			load.file = argv[++i];
		else if (!has_value || !read_number(argv[i], argv[i + 1]))
			return usage();
		else
			i++;
	}
	if ((load.target == NULL) == (load.file == NULL))
		return usage();
	load.requests = (load.spans + load.batch - 1) / load.batch;
	load.series.base_unix_ns = clock_unix_ns() - load.requests * load.batch * SPAN_STEP_NS; /* the last one is of now */
	make_templates();
	int rc = load.file != NULL ? write_one() : send_all();
	for (size_t i = 0; i < load.template_count; i++)
		span_template_release(&load.templates[i]);
	free(load.templates);
	return rc;
}
