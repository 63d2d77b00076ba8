/* SPDX-License-Identifier: Apache-2.0
 * daemon/memory_guard.c - a timer, /proc/self/statm, and two limits.
 */
#include "agent/daemon/memory_guard.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/cgroup.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/base/pressure.h"

#define REQUESTS_SHARE 4 /* of the limit: all requests that are worked on */
#define REQUEST_SHARE  8 /* of the limit: one request; it is held, copied and indexed */

struct memory_guard {
	uv_timer_t timer;
	struct senders *senders;
	uint64_t soft_bytes, hard_bytes;
	int statm;
	long page_bytes;
	struct meter *used;
};

uint64_t memory_limit_of(const struct config *config)
{
	if (config->limits.memory.limit_bytes > 0)
		return config->limits.memory.limit_bytes;
	return cgroup_memory_limit(NULL, NULL) / 100 * (uint64_t)config->limits.memory.limit_percentage;
}

static void lower(uint64_t *bytes, uint64_t most)
{
	if (*bytes > most)
		*bytes = most;
}

void memory_limit_apply(uint64_t limit_bytes, struct config *receiving)
{
	if (limit_bytes == 0)
		return;
	lower(&receiving->limits.max_in_flight_bytes, limit_bytes / REQUESTS_SHARE);
	lower(&receiving->grpc.max_recv_msg_size_bytes, limit_bytes / REQUEST_SHARE);
	lower(&receiving->http.max_request_body_size_bytes, limit_bytes / REQUEST_SHARE);
}

/* Resident bytes less those of files; 0 where the kernel does not tell. */
static uint64_t anonymous_bytes(const struct memory_guard *g)
{
	unsigned long long size, resident, shared;
	char text[128];
	ssize_t n = pread(g->statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3 || shared > resident)
		return 0;
	return (resident - shared) * (uint64_t)g->page_bytes;
}

static enum pressure level_of(const struct memory_guard *g, uint64_t used)
{
	if (g->hard_bytes == 0 || used <= g->soft_bytes)
		return PRESSURE_NONE;
	return used <= g->hard_bytes ? PRESSURE_SOFT : PRESSURE_HARD;
}

static void report(const struct memory_guard *g, enum pressure level, uint64_t used)
{
	static const char *const events[] = { "memory_relieved", "memory_soft_limit", "memory_limit" };

	LOG(WARN, "daemon", events[level], "used_bytes=%llu soft_bytes=%llu limit_bytes=%llu", (unsigned long long)used,
	    (unsigned long long)g->soft_bytes, (unsigned long long)g->hard_bytes);
}

static void check(uv_timer_t *timer)
{
	struct memory_guard *g = timer->data;
	uint64_t used = anonymous_bytes(g);

	if (level_of(g, used) != PRESSURE_NONE) { /* what the heap only keeps for later is no reason to refuse anybody */
		malloc_trim(0);
		used = anonymous_bytes(g);
	}
	enum pressure level = level_of(g, used);
	if (level != pressure_get())
		report(g, level, used);
	pressure_set(level);
	meter_set(g->used, (int64_t)used);
	if (level == PRESSURE_HARD && g->senders != NULL && senders_shed(g->senders, used - g->soft_bytes) > 0)
		malloc_trim(0);
}

static void set_limits(struct memory_guard *g, const struct config *config)
{
	uint64_t spike = config->limits.memory.spike_limit_bytes;

	g->hard_bytes = memory_limit_of(config);
	if (spike == 0 || spike >= g->hard_bytes)
		spike = g->hard_bytes / 5;
	g->soft_bytes = g->hard_bytes - spike;
	meter_set(meter_get(METER_MEMORY_LIMIT, ""), (int64_t)g->hard_bytes);
}

struct memory_guard *memory_guard_start(const struct config *config, uv_loop_t *loop, struct senders *senders)
{
	struct memory_guard *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->senders = senders;
	g->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	g->page_bytes = sysconf(_SC_PAGESIZE);
	g->used = meter_get(METER_MEMORY, "");
	set_limits(g, config);
	pressure_set(PRESSURE_NONE);
	uv_timer_init(loop, &g->timer);
	g->timer.data = g;
	uv_timer_start(&g->timer, check, 0, config->limits.memory.check_interval_ms);
	return g;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void memory_guard_stop(struct memory_guard *g)
{
	if (g == NULL)
		return;
	pressure_set(PRESSURE_NONE);
	if (g->statm >= 0)
		close(g->statm);
	uv_close((uv_handle_t *)&g->timer, on_closed);
}
