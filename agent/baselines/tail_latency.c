/* SPDX-License-Identifier: Apache-2.0
 * baselines/tail_latency.c - a histogram with steps of a tenth, and the rule of three times.
 */
#include "agent/baselines/tail_latency.h"

#include <math.h>
#include <string.h>

#define STEP           0.095310179804324935 /* ln 1.1 */
#define QUANTILE       0.99
#define REQUESTS_MIN   200 /* in a window */
#define HOLD_S         DAY_S
#define LEARNED_MIN    12 /* windows before one is judged */
#define WINDOWS_HIGH   2
#define RATIO          3.0
#define RATIO_EXIT     2.0
#define HALF_LIFE      48.0 /* windows */

const char *const tail_names[TAIL_COUNT] = { "latency_p99", "ttft_p99" };

void tail_latency_add(struct tail_latency *t, double log_ms, int64_t now_s)
{
	int bin = log_ms > 0 ? (int)(log_ms / STEP) : 0;

	if (bin >= TAIL_BINS)
		bin = TAIL_BINS - 1;
	if (t->open_s == 0)
		t->open_s = now_s;
	t->bins[bin]++;
	t->n++;
}

/* The logarithm in the middle of the bin that holds the percentile. */
static double percentile(const struct tail_latency *t)
{
	double above = floor(t->n * (1 - QUANTILE)), seen = 0;
	int bin = TAIL_BINS - 1;

	while (bin > 0 && (seen += t->bins[bin]) <= above)
		bin--;
	return (bin + 0.5) * STEP;
}

static void learn(struct tail_latency *t, double y)
{
	t->weight = t->weight * exp2(-1 / HALF_LIFE) + 1;
	t->mu += (y - t->mu) / t->weight;
	t->learned++;
}

static struct verdict verdict_of(const struct tail_latency *t, enum tail_of of, enum verdict_event event, int64_t at_s)
{
	return (struct verdict){
		.event = event,
		.kind = VERDICT_LATENCY_P99,
		.metric = tail_names[of],
		.started_at_s = (uint64_t)t->alert_s,
		.at_s = (uint64_t)at_s,
		.baseline_stddev = NAN,
		.deviation = NAN,
		.pooled_deviation = NAN,
		.direction = 1,
	};
}

static void judge(struct tail_latency *t, enum tail_of of, double y, int64_t end_s, verdict_fn emit, void *context)
{
	double ratio = exp(y - t->mu);

	t->high = t->learned >= LEARNED_MIN && ratio >= RATIO ? t->high + 1 : 0;
	if (t->alert_s == 0 && t->high >= WINDOWS_HIGH) {
		t->alert_s = end_s;
		struct verdict v = verdict_of(t, of, VERDICT_RAISED, end_s);
		v.value = exp(y);
		v.baseline_mean = exp(t->mu);
		v.ratio = ratio;
		v.sample_size = t->n;
		v.run = t->high;
		v.window_s = (uint32_t)(end_s - t->open_s);
		emit(context, &v);
	} else if (t->alert_s != 0 && (ratio < RATIO_EXIT || end_s - t->alert_s >= DAY_S)) {
		struct verdict v = verdict_of(t, of, ratio < RATIO_EXIT ? VERDICT_RESOLVED : VERDICT_ADOPTED, end_s);
		if (v.event == VERDICT_ADOPTED)
			t->mu = y;
		t->alert_s = 0;
		emit(context, &v);
	}
}

void tail_latency_hour(struct tail_latency *t, enum tail_of of, int64_t end_s, verdict_fn emit, void *context)
{
	if (t->open_s == 0 || (t->n < REQUESTS_MIN && end_s - t->open_s < HOLD_S))
		return;
	if (t->n >= REQUESTS_MIN) {
		double y = percentile(t);
		judge(t, of, y, end_s, emit, context);
		if (t->high == 0 && t->alert_s == 0)
			learn(t, y);
	}
	memset(t->bins, 0, sizeof(t->bins));
	t->n = 0;
	t->open_s = 0;
}

bool tail_latency_accept(struct tail_latency *t, enum tail_of of, int64_t at_s, verdict_fn emit, void *context)
{
	if (t->alert_s == 0)
		return false;
	struct verdict v = verdict_of(t, of, VERDICT_ADOPTED, at_s);
	*t = (struct tail_latency){ 0 };
	emit(context, &v);
	return true;
}
