/* SPDX-License-Identifier: Apache-2.0
 * span/sample.h - what the baselines want to know: of one counted call, or what somebody judged of one.
 *
 * A call is a sample of its own. A judgement that comes later (an evaluation score, a user's thumb) is another sample,
 * with the labels of the call that it is about. So is a retrieval, which is no counted call.
 * Made on the receive thread, consumed on the loop thread by baselines/; strings are borrowed for the call that takes
 * it. NaN and an empty slice: unknown.
 */
#ifndef PLIMSOLL_SPAN_SAMPLE_H
#define PLIMSOLL_SPAN_SAMPLE_H

#include <math.h>

#include "agent/base/slice.h"
#include "agent/span/call.h"

enum sample_kind {
	SAMPLE_CALL,      /* a counted call; may carry one score */
	SAMPLE_SCORE,     /* an evaluation score of a call that was counted already */
	SAMPLE_VOTE,      /* a yes (1) or no (0) about one: thumbs, solved, accepted */
	SAMPLE_RATING,    /* a number on a scale about one: stars */
	SAMPLE_RETRIEVAL, /* one search: documents and top_score */
};

/* Amounts whose logarithm several learners want. */
enum sample_log { SAMPLE_LOG_COST, SAMPLE_LOG_LATENCY, SAMPLE_LOG_TTFT, SAMPLE_LOG_OUTPUT_TOKENS, SAMPLE_LOG_COUNT };

struct sample {
	enum sample_kind kind;
	uint64_t time_unix_ms; /* event time */
	struct slice feature, model, prompt_version;
	struct slice workflow, user_segment; /* for roll-ups */
	struct slice environment;
	uint64_t cohort; /* number of the call's cohort (span/cohort.h), which the labels above belong to; 0: none */
	uint8_t trace_id[16], span_id[8]; /* zeros: not known */

	struct slice name; /* of the score or signal; empty: there is none */
	double value;      /* its value, where there is a name */

	double documents; /* of a retrieval, also where it came with the call */
	double top_score;

	/* SAMPLE_CALL only */
	enum outcome outcome;
	struct slice request_model; /* as asked for; the model may be another one's answer */
	enum tristate model_pinned;
	double cost_usd; /* NaN: unpriced */
	double output_cost_usd, cache_read_cost_usd; /* parts of it; NaN where only the total is known */
	double latency_ms, ttft_ms;
	double input_tokens, output_tokens, cache_read_tokens;
	double output_tokens_per_second;
	double citation_share, overlap_share; /* of an answer over retrieved text */

	bool has_logs;
	double logs[SAMPLE_LOG_COUNT];
};

/* A sample of which nothing is known: a start for those who fill in some of it. */
struct sample sample_unknown(enum sample_kind kind);

/* Of a call that did not fail: works the logarithms out, once for all who take the sample. */
void sample_take_logs(struct sample *s);

/* The natural logarithm of the sample's amount, which is above 0. */
static inline double sample_log(const struct sample *s, enum sample_log which, double amount)
{
	return s->has_logs ? s->logs[which] : log(amount);
}

#endif
