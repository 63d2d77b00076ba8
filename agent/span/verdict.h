/* SPDX-License-Identifier: Apache-2.0
 * span/verdict.h - what the baselines tell the alerts: something left its normal range, or came back to it.
 *
 * Strings and trace ids are borrowed for the call that hands the verdict over.
 */
#ifndef PLIMSOLL_SPAN_VERDICT_H
#define PLIMSOLL_SPAN_VERDICT_H

#include "agent/base/slice.h"

/* shift: a metric left its baseline. canary: a new version differs from the first one. runaway: one request.
 * latency_p99: the 99th percentile is three times its usual. model_change: another model answers behind the same name.
 * floating_alias: production asks for a name that the vendor may point elsewhere. model_drift: a pinned model answers
 * otherwise, in several metrics at once. slo_burn: an objective's error budget will not last.
 * budget: a limit on spend is near, will not last, or is used up. prompt_drift: calls are not made as the
 * manifest of their prompt version says. */
#define VERDICT_KIND_MAP(X)                     \
	X(SHIFT, "shift")                       \
	X(CANARY, "canary")                     \
	X(RUNAWAY, "runaway")                   \
	X(LATENCY_P99, "latency_p99")           \
	X(MODEL_CHANGE, "model_change")         \
	X(FLOATING_ALIAS, "floating_alias")     \
	X(MODEL_DRIFT, "model_drift")           \
	X(SLO_BURN, "slo_burn")                 \
	X(BUDGET, "budget")                     \
	X(PROMPT_DRIFT, "prompt_drift")

enum verdict_kind {
#define X(id, name) VERDICT_##id,
	VERDICT_KIND_MAP(X)
#undef X
	VERDICT_KIND_COUNT
};

extern const char *const verdict_kind_names[VERDICT_KIND_COUNT];

enum verdict_event {
	VERDICT_RAISED,   /* a new alert: all fields below are set */
	VERDICT_REOPENED, /* the alert raised at started_at_s is on again, too soon after it ended to be a new one; with the
			     evidence of now, which may be the other way */
	VERDICT_RESOLVED, /* back in range */
	VERDICT_ADOPTED,  /* this is the baseline now: out of range for so long, or somebody accepted it */
};

#define VERDICT_TRACES_MAX  5
#define VERDICT_MEMBERS_MAX 8

/* One verdict of a group. */
struct verdict_member {
	const char *metric;
	struct slice feature, model, prompt_version;
};

/* Verdicts with one cause: they start within an hour, and are of one key, or of one metric that moves the same way for
 * several versions and models of a feature, or for several features of a model. Who tells people tells them once. */
struct verdict_group {
	uint64_t id;      /* the same for all its verdicts, over restarts too; 0: the verdict stands alone */
	uint32_t members; /* verdicts raised so far, this one included; 1: it is the first */
	struct slice feature, model, prompt_version; /* the widest key that covers all members; "*" where they differ */
	uint32_t listed;  /* of the members, the first ones by name */
	struct verdict_member member[VERDICT_MEMBERS_MAX];
};

struct verdict {
	enum verdict_event event;
	enum verdict_kind kind;
	const char *metric;                          /* a literal: "cost", "spend_day" */
	struct slice name;                           /* of the score, signal or objective that it is about; else empty */
	struct slice feature, model, prompt_version; /* "*" where the metric spans all of them */
	struct slice workflow, user_segment;         /* of a roll-up by them; else empty */
	struct slice context;                        /* SLO_BURN: input size class, where the objective tells them apart */
	struct slice reference_version;              /* CANARY: the version it is compared with; else empty */
	struct slice environment;                    /* CANARY: where it serves, if that is told; else empty */
	struct slice request_model, previous_model;  /* MODEL_CHANGE: the name asked for, and who answered before; PROMPT_DRIFT
						      * of a text (model, collection): the one seen, and the manifest's */
	uint64_t started_at_s;                       /* unix; with kind, metric, name and key the identity of the alert */
	uint64_t at_s;                               /* unix; when this event happened, in event time */

	/* Evidence, with RAISED only. Values are in the metric's own unit (USD, ms, tokens, share, score); of metrics
	 * that are judged by their logarithm they are geometric means, which is what a typical request has. SLO_BURN: value
	 * is the share of bad calls in window_s, baseline_mean the share that is allowed, ratio the burn rate.
	 * BUDGET: value is what was spent (or will be, of a forecast), baseline_mean the limit, window_s the period. */
	double value, baseline_mean;
	double baseline_stddev;  /* how far one sigma up is from the mean */
	double deviation;        /* mean z of the buckets in the run; > 0 is the bad direction */
	double pooled_deviation; /* of the run taken as one bucket, in sigmas; NaN where there is no run */
	double ratio;            /* value / baseline_mean, of rates and means too; NaN where the mean is 0 */
	double sample_size;      /* requests in the run; NaN where that says nothing */
	uint32_t run;            /* buckets */
	uint32_t window_s;       /* width of each of them; CANARY: age of the version */
	int direction;           /* +1: the value rose, -1: it fell */
	uint8_t trace_ids[VERDICT_TRACES_MAX][16]; /* newest first: recent requests that pull in this direction */
	uint32_t trace_count;
	const struct verdict_group *group; /* with RAISED, of what is judged over time; else NULL */
};

/* BUDGET: a single call above what one may take, not a sum. */
static inline bool verdict_is_of_one_call(const struct verdict *v)
{
	return strncmp(v->metric, "budget_call_", 12) == 0;
}

typedef void (*verdict_fn)(void *context, const struct verdict *v);

#endif
