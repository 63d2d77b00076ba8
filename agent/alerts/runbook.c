/* SPDX-License-Identifier: Apache-2.0
 * alerts/runbook.c - the texts, and which alert has which.
 */
#include "agent/alerts/runbook.h"

enum { OUTAGE, COST, LATENCY, QUALITY, CANARY, RUNAWAY, MODEL, SLO, BUDGET, PROMPT, RUNBOOK_COUNT };

static const struct runbook runbooks[RUNBOOK_COUNT] = {
	[OUTAGE] = { "outage", "Requests fail",
		     "The share of model calls that end in an error is far above its baseline.",
		     { "See plimsoll_requests_total by outcome: rate_limited, timeout and error have different causes.",
		       "One provider or all of them? Compare by provider and model. One alone: read its status page.",
		       "Rate limits: look for a jump of plimsoll_requests_total in any feature that shares the key.",
		       "Open one of the alert's traces and read the error type of the failing span.",
		       "Look at what changed just before: a deploy, a new prompt version, a new model name, a key.",
		       "Fail over: switch the feature to its second model or provider, or serve its cached answer.",
		       NULL } },
	[COST] = { "cost-spike", "Requests cost more",
		   "Cost per request, or the day's spend, is far above its baseline.",
		   { "Read the decomposition: it says how much is tokens, cache, model mix, price or volume.",
		     "Output tokens: a longer instruction, a higher limit, or an agent that loops. Open the traces.",
		     "Input tokens: more context per request, such as retrieved documents or history without end.",
		     "Cache share: a changed prefix (a date, an id) makes every request miss the provider's cache.",
		     "Model mix: traffic moved to a dearer model. Who sends it? See the contributors.",
		     "If the newest prompt version contributes most, roll it back: plimsoll prompts rollback.",
		     "If it is meant to cost this much, say so: plimsoll alerts accept ID.", NULL } },
	[LATENCY] = { "latency-spike", "Answers come late",
		      "Latency, time to first token or time per token is far above its baseline.",
		      { "Time to first token alone: queueing at the provider, or longer input.",
			"Time per token: the provider is loaded. Compare other features of the same model.",
			"Only the total: answers are longer. See output_tokens.",
			"Open the slowest trace: is it the model, a tool, or retrieval before it?",
			"Look for retries and rate limits, which hide inside latency.",
			"Shorten: another region or model, streaming, a lower token limit.", NULL } },
	[QUALITY] = { "quality-regression", "Answers are worse",
		      "Scores, feedback, refusals or broken output left their baseline in the bad direction.",
		      { "Which prompt version? plimsoll prompts log shows what was deployed, by whom, and when.",
			"Read three traces of the alert: what do the bad answers have in common?",
			"Did the model change behind its name? Look for model_change in plimsoll audit.",
			"Retrieval: fewer documents or lower scores make answers worse without any change of prompt.",
			"Refusals and broken JSON: compare the stop reasons, and the output limit.",
			"Roll the prompt back, or pin the model, then look whether the score recovers.", NULL } },
	[CANARY] = { "canary", "A new version differs",
		     "A prompt version is not like the one that it is compared with, by more than chance.",
		     { "Is the difference meant? Then accept it with the rollout.",
		       "Compare the metrics of both versions side by side on the page.",
		       "If cost or quality is worse, stop the rollout: plimsoll prompts rollback.",
		       "Give it traffic like the other's: a version that sees only hard cases looks bad.", NULL } },
	[RUNAWAY] = { "runaway", "One request ran away",
		      "A single request cost many times what is usual. This is a notice and ends by itself.",
		      { "Open its trace: a loop of tool calls, a huge input, or an answer without end?",
			"Whose is it? One user or job that repeats it becomes a cost alert soon.",
			"Set a limit: tokens per answer, steps per agent run, or a budget.", NULL } },
	[MODEL] = { "model-change", "The model is not the same",
		    "Another model answers behind the same name, a name floats, or a pinned model behaves otherwise.",
		    { "Pin the exact model id in production; names without a date or number may move.",
		      "Compare cost, length and scores before and after the change.",
		      "Run the evaluation set against the new model before you accept it.", NULL } },
	[SLO] = { "slo-burn", "An objective is burning",
		  "The error budget of a service level objective is used up too fast.",
		  { "Which part is bad: failures, or answers that are too late? Then follow that runbook.",
		    "How much budget is left? Below a day of it, stop deploying changes.", NULL } },
	[BUDGET] = { "budget", "A budget is nearly used up",
		     "What was spent nears, or has passed, a limit of the configuration.",
		     { "Who spends? 'plimsoll budgets' lists every budget and group, the tightest first.",
		       "Is it wanted? Then raise the limit and reload, or let the budget start anew: "
		       "'plimsoll budgets reset NAME'.",
		       "Is it a loop? A user, feature or session with far more calls than the others is one.",
		       "A budget with hard: deny refuses further calls until its period ends, where gateways ask.", NULL } },
	[PROMPT] = { "prompt-drift", "Calls are not made as the manifest says",
		     "Model, temperature, token limit or retrieval of a prompt version differ from its manifest.",
		     { "Which of the two is right? plimsoll prompts log shows who approved the manifest, and when.",
		       "The service is wrong: look for a default in its code, or a release that is older than the manifest.",
		       "The manifest is wrong: write a new version. A released one does not change.", NULL } },
};

static const struct {
	const char *metric;
	int runbook;
} of_metrics[] = {
	{ "error_rate", OUTAGE },	{ "rate_limited_rate", OUTAGE },
	{ "timeout_rate", OUTAGE },	{ "cost", COST },
	{ "cost_tail", COST },		{ "spend_day", COST },
	{ "output_tokens", COST },	{ "input_tokens", COST },
	{ "cache_hit_share", COST },	{ "requests", COST },
	{ "unpriced_rate", COST },	{ "latency", LATENCY },
	{ "latency_tail", LATENCY },	{ "ttft", LATENCY },
	{ "tpot", LATENCY },		{ "output_tokens_per_second", LATENCY },
};

static const int of_kinds[VERDICT_KIND_COUNT] = {
	[VERDICT_SHIFT] = QUALITY,	[VERDICT_CANARY] = CANARY,	[VERDICT_RUNAWAY] = RUNAWAY,
	[VERDICT_LATENCY_P99] = LATENCY, [VERDICT_MODEL_CHANGE] = MODEL, [VERDICT_FLOATING_ALIAS] = MODEL,
	[VERDICT_MODEL_DRIFT] = MODEL,	[VERDICT_SLO_BURN] = SLO,
	[VERDICT_BUDGET] = BUDGET,
	[VERDICT_PROMPT_DRIFT] = PROMPT,
};

const struct runbook *runbook_of(enum verdict_kind kind, struct slice metric)
{
	for (size_t i = 0; kind == VERDICT_SHIFT && i < sizeof(of_metrics) / sizeof(of_metrics[0]); i++)
		if (slice_equal(slice_of(of_metrics[i].metric), metric))
			return &runbooks[of_metrics[i].runbook];
	return &runbooks[of_kinds[kind]];
}

const struct runbook *runbook_named(struct slice name)
{
	for (size_t i = 0; i < RUNBOOK_COUNT; i++)
		if (slice_equal(slice_of(runbooks[i].name), name))
			return &runbooks[i];
	for (int kind = 0; kind < VERDICT_KIND_COUNT; kind++)
		if (slice_equal(slice_of(verdict_kind_names[kind]), name))
			return &runbooks[of_kinds[kind]];
	return NULL;
}

/* The texts are ours and hold nothing that HTML would take for markup. */
void runbook_html(const struct runbook *r, struct buf *out)
{
	buf_printf(out,
		   "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s - Plimsoll runbook</title>\n"
		   "<link rel=\"stylesheet\" href=\"../page.css\">\n</head>\n<body>\n<h1>%s</h1>\n<p>%s</p>\n<ol>\n",
		   r->title, r->title, r->means);
	for (size_t i = 0; r->steps[i] != NULL; i++)
		buf_printf(out, "<li>%s</li>\n", r->steps[i]);
	buf_text(out, "</ol>\n<p>Your own runbooks are linked instead where <code>alerts.runbook_url</code> is set. "
		      "<a href=\"../\">Back to the page</a></p>\n</body>\n</html>\n");
}
