/* SPDX-License-Identifier: Apache-2.0
 * daemon/evidence.c - joins movement, changes and alerts.
 */
#include "agent/daemon/evidence.h"

#include <inttypes.h>

#include "agent/base/json.h"

/* How long before the window of an alert a change may explain it. */
#define BEFORE_S    (6 * 3600)
#define CHANGES_MAX 5

struct search {
	const struct alert *alert;
	uint64_t from_s;
	struct buf *out, *cause;
	size_t count;
};

static void say_change(struct search *s, const struct audit_entry *e)
{
	uint64_t before_s = s->alert->verdict.started_at_s - e->at_s; /* consider has seen to the order */

	buf_printf(s->cause, "%s%" PRIu64 " min before: ", s->cause->len > 0 ? "; " : "", before_s / 60);
	if (e->text.len > 0)
		buf_slice(s->cause, e->text);
	else
		buf_printf(s->cause, "%.*s %.*s", SLICE_ARG(e->kind), SLICE_ARG(e->subject));
}

static void consider(void *context, const struct audit_entry *e)
{
	struct search *s = context;
	const struct verdict *v = &s->alert->verdict;

	if (s->count == CHANGES_MAX || e->at_s < s->from_s || e->at_s > v->started_at_s)
		return;
	if (e->feature.len > 0 && !slice_equal(e->feature, v->feature) && !slice_equal(v->feature, SLICE("*")))
		return;
	buf_text(s->out, s->count > 0 ? "," : "");
	audit_entry_json(e, s->out);
	if (s->count++ == 0) /* the newest is the first suspect */
		say_change(s, e);
}

void evidence_explain(void *context, const struct alert *a, struct buf *evidence, struct buf *cause)
{
	struct evidence *e = context;
	uint64_t window_s = movement_window_start(e->movement, &a->verdict);
	struct search search = { .alert = a, .from_s = window_s > BEFORE_S ? window_s - BEFORE_S : 0, .out = evidence,
				 .cause = cause };

	movement_explain(e->movement, &a->verdict, evidence, cause);
	if (e->audit == NULL)
		return;
	json_write_key(evidence, "changes");
	buf_byte(evidence, '[');
	audit_changes(e->audit, consider, &search);
	buf_byte(evidence, ']');
	if (e->deployment != NULL)
		e->deployment(e->deployment_context, &a->verdict, evidence, cause);
}

void evidence_note(struct evidence *e, const struct alert *a)
{
	struct buf summary = BUF_INIT;
	bool fires = a->state == ALERT_FIRING;
	const char *kind = fires ? AUDIT_FIRING : AUDIT_RESOLVED;

	if (fires && a->verdict.kind == VERDICT_MODEL_CHANGE) /* which may explain other alerts */
		kind = AUDIT_MODEL_CHANGED;
	alert_summary(a, &summary);
	const struct audit_entry entry = {
		.at_s = fires ? a->firing_since_s : a->ended_at_s,
		.kind = slice_of(kind),
		.feature = a->verdict.feature,
		.subject = slice_of(a->id),
		.text = buf_view(&summary),
	};
	audit_record(e->audit, &entry);
	buf_release(&summary);
}

void evidence_news(void *context, const struct movement_news *news)
{
	struct evidence *e = context;
	bool is_prompt = news->prompt_version.len > 0;
	struct slice what = is_prompt ? news->prompt_version : news->model;
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s %.*s seen for the first time", is_prompt ? "prompt version" : "model", SLICE_ARG(what));
	if (news->is_feature_new)
		buf_text(&text, ", with its feature");
	const struct audit_entry entry = {
		.at_s = news->at_s,
		.kind = slice_of(is_prompt ? AUDIT_PROMPT_SEEN : AUDIT_MODEL_SEEN),
		.feature = news->feature,
		.subject = what,
		.text = buf_view(&text),
	};
	audit_record(e->audit, &entry);
	buf_release(&text);
}
