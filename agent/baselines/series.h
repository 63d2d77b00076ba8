/* SPDX-License-Identifier: Apache-2.0
 * baselines/series.h - one metric of one key: three time scales, the season of the day, and one alert state.
 *
 * Five-minute buckets come in closed; each scale gathers them into its own and judges those. While the series fires
 * it learns nothing at any scale; after a day of that the new level is adopted.
 */
#ifndef PLIMSOLL_BASELINES_SERIES_H
#define PLIMSOLL_BASELINES_SERIES_H

#include "agent/baselines/scale.h"
#include "agent/span/verdict.h"

#define HOURS 24

/* What each hour of the day adds to the logarithm of a value. */
struct season {
	double offset[HOURS];
	uint8_t visits[HOURS]; /* days learned, at most SEASON_VISITS_MAX */
};

#define SEASON_VISITS_MAX 3

struct series {
	bool firing;
	bool dirty;            /* changed since it was saved */
	int8_t direction;      /* of the last alert */
	uint8_t fired_scale;   /* while firing */
	uint8_t metric;        /* enum metric */
	int64_t since_s;       /* while firing: since when */
	int64_t resolved_s;    /* 0: never */
	int64_t alert_s;       /* when the last alert was raised; 0: none, or it was another's to tell */
	double last_mean;      /* of the newest judged 1 h bucket; a logarithm where the kind is */
	struct season *season; /* KIND_LOG, else NULL */
	struct scale scales[SCALE_COUNT];
};

/* NULL without memory. */
struct series *series_new(enum metric m);
struct series *series_copy(const struct series *s);
void series_free(struct series *s);

static inline const struct metric_info *series_info(const struct series *s)
{
	return &metric_infos[s->metric];
}

/* Cold start of a new version: season and variances of the incumbent, never its level. */
void series_inherit(struct series *s, const struct series *parent);

/* First time that a rare thing happens: a baseline of none, over the time in which like was observed. */
void series_never(struct series *s, const struct series *like);

/* Adds what a replica has learned, as scale_join says. The season is of the one that has learned more. */
void series_join(struct series *s, const struct series *other);

/* The level changes, and somebody knows why: the next bucket of each scale sets the new one. */
void series_forget_level(struct series *s);

/* The same for an alert that fires: it ends as adopted. False where none fires. */
bool series_accept(struct series *s, int64_t at_s, verdict_fn emit, void *context);

/* What is taken off a logarithm in this hour; 0 until the hour was seen on two days. */
double series_offset(const struct series *s, const struct rules *r, int64_t unix_s);

/* Event time went back to now_s: what was gathered of later times is dropped. */
void series_set_back(struct series *s, int64_t now_s);

/* Whether a bucket is being gathered at any scale. */
bool series_is_open(const struct series *s);

/* Hands over the five-minute bucket that began at start_s; its end may close and judge buckets of each scale. Emits
 * verdicts without labels and trace ids: the caller knows those. */
void series_close(struct series *s, const struct rules *r, struct bucket b, int64_t start_s, verdict_fn emit,
		  void *context);

/* The newest 1 h bucket beside its baseline, in the metric's own unit. False until one was judged. */
struct standing {
	double value, mean, stddev, deviation;
};
bool series_standing(const struct series *s, struct standing *out);

/* x (a mean of logarithms, a share, or a mean) beside the baseline c, in the metric's own unit.
 * offset: of the hour, KIND_LOG only. sigma: on the scale that is judged. Leaves deviation at 0. */
struct standing standing_of(const struct scale *c, enum metric_kind kind, double offset, double x, double sigma);

#endif
