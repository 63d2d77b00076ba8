/* SPDX-License-Identifier: Apache-2.0
 * config/template.h - words with placeholders, "[{{state}}] {{summary}}", for what people are told.
 */
#ifndef PLIMSOLL_CONFIG_TEMPLATE_H
#define PLIMSOLL_CONFIG_TEMPLATE_H

#include "agent/base/buf.h"

/* X(id, name, what it stands for) */
#define PLACEHOLDER_MAP(X)                                                      \
	X(SUMMARY, "summary", "one sentence: what moved, and by how much")      \
	X(DETAILS, "details", "all that is known, in lines")                    \
	X(STATE, "state", "firing or resolved")                                 \
	X(SEVERITY, "severity", "info, warning or critical")                    \
	X(KIND, "kind", "shift, canary, runaway, ...")                          \
	X(METRIC, "metric", "cost, latency, error_rate, ...")                   \
	X(FEATURE, "feature", "the feature")                                    \
	X(MODEL, "model", "the model")                                          \
	X(PROMPT, "prompt_version", "the prompt version")                       \
	X(VALUE, "value", "where the metric is now")                            \
	X(BASELINE, "baseline", "where it usually is")                          \
	X(DEVIATION, "deviation", "how far that is, in sigmas")                 \
	X(CAUSE, "cause", "what explains it, where that is known")              \
	X(RUNBOOK, "runbook_url", "the runbook's address")                      \
	X(ID, "id", "the alert's id")

enum placeholder {
#define X(id, name, doc) PLACEHOLDER_##id,
	PLACEHOLDER_MAP(X)
#undef X
	PLACEHOLDER_COUNT
};

extern const char *const placeholder_names[PLACEHOLDER_COUNT];

/* NULL, or what is wrong (a literal): an unknown placeholder, or one that is not closed. */
const char *template_check(const char *text);

/* Appends the text, each placeholder written by write. text: one that was checked. */
typedef void (*placeholder_fn)(const void *context, enum placeholder which, struct buf *out);
void template_write(const char *text, placeholder_fn write, const void *context, struct buf *out);

#endif
