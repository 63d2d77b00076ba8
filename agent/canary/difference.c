/* SPDX-License-Identifier: Apache-2.0
 * canary/difference.c - the estimate and its variance, side by side and apart.
 */
#include <math.h>

#include "agent/canary/compare.h"

#define BLOCK_HOURS      24u
#define BLOCKS_MIN       5u   /* of the older version, to know how much blocks differ */
#define AGE_MIN_S        86400u /* of the newer one, or the time of day is taken for a difference */
#define SHARED_MIN       0.5  /* of the newer version's calls lie in hours that both have */
#define DEGREES_MIN      20.0 /* with fewer, a version's own spread is not believed */
#define VARIANCE_LEAST   1e-12

/* ---------------------------------------------------------------- side by side */
struct pairing {
	struct moments a, b;       /* over shared hours: n, mean; m2 sums the spread within hours only */
	double degrees_a, degrees_b;
	double all_b;              /* the newer version's calls, shared or not */
	double weight, weighted;   /* sum of w, of w * d */
	double squares_a, squares_b; /* sums of w^2 / n */
	uint32_t hours;
};

static void pool(struct moments *all, double *degrees, const struct moments *hour)
{
	all->mean += (hour->mean - all->mean) * hour->n / (all->n + hour->n);
	all->n += hour->n;
	all->m2 += hour->m2;
	*degrees += hour->n - 1;
}

static void pair_hour(struct pairing *p, const struct moments *a, const struct moments *b)
{
	double weight = a->n * b->n / (a->n + b->n);

	pool(&p->a, &p->degrees_a, a);
	pool(&p->b, &p->degrees_b, b);
	p->weight += weight;
	p->weighted += weight * (b->mean - a->mean);
	p->squares_a += weight * weight / a->n;
	p->squares_b += weight * weight / b->n;
	p->hours++;
}

struct view {
	const struct arm *arm;
	enum canary_metric metric;
	unsigned slot;
	uint64_t since_s;
};

static struct moments at_hour(const struct view *v, uint32_t hour)
{
	const struct arm_hour *h = arm_hour(v->arm, hour, v->since_s);

	return h != NULL ? arm_moments(h, v->metric, v->slot) : (struct moments){ 0 };
}

static struct pairing pair_up(const struct view *a, const struct view *b)
{
	struct pairing p = { .hours = 0 };

	for (unsigned i = 0; i < ARM_HOURS; i++) {
		if (b->arm->hours[i] == NULL)
			continue;
		uint32_t hour = b->arm->hours[i]->hour;
		struct moments of_a = at_hour(a, hour), of_b = at_hour(b, hour);
		p.all_b += of_b.n;
		if (of_a.n > 0 && of_b.n > 0)
			pair_hour(&p, &of_a, &of_b);
	}
	return p;
}

/* Variance of one value. A share has that of what is true of it: the larger of what both versions say together, as if
 * there were no difference, and of what this one says alone. */
static double spread(enum canary_kind kind, const struct moments *own, double degrees, const struct moments *other,
		     double other_degrees)
{
	double pooled = (own->m2 + other->m2) / fmax(degrees + other_degrees, 1);

	if (kind != CANARY_RATE)
		return degrees >= DEGREES_MIN ? own->m2 / degrees : pooled;
	double both = (own->mean * own->n + other->mean * other->n + 0.5) / (own->n + other->n + 1);
	double alone = (own->mean * own->n + 0.5) / (own->n + 1);
	return fmax(both * (1 - both), alone * (1 - alone));
}

/* How much more than their spread explains the hours disagree about the difference; at least 1. */
static double disagreement(const struct pairing *p, const struct view *a, const struct view *b, double spread_a,
			   double spread_b)
{
	double by = p->weighted / p->weight, sum = 0;

	for (unsigned i = 0; i < ARM_HOURS; i++) {
		if (b->arm->hours[i] == NULL)
			continue;
		struct moments of_b = at_hour(b, b->arm->hours[i]->hour);
		struct moments of_a = at_hour(a, b->arm->hours[i]->hour);
		if (of_a.n == 0 || of_b.n == 0)
			continue;
		double off = of_b.mean - of_a.mean - by;
		sum += off * off / fmax(spread_a / of_a.n + spread_b / of_b.n, VARIANCE_LEAST);
	}
	return p->hours > 1 ? fmax(1, sum / (p->hours - 1)) : 1;
}

static struct difference side_by_side(const struct pairing *p, const struct view *a, const struct view *b)
{
	enum canary_kind kind = canary_metric_infos[a->metric].kind;
	double spread_a = spread(kind, &p->a, p->degrees_a, &p->b, p->degrees_b);
	double spread_b = spread(kind, &p->b, p->degrees_b, &p->a, p->degrees_a);
	double variance = (spread_a * p->squares_a + spread_b * p->squares_b) / (p->weight * p->weight);

	return (struct difference){
		.n_a = p->a.n,
		.n_b = p->b.n,
		.mean_a = p->a.mean,
		.mean_b = p->b.mean,
		.by = p->weighted / p->weight,
		.variance = fmax(variance * disagreement(p, a, b, spread_a, spread_b), VARIANCE_LEAST),
		.hours = p->hours,
		.side_by_side = true,
		.is_known = p->a.n >= COMPARE_CALLS_MIN && p->b.n >= COMPARE_CALLS_MIN,
	};
}

/* ---------------------------------------------------------------- apart */
struct blocks {
	struct moments all;     /* every call; m2 sums the spread within hours */
	double degrees;
	struct moments between; /* over the means of blocks, each counted once */
};

static struct moments block_moments(const struct view *v, uint32_t first_hour)
{
	struct moments block = { 0 };

	for (uint32_t hour = first_hour; hour < first_hour + BLOCK_HOURS; hour++) {
		struct moments m = at_hour(v, hour);
		moments_merge(&block, &m);
	}
	return block;
}

static struct blocks in_blocks(const struct view *v)
{
	uint32_t end = (uint32_t)(v->arm->newest_s / 3600) / BLOCK_HOURS + 1;
	uint32_t begin = end - ARM_HOURS / BLOCK_HOURS - 1;
	struct blocks out = { .degrees = 0 };

	for (uint32_t block = begin; block < end; block++) {
		struct moments m = block_moments(v, block * BLOCK_HOURS);
		if (m.n == 0)
			continue;
		pool(&out.all, &out.degrees, &m);
		moments_add(&out.between, m.mean);
	}
	return out;
}

/* What blocks differ beyond what their calls explain; larger by what so few of them may understate (the variance of
 * Student's distribution). */
static double between_blocks(const struct blocks *b, double spread_of_one)
{
	double freedom = b->between.n - 1;

	return fmax(0, b->between.m2 / freedom - spread_of_one * b->between.n / b->all.n) * freedom / (freedom - 2);
}

static struct difference apart(const struct view *a, const struct view *b, uint32_t shared_hours)
{
	enum canary_kind kind = canary_metric_infos[a->metric].kind;
	struct blocks old = in_blocks(a), new = in_blocks(b);
	uint64_t first_s = b->since_s > b->arm->first_s ? b->since_s : b->arm->first_s;
	struct difference d = { .n_a = old.all.n, .n_b = new.all.n, .mean_a = old.all.mean, .mean_b = new.all.mean,
				.by = new.all.mean - old.all.mean, .hours = shared_hours };

	if (old.all.n < COMPARE_CALLS_MIN || new.all.n < COMPARE_CALLS_MIN || old.between.n < BLOCKS_MIN ||
	    b->arm->newest_s < first_s + AGE_MIN_S)
		return d;
	double spread_a = spread(kind, &old.all, old.degrees, &new.all, new.degrees);
	double spread_b = spread(kind, &new.all, new.degrees, &old.all, old.degrees);
	d.variance = fmax(spread_a / old.all.n + spread_b / new.all.n +
				  between_blocks(&old, spread_a) * (1 / old.between.n + 1 / new.between.n),
			  VARIANCE_LEAST);
	d.is_known = true;
	return d;
}

struct difference arm_difference(const struct arm *a, const struct arm *b, enum canary_metric m, unsigned slot_a,
				 unsigned slot_b, const struct compare_window *w)
{
	struct view of_a = { a, m, slot_a, w->since_s }, of_b = { b, m, slot_b, w->since_s };
	struct pairing p = pair_up(&of_a, &of_b);

	if (p.hours > 0 && p.b.n >= SHARED_MIN * p.all_b)
		return side_by_side(&p, &of_a, &of_b);
	if (w->older_before)
		of_a.since_s = 0;
	return apart(&of_a, &of_b, p.hours);
}
