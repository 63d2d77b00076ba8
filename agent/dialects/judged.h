/* SPDX-License-Identifier: Apache-2.0
 * dialects/judged.h - evaluations and feedback in spans, span events and log records.
 *
 * Sources: semantic conventions 1.38 (gen_ai.evaluation.result, also OpenLIT and Azure AI), OpenInference 0.1.42
 * (annotations and evaluations, flattened), Logfire 5.4.0 (feedback spans), Braintrust's scores, Claude Code's and Codex'
 * tool decisions; and plimsoll.feedback, for those whose own feedback goes another way. Langfuse, LangSmith, MLflow and
 * Traceloop send theirs over their own HTTP APIs only.
 */
#ifndef PLIMSOLL_DIALECTS_JUDGED_H
#define PLIMSOLL_DIALECTS_JUDGED_H

#include "agent/base/arena.h"
#include "agent/dialects/reader.h"

struct judged_reader {
	struct arena *arena;
	struct slice session; /* of the span or record */
	bool is_call;         /* the span is itself a counted call */
	judgement_visit visit;
	void *context;
};

/* The attributes of a span that carries some: FIELD_JUDGES was set. */
void judged_read_attributes(const struct judged_reader *r, const struct span_view *span);
void judged_read_events(const struct judged_reader *r, const struct span_view *span);
void judged_read_log(const struct judged_reader *r, const struct log_view *log);

#endif
