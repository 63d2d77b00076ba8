/* SPDX-License-Identifier: Apache-2.0
 * observe/process.c - what the agent says of itself: its meters, its build, and the process_* families.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/observe/observe_priv.h"

static void render_meter_family(struct exposition *x, enum meter_family id)
{
	const struct meter_info *info = &meter_infos[id];
	bool is_counter = info->type[0] == 'c';
	struct slice name = slice_of(info->name);
	char text[96];
	struct metric_family family = { text, is_counter ? METRIC_COUNTER : METRIC_GAUGE, info->help };

	snprintf(text, sizeof(text), "%.*s", (int)(is_counter ? name.len - strlen("_total") : name.len), name.ptr);
	bool begun = false;
	for (const struct meter *m = meter_first(); m != NULL; m = m->next) {
		int64_t value = meter_value(m);
		if (m->family != id || value == METER_GONE)
			continue;
		if (!begun)
			exposition_family(x, &family);
		begun = true;
		exposition_i64(x, slice_of(m->labels), value);
	}
	x->family = NULL;
}

void meters_render(struct exposition *x)
{
	for (int id = 0; id < METER_FAMILY_COUNT; id++)
		render_meter_family(x, (enum meter_family)id);
}

/* Second number of /proc/self/statm: resident pages. 0 where it cannot be read. */
static uint64_t resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Field 22 of /proc/self/stat is the start in clock ticks since boot (proc(5)). */
double process_start_unix_s(void)
{
	char text[1024];
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	const char *at = strrchr(text, ')'); /* the name before it may hold anything */
	if (at == NULL ||
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ticks) != 1)
		return 0;
	struct timespec boot;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	double age_s = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9 - (double)ticks / (double)sysconf(_SC_CLK_TCK);
	return (double)clock_unix_ns() / 1e9 - age_s;
}

void process_render(struct exposition *x, double start_unix_s)
{
	static const struct metric_family build = { "plimsoll_agent_build", METRIC_INFO, "The running version" },
					  resident = { "process_resident_memory_bytes", METRIC_GAUGE,
						       "Resident memory size in bytes" },
					  cpu = { "process_cpu_seconds", METRIC_COUNTER,
						  "Total user and system CPU time spent in seconds" },
					  start = { "process_start_time_seconds", METRIC_GAUGE,
						    "Start time of the process since unix epoch in seconds" };

	exposition_family(x, &build);
	exposition_u64(x, SLICE("version=\"" PLIMSOLL_VERSION "\""), 1);
	exposition_family(x, &resident);
	exposition_u64(x, SLICE_NONE, resident_bytes());
	exposition_family(x, &cpu);
	exposition_decimal(x, SLICE_NONE, (struct decimal){ clock_process_cpu_ns(), 9 });
	exposition_family(x, &start);
	exposition_decimal(x, SLICE_NONE, (struct decimal){ (__int128_t)(start_unix_s * 100), 2 });
}
