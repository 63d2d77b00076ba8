/* SPDX-License-Identifier: Apache-2.0
 * dialects/reader.h - reads one span into one call, whatever dialects the span speaks.
 */
#ifndef PLIMSOLL_DIALECTS_READER_H
#define PLIMSOLL_DIALECTS_READER_H

#include "agent/base/meter.h"
#include "agent/dialects/dialect.h"
#include "agent/dialects/known_keys.h"
#include "agent/otlp/walk.h"
#include "agent/span/call_text.h"
#include "agent/span/fingerprint.h"
#include "agent/span/judgement.h"

struct dialect_reader;

/* Watches the reading, for those who explain it. */
struct dialect_trace {
	/* A row was applied. key: of the attribute; member: of the value inside it, empty for the value as a whole.
	 * of_resource: the resource's attribute, which holds where the span has none. understood: false where the value
	 * cannot mean that. */
	void (*row)(void *context, struct slice key, const char *member, const char *dialect, enum field field,
		    unsigned rank, bool of_resource, bool understood);
	void *context;
};

/* What the fields of dialect.h are called in explanations. */
const char *field_name(enum field field);

/* One per lane. keys is borrowed. NULL without memory. */
struct dialect_reader *dialect_reader_new(const struct known_keys *keys);
void dialect_reader_free(struct dialect_reader *r);

/* trace is borrowed until the next call; NULL ends it. */
void dialect_reader_trace(struct dialect_reader *r, const struct dialect_trace *trace);

/* Who knows prompt templates by their text; what it says goes to prompt_template of calls. context is borrowed until the
 * next call; match NULL ends it. */
void dialect_reader_match(struct dialect_reader *r, fingerprint_match match, const void *context);

/* Before each batch: texts that have to be written out go to this arena. */
void dialect_reader_begin(struct dialect_reader *r, struct arena *a);

/* Fills *out (slices borrow from the span and the arena). False for a span that has nothing to do with models: it gets
 * no record and no attribute, and *out is meaningless. Tokens, times and attribution are as the span tells them; cost,
 * outcome and what is computed come later. */
bool dialect_read(struct dialect_reader *r, const struct span_view *span, struct call *out);

/* After dialect_read said false of this span: what it says of the application (session, user, feature, prompt), for the
 * calls inside it, or as a guardrail. False where it says nothing. */
bool dialect_read_application(struct dialect_reader *r, const struct span_view *span, struct call *out);

/* The words of the call that dialect_read or dialect_read_log has just read, from its attributes and events (none of a log
 * record). Slow: for the few calls whose words are wanted. Slices of *out live in the arena. */
void dialect_read_text(struct dialect_reader *r, struct attributes attributes, const struct event_view *events,
		       size_t event_count, struct call_text *out);

/* Who was asked and by whom, of a metric's data point (points.h): models, provider, operation, attribution. False for a
 * point about something else, such as an agent's run. */
bool dialect_read_point_attributes(struct dialect_reader *r, const struct point_view *point, struct call *out);

/* A log record that carries attributes of a call, such as a command-line agent's or the conventions' details event. As
 * dialect_read; the call's end is the record's time. Evidence of a model call is asked for: false without it. */
bool dialect_read_log(struct dialect_reader *r, const struct log_view *log, struct call *out);

/* What the span just read by dialect_read (whatever that said), or a log record, says about calls: evaluations, feedback.
 * Each is handed to visit, borrowed for the call. is_call: the span is itself a counted call. */
typedef void (*judgement_visit)(void *context, const struct judgement *j);
void dialect_read_judgements(struct dialect_reader *r, const struct span_view *span, bool is_call, judgement_visit visit,
			     void *context);
void dialect_read_log_judgements(struct dialect_reader *r, const struct log_view *log, judgement_visit visit,
				 void *context);

#endif
