/* SPDX-License-Identifier: Apache-2.0
 * cli/cases.h - the worst calls of production as evaluation cases: in the form of the gate's suite, and as Promptfoo's tests.
 * Both are JSON, which is YAML too.
 *
 * Promptfoo takes a variable's text for a template, and for a file or a program where it begins like a path to one. What users
 * wrote must do neither: "{{" becomes "{ {" there, and "file://" gets a space before it.
 */
#ifndef PLIMSOLL_CLI_CASES_H
#define PLIMSOLL_CLI_CASES_H

#include "agent/base/buf.h"
#include "agent/span/call_text.h"

enum cases_format { CASES_SUITE, CASES_PROMPTFOO };

/* Who knows the words of calls that the agent did not keep. False: not of this one. Ids: as in the answer; span_id may be
 * empty. */
struct cases_words {
	void *context;
	bool (*find)(void *context, struct slice trace_id, struct slice span_id, struct call_text *out);
};

struct cases_count {
	size_t written, asked; /* of them, how many have their question */
	size_t left_out;       /* for want of it */
};

/* answer: of GET /api/v1/cases/content. with_empty: Promptfoo's tests too where the question is not known. */
struct cases_count cases_export(struct slice answer, enum cases_format format, bool with_empty, const struct cases_words *words,
				struct buf *out);

#endif
