/* SPDX-License-Identifier: Apache-2.0
 * baselines/scale.c - predict, judge and learn bucket means at one time scale.
 */
#include "agent/baselines/scale.h"

#include <math.h>
#include <string.h>

#include "agent/base/record.h"

#define WINSOR         3.0   /* sigmas beyond which a bucket teaches no more */
#define BREACH_WEIGHT  0.25  /* how much a bucket beyond k sigma moves the centre */
#define SETTLED        8     /* buckets after which these two apply */
#define PRIOR_WEIGHT   4.0   /* buckets that the prior variance counts for */
#define PRIOR_BAD      0.5   /* of ... */
#define PRIOR_TOTAL    50.0  /* ... requests before any was seen */
#define WITHIN_UNKNOWN 0.5   /* variance of a request before it is measured */
#define WITHIN_DF_MIN  5.0   /* degrees of freedom from which the measured one is used */
#define INHERITED_DF   100.0 /* most that an inherited spread weighs */
#define ADOPTED_WEIGHT 24.0  /* most that the past weighs after a level was adopted */
#define ADOPTED_TOTAL  20.0  /* the same for rates, in multiples of the ring's requests */

static const double prior_sd[] = { [KIND_LOG] = 0.15, [KIND_MEAN] = 0.03, [KIND_RATE] = 0.03 };

static double clip(double x, double limit)
{
	return fmax(-limit, fmin(limit, x));
}

bool bucket_is_possible(const struct bucket *b, enum metric_kind kind)
{
	if (!(b->n >= 0 && b->n < RECORD_COUNT_MAX && trunc(b->n) == b->n && isfinite(b->sum) && isfinite(b->sum_sq)))
		return false;
	return kind != KIND_RATE || (b->sum >= 0 && b->sum <= b->n && trunc(b->sum) == b->sum);
}

double freeman_tukey(double k, double n)
{
	return 2.0 * asin(sqrt((k + 0.375) / (n + 0.75)));
}

void scale_init(struct scale *c, enum metric_kind kind)
{
	memset(c, 0, sizeof(*c));
	c->open_s = BUCKET_NEVER;
	c->prior_between = prior_sd[kind] * prior_sd[kind];
}

double scale_share(const struct scale *c)
{
	return (c->bad + PRIOR_BAD) / (c->total + PRIOR_TOTAL);
}

double scale_within(const struct scale *c, enum metric_kind kind)
{
	if (kind == KIND_RATE)
		return 1.0;
	return c->within_df > WITHIN_DF_MIN ? c->within_ss / c->within_df : WITHIN_UNKNOWN;
}

double scale_between(const struct scale *c)
{
	return (PRIOR_WEIGHT * c->prior_between + c->weight * fmax(0.0, c->m2 - c->mv)) / (PRIOR_WEIGHT + c->weight);
}

double scale_spread(const struct scale *c, enum metric_kind kind)
{
	return sqrt(scale_within(c, kind) + scale_between(c));
}

struct observation scale_observe(const struct scale *c, enum metric_kind kind, double n, double sum)
{
	if (kind == KIND_RATE)
		return (struct observation){ freeman_tukey(sum, n), freeman_tukey(n * scale_share(c), n),
					     1.0 / (n + 0.5) };
	return (struct observation){ sum / n, c->mu, scale_within(c, kind) / n };
}

double scale_sigma(const struct scale *c, const struct metric_info *m, double variance, double between)
{
	double of_baseline =
		m->kind == KIND_RATE ? 1.0 / fmax(c->total, 1.0) : (between + c->mv) / fmax(c->weight, 1.0);
	double young = 1.0 + 3.0 / fmax(c->weight, 3.0); /* like Student's t: few buckets say little of the spread */

	return sqrt(fmax((between + variance + of_baseline) * young, m->floor * m->floor + variance));
}

/* A bad bucket teaches only part of its excess over the expected count. */
static void learn_share(struct scale *c, double decay, double kept)
{
	double expected = c->open.n * scale_share(c);

	c->bad = c->bad * decay + expected + (c->open.sum - expected) * kept;
	c->total = c->total * decay + c->open.n;
}

static void learn_spread(struct scale *c, double decay)
{
	const struct bucket *b = &c->open;

	c->within_ss = c->within_ss * decay + fmax(0.0, b->sum_sq - b->sum * b->sum / b->n);
	c->within_df = c->within_df * decay + fmax(b->n - 1.0, 0.0);
}

void scale_learn(struct scale *c, const struct rules *r, enum metric_kind kind, double half_life_s, double duration_s,
		 const struct observation *o, double sigma, double residual)
{
	double decay = exp2(-duration_s / half_life_s);
	bool settled = c->learned >= SETTLED;

	if (c->weight == 0 && kind != KIND_RATE) {
		c->mu = o->x;
		residual = 0.0;
	}
	double clipped = settled ? clip(residual, WINSOR * sigma) : residual;
	double moving = settled && fabs(residual) > r->k * sigma ? clipped * BREACH_WEIGHT : clipped;

	c->weight = c->weight * decay + 1.0;
	double gain = 1.0 / c->weight;
	if (kind == KIND_RATE) {
		learn_share(c, decay, residual == 0.0 || moving == residual ? 1.0 : moving / residual);
	} else {
		c->mu += gain * moving;
		learn_spread(c, decay);
	}
	c->m2 += gain * (clipped * clipped - c->m2);
	c->mv += gain * (o->variance - c->mv);
	c->learned++;
}

void scale_remember(struct scale *c, struct judged j)
{
	if (c->ring_len == RING_SIZE)
		memmove(c->ring, c->ring + 1, --c->ring_len * sizeof(c->ring[0]));
	c->ring[c->ring_len++] = j;
}

static void adopt_share(struct scale *c)
{
	double n = 0, bad = 0;

	for (uint32_t i = 0; i < c->ring_len; i++) {
		n += c->ring[i].n;
		bad += c->ring[i].sum;
	}
	if (n > 0) {
		c->total = fmin(c->total, ADOPTED_TOTAL * n);
		c->bad = (bad + PRIOR_BAD) / (n + PRIOR_TOTAL) * c->total;
	}
}

void scale_adopt(struct scale *c, enum metric_kind kind)
{
	if (kind == KIND_RATE)
		adopt_share(c);
	else if (c->frozen_n > 0)
		c->mu += c->frozen_sum / c->frozen_n;
	c->ring_len = 0;
	c->weight = fmin(c->weight, ADOPTED_WEIGHT);
}

void scale_inherit(struct scale *c, const struct scale *parent, enum metric_kind kind)
{
	c->prior_between = scale_between(parent);
	if (kind != KIND_RATE && parent->within_df > 0) {
		double share = fmin(1.0, INHERITED_DF / parent->within_df);
		c->within_ss = parent->within_ss * share;
		c->within_df = parent->within_df * share;
	}
}

void scale_forget_level(struct scale *c, enum metric_kind kind)
{
	c->prior_between = scale_between(c);
	c->open = (struct bucket){ 0 }; /* of the old level, or of both */
	c->open_s = BUCKET_NEVER;
	c->weight = 0;
	c->m2 = c->mv = 0;
	c->frozen_n = c->frozen_sum = 0;
	c->ring_len = 0;
	if (kind == KIND_RATE)
		c->bad = c->total = 0;
}

static double joined(double a, double weight_a, double b, double weight_b)
{
	return (a * weight_a + b * weight_b) / (weight_a + weight_b);
}

static void join_open(struct scale *c, const struct scale *other)
{
	if (other->open_s == c->open_s) {
		bucket_merge(&c->open, &other->open);
	} else if (other->open_s > c->open_s) {
		c->open = other->open;
		c->open_s = other->open_s;
	}
}

void scale_join(struct scale *c, const struct scale *other, enum metric_kind kind)
{
	double ours = c->weight, theirs = other->weight;

	join_open(c, other);
	if (theirs == 0)
		return;
	if (ours > 0)
		c->prior_between = joined(c->prior_between, ours, other->prior_between, theirs);
	else
		c->prior_between = other->prior_between;
	if (kind == KIND_RATE) {
		c->bad += other->bad;
		c->total += other->total;
	} else {
		c->mu = joined(c->mu, ours, other->mu, theirs);
		c->within_ss += other->within_ss;
		c->within_df += other->within_df;
	}
	c->m2 = joined(c->m2, ours, other->m2, theirs);
	c->mv = joined(c->mv, ours, other->mv, theirs);
	c->weight = fmax(ours, theirs); /* the same stretch of time, seen by two */
	c->learned = c->learned > other->learned ? c->learned : other->learned;
	if (ours == 0) {
		memcpy(c->ring, other->ring, sizeof(c->ring));
		c->ring_len = other->ring_len;
	}
}

void scale_never(struct scale *c, const struct scale *like)
{
	*c = *like;
	c->open.sum = c->open.sum_sq = 0;
	c->bad = 0;
	c->m2 = 0;
	c->prior_between = prior_sd[KIND_RATE] * prior_sd[KIND_RATE];
	c->frozen_n = c->frozen_sum = 0;
	for (uint32_t i = 0; i < c->ring_len; i++)
		c->ring[i] = (struct judged){ .n = like->ring[i].n };
}
