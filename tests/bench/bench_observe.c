/* SPDX-License-Identifier: Apache-2.0
 * bench_observe - what counting a call costs, what a label set holds, and how long a scrape takes.
 *
 *     bench_observe [ROUNDS]
 *
 * One core, one shard, no reader; finding a call's cohort is part of it. Calls come in runs of one label set, then alternate over 20, then over 2000. Prints
 * one JSON line each: CPU nanoseconds a call, best of five. Then resident bytes a label set, and one scrape of 2000 of
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/observe/observe.h"
#include "agent/span/cohort.h"

#define SETS    2000u
#define REPEATS 5

static char features[SETS][24];

static struct call make_call(void)
{
	struct call c = {
		.role = ROLE_LLM,
		.counted = true,
		.provider = SLICE("openai"),
		.response_model = SLICE("gpt-4o-2024-11-20"),
		.prompt_name = SLICE("support-answer"),
		.prompt_version = SLICE("2.4.0"),
		.workflow = SLICE("refund"),
		.user_segment = SLICE("enterprise"),
		.environment = SLICE("production"),
		.release = SLICE("2026.11.3"),
		.service = SLICE("support-api"),
		.operation = SLICE("chat"),
		.end_unix_ns = UINT64_C(1795348800) * NS_PER_SECOND,
		.output_tokens_per_second = 61.5,
		.context = CONTEXT_4K,
		.cost = { .known = true },
	};

	tokens_set(&c.tokens, TOKENS_CACHE_READ, 1024);
	return c;
}

static struct call *vary(struct call *c, unsigned i, unsigned set)
{
	c->feature = (struct slice){ features[set], strlen(features[set]) };
	c->latency_ns = UINT64_C(1100000000) + i * NS_PER_MS;
	c->ttft_ns = UINT64_C(210000000) + i * 100000;
	c->cost.total_pusd = 7000000000 + i * INT64_C(5000000);
	tokens_set(&c->tokens, TOKENS_INPUT, 1100 + i);
	tokens_set(&c->tokens, TOKENS_OUTPUT, 300 + i % 256);
	return c;
}

/* As a lane does: finds the call's cohort, then counts it. */
static void count(struct observe_shard *s, struct cohorts *cohorts, struct call *c)
{
	c->cohort = cohort_of(cohorts, c);
	observe_call(s, c);
}

/* As in the pipeline, one call is filled again and again. */
static double ns_per_call(struct observe_shard *s, struct call *c, unsigned sets, unsigned rounds)
{
	struct cohorts *cohorts = cohorts_new();
	uint64_t best = UINT64_MAX;

	if (cohorts == NULL)
		return 0;
	for (int repeat = 0; repeat < REPEATS; repeat++) {
		uint64_t start = clock_process_cpu_ns();
		observe_begin(s);
		for (unsigned round = 0; round < rounds; round++, cohorts_begin(cohorts))
			for (unsigned i = 0; i < SETS; i++)
				count(s, cohorts, vary(c, i, i % sets));
		observe_end(s);
		uint64_t ns = clock_process_cpu_ns() - start;
		best = ns < best ? ns : best;
	}
	cohorts_free(cohorts);
	return (double)best / rounds / SETS;
}

static long resident_bytes(void)
{
	long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f != NULL)
		fclose(f);
	return resident * sysconf(_SC_PAGESIZE);
}

static void measure_scrape(struct observer *o)
{
	struct buf piece = BUF_INIT;
	size_t bytes = 0, largest = 0;
	uint64_t start = clock_mono_ns();
	struct scrape *s = scrape_new(o, EXPOSITION_OPENMETRICS);
	uint64_t copied = clock_mono_ns();

	while (s != NULL && scrape_next(s, &piece)) {
		bytes += piece.len;
		largest = piece.len > largest ? piece.len : largest;
		buf_reset(&piece);
	}
	printf("{\"bench\":\"observe_scrape\",\"label_sets\":%u,\"bytes\":%zu,\"copy_ms\":%.2f,\"total_ms\":%.1f,"
	       "\"largest_piece_bytes\":%zu}\n",
	       SETS, bytes, (double)(copied - start) / 1e6, (double)(clock_mono_ns() - start) / 1e6, largest);
	scrape_free(s);
	buf_release(&piece);
}

int main(int argc, char **argv)
{
	struct call call = make_call();
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
	struct config config = { 0 };

	config.limits.max_series = SETS;
	config.limits.max_label_bytes = 128;
	struct observer *o = observer_new(&config, 1);
	if (o == NULL || rounds == 0)
		return 2;
	struct observe_shard *s = observer_shard(o, 0);
	for (unsigned i = 0; i < SETS; i++)
		snprintf(features[i], sizeof(features[i]), "feature-%u", i);
	for (unsigned sets = 1, before; sets <= SETS; sets *= before == 1 ? 20 : 100) {
		before = sets;
		long held = resident_bytes();
		double ns = ns_per_call(s, &call, sets, rounds);
		printf("{\"bench\":\"observe_call\",\"label_sets\":%u,\"ns_per_call\":%.1f", sets, ns);
		if (sets == SETS)
			printf(",\"resident_bytes_per_label_set\":%ld", (resident_bytes() - held) / SETS);
		puts("}");
	}
	measure_scrape(o);
	observer_free(o);
	return 0;
}
