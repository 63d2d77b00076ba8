/* SPDX-License-Identifier: Apache-2.0
 * alerts/alert_json.c - an alert in JSON and in English.
 */
#include <math.h>

#include "agent/alerts/alert.h"
#include "agent/alerts/runbook.h"
#include "agent/alerts/severity.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"

const char *const alert_state_names[] = { [ALERT_FIRING] = "firing", [ALERT_RESOLVED] = "resolved" };

static const char *const mute_names[ALERT_MUTE_COUNT] = {
#define X(id, name) name,
	ALERT_MUTE_MAP(X)
#undef X
};

static const char *const end_names[ALERT_END_COUNT] = {
#define X(id, name) name,
	ALERT_END_MAP(X)
#undef X
};

/* ---------------------------------------------------------------- English */
/* How people speak of a metric. What is not here goes by its name. */
static const struct wording {
	const char *metric, *words, *unit;
	double factor; /* from the metric's unit to the one that is shown */
} wordings[] = {
	{ "cost", "cost per request", " USD", 1 },
	{ "latency", "latency", " ms", 1 },
	{ "ttft", "time to first token", " ms", 1 },
	{ "tpot", "time per output token", " ms", 1 },
	{ "output_tokens", "output length", " tokens", 1 },
	{ "error_rate", "error rate", " %", 100 },
	{ "refusal_rate", "refusal rate", " %", 100 },
	{ "invalid_json_rate", "rate of broken JSON", " %", 100 },
	{ "schema_violation_rate", "rate of answers that break their schema", " %", 100 },
	{ "empty_rate", "rate of empty answers", " %", 100 },
	{ "truncated_rate", "rate of answers that were cut off", " %", 100 },
	{ "feedback_negative_rate", "rate of negative feedback", " %", 100 },
	{ "eval_score", "evaluation score", "", 1 },
	{ "cost_tail", "share of unusually expensive requests", " %", 100 },
	{ "latency_tail", "share of unusually slow requests", " %", 100 },
	{ "latency_p99", "99th percentile of latency", " ms", 1 },
	{ "ttft_p99", "99th percentile of time to first token", " ms", 1 },
	{ "spend_day", "projected spend of the day", " USD", 1 },
};

static struct wording wording_of(const char *metric)
{
	for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++)
		if (strcmp(wordings[i].metric, metric) == 0)
			return wordings[i];
	return (struct wording){ metric, metric, "", 1 };
}

/* Three significant digits, never in scientific notation. */
static void write_number(struct buf *out, double x)
{
	int digits = isfinite(x) && x != 0 ? 2 - (int)floor(log10(fabs(x))) : 0;

	buf_printf(out, "%.*f", digits < 0 ? 0 : digits > 12 ? 12 : digits, x);
}

static void write_whole(struct buf *out, double x)
{
	buf_printf(out, "%.0f", x);
}

/* "checkout (gpt-4o, support@1.4.0)" */
static void write_subject(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "%.*s (%.*s", SLICE_ARG(v->feature), SLICE_ARG(v->model));
	if (!slice_equal(v->prompt_version, SLICE("*")))
		buf_printf(out, ", %.*s", SLICE_ARG(v->prompt_version));
	buf_byte(out, ')');
}

/* " is 1.91 times its baseline" */
static void write_ratio(struct buf *out, const struct verdict *v)
{
	if (!isfinite(v->ratio)) {
		if (v->kind == VERDICT_CANARY)
			buf_printf(out, " is worse than that of %.*s", SLICE_ARG(v->reference_version));
		else
			buf_text(out, " left its baseline");
		return;
	}
	buf_text(out, v->kind == VERDICT_RUNAWAY ? " cost " : " is ");
	write_number(out, v->ratio);
	if (v->kind == VERDICT_CANARY)
		buf_printf(out, " times that of %.*s", SLICE_ARG(v->reference_version));
	else
		buf_text(out, v->kind == VERDICT_RUNAWAY ? " times the usual" : " times its baseline");
}

/* "objective ttft/chat of * (gpt-4o): 7.60 % of 1204 requests missed it in 1 h, 5.00 % may: its error budget is used up
 * 1.52 times too fast" */
static void write_burn(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "objective %.*s of ", SLICE_ARG(v->name));
	write_subject(out, v);
	if (v->context.len > 0)
		buf_printf(out, ", inputs up to %.*s tokens", SLICE_ARG(v->context));
	buf_text(out, ": ");
	write_number(out, v->value * 100);
	buf_printf(out, " %% of %.0f requests missed it in %u h, ", v->sample_size, v->window_s / 3600);
	write_number(out, v->baseline_mean * 100);
	buf_text(out, " % may: its error budget is used up ");
	write_number(out, v->ratio);
	buf_text(out, " times too fast");
}

/* "budget day/user: 37 more groups have used 80 % in 24 h, the first 20 were told by name" */
static void write_budget_groups(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "budget %.*s: %.0f more groups ", SLICE_ARG(v->name), v->value);
	if (isnan(v->baseline_mean))
		buf_text(out, "will have used more than their limit");
	else
		buf_printf(out, "have used %.4g %%", v->baseline_mean * 100);
	buf_printf(out, " in %u h, the first %.0f were told by name", v->window_s / 3600, v->sample_size - v->value);
}

/* "budget request/one: a single call took 2.00 USD, 1.00 USD is the most" */
static void write_budget_call(struct buf *out, const struct verdict *v)
{
	bool is_usd = strcmp(v->metric, "budget_call_usd") == 0;
	void (*const write)(struct buf *text, double x) = is_usd ? write_number : write_whole;

	buf_printf(out, "budget %.*s: a single call took ", SLICE_ARG(v->name));
	write(out, v->value);
	buf_printf(out, " %s, ", is_usd ? "USD" : "tokens");
	write(out, v->baseline_mean);
	buf_printf(out, " %s is the most", is_usd ? "USD" : "tokens");
}

/* "budget day/assistant user=alice: 8.10 of 10.0 USD spent in 24 h" */
static void write_budget(struct buf *out, const struct verdict *v)
{
	static const char *const units[][2] = { { "budget_usd", "USD" }, { "budget_tokens", "tokens" },
						{ "budget_requests", "requests" }, { "budget_forecast_tokens", "tokens" },
						{ "budget_forecast_requests", "requests" }, { "budget_forecast", "USD" } };
	size_t unit = 0;

	if (strstr(v->metric, "_groups") != NULL) {
		write_budget_groups(out, v);
		return;
	}
	if (verdict_is_of_one_call(v)) {
		write_budget_call(out, v);
		return;
	}
	while (unit + 1 < sizeof(units) / sizeof(units[0]) && strcmp(units[unit][0], v->metric) != 0)
		unit++;
	buf_printf(out, "budget %.*s: ", SLICE_ARG(v->name));
	void (*const write)(struct buf *text, double x) = strcmp(units[unit][1], "USD") == 0 ? write_number : write_whole;
	write(out, v->value);
	buf_text(out, " of ");
	write(out, v->baseline_mean);
	buf_printf(out, " %s %s in %u h", units[unit][1], unit >= 3 ? "will be spent" : "spent", v->window_s / 3600);
}

/* "temperature of answer@1.4.0 is 0.9, its manifest says 0.2" */
static void write_drift(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "%s of %.*s is ", v->metric, SLICE_ARG(v->prompt_version));
	if (v->previous_model.len > 0) {
		buf_printf(out, "%.*s, its manifest says %.*s", SLICE_ARG(v->request_model), SLICE_ARG(v->previous_model));
		return;
	}
	write_number(out, v->value);
	buf_text(out, ", its manifest says ");
	write_number(out, v->baseline_mean);
}

/* "gpt-4o-2024-11-20 answers for gpt-4o, where gpt-4o-2024-08-06 did before" */
static void write_model_change(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "%.*s answers for %.*s, where %.*s did before", SLICE_ARG(v->model), SLICE_ARG(v->request_model),
		   SLICE_ARG(v->previous_model));
}

static void write_floating_alias(struct buf *out, const struct verdict *v)
{
	buf_printf(out, "production asks for %.*s, a name that its vendor may point at another model",
		   SLICE_ARG(v->request_model));
}

/* "the pinned model of checkout (gpt-4o-2024-08-06, support@1.4.0) answers otherwise: 2 metrics moved at once, 2.6 sigma
 * in the mean of 4 h" */
static void write_model_drift(struct buf *out, const struct verdict *v)
{
	buf_text(out, "the pinned model of ");
	write_subject(out, v);
	buf_printf(out, " answers otherwise: %.0f metrics moved at once, %.1f sigma in the mean of %u h", v->value,
		   v->deviation, v->run * v->window_s / 3600);
}

/* Of kinds that no ratio to a baseline describes. */
static void (*const own_words[VERDICT_KIND_COUNT])(struct buf *out, const struct verdict *v) = {
	[VERDICT_MODEL_CHANGE] = write_model_change,
	[VERDICT_FLOATING_ALIAS] = write_floating_alias,
	[VERDICT_MODEL_DRIFT] = write_model_drift,
	[VERDICT_SLO_BURN] = write_burn,
	[VERDICT_BUDGET] = write_budget,
	[VERDICT_PROMPT_DRIFT] = write_drift,
};

void alert_summary(const struct alert *a, struct buf *out)
{
	const struct verdict *v = &a->verdict;
	double sigmas = isnan(v->pooled_deviation) ? v->deviation : v->pooled_deviation;

	if (own_words[v->kind] != NULL) {
		own_words[v->kind](out, v);
		return;
	}
	buf_printf(out, "%s of ", v->kind == VERDICT_RUNAWAY ? "one request" : wording_of(v->metric).words);
	write_subject(out, v);
	write_ratio(out, v);
	buf_text(out, ": ");
	alert_value(a, v->value, out);
	buf_text(out, " instead of ");
	alert_value(a, v->baseline_mean, out);
	if (!isnan(sigmas)) /* of percentiles there is none */
		buf_printf(out, ", %.1f sigma", sigmas);
}

void alert_value(const struct alert *a, double value, struct buf *out)
{
	struct wording w = wording_of(a->verdict.metric);

	if (isnan(value)) {
		buf_text(out, "unknown");
		return;
	}
	write_number(out, value * w.factor);
	buf_text(out, w.unit);
}

void alert_runbook(const struct alert *a, const struct alerts_config *config, struct buf *out)
{
	const struct verdict *v = &a->verdict;
	struct slice base = slice_of(config != NULL ? config->external_url : NULL);

	base.len -= slice_ends_with(base, SLICE("/"));
	if (config != NULL && config->runbook_url != NULL)
		buf_printf(out, "%s%s", config->runbook_url, verdict_kind_names[v->kind]);
	else if (base.len > 0)
		buf_printf(out, "%.*s/runbooks/%s", SLICE_ARG(base), runbook_of(v->kind, slice_of(v->metric))->name);
}

/* ---------------------------------------------------------------- JSON */
static void write_traces(struct buf *out, const struct verdict *v)
{
	json_write_key(out, "trace_ids");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < v->trace_count; i++) {
		buf_text(out, i > 0 ? ",\"" : "\"");
		buf_hex(out, v->trace_ids[i], sizeof(v->trace_ids[i]));
		buf_byte(out, '"');
	}
	buf_byte(out, ']');
}

static void write_life(struct buf *out, const struct alert *a)
{
	json_write_count(out, "started_at", a->verdict.started_at_s);
	if (a->state == ALERT_FIRING) {
		json_write_key(out, "ended_at");
		buf_text(out, "null");
		return;
	}
	json_write_count(out, "ended_at", a->ended_at_s);
	json_write_text(out, "end_reason", slice_of(end_names[a->end]));
}

static void write_evidence(struct buf *out, const struct verdict *v)
{
	json_write_number(out, "value", v->value);
	json_write_number(out, "baseline_mean", v->baseline_mean);
	json_write_number(out, "baseline_stddev", v->baseline_stddev);
	json_write_number(out, "deviation", v->deviation);
	json_write_number(out, "pooled_deviation", v->pooled_deviation);
	json_write_number(out, "ratio", v->ratio);
	json_write_number(out, "sample_size", v->sample_size);
	json_write_count(out, "run", v->run);
	json_write_count(out, "window_s", v->window_s);
	json_write_key(out, "direction");
	buf_printf(out, "%d", v->direction);
	write_traces(out, v);
}

/* Who it is about. */
static void write_key(struct buf *out, const struct verdict *v)
{
	json_write_text(out, "feature", v->feature);
	json_write_text(out, "model", v->model);
	json_write_text(out, "prompt_version", v->prompt_version);
	json_write_text_if_any(out, "name", v->name);
	json_write_text_if_any(out, "workflow", v->workflow);
	json_write_text_if_any(out, "user_segment", v->user_segment);
	json_write_text_if_any(out, "context", v->context);
	json_write_text_if_any(out, "reference_version", v->reference_version);
	json_write_text_if_any(out, "environment", v->environment);
	bool is_drift = v->kind == VERDICT_PROMPT_DRIFT;
	json_write_text_if_any(out, is_drift ? "seen" : "request_model", v->request_model);
	json_write_text_if_any(out, is_drift ? "expected" : "previous_model", v->previous_model);
}

/* Whether people heard of it, and if not, why. */
static void write_telling(struct buf *out, const struct alert *a)
{
	json_write_key(out, "told");
	buf_text(out, a->tellings > 0 ? "true" : "false");
	if (a->mute == ALERT_MUTE_NONE)
		return;
	json_write_text(out, "muted_by", slice_of(mute_names[a->mute]));
	json_write_text_if_any(out, "muted_by_id", slice_of(a->muted_by));
}

static void write_words(struct buf *out, const struct alert *a, const struct alerts_config *config)
{
	struct buf text = BUF_INIT;

	alert_summary(a, &text);
	json_write_text(out, "summary", buf_view(&text));
	json_write_text_if_any(out, "cause", buf_view(&a->cause));
	if (a->evidence.len > 0) {
		buf_byte(out, ',');
		buf_slice(out, buf_view(&a->evidence));
	}
	json_write_text(out, "runbook", slice_of(runbook_of(a->verdict.kind, slice_of(a->verdict.metric))->name));
	buf_reset(&text);
	alert_runbook(a, config, &text);
	json_write_text_if_any(out, "runbook_url", buf_view(&text));
	buf_release(&text);
}

void alert_json(const struct alert *a, const struct alerts_config *config, struct buf *out)
{
	const struct verdict *v = &a->verdict;

	buf_byte(out, '{');
	json_write_text(out, "type", SLICE("alert"));
	json_write_text(out, "id", slice_of(a->id));
	json_write_text(out, "incident", slice_of(a->incident));
	json_write_text(out, "state", slice_of(alert_state_names[a->state]));
	json_write_text(out, "severity", slice_of(severity_names[severity_of(v)]));
	json_write_text(out, "kind", slice_of(verdict_kind_names[v->kind]));
	json_write_text(out, "metric", slice_of(v->metric));
	write_key(out, v);
	write_life(out, a);
	write_telling(out, a);
	write_evidence(out, v);
	write_words(out, a, config);
	buf_byte(out, '}');
}
