/* SPDX-License-Identifier: Apache-2.0
 * daemon/trials.c - deployments to trials, findings to history.
 */
#include "agent/daemon/trials.h"

#include <inttypes.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/canary/canary.h"

void trials_write_deployment(const struct prompt_deployment *d, struct buf *out)
{
	bool is_rollback = d->kind == PROMPT_ROLLBACK;

	buf_printf(out, "%.*s@%.*s %s %s %.*s", SLICE_ARG(d->name), SLICE_ARG(d->version),
		   is_rollback ? "was taken back" : "was deployed", is_rollback ? "into" : "to", SLICE_ARG(d->environment));
	if (d->canary_share < 1)
		buf_printf(out, " for %g %% of the traffic", d->canary_share * 100);
	if (d->previous.len > 0)
		buf_printf(out, ", after %.*s", SLICE_ARG(d->previous));
	buf_printf(out, ", by %.*s", SLICE_ARG(d->by));
	if (d->ticket.len > 0)
		buf_printf(out, " (%.*s)", SLICE_ARG(d->ticket));
}

/* ---------------------------------------------------------------- the canary follows deployments */
struct following {
	struct canary_trial trials[CANARY_TRIALS_MAX];
	size_t count;
	struct buf texts[CANARY_TRIALS_MAX];
};

/* The texts of one trial, in one buffer that does not move any more. */
static struct slice keep(struct buf *texts, struct slice name, struct slice version)
{
	size_t at = texts->len;

	if (version.len == 0)
		return SLICE_NONE;
	if (name.len > 0) {
		buf_slice(texts, name);
		buf_byte(texts, '@');
	}
	buf_slice(texts, version);
	return (struct slice){ texts->ptr + at, texts->len - at };
}

static enum canary_verdict verdict_named(struct slice name)
{
	static const enum canary_verdict decided[] = { CANARY_WORSE, CANARY_EQUAL, CANARY_BETTER };

	for (size_t i = 0; i < sizeof(decided) / sizeof(decided[0]); i++)
		if (slice_equal(name, slice_of(canary_verdict_names[decided[i]])))
			return decided[i];
	return CANARY_UNDECIDED;
}

static void take_trial(void *context, const struct prompt_trial *p)
{
	static const enum canary_trial_state states[] = { [PROMPT_TRIAL_RUNS] = CANARY_TRIAL_RUNS,
							  [PROMPT_TRIAL_REPLACED] = CANARY_TRIAL_REPLACED,
							  [PROMPT_TRIAL_ENDED] = CANARY_TRIAL_ENDED };
	struct following *f = context;
	const struct prompt_deployment *d = p->last;
	struct buf *texts = &f->texts[f->count];
	size_t bytes = 3 * (d->name.len + 1) + d->environment.len + p->from.len + p->to.len + d->by.len;

	if (f->count == CANARY_TRIALS_MAX || buf_reserve(texts, bytes) == NULL)
		return;
	f->trials[f->count++] = (struct canary_trial){
		.name = keep(texts, SLICE_NONE, d->name),
		.environment = keep(texts, SLICE_NONE, d->environment),
		.from = keep(texts, d->name, p->from),
		.to = keep(texts, d->name, p->to),
		.by = keep(texts, SLICE_NONE, d->by),
		.state = states[p->state],
		.number = p->first->number,
		.since_s = p->first->at_s,
		.share = d->canary_share,
		.share_since_s = d->at_s,
		.takes_unnamed = p->is_only_environment,
		.verdict = verdict_named(p->verdict),
	};
}

void trials_follow(struct trials *t)
{
	struct following f = { .count = 0 };

	if (registry_visit_trials(t->registry, take_trial, &f))
		judge_follow(t->judge, f.trials, f.count);
	for (size_t i = 0; i < CANARY_TRIALS_MAX; i++)
		buf_release(&f.texts[i]);
}

/* ---------------------------------------------------------------- what it finds */
static struct slice without_name(struct slice label, struct slice name)
{
	return label.len > name.len ? slice_skip(label, name.len + 1) : label;
}

/* "the canary of answer@1.5.0 in production is worse after 354 calls of it and 6700 of 1.4.0: ..." */
static void write_finding(const struct canary_trial *t, struct slice from, const struct canary_summary *s, struct buf *out)
{
	buf_printf(out, "the canary of %.*s in %.*s is %s after %.0f calls of it and %.0f of %.*s: %.*s", SLICE_ARG(t->to),
		   SLICE_ARG(t->environment), canary_verdict_names[s->verdict], s->calls_to, s->calls_from,
		   SLICE_ARG(without_name(from, t->name)), SLICE_ARG(buf_view(&s->reason)));
}

static void audit_finding(struct trials *t, const struct canary_finding *f)
{
	struct buf text = BUF_INIT;

	write_finding(f->trial, f->from, f->summary, &text);
	const struct audit_entry entry = { .at_s = f->at_s, .kind = SLICE(AUDIT_CANARY), .subject = f->trial->to,
					   .text = buf_view(&text) };
	audit_record(t->audit, &entry);
	LOG(INFO, "prompts", "canary_verdict", "prompt=\"%.*s\" environment=\"%.*s\" verdict=%s calls=%.0f",
	    SLICE_ARG(f->trial->to), SLICE_ARG(f->trial->environment), canary_verdict_names[f->summary->verdict],
	    f->summary->calls_to);
	buf_release(&text);
}

static void keep_finding(struct trials *t, const struct canary_trial *trial, const struct canary_summary *s, uint64_t at_s)
{
	const struct prompt_finding finding = {
		.verdict = slice_of(canary_verdict_names[s->verdict]),
		.reason = buf_view(&s->reason),
		.at_s = at_s,
		.calls = (uint64_t)s->calls_to,
		.calls_of_other = (uint64_t)s->calls_from,
	};

	registry_note_finding(t->registry, trial->name, without_name(trial->to, trial->name), trial->environment, &finding);
}

static void on_finding(void *context, const struct canary_finding *f)
{
	struct trials *t = context;

	keep_finding(t, f->trial, f->summary, f->at_s);
	if (f->summary->verdict != CANARY_UNDECIDED)
		audit_finding(t, f);
}

struct noting {
	struct trials *trials;
	struct canary_wish wish;
};

static void note_standing(void *context, const struct canary *c)
{
	const struct noting *n = context;
	struct canary_summary s;
	struct canary_pair pair;

	if (FAILED(canary_choose(c, &n->wish, &pair)) || pair.trial == NULL || pair.trial->state != CANARY_TRIAL_RUNS)
		return;
	canary_summarize(c, &n->wish, &pair, &s);
	keep_finding(n->trials, pair.trial, &s, clock_unix_ns() / NS_PER_SECOND);
	buf_release(&s.reason);
}

void trials_note(struct trials *t, struct slice name, struct slice environment)
{
	struct noting n = { t, { .name = name, .environment = environment } };

	judge_look_versions(t->judge, note_standing, &n);
}

/* ---------------------------------------------------------------- who may be promoted */
struct question {
	const struct prompt_deployment *d;
	enum prompt_promotion promotion;
	bool allows;
	struct buf *says; /* what the canary says */
};

static bool is_allowed(enum prompt_promotion promotion, enum canary_verdict v)
{
	if (promotion == PROMPT_GROWS_CANARY)
		return v != CANARY_WORSE;
	return v == CANARY_EQUAL || v == CANARY_BETTER;
}

static void ask(void *context, const struct canary *c)
{
	struct question *q = context;
	const struct canary_wish wish = { .name = q->d->name, .to = q->d->version, .environment = q->d->environment };
	struct canary_summary s;
	struct canary_pair pair;

	if (!canary_has_say(c)) {
		q->allows = true;
		buf_text(q->says, "no canary has a say: canary.enabled is false, or canary.guard empty");
		return;
	}
	struct status found = canary_choose(c, &wish, &pair);
	if (FAILED(found) || pair.trial == NULL) {
		q->allows = q->promotion == PROMPT_GROWS_CANARY;
		buf_printf(q->says, "its canary cannot be compared: %s",
			   FAILED(found) ? found.why : "the agent does not follow it yet");
		return;
	}
	canary_summarize(c, &wish, &pair, &s);
	q->allows = is_allowed(q->promotion, s.verdict);
	write_finding(pair.trial, pair.from, &s, q->says);
	buf_release(&s.reason);
}

bool trials_permit(struct trials *t, const struct prompt_deployment *d, bool forced, struct buf *reason, struct buf *why)
{
	struct buf says = BUF_INIT;
	struct question q = { .d = d, .promotion = registry_promotion(t->registry, d, &says), .says = &says };

	if (q.promotion == PROMPT_PROMOTES_NONE)
		return true;
	if (q.promotion != PROMPT_IGNORES_CANARY)
		judge_look_versions(t->judge, ask, &q);
	bool may = q.allows || forced;
	if (may)
		buf_printf(reason, "%s%s", q.allows ? "" : "forced, although ", buf_string(&says));
	else
		buf_printf(why, "%.*s@%.*s may not get %s traffic: %s; it may when it is equal or better on every guarded metric, or "
			   "with --force", SLICE_ARG(d->name), SLICE_ARG(d->version),
			   q.promotion == PROMPT_GROWS_CANARY ? "more" : "all", buf_string(&says));
	buf_release(&says);
	return may;
}

/* ---------------------------------------------------------------- what an alert is told with */
struct explaining {
	struct buf *evidence, *cause;
};

static void explain(void *context, const struct prompt_deployment *d)
{
	struct explaining *e = context;
	struct buf words = BUF_INIT;
	char at[21];

	clock_format_utc(d->at_s, at);
	trials_write_deployment(d, &words);
	json_write_key(e->evidence, "deployment");
	buf_byte(e->evidence, '{');
	json_write_text_if_any(e->evidence, "version", d->version);
	json_write_text_if_any(e->evidence, "environment", d->environment);
	json_write_text_if_any(e->evidence, "by", d->by);
	json_write_text_if_any(e->evidence, "ticket", d->ticket);
	buf_printf(e->evidence, ",\"time\":%" PRIu64 ",\"share\":", d->at_s);
	json_write_double(e->evidence, d->canary_share);
	buf_byte(e->evidence, '}');
	if (slice_find(buf_view(e->cause), buf_view(&words)) < 0) /* else it is what changed just before, too */
		buf_printf(e->cause, "%s%s, on %s", e->cause->len > 0 ? "; " : "", buf_string(&words), at);
	buf_release(&words);
}

static void explain_verdict(void *context, const struct verdict *v, struct buf *evidence, struct buf *cause)
{
	struct trials *t = context;
	struct explaining e = { evidence, cause };

	if (v->prompt_version.len > 0)
		registry_with_deployment(t->registry, v->prompt_version, v->environment, v->at_s, explain, &e);
}

void trials_init(struct trials *t, struct registry *registry, struct judge *judge, struct audit *audit)
{
	*t = (struct trials){ registry, judge, audit };
	judge_on_finding(judge, on_finding, t);
	judge_explain_with(judge, explain_verdict, t);
	trials_follow(t);
}
