/* SPDX-License-Identifier: Apache-2.0
 * alerts/severity.c - tables of what matters how much.
 */
#include "agent/alerts/severity.h"

const char *const severity_names[SEVERITY_COUNT] = { "info", "warning", "critical" };

static const struct severity_row {
	const char *metric;
	enum severity severity;
	int rank;
} of_metrics[] = {
	{ "error_rate", SEVERITY_CRITICAL, 9 }, { "cost", SEVERITY_WARNING, 8 },
	{ "spend_day", SEVERITY_WARNING, 7 },   { "eval_score", SEVERITY_WARNING, 6 },
	{ "refusal_rate", SEVERITY_WARNING, 6 }, { "latency", SEVERITY_WARNING, 5 },
	{ "cost_tail", SEVERITY_WARNING, 4 },   { "ttft", SEVERITY_WARNING, 4 },
	{ "tpot", SEVERITY_WARNING, 3 },        { "latency_tail", SEVERITY_WARNING, 3 },
	{ "output_tokens", SEVERITY_WARNING, 2 },
};

/* Of kinds that are no change of a metric. */
static const enum severity of_kinds[VERDICT_KIND_COUNT] = {
	[VERDICT_SHIFT] = SEVERITY_WARNING,      [VERDICT_CANARY] = SEVERITY_WARNING,
	[VERDICT_RUNAWAY] = SEVERITY_INFO,       [VERDICT_LATENCY_P99] = SEVERITY_WARNING,
	[VERDICT_MODEL_CHANGE] = SEVERITY_INFO,  [VERDICT_FLOATING_ALIAS] = SEVERITY_INFO,
	[VERDICT_MODEL_DRIFT] = SEVERITY_WARNING, [VERDICT_SLO_BURN] = SEVERITY_CRITICAL,
	[VERDICT_BUDGET] = SEVERITY_WARNING,
	[VERDICT_PROMPT_DRIFT] = SEVERITY_WARNING,
};

static const struct severity_row *find(const char *metric)
{
	for (size_t i = 0; i < sizeof(of_metrics) / sizeof(of_metrics[0]); i++)
		if (strcmp(of_metrics[i].metric, metric) == 0)
			return &of_metrics[i];
	return NULL;
}

static bool is_forecast(const struct verdict *v)
{
	return strncmp(v->metric, "budget_forecast", strlen("budget_forecast")) == 0;
}

enum severity severity_of(const struct verdict *v)
{
	const struct severity_row *row = v->kind == VERDICT_SHIFT ? find(v->metric) : NULL;

	if (v->kind == VERDICT_BUDGET && v->ratio >= 1 && !verdict_is_of_one_call(v) && !is_forecast(v))
		return SEVERITY_CRITICAL; /* used up */
	return row != NULL ? row->severity : of_kinds[v->kind];
}

int severity_rank(const struct verdict *v)
{
	const struct severity_row *row = find(v->metric);

	return 10 * (int)severity_of(v) + (row != NULL ? row->rank : 1);
}

struct match_labels severity_labels(const struct verdict *v)
{
	return (struct match_labels){ {
		[MATCH_KIND] = slice_of(verdict_kind_names[v->kind]),
		[MATCH_METRIC] = slice_of(v->metric),
		[MATCH_NAME] = v->name,
		[MATCH_FEATURE] = v->feature,
		[MATCH_MODEL] = v->model,
		[MATCH_PROMPT] = v->prompt_version,
		[MATCH_WORKFLOW] = v->workflow,
		[MATCH_USER_SEGMENT] = v->user_segment,
		[MATCH_SEVERITY] = slice_of(severity_names[severity_of(v)]),
	} };
}
