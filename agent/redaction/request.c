/* SPDX-License-Identifier: Apache-2.0
 * redaction/request.c - whole requests: which values are read, and what becomes of each.
 */
#include "agent/otlp/rewrite.h"
#include "agent/redaction/redaction_priv.h"

#define NO_ROOM FAIL(NOMEM, "the request's memory limit leaves no room to redact it")

/* A key that is both is denied. */
static enum rewrite_verdict on_value(void *context, enum rewrite_place place, struct slice key, bool nested)
{
	const struct redaction_lane *l = context;

	(void)place;
	if (key_list_has(&l->redactor->denied, key))
		return REWRITE_REPLACE;
	return !nested && key_list_has(&l->redactor->allowed, key) ? REWRITE_KEEP : REWRITE_ENTER;
}

static enum rewrite_verdict on_text(void *context, enum rewrite_place place, struct slice key, struct slice text,
				    struct slice *replacement)
{
	struct redaction_lane *l = context;

	if (place == REWRITE_TRACE_STATE || (place == REWRITE_SPAN_NAME && !l->redactor->config->span_names))
		return REWRITE_KEEP;
	if (place == REWRITE_TOO_DEEP) {
		meter_add(l->redactor->rules[RULE_UNSCANNED].found, 1);
		return REWRITE_DROP;
	}
	(void)key;
	switch (redact_value(l, text, place == REWRITE_WHOLE, replacement)) {
	case REDACTED_SOME:
		return REWRITE_REPLACE;
	case REDACTED_DROP:
		return REWRITE_DROP;
	default:
		return REWRITE_KEEP;
	}
}

struct status redact_request(struct redaction_lane *l, enum signal signal, struct slice wire, struct arena *a,
			     struct edit_list *edits)
{
	struct rewriter by = { .context = l, .value = on_value, .text = on_text };

	l->arena = a;
	l->failed = false;
	TRY(rewrite_request(&by, signal, wire, edits));
	return l->failed ? NO_ROOM : OK;
}

struct status redact_text(struct redaction_lane *l, struct slice text, struct arena *a, struct slice *out)
{
	struct slice written = text;

	l->arena = a;
	l->failed = false;
	if (redact_value(l, text, false, &written) == REDACTED_DROP)
		written = SLICE_NONE;
	*out = written;
	return l->failed ? NO_ROOM : OK;
}

struct status redact_records(struct redaction_lane *l, struct slice lines, struct arena *a, struct slice *out)
{
	*out = lines;
	l->arena = a;
	l->failed = false;
	scan_records(l, lines);
	if (l->count > 0) {
		*out = findings_apply(l, lines);
		findings_count(l);
	}
	return l->failed || out->ptr == NULL ? NO_ROOM : OK;
}
