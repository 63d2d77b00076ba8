/* SPDX-License-Identifier: Apache-2.0
 * For tests of the baselines: made-up traffic of one key, and a list of the verdicts that it gave.
 */
#ifndef PLIMSOLL_TESTS_BASELINES_RIG_H
#define PLIMSOLL_TESTS_BASELINES_RIG_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/baselines/detector.h"

#define RIG_START    UINT64_C(1772409600) /* 2026-03-02 00:00 UTC */
#define RIG_VERDICTS 256

/* A verdict with its strings copied. */
struct told {
	struct verdict v;
	char metric[32], name[32], feature[32], model[32], version[32], previous[32];
	uint64_t group; /* 0: none */
	uint32_t group_members;
	char group_feature[32];
};

struct rig {
	struct detector *detector;
	struct told told[RIG_VERDICTS];
	int count;
	uint32_t seed;
	uint64_t now_s;
};

static inline void rig_copy(char *out, struct slice s)
{
	snprintf(out, 32, "%.*s", SLICE_ARG(s));
}

static inline void rig_tell(void *context, const struct verdict *v)
{
	struct rig *r = context;

	if (r->count == RIG_VERDICTS)
		return;
	struct told *t = &r->told[r->count++];
	t->v = *v;
	rig_copy(t->metric, slice_of(v->metric));
	rig_copy(t->name, v->name);
	rig_copy(t->feature, v->feature);
	rig_copy(t->model, v->model);
	rig_copy(t->version, v->prompt_version);
	rig_copy(t->previous, v->previous_model);
	t->v.group = NULL;
	if (v->group != NULL) {
		t->group = v->group->id;
		t->group_members = v->group->members;
		rig_copy(t->group_feature, v->group->feature);
	}
}

static inline struct baselines_config rig_config(void)
{
	return (struct baselines_config){ .enabled = true,
					  .sigma = 2,
					  .false_alert_budget = 0.01,
					  .max_series = 2000,
					  .idle_after_ms = UINT64_C(720) * 3600 * 1000 };
}

static inline void rig_open(struct rig *r, const struct baselines_config *config)
{
	*r = (struct rig){ .seed = 7, .now_s = RIG_START };
	r->detector = detector_new(config, rig_tell, r);
}

/* Uniform in -1..1. */
static inline double rig_noise(struct rig *r)
{
	r->seed = (1103515245u * r->seed + 12345u) % 2147483648u;
	return (r->seed / 2147483648.0 - 0.5) * 2;
}

static inline struct sample rig_call(struct rig *r, const char *feature, const char *version, double factor)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = r->now_s * 1000;
	s.feature = slice_of(feature);
	s.model = SLICE("m");
	s.prompt_version = slice_of(version);
	s.cost_usd = 0.002 * exp(rig_noise(r)) * factor;
	s.latency_ms = 900 * exp(rig_noise(r) / 2);
	s.ttft_ms = 200 * exp(rig_noise(r) / 4);
	s.output_tokens = floor(100 * exp(rig_noise(r) / 2));
	return s;
}

/* One call a minute of each feature, for so many minutes. change: may alter a sample; NULL: as they are. */
static inline void rig_play(struct rig *r, const char *const *features, int minutes,
			    void (*change)(struct rig *r, struct sample *s, int minute))
{
	for (int i = 0; i < minutes; i++, r->now_s += 60) {
		for (int f = 0; features[f] != NULL; f++) {
			struct sample s = rig_call(r, features[f], "v1", 1);
			if (change != NULL)
				change(r, &s, i);
			detector_add(r->detector, &s);
		}
	}
}

/* The first verdict of this event, kind and metric (NULL: any) from place on; NULL: none. */
static inline const struct told *rig_find(const struct rig *r, int from, enum verdict_event event,
					  enum verdict_kind kind, const char *metric)
{
	for (int i = from; i < r->count; i++) {
		const struct told *t = &r->told[i];
		if (t->v.event == event && t->v.kind == kind && (metric == NULL || strcmp(t->metric, metric) == 0))
			return t;
	}
	return NULL;
}

#endif
