/* SPDX-License-Identifier: Apache-2.0
 * canary/trial.c - what is deployed where, and what traffic makes of it.
 */
#include "agent/canary/trial.h"

#include <math.h>

#include "agent/canary/canary_priv.h"
#include "agent/canary/sequential.h"

#define SHARE_TAU 0.06 /* as of the rates in metric.h */

const char *const canary_trial_names[CANARY_TRIAL_STATES] = {
#define X(id, word) [CANARY_TRIAL_##id] = word,
	CANARY_TRIAL_MAP(X)
#undef X
};

/* ---------------------------------------------------------------- keeping */
static size_t text_bytes(const struct canary_trial *t)
{
	return t->name.len + t->environment.len + t->from.len + t->to.len + t->by.len;
}

static struct slice keep(struct buf *to, struct slice text)
{
	size_t at = to->len;

	buf_slice(to, text);
	return (struct slice){ to->ptr + at, text.len };
}

static bool is_same(const struct canary_trial *a, const struct canary_trial *b)
{
	return a->number == b->number && slice_equal(a->name, b->name) && slice_equal(a->environment, b->environment);
}

static enum canary_verdict verdict_so_far(const struct canary *c, const struct canary_trial *t)
{
	for (size_t i = 0; i < c->trial_count; i++)
		if (is_same(&c->trials[i], t))
			return c->trials[i].verdict;
	return t->verdict;
}

static struct canary_trial kept(struct buf *texts, const struct canary_trial *t, enum canary_verdict verdict)
{
	struct canary_trial mine = *t;

	mine.name = keep(texts, t->name);
	mine.environment = keep(texts, t->environment);
	mine.from = keep(texts, t->from);
	mine.to = keep(texts, t->to);
	mine.by = keep(texts, t->by);
	mine.verdict = verdict;
	return mine;
}

void canary_follow(struct canary *c, const struct canary_trial *trials, size_t count)
{
	struct canary_trial mine[CANARY_TRIALS_MAX];
	struct buf texts = BUF_INIT;
	size_t bytes = 1;

	count = count < CANARY_TRIALS_MAX ? count : CANARY_TRIALS_MAX;
	for (size_t i = 0; i < count; i++)
		bytes += text_bytes(&trials[i]);
	if (buf_reserve(&texts, bytes) == NULL) /* once, so that nothing moves */
		return;
	for (size_t i = 0; i < count; i++)
		mine[i] = kept(&texts, &trials[i], verdict_so_far(c, &trials[i]));
	buf_release(&c->trial_texts);
	c->trial_texts = texts;
	c->trial_count = count;
	memcpy(c->trials, mine, count * sizeof(mine[0]));
	c->fresh = true;
	cohort_memo_clear(&c->memo); /* who found no room may have it now */
	for (size_t i = 0; i < c->count; i++) {
		const struct canary_trial *t =
			canary_trial_of(c, canary_name_of(c->arms[i]), c->arms[i]->labels.environment);
		arm_begin(c->arms[i], t != NULL ? t->since_s : 0, t != NULL ? t->share_since_s : 0);
	}
}

const struct canary_trial *canary_trial_of(const struct canary *c, struct slice name, struct slice environment)
{
	for (size_t i = 0; i < c->trial_count; i++) {
		const struct canary_trial *t = &c->trials[i];
		if (slice_equal(t->name, name) &&
		    (slice_equal(t->environment, environment) || (t->takes_unnamed && environment.len == 0)))
			return t;
	}
	return NULL;
}

struct compare_window canary_window(const struct canary_trial *t)
{
	if (t == NULL)
		return (struct compare_window){ .since_s = 0 };
	return (struct compare_window){ .since_s = t->since_s, .older_before = t->state == CANARY_TRIAL_REPLACED };
}

/* ---------------------------------------------------------------- told and actual share */
struct canary_share canary_share_of(const struct canary *c, const struct canary_trial *t)
{
	struct canary_share s = { .actual = NAN };

	for (size_t i = 0; i < c->count; i++) {
		const struct arm *a = c->arms[i];
		if (a->share_since_s != t->share_since_s || canary_trial_of(c, canary_name_of(a), a->labels.environment) != t)
			continue;
		s.of += a->share_calls;
		if (slice_equal(a->labels.version, t->to))
			s.calls += a->share_calls;
	}
	if (s.of == 0)
		return s;
	double n = (double)s.of, variance = t->share * (1 - t->share) / n;
	s.actual = (double)s.calls / n;
	s.differs = t->state == CANARY_TRIAL_RUNS &&
		    fabs(s.actual - t->share) > sequential_half_width(variance, SHARE_TAU, c->config->alpha);
	return s;
}
