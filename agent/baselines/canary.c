/* SPDX-License-Identifier: Apache-2.0
 * baselines/canary.c - the mixture bound and the evidence of a difference.
 */
#include "agent/baselines/canary.h"

#include <math.h>

#define ALPHA        1e-3
#define REQUESTS_MIN 50
#define AGE_MIN_S    HOUR_S
#define LEARNED_MIN  24 /* 1 h buckets of the incumbent */
#define BLOCK_S      21600.0
#define RATE_BAD_MIN 4

/* tau: the difference that the mixture expects. effect: the least difference that matters. */
static const struct {
	double tau, effect;
} kinds[] = { [KIND_LOG] = { 0.25, 0.15 }, [KIND_MEAN] = { 0.06, 0.03 }, [KIND_RATE] = { 0.03, 0.02 } };

struct difference {
	double by, variance;
};

static struct difference of_share(const struct canary *c, const struct series *old, double blocks)
{
	const struct scale *hour = &old->scales[SCALE_1H];
	double p = scale_share(hour);
	double q = fmax(p, (c->sum + p * hour->total) / (c->n + hour->total));
	double unit = q * (1 - q);

	return (struct difference){
		.by = (c->sum + 0.5) / (c->n + 1.0) - p,
		.variance = unit * (1 / c->n + 1 / fmax(hour->total, 1)) +
			    4 * unit * scale_between(&old->scales[SCALE_6H]) / blocks,
	};
}

static struct difference of_mean(const struct canary *c, const struct series *old, double blocks)
{
	const struct scale *hour = &old->scales[SCALE_1H], *slow = &old->scales[SCALE_6H];
	double between = scale_between(slow);

	return (struct difference){
		.by = c->sum / c->n - hour->mu,
		.variance = scale_within(hour, series_info(old)->kind) / c->n + between / blocks +
			    (between + slow->mv) / fmax(slow->weight, 1),
	};
}

static double bound(double variance, double tau, double alpha)
{
	double t2 = tau * tau;

	return sqrt(2 * variance * (variance + t2) / t2 * log(sqrt((variance + t2) / variance) / alpha));
}

bool canary_test(struct canary *c, enum metric m, const struct series *old, int64_t since_s, int64_t now_s,
		 struct verdict *v)
{
	enum metric_kind kind = metric_infos[m].kind;

	if (c->done || c->n < REQUESTS_MIN || now_s - since_s < AGE_MIN_S || old == NULL ||
	    old->scales[SCALE_1H].learned < LEARNED_MIN || old->scales[SCALE_1H].weight == 0)
		return false;
	double blocks = fmax(1.0, (double)(now_s - since_s) / BLOCK_S);
	struct difference d = kind == KIND_RATE ? of_share(c, old, blocks) : of_mean(c, old, blocks);
	double variance = fmax(d.variance, 1e-9);
	int direction = metric_infos[m].direction;
	if (direction == DIRECTION_BOTH)
		direction = d.by > 0 ? DIRECTION_UP : DIRECTION_DOWN;
	if (direction * d.by <= bound(variance, kinds[kind].tau, ALPHA) || direction * d.by < kinds[kind].effect ||
	    (kind == KIND_RATE && c->sum < RATE_BAD_MIN))
		return false;

	const struct scale *hour = &old->scales[SCALE_1H];
	double level = kind == KIND_RATE ? scale_share(hour) : hour->mu;
	/* rates differ on their own scale here, not on Freeman and Tukey's: the variance needs no transformation */
	struct standing s = standing_of(hour, kind, 0, level + d.by, kind == KIND_RATE ? 0 : sqrt(variance));
	c->done = true;
	*v = (struct verdict){
		.event = VERDICT_RAISED,
		.kind = VERDICT_CANARY,
		.metric = metric_infos[m].name,
		.started_at_s = (uint64_t)now_s,
		.at_s = (uint64_t)now_s,
		.value = s.value,
		.baseline_mean = s.mean,
		.baseline_stddev = kind == KIND_RATE ? sqrt(variance) : s.stddev,
		.deviation = direction * d.by / sqrt(variance),
		.pooled_deviation = NAN,
		.ratio = s.mean != 0 ? s.value / s.mean : NAN,
		.sample_size = c->n,
		.run = 1,
		.window_s = (uint32_t)(now_s - since_s),
		.direction = direction,
	};
	return true;
}
