/* SPDX-License-Identifier: Apache-2.0
 * gate/gate.h - may this version ship: results against a suite, against limits, and against another version.
 *
 * Every case counts the same, however often it was run: its share of runs that passed. The interval of the pass rate is
 * Wilson's (1927) at 95 %, over cases. A case that was not run has not passed. A limit on what the results do not tell is
 * not kept. Owned by one thread; texts are those of suite and results, which must outlive it.
 */
#ifndef PLIMSOLL_GATE_GATE_H
#define PLIMSOLL_GATE_GATE_H

#include "agent/gate/check.h"
#include "agent/gate/text_index.h"

/* Limits; NaN: none. */
struct gate_limits {
	double min_pass_rate, max_average_cost_usd, max_p95_latency_ms, max_regressions;
};

struct gate_case {
	struct slice id;
	const struct suite_case *asked; /* NULL: no suite */
	unsigned runs, passes;
	struct slice why;               /* of its first run that did not pass */
	double cost_usd, latency_ms;    /* means over its runs; NaN: unknown */
	enum tristate passed_before;    /* in the baseline: most of its runs; unknown: not there */
	double cost_before_usd, latency_before_ms;
};

/* Most of its runs passed. */
static inline bool gate_case_passed(const struct gate_case *c)
{
	return c->runs > 0 && 2 * c->passes > c->runs;
}

static inline bool gate_case_is_flaky(const struct gate_case *c)
{
	return c->passes > 0 && c->passes < c->runs;
}

static inline bool gate_case_regressed(const struct gate_case *c)
{
	return c->passed_before == TRI_YES && !gate_case_passed(c);
}

enum gate_criterion { GATE_PASS_RATE, GATE_AVERAGE_COST, GATE_P95_LATENCY, GATE_REGRESSIONS, GATE_CRITERIA };

struct gate {
	struct arena arena;
	const char *source;    /* of the results */
	struct gate_case *cases;
	size_t count, cap;
	struct text_index by_id, by_question; /* of cases */
	unsigned runs, flaky, missing, regressions, fixed, unknown; /* unknown: results of cases that no suite has */
	size_t skipped;  /* JUnit tests that were not run */
	unsigned cached; /* of the runs: answers that the tool remembered, whose cost nobody told */
	struct slice first_unknown;
	unsigned gone; /* cases of the baseline that no result is of now; without a suite, nobody says whether they should be */
	struct slice first_gone;
	double pass_rate, pass_low, pass_high;
	double average_cost_usd, p95_latency_ms; /* NaN: not told of every run */
	bool has_baseline;
	double pass_rate_before, average_cost_before_usd, p95_latency_before_ms;
	double limit[GATE_CRITERIA]; /* NaN: none */
	bool kept[GATE_CRITERIA];
	bool open; /* all limits are kept */
};

/* Which of the variants in a file of results is meant: its name, else a text that this holds; NULL: there is but one. */
struct gate_variants {
	const char *now, *before;
};

/* suite, baseline: may be NULL. Results of cases that the suite does not have are counted and left out.
 * Errors: INVALID, results of several variants, named in why; NOMEM. */
struct status gate_judge(const struct suite *suite, const struct results *now, const struct results *baseline,
			 const struct gate_limits *limits, const struct gate_variants *variants, struct gate **out,
			 struct buf *why) MUST_USE;
void gate_free(struct gate *g);

/* Lower and upper bound of a share of n at 95 %. */
void wilson_interval(double share, double n, double *low, double *high);

/* How many more cases it takes until an interval around this share no longer holds the limit; 0: it does not now. */
double cases_needed(double share, double n, double limit);

/* Reports. Each appends to out. */
struct gate_style {
	bool all_cases;
	bool colour;
	unsigned width; /* of the terminal */
};
void gate_print_text(const struct gate *g, const struct gate_style *style, struct buf *out);
void gate_print_json(const struct gate *g, struct buf *out);
void gate_print_junit(const struct gate *g, struct buf *out);
void gate_print_markdown(const struct gate *g, struct buf *out);

/* What each criterion is called, has come to, and may be, in words for people. */
const char *gate_criterion_name(enum gate_criterion c);
void gate_criterion_value(const struct gate *g, enum gate_criterion c, struct buf *out);
void gate_criterion_limit(const struct gate *g, enum gate_criterion c, struct buf *out);

#endif
