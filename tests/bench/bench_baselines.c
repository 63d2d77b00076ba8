/* SPDX-License-Identifier: Apache-2.0
 * bench_baselines - what judging costs: a sample, a tick, a series in memory and on disk.
 *
 *     bench_baselines [KEYS]
 *
 * KEYS keys with the reference's ten metrics, chosen at random for each sample, 25 samples a key in each five minutes of
 * four days, so that every scale of every series judges. CPU time of this process, one thread. Prints one JSON line: ticks of the
 * last day (their mean, and the worst, at the end of six hours), heap bytes a series, one save of everything, and
 * the mean of three million samples.
 */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/baselines/detector.h"

#define START     UINT64_C(1772409600)
#define DAY_TICKS 288
#define PER_KEY   25
#define SAMPLES   65536
#define KEYS_MAX  1000
#define ADDED     3000000

static char features[KEYS_MAX][24];
static struct sample samples[SAMPLES];

static double noise(double sd)
{
	double sum = 0;

	for (int i = 0; i < 6; i++)
		sum += (double)random() / RAND_MAX;
	return (sum - 3) * sd * M_SQRT2;
}

static void make_samples(unsigned keys)
{
	for (unsigned i = 0; i < keys; i++)
		snprintf(features[i], sizeof(features[i]), "feature-%u", i);
	for (size_t i = 0; i < SAMPLES; i++) {
		double tokens = floor(exp(5 + noise(0.5))), ttft = exp(5.5 + noise(0.2));
		struct sample *x = &samples[i];
		*x = sample_unknown(SAMPLE_CALL);
		x->cohort = 1 + (unsigned long)random() % keys;
		x->feature = slice_of(features[x->cohort - 1]);
		x->model = SLICE("gpt-4o-2024-08-06");
		x->prompt_version = SLICE("support@1.4.0");
		x->cost_usd = exp(-6.5 + noise(0.4));
		x->latency_ms = ttft + 12 * tokens;
		x->ttft_ms = ttft;
		x->output_tokens = tokens;
		x->name = SLICE("quality");
		x->value = random() % 3 != 0 ? (double)NAN : 0.9 + noise(0.05);
		x->outcome = random() % 100 == 0 ? OUTCOME_ERROR : random() % 100 == 0 ? OUTCOME_REFUSAL : OUTCOME_OK;
		for (size_t j = 0; j < sizeof(x->trace_id); j++)
			x->trace_id[j] = (uint8_t)random();
	}
}

static void ignore(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

static void add_bucket(struct detector *d, unsigned keys, unsigned bucket)
{
	static size_t next;
	uint64_t total = (uint64_t)keys * PER_KEY;

	for (uint64_t i = 0; i < total; i++) {
		struct sample *s = &samples[next++ % SAMPLES];
		s->time_unix_ms = (START + bucket * 300) * 1000 + i * 299000 / total;
		detector_add(d, s);
	}
}

/* Four days; milliseconds of the last day's ticks. */
static void measure_ticks(struct detector *d, unsigned keys, double *mean_ms, double *worst_ms)
{
	uint64_t clock_s = START + 30 * 86400; /* of a live agent that is sent the past */

	*mean_ms = *worst_ms = 0;
	detector_advance(d, clock_s);
	for (unsigned bucket = 0; bucket < 4 * DAY_TICKS; bucket++) {
		add_bucket(d, keys, bucket);
		uint64_t before = clock_process_cpu_ns();
		detector_advance(d, clock_s += 62); /* so long after the last sample its bucket closes */
		double ms = (double)(clock_process_cpu_ns() - before) / 1e6;
		if (bucket < 3 * DAY_TICKS)
			continue;
		*mean_ms += ms / DAY_TICKS;
		*worst_ms = fmax(*worst_ms, ms);
	}
}

struct saved {
	size_t bytes, longest; /* longest: of a series */
};

static void measure_pair(void *context, struct slice key, struct slice value)
{
	struct saved *saved = context;

	saved->bytes += key.len + value.len;
	if (key.ptr[0] == 's' && value.len > saved->longest)
		saved->longest = value.len;
}

static double ns_per_sample(struct detector *d)
{
	for (size_t i = 0; i < SAMPLES; i++)
		samples[i].time_unix_ms = (START + 4 * DAY_TICKS * 300) * 1000 + i * 300000 / SAMPLES;
	uint64_t before = clock_process_cpu_ns();
	for (size_t i = 0; i < ADDED; i++) {
		sample_take_logs(&samples[i % SAMPLES]); /* as daemon/learners.c, which shares them among several */
		detector_add(d, &samples[i % SAMPLES]);
	}
	return (double)(clock_process_cpu_ns() - before) / ADDED;
}

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

int main(int argc, char **argv)
{
	const struct baselines_config config = { .sigma = 2, .false_alert_budget = 0.01, .max_series = 20000 };
	unsigned keys = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 50;
	struct saved saved = { 0, 0 };
	double mean_ms, worst_ms;

	if (keys == 0 || keys > KEYS_MAX)
		return 2;
	make_samples(keys);
	size_t before = heap_bytes();
	struct detector *d = detector_new(&config, ignore, NULL);
	if (d == NULL)
		return 2;
	measure_ticks(d, keys, &mean_ms, &worst_ms);
	uint64_t series = detector_series_count(d);
	size_t held = heap_bytes() - before;
	uint64_t start = clock_process_cpu_ns();
	detector_save(d, true, measure_pair, &saved);
	double save_ms = (double)(clock_process_cpu_ns() - start) / 1e6;
	printf("{\"bench\":\"baselines\",\"keys\":%u,\"series\":%llu,\"tick_mean_ms\":%.2f,\"tick_worst_ms\":%.2f,"
	       "\"heap_bytes\":%zu,\"heap_bytes_per_series\":%.0f,\"save_ms\":%.1f,\"saved_bytes\":%zu,"
	       "\"longest_series_bytes\":%zu,\"ns_per_sample\":%.0f}\n",
	       keys, (unsigned long long)series, mean_ms, worst_ms, held, (double)held / (double)series, save_ms,
	       saved.bytes, saved.longest, ns_per_sample(d));
	detector_free(d);
	return 0;
}
