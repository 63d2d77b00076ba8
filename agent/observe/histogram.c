/* SPDX-License-Identifier: Apache-2.0
 * observe/histogram.c - the bounds of each kind, adding up, and quantiles.
 *
 * Seconds and tokens: OpenTelemetry semantic conventions for GenAI metrics. USD: half decades from a thousandth of a
 * cent to ten dollars. Rate: closer where models answer, 10 to 300 tokens a second.
 */
#include "agent/observe/histogram.h"

#include <math.h>

#define MS        UINT64_C(1000000)
#define MICRO_USD UINT64_C(1000000)
#define NEVER     UINT64_MAX

const struct histogram_layout histogram_layouts[HISTOGRAM_KIND_COUNT] = {
	[HISTOGRAM_SECONDS] = {
		.bound = { 10 * MS, 20 * MS, 40 * MS, 80 * MS, 160 * MS, 320 * MS, 640 * MS, 1280 * MS, 2560 * MS,
			   5120 * MS, 10240 * MS, 20480 * MS, 40960 * MS, 81920 * MS },
		.le = { "0.01", "0.02", "0.04", "0.08", "0.16", "0.32", "0.64", "1.28", "2.56", "5.12", "10.24", "20.48",
			"40.96", "81.92" },
		.bounds = 14,
		.scale = 9,
		.has_exemplars = true,
	},
	[HISTOGRAM_TOKENS] = {
		.bound = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072,
			   262144, 524288, 1048576, 2097152, 4194304, 8388608, 16777216, 33554432, 67108864 },
		.le = { "1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "128.0", "256.0", "512.0", "1024.0", "2048.0",
			"4096.0", "8192.0", "16384.0", "32768.0", "65536.0", "131072.0", "262144.0", "524288.0",
			"1.048576e+06", "2.097152e+06", "4.194304e+06", "8.388608e+06", "1.6777216e+07", "3.3554432e+07",
			"6.7108864e+07" },
		.bounds = 27,
	},
	[HISTOGRAM_USD] = {
		.bound = { 10 * MICRO_USD, 30 * MICRO_USD, 100 * MICRO_USD, 300 * MICRO_USD, 1000 * MICRO_USD,
			   3000 * MICRO_USD, 10000 * MICRO_USD, 30000 * MICRO_USD, 100000 * MICRO_USD, 300000 * MICRO_USD,
			   1000000 * MICRO_USD, 3000000 * MICRO_USD, 10000000 * MICRO_USD, NEVER, NEVER },
		.le = { "1e-05", "3e-05", "0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0", "3.0",
			"10.0" },
		.bounds = 13,
		.scale = 12,
		.has_exemplars = true,
	},
	[HISTOGRAM_RATE] = {
		.bound = { 5000, 10000, 15000, 20000, 30000, 40000, 60000, 80000, 100000, 150000, 200000, 300000, 500000,
			   1000000, NEVER },
		.le = { "5.0", "10.0", "15.0", "20.0", "30.0", "40.0", "60.0", "80.0", "100.0", "150.0", "200.0", "300.0",
			"500.0", "1000.0" },
		.bounds = 14,
		.scale = 3,
	},
};

struct histogram *histogram_new(struct arena *a, enum histogram_kind kind)
{
	const struct histogram_layout *l = &histogram_layouts[kind];
	size_t size = sizeof(struct histogram) + (l->bounds + 1u) * sizeof(uint64_t);
	size_t exemplars_size = l->has_exemplars ? HISTOGRAM_EXEMPLARS * sizeof(struct exemplar) : 0;
	char *memory = arena_alloc(a, size + exemplars_size);

	if (memory == NULL)
		return NULL;
	memset(memory, 0, size + exemplars_size);
	struct histogram *h = (struct histogram *)(void *)memory;
	if (l->has_exemplars)
		h->exemplars = (struct exemplar *)(void *)(memory + size);
	return h;
}

void histogram_add(struct histogram *to, const struct histogram *from, enum histogram_kind kind)
{
	to->sum = saturating_add(to->sum, from->sum);
	for (unsigned i = 0; i <= histogram_layouts[kind].bounds; i++)
		to->counts[i] += from->counts[i];
	for (unsigned i = 0; from->exemplars != NULL && i < HISTOGRAM_EXEMPLARS; i++)
		if (from->exemplars[i].time_unix_ns > to->exemplars[i].time_unix_ns)
			to->exemplars[i] = from->exemplars[i];
}

uint64_t histogram_count(const struct histogram *h, enum histogram_kind kind)
{
	uint64_t count = 0;

	for (unsigned i = 0; i <= histogram_layouts[kind].bounds; i++)
		count += h->counts[i];
	return count;
}

double histogram_quantile(const struct histogram *h, enum histogram_kind kind, double q)
{
	const struct histogram_layout *l = &histogram_layouts[kind];
	uint64_t count = h != NULL ? histogram_count(h, kind) : 0;
	double below = 0, low = 0, unit = pow(10, l->scale);

	if (count == 0)
		return (double)NAN;
	double rank = q * (double)count;
	for (unsigned i = 0; i < l->bounds; i++) {
		double inside = (double)h->counts[i], high = (double)l->bound[i];
		if (inside > 0 && below + inside >= rank)
			return (low + (high - low) * (rank - below) / inside) / unit;
		below += inside;
		low = high;
	}
	return low / unit;
}
