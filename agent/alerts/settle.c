/* SPDX-License-Identifier: Apache-2.0
 * alerts/settle.c - who is told of what. Looks at the state of all alerts instead of at events, so that a silence that
 * ends, a rule that is reloaded and a kill between two steps need no cases of their own.
 */
#include "agent/alerts/alerts_priv.h"
#include "agent/alerts/severity.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"

#define FLAP_WINDOW_S 86400

static bool is_firing(const struct alert *alert)
{
	return alert->state == ALERT_FIRING;
}

static bool same_incident(const struct alert *a, const struct alert *b)
{
	return memcmp(a->incident, b->incident, ALERT_ID_SIZE) == 0;
}

/* People were told that it fires and were not told that it ended. */
static bool is_open(const struct alert *alert)
{
	return alert->tellings > 0 && !alert->end_is_told;
}

/* ---------------------------------------------------------------- reasons to tell nobody */
static void note_who_may_hide(struct alerts *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct match_labels labels = severity_labels(&a->items[i]->verdict);
		a->items[i]->may_hide = is_firing(a->items[i]) && rules_may_hide(&a->rules, &labels);
	}
}

static const struct alert *who_hides(const struct alerts *a, const struct alert *alert,
				     const struct match_labels *labels)
{
	if (alert->tellings > 0 || !rules_may_be_hidden(&a->rules, labels))
		return NULL;
	for (size_t i = 0; i < a->count; i++) {
		const struct alert *other = a->items[i];
		if (other == alert || !other->may_hide)
			continue;
		struct match_labels source = severity_labels(&other->verdict);
		if (rules_hide(&a->rules, &source, labels))
			return other;
	}
	return NULL;
}

/* Whether alerts of the same identity were told so often in the day before. */
static bool is_flapping(const struct alerts *a, const struct alert *alert)
{
	int64_t told = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct alert *other = a->items[i];
		told += other != alert && other->tellings > 0 &&
			memcmp(other->identity, alert->identity, ALERT_ID_SIZE) == 0 &&
			other->verdict.started_at_s + FLAP_WINDOW_S > alert->verdict.started_at_s;
	}
	if (alert->verdict.kind == VERDICT_BUDGET) /* a threshold is crossed once in a period */
		return false;
	return a->config->flap_limit > 0 && told >= a->config->flap_limit;
}

static void set_mute(struct alert *alert, enum alert_mute mute, const char *by)
{
	if (alert->mute == mute && strcmp(alert->muted_by, by) == 0)
		return;
	alert->mute = mute;
	memset(alert->muted_by, 0, sizeof(alert->muted_by));
	memcpy(alert->muted_by, by, strlen(by));
	alert->dirty = true;
}

static void judge_mute(struct alerts *a, struct alert *alert, uint64_t now_s)
{
	struct match_labels labels = severity_labels(&alert->verdict);
	const struct silence *silence = silences_cover(&a->silences, &labels, now_s);
	const struct alert *other;

	if (silence != NULL)
		set_mute(alert, ALERT_MUTE_SILENCED, silence->id);
	else if (rules_silence(&a->rules, &labels))
		set_mute(alert, ALERT_MUTE_SILENCED, "");
	else if (rules_shadow(&a->rules, &labels))
		set_mute(alert, ALERT_MUTE_SHADOW, "");
	else if ((other = who_hides(a, alert, &labels)) != NULL)
		set_mute(alert, ALERT_MUTE_HIDDEN, other->id);
	else if (alert->tellings == 0 && is_flapping(a, alert))
		set_mute(alert, ALERT_MUTE_FLAPPING, "");
	else if (alert->mute != ALERT_MUTE_MEMBER)
		set_mute(alert, ALERT_MUTE_NONE, "");
}

/* ---------------------------------------------------------------- the one of an incident that is told */
static bool may_lead(const struct alert *alert)
{
	return is_open(alert) || (is_firing(alert) && alert->tellings == 0 &&
				  (alert->mute == ALERT_MUTE_NONE || alert->mute == ALERT_MUTE_MEMBER));
}

/* One that is open already; else the one that says most. */
static struct alert *leader_of(const struct alerts *a, struct alert *alert)
{
	struct alert *best = alert;

	for (size_t i = 0; i < a->count; i++) {
		struct alert *other = a->items[i];
		if (!same_incident(other, alert) || !may_lead(other))
			continue;
		if (is_open(other))
			return other;
		if (severity_rank(&other->verdict) > severity_rank(&best->verdict))
			best = other;
	}
	return best;
}

static struct telling telling_of(const struct alerts *a, const struct alert *alert)
{
	struct telling t = { .alert = alert, .config = a->config };

	for (size_t i = 0; i < a->count && t.member_count < TELLING_MEMBERS_MAX; i++)
		if (a->items[i] != alert && same_incident(a->items[i], alert))
			t.members[t.member_count++] = a->items[i];
	return t;
}

static void tell(struct alerts *a, struct alert *alert, uint64_t now_s)
{
	alert->tellings++;
	alert->told_at_s = now_s;
	alert->dirty = a->unsaved = true;
	struct telling t = telling_of(a, alert);
	notifier_tell(a->notifier, &t, true);
}

static void consider_telling(struct alerts *a, struct alert *alert, uint64_t now_s)
{
	uint64_t repeat_s = a->config->repeat_interval_ms / 1000;

	if (alert->tellings == 0 && (alert->mute == ALERT_MUTE_NONE || alert->mute == ALERT_MUTE_MEMBER)) {
		const struct alert *leader = leader_of(a, alert);
		set_mute(alert, leader == alert ? ALERT_MUTE_NONE : ALERT_MUTE_MEMBER, leader == alert ? "" : leader->id);
		if (leader == alert)
			tell(a, alert, now_s);
	} else if (is_open(alert) && alert->mute == ALERT_MUTE_NONE && repeat_s > 0 &&
		   now_s >= alert->told_at_s + repeat_s) {
		tell(a, alert, now_s);
	}
}

/* ---------------------------------------------------------------- ends */
static bool incident_fires(const struct alerts *a, const struct alert *alert)
{
	for (size_t i = 0; i < a->count; i++)
		if (is_firing(a->items[i]) && may_lead(a->items[i]) && same_incident(a->items[i], alert))
			return true;
	return false;
}

static void consider_end(struct alerts *a, struct alert *alert)
{
	if (!is_open(alert) || incident_fires(a, alert))
		return;
	alert->end_is_told = true;
	alert->dirty = a->unsaved = true;
	struct telling t = telling_of(a, alert);
	notifier_tell(a->notifier, &t, alerts_end_is_news(alert));
}

/* ---------------------------------------------------------------- from outside */
/* Of an incident that goes on, the one that was told stands for it, also when it has ended itself. */
static void remind_all(void *context, struct outlet *o)
{
	struct alerts *a = context;

	for (size_t i = 0; i < a->count; i++) {
		const struct alert *alert = a->items[i];
		bool goes_on = !is_firing(alert);
		if (!is_open(alert) || alert->mute != ALERT_MUTE_NONE || (goes_on && !incident_fires(a, alert)))
			continue;
		struct telling t = telling_of(a, alert);
		t.goes_on = goes_on;
		outlet_remind(o, &t);
	}
}

void alerts_settle(struct alerts *a)
{
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;

	if (a->notifier == NULL)
		return;
	silences_expire(&a->silences, now_s);
	note_who_may_hide(a);
	for (size_t i = 0; i < a->count; i++)
		if (is_firing(a->items[i]))
			judge_mute(a, a->items[i], now_s);
	for (size_t i = 0; i < a->count; i++)
		if (!is_firing(a->items[i]))
			consider_end(a, a->items[i]);
	for (size_t i = 0; i < a->count; i++)
		if (is_firing(a->items[i]))
			consider_telling(a, a->items[i], now_s);
	notifier_remind(a->notifier, clock_mono_ns() / NS_PER_MS, remind_all, a);
}

bool alerts_show(const struct alerts *a, struct slice id, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (!slice_equal(slice_of(a->items[i]->id), id))
			continue;
		struct telling t = telling_of(a, a->items[i]);
		telling_json(&t, out);
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- silences */
struct status alerts_silence(struct alerts *a, const struct silence_wish *wish, struct buf *out)
{
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	const struct silence *made;

	TRY(silences_add(&a->silences, wish->matchers, now_s, now_s + wish->duration_s, wish->by, wish->comment, &made));
	a->unsaved = true;
	silence_json(made, now_s, out);
	LOG(INFO, "alerts", "silence_added", "id=%s matchers=\"%s\" by=\"%s\"", made->id, made->matchers_text, made->by);
	alerts_settle(a);
	return OK;
}

struct status alerts_unsilence(struct alerts *a, struct slice id)
{
	TRY(silences_end(&a->silences, id, clock_unix_ns() / NS_PER_SECOND));
	a->unsaved = true;
	LOG(INFO, "alerts", "silence_ended", "id=%.*s", SLICE_ARG(id));
	alerts_settle(a);
	return OK;
}

void alerts_silences_json(const struct alerts *a, struct buf *out)
{
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;

	buf_byte(out, '[');
	for (size_t i = 0; i < a->silences.count; i++) {
		buf_text(out, i > 0 ? "," : "");
		silence_json(a->silences.items[i], now_s, out);
	}
	buf_byte(out, ']');
}

/* ---------------------------------------------------------------- tests of channels */
struct status alerts_test_channel(struct alerts *a, struct slice channel, bool resolved, unsigned *number,
				  struct buf *names)
{
	struct outlet *o = a->notifier != NULL ? notifier_outlet(a->notifier, channel, names) : NULL;

	if (o == NULL)
		return FAIL(NOTFOUND, "no such channel");
	return channel_tests_start(&a->tests, o, a->config, resolved, number);
}

bool alerts_channel_test_json(struct alerts *a, unsigned number, struct buf *out)
{
	return channel_tests_json(&a->tests, number, out);
}
