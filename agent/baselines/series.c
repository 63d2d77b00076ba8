/* SPDX-License-Identifier: Apache-2.0
 * baselines/series.c - gather, judge, raise, resolve, adopt.
 */
#include "agent/baselines/series.h"

#include <math.h>
#include <stdlib.h>

#define REQUESTS_MIN     20  /* before a bucket may be judged */
#define Z_MAX            6.0 /* one bucket says no more than this */
#define Z_EXIT           1.0 /* hysteresis: in at k, out at 1 */
#define EXIT_BUCKETS     3
#define MEAN_Z           0.75 /* of k: what the mean bucket of a run must reach */
#define ADOPT_S          DAY_S
#define REOPEN_S         (6 * HOUR_S)
#define FAST_EFFECT      2.0 /* the 5 min scale asks for a change this much larger */
#define RATE_RATIO       1.5
#define TAIL_RATIO       2.0
#define RATE_BAD_MIN     4
#define SEASON_GAIN      0.25
#define SEASON_USED_FROM 2    /* visits */
#define SEASON_HALF_N    20.0 /* requests at which an hour teaches half */

struct series *series_new(enum metric m)
{
	struct series *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->metric = (uint8_t)m;
	for (int i = 0; i < SCALE_COUNT; i++)
		scale_init(&s->scales[i], metric_infos[m].kind);
	if (metric_infos[m].kind == KIND_LOG) {
		s->season = calloc(1, sizeof(*s->season));
		if (s->season == NULL) {
			free(s);
			return NULL;
		}
	}
	return s;
}

struct series *series_copy(const struct series *s)
{
	struct series *copy = series_new(s->metric);

	if (copy == NULL)
		return NULL;
	struct season *season = copy->season;
	*copy = *s;
	copy->season = season;
	if (season != NULL)
		*season = *s->season;
	return copy;
}

void series_free(struct series *s)
{
	if (s != NULL)
		free(s->season);
	free(s);
}

void series_inherit(struct series *s, const struct series *parent)
{
	if (s->season != NULL)
		*s->season = *parent->season;
	for (int i = 0; i < SCALE_COUNT; i++)
		scale_inherit(&s->scales[i], &parent->scales[i], series_info(s)->kind);
}

void series_never(struct series *s, const struct series *like)
{
	for (int i = 0; i < SCALE_COUNT; i++)
		scale_never(&s->scales[i], &like->scales[i]);
	s->last_mean = 0;
}

void series_join(struct series *s, const struct series *other)
{
	bool other_knows = other->scales[SCALE_1H].weight > s->scales[SCALE_1H].weight;

	if (s->season != NULL && other_knows)
		*s->season = *other->season;
	for (int i = 0; i < SCALE_COUNT; i++)
		scale_join(&s->scales[i], &other->scales[i], series_info(s)->kind);
	if (s->resolved_s < other->resolved_s)
		s->resolved_s = other->resolved_s;
	s->last_mean = other_knows ? other->last_mean : s->last_mean;
	s->dirty = true;
}

static double offset_of_hour(const struct series *s, unsigned hour)
{
	return s->season != NULL && s->season->visits[hour] >= SEASON_USED_FROM ? s->season->offset[hour] : 0.0;
}

/* The hour of the day that a 1 h bucket is of, and all in it: what one bucket teaches must not be spread over two hours,
 * as it would be where the configured day begins at a half. */
static unsigned season_hour(const struct rules *r, int64_t unix_s)
{
	return hour_of_day(r, unix_s - unix_s % HOUR_S);
}

double series_offset(const struct series *s, const struct rules *r, int64_t unix_s)
{
	return s->season != NULL ? offset_of_hour(s, season_hour(r, unix_s)) : 0.0;
}

void series_set_back(struct series *s, int64_t now_s)
{
	for (int i = 0; i < SCALE_COUNT; i++)
		if (s->scales[i].open_s > now_s) {
			s->scales[i].open = (struct bucket){ 0 };
			s->scales[i].open_s = BUCKET_NEVER;
		}
	if (s->since_s > now_s)
		s->since_s = now_s;
	if (s->resolved_s > now_s)
		s->resolved_s = now_s;
	s->dirty = true;
}

bool series_is_open(const struct series *s)
{
	return s->scales[SCALE_5M].open_s != BUCKET_NEVER || s->scales[SCALE_1H].open_s != BUCKET_NEVER ||
	       s->scales[SCALE_6H].open_s != BUCKET_NEVER;
}

/* ---------------------------------------------------------------- in the metric's own unit */
struct standing standing_of(const struct scale *c, enum metric_kind kind, double offset, double x, double sigma)
{
	if (kind == KIND_LOG) {
		double mean = exp(c->mu + offset);
		return (struct standing){ .value = exp(x + offset), .mean = mean, .stddev = mean * expm1(sigma) };
	}
	if (kind == KIND_RATE) {
		double p = scale_share(c);
		return (struct standing){ .value = x, .mean = p, .stddev = sigma * sqrt(p * (1.0 - p)) };
	}
	return (struct standing){ .value = x, .mean = c->mu, .stddev = sigma };
}

bool series_standing(const struct series *s, struct standing *out)
{
	const struct scale *c = &s->scales[SCALE_1H];

	if (c->ring_len == 0)
		return false;
	const struct judged *newest = &c->ring[c->ring_len - 1];
	const struct metric_info *m = series_info(s);
	double variance = scale_observe(c, m->kind, newest->n, newest->sum).variance;
	*out = standing_of(c, m->kind, 0.0, s->last_mean, scale_sigma(c, m, variance, scale_between(c)));
	out->deviation = newest->z;
	return true;
}

/* ---------------------------------------------------------------- the end of an alert */
static void tell(const struct series *s, enum verdict_event event, int64_t at_s, verdict_fn emit, void *context)
{
	if (s->alert_s == 0)
		return;
	emit(context, &(struct verdict){
			      .event = event,
			      .kind = VERDICT_SHIFT,
			      .metric = series_info(s)->name,
			      .started_at_s = (uint64_t)s->alert_s,
			      .at_s = (uint64_t)at_s,
			      .direction = s->direction,
		      });
}

static void end_alert(struct series *s, enum verdict_event event, int64_t at_s, verdict_fn emit, void *context)
{
	s->firing = false;
	s->resolved_s = at_s;
	tell(s, event, at_s, emit, context);
}

static bool is_back_in_range(const struct series *s, const struct scale *c)
{
	uint32_t count = c->ring_len < EXIT_BUCKETS ? c->ring_len : EXIT_BUCKETS;
	double sum = 0;

	for (uint32_t i = c->ring_len - count; i < c->ring_len; i++)
		sum += c->ring[i].z;
	return s->direction * sum / count < Z_EXIT;
}

void series_forget_level(struct series *s)
{
	for (int i = 0; i < SCALE_COUNT; i++)
		scale_forget_level(&s->scales[i], series_info(s)->kind);
	s->dirty = true;
}

bool series_accept(struct series *s, int64_t at_s, verdict_fn emit, void *context)
{
	if (!s->firing)
		return false;
	end_alert(s, VERDICT_ADOPTED, at_s, emit, context);
	series_forget_level(s);
	return true;
}

/* A judged bucket while firing: nothing is learned, but the residuals are kept for adoption. */
static void watch_for_end(struct series *s, int scale, const struct judged *j, int64_t end_s, verdict_fn emit,
			  void *context)
{
	struct scale *c = &s->scales[scale];

	c->frozen_n += j->n;
	c->frozen_sum += j->residual * j->n;
	if (scale == s->fired_scale && is_back_in_range(s, c)) {
		end_alert(s, VERDICT_RESOLVED, end_s, emit, context);
	} else if (end_s - s->since_s >= ADOPT_S) {
		for (int i = 0; i < SCALE_COUNT; i++)
			scale_adopt(&s->scales[i], series_info(s)->kind);
		end_alert(s, VERDICT_ADOPTED, end_s, emit, context);
	}
}

/* ---------------------------------------------------------------- the beginning of one */
struct run {
	uint32_t buckets;
	double n, sum, z_sum, weighted_residual;
};

static void run_extend(struct run *run, const struct judged *j)
{
	run->buckets++;
	run->n += j->n;
	run->sum += j->sum;
	run->z_sum += j->z;
	run->weighted_residual += j->residual * j->n;
}

static bool is_big_enough(const struct series *s, int scale, const struct run *run, double residual)
{
	const struct metric_info *m = series_info(s);

	if (m->kind == KIND_RATE) {
		double p = scale_share(&s->scales[scale]), share = run->sum / run->n;
		return run->sum >= RATE_BAD_MIN && share - p >= m->min_effect &&
		       share >= ((m->bits & METRIC_TAIL) != 0 ? TAIL_RATIO : RATE_RATIO) * p;
	}
	return residual >= m->min_effect * (scale == SCALE_5M ? FAST_EFFECT : 1.0);
}

static void start_firing(struct series *s, int scale, int direction, int64_t end_s)
{
	s->firing = true;
	s->direction = (int8_t)direction;
	s->fired_scale = (uint8_t)scale;
	s->since_s = end_s;
	for (int i = 0; i < SCALE_COUNT; i++)
		s->scales[i].frozen_n = s->scales[i].frozen_sum = 0;
}

static struct verdict evidence(const struct series *s, const struct rules *r, int scale, const struct run *run,
			       double sigma)
{
	const struct scale *c = &s->scales[scale];
	enum metric_kind kind = series_info(s)->kind;
	double x = kind == KIND_LOG ? c->mu + run->weighted_residual / run->n : run->sum / run->n;
	struct standing standing = standing_of(c, kind, series_offset(s, r, s->since_s - 1), x, sigma);

	return (struct verdict){
		.event = VERDICT_RAISED,
		.kind = VERDICT_SHIFT,
		.metric = series_info(s)->name,
		.started_at_s = (uint64_t)s->since_s,
		.at_s = (uint64_t)s->since_s,
		.value = standing.value,
		.baseline_mean = standing.mean,
		.baseline_stddev = standing.stddev,
		.deviation = s->direction * run->z_sum / run->buckets,
		.pooled_deviation = s->direction * run->weighted_residual / run->n / sigma,
		.ratio = standing.mean != 0 ? standing.value / standing.mean : NAN,
		.sample_size = s->metric == METRIC_REQUESTS ? (double)NAN : run->n,
		.run = run->buckets,
		.window_s = (uint32_t)scale_infos[scale].width_s,
		.direction = s->direction,
	};
}

/* Too soon after the end of the alert before it is that one, on again: also the other way, of which it tells from then on. */
static void raise_alert(struct series *s, const struct rules *r, int scale, const struct run *run, double sigma,
			verdict_fn emit, void *context)
{
	bool is_again = s->resolved_s != 0 && s->since_s - s->resolved_s < REOPEN_S;

	if (is_again && s->alert_s == 0) /* of what another alert tells */
		return;
	struct verdict v = evidence(s, r, scale, run, sigma);
	if (is_again) {
		v.event = VERDICT_REOPENED;
		v.started_at_s = (uint64_t)s->alert_s;
	} else {
		s->alert_s = s->since_s;
	}
	emit(context, &v);
}

/* Looks for a run of newest buckets that leaves the range in this direction. */
static bool test_direction(struct series *s, const struct rules *r, int scale, int direction, int64_t end_s,
			   verdict_fn emit, void *context)
{
	const struct scale *c = &s->scales[scale];
	const struct metric_info *m = series_info(s);
	double between = scale_between(c);
	struct run run = { 0 };

	if (c->ring_len == 0 || (double)c->ring[c->ring_len - 1].z * direction < Z_EXIT)
		return false;
	for (uint32_t i = c->ring_len; i-- > 0;) {
		run_extend(&run, &c->ring[i]);
		if (run.buckets < scale_infos[scale].min_run)
			continue;
		double residual = direction * run.weighted_residual / run.n;
		double variance = m->kind == KIND_RATE ? 1.0 / (run.n + 0.5) : scale_within(c, m->kind) / run.n;
		/* what buckets of a run share averages out only as the square root of their number */
		double sigma = scale_sigma(c, m, variance, between / sqrt(run.buckets));
		if (residual / sigma < r->threshold[scale] || direction * run.z_sum / run.buckets < MEAN_Z * r->k ||
		    !is_big_enough(s, scale, &run, residual))
			continue;
		start_firing(s, scale, direction, end_s);
		raise_alert(s, r, scale, &run, sigma, emit, context);
		return true;
	}
	return false;
}

static void test(struct series *s, const struct rules *r, int scale, int64_t end_s, verdict_fn emit, void *context)
{
	int direction = series_info(s)->direction;

	if (s->scales[scale].learned < scale_infos[scale].warm_up ||
	    (scale == SCALE_5M && metric_is(s->metric, METRIC_SLOW)))
		return;
	if (direction != DIRECTION_BOTH)
		test_direction(s, r, scale, direction, end_s, emit, context);
	else if (!test_direction(s, r, scale, DIRECTION_UP, end_s, emit, context))
		test_direction(s, r, scale, DIRECTION_DOWN, end_s, emit, context);
}

/* ---------------------------------------------------------------- closing a bucket of one scale */
static double clip(double x, double limit)
{
	return fmax(-limit, fmin(limit, x));
}

/* x, mu: of a bucket of one full hour, without its present offset. */
static void learn_season(struct series *s, const struct rules *r, int64_t start_s, double n, double x, double mu,
			 double sigma)
{
	struct season *season = s->season;
	unsigned h = season_hour(r, start_s);
	double gain = season->visits[h] >= SEASON_VISITS_MAX ? SEASON_GAIN : 1.0 / (season->visits[h] + 2);
	double residual = clip(x + offset_of_hour(s, h) - mu - season->offset[h], 2 * sigma);

	season->offset[h] += gain * (n / (n + SEASON_HALF_N)) * residual;
	if (season->visits[h] < SEASON_VISITS_MAX)
		season->visits[h]++;
}

static void judge(struct series *s, const struct rules *r, int scale, int64_t end_s, verdict_fn emit, void *context)
{
	struct scale *c = &s->scales[scale];
	const struct metric_info *m = series_info(s);
	struct observation o = scale_observe(c, m->kind, c->open.n, c->open.sum);
	double sigma = scale_sigma(c, m, o.variance, scale_between(c));
	double residual = c->weight > 0 ? o.x - o.centre : 0.0;
	struct judged judged = { (float)clip(residual / sigma, Z_MAX), (float)residual, (float)c->open.n,
				 (float)c->open.sum };
	int64_t duration_s = end_s - c->open_s;

	scale_remember(c, judged);
	if (scale == SCALE_1H)
		s->last_mean = c->open.sum / c->open.n;
	if (s->firing) {
		watch_for_end(s, scale, &judged, end_s, emit, context);
		return;
	}
	test(s, r, scale, end_s, emit, context);
	if (s->firing)
		return;
	scale_learn(c, r, m->kind, scale_infos[scale].half_life_s, (double)duration_s, &o, sigma, residual);
	if (m->kind == KIND_LOG && scale == SCALE_1H && duration_s == HOUR_S)
		learn_season(s, r, c->open_s, c->open.n, o.x, o.centre, sigma);
}

static void gather(struct series *s, const struct rules *r, int scale, const struct bucket *b, int64_t start_s,
		   verdict_fn emit, void *context)
{
	struct scale *c = &s->scales[scale];
	const struct scale_info *info = &scale_infos[scale];
	int64_t end_s = start_s + BUCKET_S;

	if (b->n > 0) {
		if (c->open_s == BUCKET_NEVER)
			c->open_s = start_s - start_s % info->width_s;
		bucket_merge(&c->open, b);
	}
	if (c->open_s == BUCKET_NEVER || end_s - c->open_s < info->width_s || end_s % info->width_s != 0)
		return;
	if (c->open.n < REQUESTS_MIN && end_s - c->open_s < info->max_hold_s)
		return;
	if (c->open.n >= REQUESTS_MIN)
		judge(s, r, scale, end_s, emit, context);
	c->open = (struct bucket){ 0 };
	c->open_s = BUCKET_NEVER;
}

void series_close(struct series *s, const struct rules *r, struct bucket b, int64_t start_s, verdict_fn emit,
		  void *context)
{
	double offset = series_offset(s, r, start_s);

	if (offset != 0) {
		b.sum_sq += b.n * offset * offset - 2 * offset * b.sum;
		b.sum -= b.n * offset;
	}
	for (int i = 0; i < SCALE_COUNT; i++)
		gather(s, r, i, &b, start_s, emit, context);
	s->dirty = true;
}
