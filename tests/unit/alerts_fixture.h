/* SPDX-License-Identifier: Apache-2.0
 * For tests of alerts: verdicts to start from, and a store of pairs.
 */
#ifndef PLIMSOLL_TESTS_ALERTS_FIXTURE_H
#define PLIMSOLL_TESTS_ALERTS_FIXTURE_H

#include <math.h>
#include <stdlib.h>

#include "agent/alerts/alerts.h"

#define START UINT64_C(1772794800) /* 2026-03-06 11:00 UTC */

/* The cost of checkout rises. */
static inline struct verdict cost_shift(uint64_t started_at_s)
{
	return (struct verdict){
		.event = VERDICT_RAISED,
		.kind = VERDICT_SHIFT,
		.metric = "cost",
		.feature = SLICE("checkout"),
		.model = SLICE("gpt-4o"),
		.prompt_version = SLICE("support@1.4.0"),
		.started_at_s = started_at_s,
		.at_s = started_at_s,
		.value = 0.0042,
		.baseline_mean = 0.0022,
		.baseline_stddev = 0.0003,
		.deviation = 3.5,
		.pooled_deviation = 5.1,
		.ratio = 0.0042 / 0.0022,
		.sample_size = 60,
		.run = 3,
		.window_s = 300,
		.direction = 1,
		.trace_ids = { { 0xab, 0xcd } },
		.trace_count = 1,
	};
}

/* What later happens to the alert that v raised. */
static inline struct verdict later(struct verdict v, enum verdict_event event, uint64_t at_s)
{
	v.event = event;
	v.at_s = at_s;
	return v;
}

struct kept_pairs {
	struct kept_pair {
		struct buf key, value;
	} items[64];
	size_t count;
};

static inline void keep_pair(void *context, struct slice key, struct slice value)
{
	struct kept_pairs *pairs = context;
	size_t at = 0;

	while (at < pairs->count && !slice_equal(buf_view(&pairs->items[at].key), key))
		at++;
	if (value.ptr == NULL) { /* deleted */
		if (at == pairs->count)
			return;
		buf_release(&pairs->items[at].key);
		buf_release(&pairs->items[at].value);
		pairs->items[at] = pairs->items[--pairs->count];
		return;
	}
	if (at == sizeof(pairs->items) / sizeof(pairs->items[0]))
		abort();
	if (at == pairs->count) {
		pairs->items[pairs->count++] = (struct kept_pair){ BUF_INIT, BUF_INIT };
		buf_slice(&pairs->items[at].key, key);
	}
	buf_reset(&pairs->items[at].value);
	buf_slice(&pairs->items[at].value, value);
}

static inline size_t load_pairs(const struct kept_pairs *pairs, struct alerts *a)
{
	size_t loaded = 0;

	for (size_t i = 0; i < pairs->count; i++)
		loaded += !FAILED(alerts_load(a, buf_view(&pairs->items[i].key), buf_view(&pairs->items[i].value)));
	return loaded;
}

static inline void release_pairs(struct kept_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		buf_release(&pairs->items[i].key);
		buf_release(&pairs->items[i].value);
	}
	pairs->count = 0;
}

#endif
