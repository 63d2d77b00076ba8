/* SPDX-License-Identifier: Apache-2.0
 * How often two versions that are the same are told apart by somebody who looks every five minutes for three days, and
 * how many calls it takes to find one that is worse. Prints a line for each kind of traffic; `make canary-validity`.
 *
 * Traffic: tokens and times are lognormal around a level that follows the hour of day and wanders from hour to hour
 * (both versions go through it), volume has a daily course, and where it is "in bursts" five calls in a row have a
 * common level besides. Rates: 2 % errors, 1 % refusals, 0.5 % broken JSON, and scores around 0.8.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/canary/compare.h"

#define T0     UINT64_C(1760054400)
#define PEEK_S 300u
#define DAY_S  86400u
#define TURN   6.283185307179586

static const char *guard[] = { "cost", "latency", "ttft", "output_tokens", "error_rate", "refusal_rate",
			       "invalid_json_rate", "schema_violation_rate", "empty_rate", "truncated_rate", "eval_score" };
static const struct canary_config config = {
	.enabled = true,
	.alpha = 0.01,
	.guard = { guard, sizeof(guard) / sizeof(guard[0]) },
	.margins = { 0.1, 0.1, 0.1, 0.2, 0.01, 0.03, 0.05, 0.15 },
};

struct traffic {
	const char *name;
	double per_hour, share_b;
	double drift;        /* deviation of the level's step from hour to hour, in logarithms */
	unsigned burst;      /* calls in a row that have a common level */
	unsigned b_begins_h; /* and where it does, a ends, where they are apart */
	bool apart;
	unsigned deployed_s; /* b is deployed so long after the start: until then a alone serves, at another level */
	double broken;       /* of b's answers, more than of a's */
};

/* ---------------------------------------------------------------- chance */
static uint64_t seed;

static double uniform(void)
{
	seed += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(TURN * uniform());
}

/* ---------------------------------------------------------------- traffic */
struct world {
	struct arm *a, *b;
	double level, burst_level;
	unsigned in_burst;
	bool burst_is_b;
	struct compare_window window;
};

static enum outcome draw_outcome(double broken)
{
	double u = uniform();

	if (u < 0.02)
		return OUTCOME_ERROR;
	if (u < 0.03)
		return OUTCOME_REFUSAL;
	return u < 0.035 + broken ? OUTCOME_INVALID_JSON : OUTCOME_OK;
}

static void one_call(struct world *w, const struct traffic *t, uint64_t at_s)
{
	if (w->in_burst == 0) {
		w->in_burst = t->burst;
		w->burst_level = t->burst > 1 ? 0.4 * normal() : 0;
		w->burst_is_b = uniform() < t->share_b;
	}
	w->in_burst--;
	bool is_early = at_s < T0 + t->deployed_s;
	bool is_b = t->apart ? at_s >= T0 + t->b_begins_h * 3600u : w->burst_is_b && !is_early;
	double level = w->level + w->burst_level + (is_early ? 0.7 : 0);
	struct sample s = sample_unknown(SAMPLE_CALL);
	uint32_t gone;

	s.time_unix_ms = at_s * 1000;
	s.outcome = draw_outcome(is_b ? t->broken : 0);
	s.output_tokens = exp(5 + level + 0.7 * normal());
	s.cost_usd = 1e-5 * s.output_tokens * exp(0.3 * normal());
	s.ttft_ms = exp(6 + 0.5 * level + 0.4 * normal());
	s.latency_ms = s.ttft_ms + 20 * s.output_tokens * exp(0.2 * normal());
	s.name = SLICE("quality");
	s.value = fmin(1, 0.8 + 0.1 * normal());
	if (!arm_add(is_b ? w->b : w->a, &s, &gone))
		abort();
}

/* What a look says. */
struct look {
	bool told_apart, worse;
	double calls_b;
};

static struct look look_at(const struct world *w)
{
	struct canary_comparison c;
	struct look l = { .calls_b = 0 };

	canary_compare(&config, w->a, w->b, &w->window, &c);
	l.worse = c.verdict == CANARY_WORSE;
	for (size_t i = 0; i < c.count; i++) {
		const struct canary_row *r = &c.rows[i];
		l.told_apart = l.told_apart || (r->difference.is_known && fabs(r->difference.by) > r->half_width);
		l.calls_b = fmax(l.calls_b, r->difference.n_b);
	}
	return l;
}

/* Three days of looking; until_worse: stops there. Returns the last look, or the first that told them apart. */
static struct look run(const struct traffic *t, bool until_worse)
{
	const struct arm_labels labels[] = { { SLICE("f"), SLICE("m"), SLICE("p@1"), SLICE("e") },
					     { SLICE("f"), SLICE("m"), SLICE("p@2"), SLICE("e") } };
	struct world w = { arm_new(&labels[0]), arm_new(&labels[1]), 0, 0, 0, false, { 0 } };
	uint64_t begin = T0 + t->b_begins_h * 3600u, end = begin + 3 * DAY_S;
	struct look l = { .calls_b = 0 };
	double phase = uniform(), at = T0;

	if (t->deployed_s > 0) {
		w.window.since_s = T0 + t->deployed_s;
		arm_begin(w.a, w.window.since_s, w.window.since_s);
		arm_begin(w.b, w.window.since_s, w.window.since_s);
	}
	for (uint64_t peek = T0 + PEEK_S; peek < end; peek += PEEK_S) {
		double hour = (double)(peek - T0) / 3600;
		if ((peek - T0) % 3600 == 0)
			w.level = 0.95 * w.level + t->drift * normal() + 0.02 * sin(TURN * (hour / 24 + phase));
		double rate = t->per_hour * (1 + 0.6 * sin(TURN * (hour / 24 + phase)));
		for (at = fmax(at, (double)(peek - PEEK_S)); at < (double)peek; at += -log(uniform()) * 3600 / rate)
			one_call(&w, t, (uint64_t)at);
		if (peek < begin)
			continue;
		l = look_at(&w);
		if (until_worse ? l.worse : l.told_apart)
			break;
	}
	arm_free(w.a);
	arm_free(w.b);
	return l;
}

/* ---------------------------------------------------------------- figures */
static void print_validity(const struct traffic *t, unsigned runs)
{
	unsigned wrong = 0, worse = 0;

	for (unsigned i = 0; i < runs; i++) {
		struct look l = run(t, false);
		wrong += l.told_apart;
		worse += l.worse;
	}
	printf("%-44s %5u runs  told apart %5.1f %%  called worse %5.1f %%\n", t->name, runs, 100.0 * wrong / runs,
	       100.0 * worse / runs);
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_power(const struct traffic *t, unsigned runs)
{
	double *calls = calloc(runs, sizeof(*calls));
	unsigned found = 0;

	for (unsigned i = 0; calls != NULL && i < runs; i++) {
		struct look l = run(t, true);
		if (l.worse)
			calls[found++] = l.calls_b;
	}
	if (calls == NULL || found == 0)
		exit(1);
	qsort(calls, found, sizeof(*calls), by_value);
	printf("%-44s %5u runs  found %5.1f %%  after %.0f calls of the new version (median), %.0f (90 %%)\n", t->name, runs,
	       100.0 * found / runs, calls[found / 2], calls[found * 9 / 10]);
	free(calls);
}

int main(int argc, char **argv)
{
	static const struct traffic same[] = {
		{ .name = "steady, 100/h, half each", .per_hour = 100, .share_b = 0.5, .burst = 1 },
		{ .name = "steady, 100/h, one in ten", .per_hour = 100, .share_b = 0.1, .burst = 1 },
		{ .name = "unsteady, 100/h, one in ten", .per_hour = 100, .share_b = 0.1, .burst = 1, .drift = 0.15 },
		{ .name = "unsteady, 20/h, half each", .per_hour = 20, .share_b = 0.5, .burst = 1, .drift = 0.15 },
		{ .name = "unsteady, 100/h in bursts, half each", .per_hour = 100, .share_b = 0.5, .burst = 5, .drift = 0.15 },
		{ .name = "steady, 100/h, one after the other", .per_hour = 100, .burst = 1, .b_begins_h = 168, .apart = true },
		{ .name = "unsteady, 100/h, one after the other", .per_hour = 100, .burst = 1, .b_begins_h = 168, .apart = true,
		  .drift = 0.05 },
		{ .name = "unsteady, 200/h, one in ten from 10:30 on", .per_hour = 200, .share_b = 0.1, .burst = 1, .drift = 0.15,
		  .deployed_s = 10 * 3600 + 1800 },
	};
	static const struct traffic worse[] = {
		{ .name = "8 % break JSON, 100/h, half each", .per_hour = 100, .share_b = 0.5, .burst = 1, .broken = 0.08 },
		{ .name = "8 % break JSON, 100/h, one in ten", .per_hour = 100, .share_b = 0.1, .burst = 1, .broken = 0.08 },
		{ .name = "3 % break JSON, 100/h, half each", .per_hour = 100, .share_b = 0.5, .burst = 1, .broken = 0.03 },
	};
	unsigned runs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;

	printf("the same version twice, alpha %.2f for all metrics together:\n", config.alpha);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		print_validity(&same[i], runs);
	printf("a version that is worse:\n");
	for (size_t i = 0; i < sizeof(worse) / sizeof(worse[0]); i++)
		print_power(&worse[i], runs);
	return 0;
}
