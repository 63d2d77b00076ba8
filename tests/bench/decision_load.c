/* SPDX-License-Identifier: Apache-2.0
 * Asks an agent on this machine for decisions on budgets over HTTP, each as soon as the one before it is answered.
 *
 *     decision_load PORT GET|POST [--count N] [--connections N] [--users N]
 *
 * The users take turns. Prints one line: answers, refusals, answers a second, and how long an answer took, in
 * milliseconds: median, 99th percentile, the longest. Exits 1 where an answer is none.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/clock.h"

#define CALL "\"model\":\"gpt-4o\",\"provider\":\"openai\",\"input_tokens\":1000,\"max_output_tokens\":200"
#define QUERY "model=gpt-4o&provider=openai&input_tokens=1000&max_output_tokens=200"

static struct load {
	uint16_t port;
	bool posts;
	uint64_t count, connections, users;
} load = { .count = 10000, .connections = 1, .users = 1 };

struct lane {
	pthread_t thread;
	uint64_t number, count, refused;
	uint64_t *times_ns;
	bool failed;
};

static int connected(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(load.port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int write_request(char *out, size_t size, uint64_t user)
{
	char body[200];
	int length;

	if (!load.posts)
		return snprintf(out, size, "GET /api/v1/budgets/decision?user=user-%" PRIu64 "&" QUERY " HTTP/1.1\r\nHost: localhost\r\n\r\n",
				user);
	length = snprintf(body, sizeof(body), "{\"user\":\"user-%" PRIu64 "\"," CALL "}", user);
	return snprintf(out, size, "POST /api/v1/budgets/decision HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
			"Content-Length: %d\r\n\r\n%s", length, body);
}

/* Reads one response whole. An answer fits into one buffer many times over. */
static bool read_answer(int fd, char *text, size_t size)
{
	size_t held = 0;
	const char *end, *length;

	for (;;) {
		ssize_t n = read(fd, text + held, size - 1 - held);
		if (n <= 0)
			return false;
		held += (size_t)n;
		text[held] = '\0';
		end = strstr(text, "\r\n\r\n");
		length = end != NULL ? strstr(text, "Content-Length: ") : NULL;
		if (length != NULL && held >= (size_t)(end + 4 - text) + strtoull(length + 16, NULL, 10))
			return strncmp(text, "HTTP/1.1 200", 12) == 0;
	}
}

static void *run_lane(void *context)
{
	struct lane *l = context;
	char request[600], answer[4096];
	int fd = connected();

	l->failed = fd < 0;
	for (uint64_t i = 0; i < l->count && !l->failed; i++) {
		int length = write_request(request, sizeof(request), (i * load.connections + l->number) % load.users);
		uint64_t begin = clock_mono_ns();
		l->failed = write(fd, request, (size_t)length) != length || !read_answer(fd, answer, sizeof(answer));
		l->times_ns[i] = clock_mono_ns() - begin;
		l->refused += strstr(answer, "\"decision\":\"allow\"") == NULL;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void read_options(int argc, char **argv)
{
	const struct {
		const char *name;
		uint64_t *value;
	} options[] = { { "--count", &load.count }, { "--connections", &load.connections }, { "--users", &load.users } };

	load.port = (uint16_t)strtoul(argv[1], NULL, 10);
	load.posts = strcmp(argv[2], "POST") == 0;
	for (int i = 3; i + 1 < argc; i += 2)
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
			if (strcmp(argv[i], options[k].name) == 0)
				*options[k].value = strtoull(argv[i + 1], NULL, 10);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	read_options(argc, argv);
	uint64_t share = load.count / load.connections, refused = 0;
	uint64_t *times = calloc(share * load.connections, sizeof(*times));
	struct lane *lanes = calloc(load.connections, sizeof(*lanes));
	if (times == NULL || lanes == NULL)
		return 1;
	uint64_t begin = clock_mono_ns();
	for (uint64_t i = 0; i < load.connections; i++) {
		lanes[i] = (struct lane){ .number = i, .count = share, .times_ns = times + i * share };
		if (pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) != 0)
			return 1;
	}
	bool failed = false;
	for (uint64_t i = 0; i < load.connections; i++) {
		pthread_join(lanes[i].thread, NULL);
		failed |= lanes[i].failed;
		refused += lanes[i].refused;
	}
	double seconds = (double)(clock_mono_ns() - begin) / 1e9;
	uint64_t n = share * load.connections;
	qsort(times, n, sizeof(*times), by_time);
	printf("answers=%" PRIu64 " refused=%" PRIu64 " rate=%.0f p50_ms=%.3f p99_ms=%.3f max_ms=%.3f\n", n, refused,
	       (double)n / seconds, (double)times[n / 2] / 1e6, (double)times[n * 99 / 100] / 1e6, (double)times[n - 1] / 1e6);
	free(times);
	free(lanes);
	return failed ? 1 : 0;
}
