/* SPDX-License-Identifier: Apache-2.0
 * span/verdict.h - what the baselines tell the alerts: something left its normal range, or came back to it.
 *
 * Strings and trace ids are borrowed for the call that hands the verdict over.
 */
#ifndef PLIMSOLL_SPAN_VERDICT_H
#define PLIMSOLL_SPAN_VERDICT_H

#include "agent/base/slice.h"

#define VERDICT_KIND_MAP(X)     \
	X(SHIFT, "shift")       \
	X(CANARY, "canary")     \
	X(RUNAWAY, "runaway")

enum verdict_kind {
#define X(id, name) VERDICT_##id,
	VERDICT_KIND_MAP(X)
#undef X
	VERDICT_KIND_COUNT
};

extern const char *const verdict_kind_names[VERDICT_KIND_COUNT];

enum verdict_event {
	VERDICT_RAISED,   /* a new alert: all fields below are set */
	VERDICT_REOPENED, /* the alert raised at started_at_s is on again, too soon after it ended to be a new one */
	VERDICT_RESOLVED, /* back in range */
	VERDICT_ADOPTED,  /* out of range for so long that this is the baseline now */
};

#define VERDICT_TRACES_MAX 5

struct verdict {
	enum verdict_event event;
	enum verdict_kind kind;
	const char *metric;                          /* a literal: "cost", "spend_day" */
	struct slice feature, model, prompt_version; /* "*" where the metric spans all versions */
	struct slice reference_version;              /* CANARY: the version it is compared with; else empty */
	uint64_t started_at_s;                       /* unix; with kind, metric and key the identity of the alert */
	uint64_t at_s;                               /* unix; when this event happened, in event time */

	/* Evidence, with RAISED only. Values are in the metric's own unit (USD, ms, tokens, share, score); of metrics
	 * that are judged by their logarithm they are geometric means, which is what a typical request has. */
	double value, baseline_mean;
	double baseline_stddev;  /* how far one sigma up is from the mean */
	double deviation;        /* mean z of the buckets in the run; > 0 is the bad direction */
	double pooled_deviation; /* of the run taken as one bucket, in sigmas; NaN where there is no run */
	double ratio;            /* value / baseline_mean, of rates and means too; NaN where the mean is 0 */
	double sample_size;      /* requests in the run */
	uint32_t run;            /* buckets */
	uint32_t window_s;       /* width of each of them; CANARY: age of the version */
	int direction;           /* +1: the value rose, -1: it fell */
	uint8_t trace_ids[VERDICT_TRACES_MAX][16]; /* newest first: recent requests that pull in this direction */
	uint32_t trace_count;
};

typedef void (*verdict_fn)(void *context, const struct verdict *v);

#endif
