/* SPDX-License-Identifier: Apache-2.0
 * dialects/judged.c - see the header.
 */
#include "agent/dialects/judged.h"

#include "agent/dialects/convert.h"
#include "agent/dialects/members.h"

#define LIST_MAX 32u /* annotations of one kind on one span */

enum member {
	MEMBER_NAME,
	MEMBER_VALUE,
	MEMBER_LABEL,
	MEMBER_PASSED,
	MEMBER_ANNOTATOR, /* HUMAN, LLM, CODE */
	MEMBER_ID,
	MEMBER_RESPONSE_ID,
	MEMBER_SESSION,
	MEMBER_ERROR,
	MEMBER_DECISION,   /* a vote in words */
	MEMBER_DECIDED_BY, /* whether a human did */
};

struct member_row {
	const char *key; /* NULL ends the table */
	enum member member;
};

static const struct {
	const char *word;
	enum judgement_source source;
} annotators[] = {
	{ "HUMAN", JUDGED_BY_HUMAN }, { "USER", JUDGED_BY_USER }, { "LLM", JUDGED_BY_LLM }, { "CODE", JUDGED_BY_CODE },
};

/* Claude Code says accept and reject; Codex approved, approved_for_session, denied. */
static const struct {
	const char *prefix;
	bool yes;
} decisions[] = { { "accept", true }, { "approved", true }, { "reject", false }, { "denied", false } };

static bool starts_with_nocase(struct slice text, const char *prefix)
{
	struct slice wanted = slice_of(prefix);

	return text.len >= wanted.len && slice_equal_nocase(slice_head(text, wanted.len), wanted);
}

static void set_value(struct judgement *j, const struct any_value *v)
{
	double value;

	if (v->kind == ANY_BOOL) {
		j->value = v->boolean;
		j->scale = SCALE_VOTE;
	} else if (convert_real(v, &value)) {
		j->value = value;
		j->scale = SCALE_SCORE;
	}
}

static void set_source(struct judgement *j, struct slice annotator)
{
	for (size_t i = 0; i < sizeof(annotators) / sizeof(annotators[0]); i++)
		if (slice_equal_nocase(annotator, slice_of(annotators[i].word)))
			j->source = annotators[i].source;
}

static void set_decision(struct judgement *j, struct slice decision)
{
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++)
		if (starts_with_nocase(decision, decisions[i].prefix)) {
			j->value = decisions[i].yes;
			j->scale = SCALE_VOTE;
		}
}

static void set_text(struct judgement *j, enum member member, struct slice text)
{
	switch (member) {
	case MEMBER_NAME:
		j->name = text;
		break;
	case MEMBER_LABEL:
		j->label = text;
		break;
	case MEMBER_ANNOTATOR:
		set_source(j, text);
		break;
	case MEMBER_ID:
		j->given_id = text;
		break;
	case MEMBER_RESPONSE_ID:
		j->target.response_id = text;
		break;
	case MEMBER_SESSION:
		j->target.session_id = text;
		break;
	case MEMBER_ERROR:
		j->failed = text.len > 0;
		break;
	case MEMBER_DECISION:
		set_decision(j, text);
		break;
	case MEMBER_DECIDED_BY:
		if (starts_with_nocase(text, "user"))
			j->source = JUDGED_BY_USER;
		break;
	default:
		break;
	}
}

static void set_member(const struct judged_reader *r, struct judgement *j, enum member member, const struct any_value *v)
{
	struct slice text;
	bool truth;

	if (member == MEMBER_VALUE)
		set_value(j, v);
	else if (member == MEMBER_PASSED) {
		if (convert_truth(v, &truth))
			j->passed = truth ? TRI_YES : TRI_NO;
	} else if (convert_text(v, r->arena, &text))
		set_text(j, member, text);
}

/* Names that say that a user has spoken, in events that were made for evaluators. */
static bool is_feedback_name(struct slice name)
{
	return starts_with_nocase(name, "user_feedback") || starts_with_nocase(name, "user_rating") ||
	       starts_with_nocase(name, "human_feedback") || starts_with_nocase(name, "thumbs");
}

/* What the members say together; then it is handed over. Without a name, or without anything said, it is none. */
static void finish(const struct judged_reader *r, struct judgement *j)
{
	bool says = j->scale != SCALE_NONE || j->label.len > 0 || j->passed != TRI_UNKNOWN || j->failed;

	if (j->name.len == 0 || (!says && j->kind == JUDGEMENT_EVALUATION))
		return;
	if (j->passed == TRI_UNKNOWN)
		j->passed = judgement_label_verdict(j->label);
	if (is_feedback_name(j->name))
		j->kind = JUDGEMENT_FEEDBACK;
	if (j->kind == JUDGEMENT_EVALUATION && j->scale == SCALE_VOTE && j->passed == TRI_UNKNOWN)
		j->passed = j->value != 0 ? TRI_YES : TRI_NO;
	if (j->kind == JUDGEMENT_FEEDBACK && !judgement_name_vote(j) && j->scale == SCALE_SCORE)
		j->scale = SCALE_RATING;
	if (j->kind == JUDGEMENT_FEEDBACK && j->source == JUDGED_BY_UNKNOWN)
		j->source = JUDGED_BY_USER;
	r->visit(r->context, j);
}

static void set_ids(struct judgement_target *t, struct slice trace_id, struct slice span_id)
{
	t->has_trace = trace_id.len == sizeof(t->trace_id);
	t->has_span = span_id.len == sizeof(t->span_id);
	if (t->has_trace)
		memcpy(t->trace_id, trace_id.ptr, sizeof(t->trace_id));
	if (t->has_span)
		memcpy(t->span_id, span_id.ptr, sizeof(t->span_id));
}

/* ------------------------------------------------------------------ attributes of a span */

enum reach { REACH_SPAN, REACH_TRACE, REACH_SESSION };

static const struct {
	const char *prefix, *item;
	enum reach reach;
	enum judgement_kind kind; /* where no annotator says it */
} lists[] = {
	{ "annotations.", ".annotation.", REACH_SPAN, JUDGEMENT_FEEDBACK },
	{ "evaluations.", ".evaluation.", REACH_SPAN, JUDGEMENT_EVALUATION },
	{ "trace.annotations.", ".annotation.", REACH_TRACE, JUDGEMENT_FEEDBACK },
	{ "trace.evaluations.", ".evaluation.", REACH_TRACE, JUDGEMENT_EVALUATION },
	{ "session.annotations.", ".annotation.", REACH_SESSION, JUDGEMENT_FEEDBACK },
	{ "session.evaluations.", ".evaluation.", REACH_SESSION, JUDGEMENT_EVALUATION },
};

static const struct member_row list_members[] = {
	{ "name", MEMBER_NAME },   { "score", MEMBER_VALUE },          { "label", MEMBER_LABEL },
	{ "annotator_kind", MEMBER_ANNOTATOR }, { 0 },
};

/* The span itself, its trace or its session. */
static struct judgement of_span(const struct judged_reader *r, const struct span_view *span, enum reach reach,
				enum judgement_kind kind)
{
	struct judgement j = { .kind = kind, .time_unix_ns = span->end_unix_ns };

	if (reach == REACH_SESSION)
		j.target.session_id = r->session;
	else
		set_ids(&j.target, span->trace_id, reach == REACH_SPAN ? span->span_id : SLICE_NONE);
	j.came_with_call = r->is_call && reach == REACH_SPAN;
	return j;
}

/* "3.annotation.score": the number, and what follows the item's name. False for another key. */
static bool split_key(struct slice rest, struct slice item, uint32_t *index, struct slice *member)
{
	uint64_t n;
	ptrdiff_t dot = slice_find(rest, SLICE("."));

	if (dot <= 0 || !slice_to_u64(slice_head(rest, (size_t)dot), &n) || n >= LIST_MAX)
		return false;
	rest = slice_skip(rest, (size_t)dot);
	if (!slice_starts_with(rest, item))
		return false;
	*index = (uint32_t)n;
	*member = slice_skip(rest, item.len);
	return true;
}

static void set_listed(const struct judged_reader *r, const struct member_row *rows, struct slice key, struct judgement *j,
		       const struct any_value *v)
{
	for (; rows->key != NULL; rows++)
		if (slice_equal(key, slice_of(rows->key)))
			set_member(r, j, rows->member, v);
}

static void read_list(const struct judged_reader *r, const struct span_view *span, size_t list)
{
	struct judgement found[LIST_MAX];
	struct slice prefix = slice_of(lists[list].prefix), item = slice_of(lists[list].item), member;
	uint32_t count = 0, index;

	for (size_t i = 0; i < span->attributes.count; i++) {
		const struct attribute *a = &span->attributes.items[i];
		if (!slice_starts_with(a->key, prefix) ||
		    !split_key(slice_skip(a->key, prefix.len), item, &index, &member))
			continue;
		for (; count <= index; count++)
			found[count] = of_span(r, span, lists[list].reach, lists[list].kind);
		set_listed(r, list_members, member, &found[index], &a->value);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (found[i].source != JUDGED_BY_UNKNOWN)
			found[i].kind = found[i].source == JUDGED_BY_HUMAN || found[i].source == JUDGED_BY_USER ?
						JUDGEMENT_FEEDBACK : JUDGEMENT_EVALUATION;
		finish(r, &found[i]);
	}
}

static void read_score(const struct judged_reader *r, const struct span_view *span, struct slice name,
		       const struct any_value *v)
{
	struct judgement j = of_span(r, span, REACH_SPAN, JUDGEMENT_EVALUATION);

	j.name = name;
	set_value(&j, v);
	finish(r, &j);
}

/* {"factuality": 0.8, ...} */
static void read_scores(const struct judged_reader *r, const struct span_view *span, const struct any_value *v)
{
	struct json j;
	struct json_string name;
	struct any_value value;
	struct wire_reader entries;
	struct attribute entry;

	if (v->kind == ANY_KVLIST) {
		entries = wire_reader_of(v->bytes);
		while (any_kvlist_next(&entries, &entry))
			read_score(r, span, entry.key, &entry.value);
		return;
	}
	if (v->kind != ANY_STRING)
		return;
	json_init(&j, v->bytes);
	if (!json_object(&j))
		return;
	while (json_member(&j, &name) && members_json_value(&j, r->arena, &value))
		read_score(r, span, json_unescape(name, r->arena), &value);
}

/* A span of no length beside the judged one; the value stands under a key of the feedback's name. */
static void read_feedback_span(const struct judged_reader *r, const struct span_view *span, const struct any_value *name)
{
	struct judgement j = of_span(r, span, REACH_SPAN, JUDGEMENT_FEEDBACK);

	if (name->kind != ANY_STRING || span->parent_span_id.len == 0)
		return;
	set_ids(&j.target, span->trace_id, span->parent_span_id);
	j.name = name->bytes;
	const struct any_value *v = attributes_find(span->attributes, name->bytes);
	if (v != NULL)
		set_value(&j, v);
	if (v != NULL && j.scale == SCALE_NONE && v->kind == ANY_STRING)
		j.label = v->bytes;
	finish(r, &j);
}

void judged_read_attributes(const struct judged_reader *r, const struct span_view *span)
{
	static const struct slice score = { "braintrust.scores.", sizeof("braintrust.scores.") - 1 };

	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		read_list(r, span, list);
	for (size_t i = 0; i < span->attributes.count; i++) {
		const struct attribute *a = &span->attributes.items[i];
		if (slice_equal(a->key, SLICE("braintrust.scores")))
			read_scores(r, span, &a->value);
		else if (slice_starts_with(a->key, score))
			read_score(r, span, slice_skip(a->key, score.len), &a->value);
		else if (slice_equal(a->key, SLICE("logfire.feedback.name")))
			read_feedback_span(r, span, &a->value);
	}
}

/* ------------------------------------------------------------------ events, as span events or as log records */

static const struct member_row evaluation_result[] = {
	{ "gen_ai.evaluation.name", MEMBER_NAME },
	{ "gen_ai.evaluation.score.value", MEMBER_VALUE },
	{ "gen_ai.evaluation.score.label", MEMBER_LABEL },
	{ "gen_ai.response.id", MEMBER_RESPONSE_ID },
	{ "error.type", MEMBER_ERROR },
	{ 0 },
};

static const struct member_row own_feedback[] = {
	{ "plimsoll.feedback.signal", MEMBER_NAME },
	{ "plimsoll.feedback.value", MEMBER_VALUE },
	{ "plimsoll.feedback.label", MEMBER_LABEL },
	{ "plimsoll.feedback.id", MEMBER_ID },
	{ "gen_ai.response.id", MEMBER_RESPONSE_ID },
	{ 0 },
};

static const struct member_row claude_decision[] = {
	{ "decision", MEMBER_DECISION },
	{ "source", MEMBER_DECIDED_BY },
	{ "tool_use_id", MEMBER_ID },
	{ "session.id", MEMBER_SESSION },
	{ 0 },
};

static const struct member_row codex_decision[] = {
	{ "decision", MEMBER_DECISION },
	{ "source", MEMBER_DECIDED_BY },
	{ "call_id", MEMBER_ID },
	{ "conversation.id", MEMBER_SESSION },
	{ 0 },
};

static const struct event {
	const char *name;
	enum judgement_kind kind;
	const char *signal; /* where the event has one name for all; then only a user's word is feedback */
	const struct member_row *rows;
} events[] = {
	{ "gen_ai.evaluation.result", JUDGEMENT_EVALUATION, NULL, evaluation_result },
	{ "plimsoll.feedback", JUDGEMENT_FEEDBACK, NULL, own_feedback },
	{ "claude_code.tool_decision", JUDGEMENT_FEEDBACK, "tool_decision", claude_decision },
	{ "codex.tool_decision", JUDGEMENT_FEEDBACK, "tool_decision", codex_decision },
};

static const struct event *event_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (slice_equal(name, slice_of(events[i].name)))
			return &events[i];
	return NULL;
}

static void read_event(const struct judged_reader *r, const struct event *e, struct attributes attributes,
		       struct judgement *j)
{
	j->kind = e->kind;
	j->name = slice_of(e->signal);
	for (size_t i = 0; i < attributes.count; i++)
		set_listed(r, e->rows, attributes.items[i].key, j, &attributes.items[i].value);
	if (e->signal != NULL && (j->source != JUDGED_BY_USER || j->scale == SCALE_NONE))
		return; /* decided by a setting */
	finish(r, j);
}

void judged_read_events(const struct judged_reader *r, const struct span_view *span)
{
	for (size_t i = 0; i < span->event_count; i++) {
		const struct event *e = event_of(span->events[i].name);
		if (e == NULL)
			continue;
		struct judgement j = of_span(r, span, REACH_SPAN, e->kind);
		j.time_unix_ns = span->events[i].time_unix_ns;
		read_event(r, e, span->events[i].attributes, &j);
	}
}

/* The event's name stands in one of three places; the attribute is the shortest where a prefix is left out. */
static const struct event *event_of_log(const struct log_view *log)
{
	const struct any_value *attribute = attributes_find(log->attributes, SLICE("event.name"));
	const struct event *e = event_of(log->event_name);

	if (e == NULL && attribute != NULL && attribute->kind == ANY_STRING)
		e = event_of(attribute->bytes);
	if (e == NULL && log->body.kind == ANY_STRING)
		e = event_of(log->body.bytes);
	return e;
}

void judged_read_log(const struct judged_reader *r, const struct log_view *log)
{
	const struct event *e = event_of_log(log);
	struct judgement j = { .time_unix_ns = log->time_unix_ns != 0 ? log->time_unix_ns : log->observed_unix_ns };

	if (e == NULL)
		return;
	set_ids(&j.target, log->trace_id, log->span_id);
	if (!j.target.has_trace)
		j.target.session_id = r->session;
	read_event(r, e, log->attributes, &j);
}
