/* SPDX-License-Identifier: Apache-2.0
 * daemon/judgement_sample.c - which judgements the baselines learn from, and as what.
 */
#include "agent/base/clock.h"
#include "agent/daemon/judgements.h"

/* Signals of which more is worse: to the baselines a vote's yes and a high rating are good. */
static const char *const bad_signs[] = { "regenerated", "escalated", "edited" };

static bool is_bad_sign(const struct judgement *j)
{
	for (size_t i = 0; j->kind == JUDGEMENT_FEEDBACK && i < sizeof(bad_signs) / sizeof(bad_signs[0]); i++)
		if (slice_equal(j->name, slice_of(bad_signs[i])))
			return true;
	return false;
}

/* Something that only ever happens says nothing without the times it did not: it has no baseline. */
static bool kind_of(const struct judgement *j, enum sample_kind *kind, double *value)
{
	*value = j->value;
	switch (j->scale) {
	case SCALE_SCORE:
		*kind = SAMPLE_SCORE;
		return true;
	case SCALE_RATING:
		*kind = SAMPLE_RATING;
		return true;
	case SCALE_VOTE:
		*kind = SAMPLE_VOTE;
		return true;
	default:
		*kind = SAMPLE_VOTE;
		*value = j->passed == TRI_YES;
		return j->passed != TRI_UNKNOWN;
	}
}

bool judgement_sample(const struct joined_judgement *joined, struct sample *out)
{
	const struct judgement *j = joined->judgement;
	enum sample_kind kind;
	double value;

	if (joined->call == NULL || joined->call->is_evaluation_traffic || j->failed || j->came_with_call)
		return false;
	if (!kind_of(j, &kind, &value))
		return false;
	*out = sample_unknown(kind);
	out->time_unix_ms = j->time_unix_ns / NS_PER_MS;
	out->feature = joined->labels->feature;
	out->model = joined->labels->model;
	out->prompt_version = joined->labels->prompt;
	out->workflow = joined->labels->workflow;
	out->user_segment = joined->labels->user_segment;
	out->environment = joined->labels->environment;
	memcpy(out->trace_id, joined->call->trace_id, sizeof(out->trace_id));
	memcpy(out->span_id, joined->call->span_id, sizeof(out->span_id));
	out->name = j->name;
	out->value = is_bad_sign(j) ? 1 - value : value;
	return true;
}
