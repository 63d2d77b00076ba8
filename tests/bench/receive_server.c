/* SPDX-License-Identifier: Apache-2.0
 * The agent's receivers with a pipeline that does nothing: what receiving costs by itself.
 *
 *     receive_server [--grpc host:port] [--http host:port] [--threads N]
 *
 * Prints "ready grpc=PORT http=PORT" and serves until SIGTERM or SIGINT; then how many requests and bytes came.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/receivers/receiver.h"

static _Atomic uint64_t requests, bytes;

static void ignore(void *context, unsigned lane, enum signal signal, struct slice wire, struct ingest_reply *reply)
{
	(void)context;
	(void)lane;
	(void)signal;
	(void)reply;
	requests++;
	bytes += wire.len;
}

static const char *option(int argc, char **argv, const char *name, const char *fallback)
{
	for (int i = 1; i + 1 < argc; i += 2)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return fallback;
}

int main(int argc, char **argv)
{
	struct config config = {
		.grpc = { .enabled = true,
			  .endpoint = option(argc, argv, "--grpc", "localhost:0"),
			  .max_recv_msg_size_bytes = 64u << 20,
			  .max_concurrent_streams = 16,
			  .threads = atoi(option(argc, argv, "--threads", "1")) },
		.http = { .enabled = true,
			  .endpoint = option(argc, argv, "--http", "localhost:0"),
			  .max_request_body_size_bytes = 64u << 20,
			  .read_timeout_ms = 30000,
			  .max_connections = 1024 },
		.limits.max_in_flight_bytes = 256u << 20,
	};
	struct ingest ingest = { ignore, NULL, 0 };
	struct grpc_receiver *grpc;
	struct http_receiver *http;
	struct buf why = BUF_INIT;
	sigset_t stop;
	int got;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	struct ingest http_ingest = { ignore, NULL, (unsigned)config.grpc.threads };
	if (FAILED(grpc_receiver_start(&config, ingest, &grpc, &why)) ||
	    FAILED(http_receiver_start(&config, http_ingest, &http, &why))) {
		fprintf(stderr, "%s\n", buf_string(&why));
		return 2;
	}
	printf("ready grpc=%u http=%u\n", grpc_receiver_port(grpc), http_receiver_port(http));
	fflush(stdout);
	sigwait(&stop, &got);
	http_receiver_stop(http, 5000);
	grpc_receiver_stop(grpc, 5000);
	printf("requests=%" PRIu64 " bytes=%" PRIu64 "\n", requests, bytes);
	buf_release(&why);
	return 0;
}
