/* SPDX-License-Identifier: Apache-2.0
 * gate/results.h - what a version answered to the cases, whatever tool asked it.
 *
 * Read from: Promptfoo (`promptfoo eval -o out.json`, .jsonl or .yaml), LangSmith experiments (examples with runs, runs,
 * or the rows of `evaluate`, also through pandas), Braintrust experiments (rows), JUnit XML, JSON lines of `plimsoll replay
 * --output json`, and plain JSON: an array or lines of objects with id, output, passed, score, cost_usd, latency_ms,
 * input_tokens, output_tokens, error; or the same as CSV with a header. What the file is, it shows itself.
 * Texts live in the results' arena; one thread uses them.
 */
#ifndef PLIMSOLL_GATE_RESULTS_H
#define PLIMSOLL_GATE_RESULTS_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/span/call.h"

/* One answer to one case. Empty slice, NaN, TRI_UNKNOWN: not told. */
struct result {
	struct slice case_id;
	struct slice short_id; /* JUnit: the test's name without its class, which a suite may go by */
	struct slice question; /* as it was asked, which a suite may go by, too */
	struct slice variant; /* provider and prompt, where the file holds several */
	struct slice output;
	enum tristate passed; /* as its tool judged it */
	struct slice why;     /* the tool's words */
	struct slice error;   /* the call itself failed */
	unsigned calls;       /* a replay's: model calls that it is made of */
	bool is_cached;       /* the tool remembered it: cost and tokens are unknown */
	double score, cost_usd, latency_ms, input_tokens, output_tokens;
};

struct results {
	struct arena arena;
	const char *source; /* "promptfoo", a literal */
	struct result *items;
	size_t count, cap;
	size_t skipped; /* JUnit tests that were not run */
};

/* Appends one, all unknown; NULL without memory. */
struct result *results_add(struct results *r);

/* path "-": standard input. pass_score: scores from here on pass, where nothing but scores is told.
 * why: the sentence to print, with the place. Errors: MALFORMED; IO; TOOBIG; NOMEM. */
struct status results_load(const char *path, double pass_score, struct results **out, struct buf *why) MUST_USE;

/* The same of a text that is there already; borrowed for the call. name: for messages. */
struct status results_read(const char *name, struct slice text, double pass_score, struct results **out,
			   struct buf *why) MUST_USE;
void results_free(struct results *r);

#endif
