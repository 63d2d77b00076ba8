/* SPDX-License-Identifier: Apache-2.0
 * baselines/scale.h - the baseline of bucket means at one time scale.
 *
 * Requests within five minutes resemble each other far more than chance allows, so the spread of bucket means is
 * measured from bucket to bucket, not derived from the spread of requests: sigma of a bucket is
 * between + sampling + uncertainty of the baseline itself. All state decays by half-life in bucket time; a silent
 * weekend changes nothing. Rates are compared on the Freeman-Tukey scale, where the variance does not depend on p.
 */
#ifndef PLIMSOLL_BASELINES_SCALE_H
#define PLIMSOLL_BASELINES_SCALE_H

#include <stdbool.h>

#include "agent/baselines/metric.h"
#include "agent/baselines/rules.h"

#define RING_SIZE    8
#define BUCKET_NEVER INT64_MIN

/* Requests of one stretch of time. Merging two is adding them. */
struct bucket {
	double n, sum, sum_sq;
};

static inline void bucket_add(struct bucket *b, double y)
{
	b->n += 1;
	b->sum += y;
	b->sum_sq += y * y;
}

static inline void bucket_merge(struct bucket *b, const struct bucket *other)
{
	b->n += other->n;
	b->sum += other->sum;
	b->sum_sq += other->sum_sq;
}

/* Whether requests can give it: a whole number of them, finite sums; of those of a rate, not more than all are bad. */
bool bucket_is_possible(const struct bucket *b, enum metric_kind kind);

/* A closed bucket as it was judged. Floats: eight of them in three scales are most of a series. */
struct judged {
	float z, residual, n, sum;
};

struct scale {
	struct bucket open;
	int64_t open_s; /* start of the open bucket; BUCKET_NEVER: none is open */
	double weight;  /* decayed number of buckets; 0: the level is not known, and the next bucket sets it */
	double mu;      /* baseline mean; unused for rates */
	double m2;      /* decayed mean squared residual */
	double mv;      /* decayed mean sampling variance */
	union {
		struct {
			double within_ss, within_df; /* KIND_LOG, KIND_MEAN: decayed spread inside the buckets */
		};
		struct {
			double bad, total; /* KIND_RATE: decayed counts */
		};
	};
	double prior_between;        /* variance between buckets before any was seen */
	double frozen_n, frozen_sum; /* residuals, weighted by requests, since an alert froze the learning */
	uint32_t learned;            /* buckets */
	uint32_t ring_len;
	struct judged ring[RING_SIZE]; /* oldest first */
};

/* A bucket beside its baseline. */
struct observation {
	double x, centre, variance; /* variance: sampling only */
};

/* Variance-stabilised share: 2 asin sqrt((k+3/8)/(n+3/4)), variance about 1/(n+1/2) (Freeman and Tukey 1950). */
double freeman_tukey(double k, double n);

void scale_init(struct scale *c, enum metric_kind kind);

double scale_share(const struct scale *c);                         /* KIND_RATE: the baseline's p */
double scale_within(const struct scale *c, enum metric_kind kind); /* variance of one request; rates: 1 */
double scale_between(const struct scale *c);                       /* variance from bucket to bucket */
double scale_spread(const struct scale *c, enum metric_kind kind); /* sd of one request, within and between */
struct observation scale_observe(const struct scale *c, enum metric_kind kind, double n, double sum);

/* Predictive standard deviation of a mean with this sampling variance. between: scale_between, or less for a run. */
double scale_sigma(const struct scale *c, const struct metric_info *m, double variance, double between);

/* Learns from the open bucket, which took duration_s. residual: 0 for the first one. */
void scale_learn(struct scale *c, const struct rules *r, enum metric_kind kind, double half_life_s, double duration_s,
		 const struct observation *o, double sigma, double residual);

/* Keeps the newest RING_SIZE judged buckets. */
void scale_remember(struct scale *c, struct judged j);

/* The level of the frozen stretch becomes the baseline; variances stay. */
void scale_adopt(struct scale *c, enum metric_kind kind);

/* Forgets the level, not the variances: what comes next is normal. */
void scale_forget_level(struct scale *c, enum metric_kind kind);

/* Adds what a replica has learned of the same series: an approximation, good enough to start from. Open buckets add up
 * where both began together, else the later one stays. */
void scale_join(struct scale *c, const struct scale *other, enum metric_kind kind);

/* A share's baseline as it would be had the thing never happened: like is a share of the same requests. */
void scale_never(struct scale *c, const struct scale *like);

/* Takes variances, never the level, from an older baseline of the same metric. */
void scale_inherit(struct scale *c, const struct scale *parent, enum metric_kind kind);

#endif
