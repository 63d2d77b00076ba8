/* SPDX-License-Identifier: Apache-2.0
 * What forwarding costs: CPU seconds of this process per million spans sent by an OTLP exporter.
 *
 *     bench_forward SERVER [--exporter otlp|otlphttp] [--storage memory|lmdb] [--directory D] [--spans N] [--batch N]
 *                   [--consumers N] [--compression none|gzip]
 *
 * Starts SERVER on a port of the system's choice and sends to it through the queue and the exporter: noop_server takes
 * gRPC, receive_server HTTP too; both ignore what they get. consumers are sending_queue.num_consumers; a queue on the
 * disk lies below D, which is made and removed. The requests are made beforehand, so their making is not counted.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/meter.h"
#include "exporters/kinds.h"
#include "exporters/sender.h"
#include "tests/bench/otlp_spans.h"

#define TEMPLATES   8
#define OUTSTANDING 8 /* requests that wait or are on their way */

extern char **environ;

static struct bench {
	const char *server, *compression, *exporter, *storage, *directory;
	uint64_t spans, batch, consumers;
	pid_t server_pid;
	unsigned port;
	uv_loop_t loop;
	struct config *config;
	struct senders *senders;
	struct payload *payloads[TEMPLATES];
	uint64_t offered, wall_ns, cpu_ns;
} bench = { .compression = "none", .exporter = "otlp", .storage = "memory", .directory = "build", .spans = 2000000, .batch = 512, .consumers = 1 };

static void fail(const char *what)
{
	fprintf(stderr, "bench_forward: %s\n", what);
	if (bench.server_pid > 0)
		kill(bench.server_pid, SIGTERM);
	exit(1);
}

static void read_arguments(int argc, char **argv)
{
	if (argc < 2 || argc % 2 != 0)
		fail("usage: bench_forward SERVER [--exporter otlp|otlphttp] [--storage memory|lmdb] [--directory D] "
		     "[--spans N] [--batch N] [--consumers N] [--compression none|gzip]");
	bench.server = argv[1];
	for (int i = 2; i < argc; i += 2) {
		if (strcmp(argv[i], "--spans") == 0)
			bench.spans = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--batch") == 0)
			bench.batch = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--consumers") == 0)
			bench.consumers = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--compression") == 0)
			bench.compression = argv[i + 1];
		else if (strcmp(argv[i], "--exporter") == 0)
			bench.exporter = argv[i + 1];
		else if (strcmp(argv[i], "--storage") == 0)
			bench.storage = argv[i + 1];
		else if (strcmp(argv[i], "--directory") == 0)
			bench.directory = argv[i + 1];
		else
			fail("unknown argument");
	}
}

static bool is_http(void)
{
	return strcmp(bench.exporter, "otlphttp") == 0;
}

static void start_server(void)
{
	char *argv[] = { (char *)(uintptr_t)bench.server, (char[]){ "127.0.0.1:0" }, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe(ends) != 0 || posix_spawn_file_actions_init(&actions) != 0)
		fail("no pipe");
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (posix_spawn(&bench.server_pid, bench.server, &actions, NULL, argv, environ) != 0)
		fail("cannot start the server");
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	FILE *out = fdopen(ends[0], "r");
	unsigned grpc = 0, http = 0;
	char line[64];
	if (out == NULL || fgets(line, sizeof(line), out) == NULL || sscanf(line, "ready grpc=%u http=%u", &grpc, &http) < 1)
		fail("the server did not say that it is ready");
	bench.port = is_http() ? http : grpc;
	fclose(out);
}

static void load_config(void)
{
	char path[] = "/tmp/plimsoll-bench-XXXXXX";
	const struct exporter_kind *kind = is_http() ? &exporter_otlphttp : &exporter_otlp;
	struct config_kind kinds[] = { { kind->name, kind->options, kind->options_size, "", NULL } };
	struct buf errors = BUF_INIT;
	FILE *file = fdopen(mkstemp(path), "w");

	if (file == NULL)
		fail("no temporary file");
	fprintf(file,
		"exporters:\n  %s:\n    endpoint: http://127.0.0.1:%u\n    compression: %s\n"
		"    sending_queue: { num_consumers: %llu, storage: %s }\n",
		bench.exporter, bench.port, bench.compression, (unsigned long long)bench.consumers, bench.storage);
	fclose(file);
	if (FAILED(config_load(path, kinds, 1, &bench.config, &errors)))
		fail(buf_string(&errors));
	unlink(path);
}

static void make_payloads(void)
{
	const struct span_series series = { .base_unix_ns = clock_unix_ns() };

	for (size_t i = 0; i < TEMPLATES; i++) {
		struct span_template t;
		span_template_init(&t, bench.batch, i);
		bench.payloads[i] = payload_new(PAYLOAD_TRACES, t.wire.len, (uint32_t)bench.batch);
		if (bench.payloads[i] == NULL)
			fail("no memory");
		span_template_write(&t, &series, i, bench.payloads[i]->bytes);
		span_template_release(&t);
	}
}

static uint64_t settled(void)
{
	char labels[64];

	snprintf(labels, sizeof(labels), "exporter=\"%s\",kind=\"traces\"", bench.exporter);
	return (uint64_t)meter_value(meter_get(METER_EXPORTED, labels));
}

static void keep_busy(uint64_t spans)
{
	uint64_t target = bench.offered + spans;

	while (settled() < target) {
		for (; bench.offered < target && bench.offered - settled() < OUTSTANDING * bench.batch;
		     bench.offered += bench.batch)
			senders_offer(bench.senders, bench.payloads[bench.offered / bench.batch % TEMPLATES]);
		uv_run(&bench.loop, UV_RUN_ONCE);
	}
}

static void note_drained(void *context)
{
	*(bool *)context = true;
}

/* Below bench.directory, since /tmp may be memory. */
static char *make_directory(void)
{
	char *path = NULL;

	if (asprintf(&path, "%s/forward-queue-XXXXXX", bench.directory) < 0 || mkdtemp(path) == NULL)
		fail("no directory for the queue");
	return path;
}

static void remove_directory(char *path)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "plimsoll.lock" };
	char file[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, files[i]);
		unlink(file);
	}
	rmdir(path);
	free(path);
}

static void stop(struct http_client *http)
{
	bool is_drained = false;

	senders_drain(bench.senders, 1000, note_drained, &is_drained);
	while (!is_drained)
		uv_run(&bench.loop, UV_RUN_NOWAIT);
	senders_free(bench.senders);
	http_client_free(http);
	uv_run(&bench.loop, UV_RUN_DEFAULT);
	kill(bench.server_pid, SIGTERM);
	waitpid(bench.server_pid, NULL, 0);
}

int main(int argc, char **argv)
{
	struct buf why = BUF_INIT;
	struct rusage usage;

	read_arguments(argc, argv);
	start_server();
	load_config();
	make_payloads();
	uv_loop_init(&bench.loop);
	char *path = make_directory();
	struct exporter_env env = { .loop = &bench.loop, .queue_directory = path };
	if (FAILED(http_client_new(&bench.loop, &env.http)))
		fail("no HTTP client");
	if (FAILED(senders_open(bench.config, &env, &bench.senders, &why)))
		fail(buf_string(&why));
	keep_busy(bench.batch * OUTSTANDING); /* the connection is made, buffers have grown */
	uint64_t start_ns = clock_mono_ns(), start_cpu_ns = clock_process_cpu_ns();
	uint64_t spans = (bench.spans + bench.batch - 1) / bench.batch * bench.batch;
	keep_busy(spans);
	double cpu_s = (double)(clock_process_cpu_ns() - start_cpu_ns) / 1e9;
	double wall_s = (double)(clock_mono_ns() - start_ns) / 1e9;
	getrusage(RUSAGE_SELF, &usage);
	printf("forward %s storage=%s batch=%llu bytes_per_request=%zu compression=%s consumers=%llu: %.3f CPU seconds per "
	       "million spans, "
	       "%.0f spans/s, peak %ld MiB\n",
	       bench.exporter, bench.storage, (unsigned long long)bench.batch, bench.payloads[0]->size_bytes, bench.compression,
	       (unsigned long long)bench.consumers, cpu_s * 1e6 / (double)spans, (double)spans / wall_s,
	       usage.ru_maxrss / 1024);
	stop(env.http);
	remove_directory(path);
	return 0;
}
