/* SPDX-License-Identifier: Apache-2.0
 * gate/suite.h - what is asked of a prompt version: cases, and what an answer to each must keep to.
 *
 * A suite is YAML or JSON: a list of cases, or a mapping with `cases` and, beside it, `name`, `prompt` and `defaults` (what
 * holds for every case that does not say otherwise). Wrong files are told with file, line and column. The suite owns all
 * its texts; one thread uses it.
 */
#ifndef PLIMSOLL_GATE_SUITE_H
#define PLIMSOLL_GATE_SUITE_H

#include "agent/base/arena.h"
#include "agent/config/config.h"

struct suite_case {
	const char *id, *question; /* question: NULL where it is left to the runner */
	struct string_list expected;      /* texts that the answer holds; left to the source where that judges itself */
	struct string_list must_not;      /* texts that it may not hold */
	struct string_list contains, contains_any, regex, not_regex;
	bool is_json;
	const char *json_schema;          /* JSON text, or NULL */
	int64_t cites;                    /* at least so many citations */
	int64_t max_output_tokens, max_input_tokens; /* 0: any number */
	double max_cost_usd;              /* 0: any cost */
	uint64_t max_latency_ms;          /* 0: any time */
	struct string_list tags;
	const char *trace_id, *note; /* where the case comes from */
	const char *messages;        /* JSON: the conversation that ends with the question, or NULL; for the runner */
	const char *actual;          /* what production answered; for people */
};

struct suite {
	struct arena arena;
	const char *path, *name, *prompt; /* name, prompt: NULL where not given */
	struct suite_case *cases;
	size_t count;
};

/* Which keys there are, and what they do, end at name == NULL: of a suite, and of each case and its `defaults`. */
extern const struct conf_option suite_options[], suite_case_options[];

/* Reads "-" from standard input. errors: a line for each mistake. Errors: INVALID, the file is wrong; IO, it cannot be
 * read; NOMEM. */
struct status suite_load(const char *path, struct suite **out, struct buf *errors) MUST_USE;
void suite_free(struct suite *s);

#endif
