/* SPDX-License-Identifier: Apache-2.0
 * daemon/judge.c - the loop's part of the work: judge, tell, save.
 */
#include "agent/daemon/judge.h"

#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/canary/canary.h"
#include "agent/daemon/alert_log.h"
#include "agent/daemon/case_words.h"
#include "agent/daemon/evidence.h"
#include "agent/daemon/learners.h"
#include "agent/daemon/loop_jobs.h"
#include "agent/daemon/pending.h"
#include "agent/daemon/slo_metrics.h"
#include "agent/daemon/state.h"

#define QUEUE_BYTES_MAX (32u << 20)
#define ADVANCE_MS 1000u
#define SAVE_EVERY 10u /* advances */
#define CHANGE_TIMEOUT_MS 3000u

struct judge {
	struct chunk_queue queue; /* of sample_chunk */
	uv_async_t wake;
	uv_timer_t clock;
	unsigned advances;
	pthread_mutex_t lock; /* detector and alerts: the loop changes them, scrapes look */
	struct detector *detector;
	struct slo_tracker *slos;
	struct canary *canary;
	struct review *review;
	struct budgets *budgets; /* NULL: none */
	struct cases *cases;
	struct case_words *words; /* NULL: none are kept */
	bool learns; /* else only objectives are judged */
	struct alerts *alerts;
	struct evidence evidence;
	struct senders *senders; /* for log records; NULL: none */
	struct loop_jobs jobs;
	struct state state;
	struct store *store;
	struct meter *dropped;
	const struct config *config; /* as of the last reload */
	unsigned open_handles;
	void (*drained)(void *context);
	void *drained_context;
	void (*named)(void *context, const uint8_t trace_id[16], bool is_runaway);
	void *named_context;
	void (*told)(void *context, const struct alert *a);
	void *told_context;
};

static void on_verdict(void *context, const struct verdict *v)
{
	struct judge *j = context;

	alerts_verdict(j->alerts, v);
	cases_verdict(j->cases, v);
	for (uint32_t i = 0; j->named != NULL && i < v->trace_count; i++)
		j->named(j->named_context, v->trace_ids[i], v->kind == VERDICT_RUNAWAY);
}

/* A version that the baselines have told of already is no news. */
struct news {
	const struct verdict *v;
	bool is_known;
};

static void look_for(void *context, const struct alert *a)
{
	struct news *n = context;

	bool is_there = a->verdict.environment.len == 0 || slice_equal(a->verdict.environment, n->v->environment);

	n->is_known = n->is_known || (is_there && a->verdict.kind == VERDICT_CANARY && alert_same_key(&a->verdict, n->v));
}

static void on_worse_version(void *context, const struct verdict *v)
{
	struct judge *j = context;
	struct news news = { v, false };

	alerts_visit(j->alerts, true, look_for, &news);
	if (!news.is_known)
		on_verdict(j, v);
}

void judge_watch(struct judge *j, void (*named)(void *context, const uint8_t trace_id[16], bool is_runaway), void *context)
{
	j->named = named;
	j->named_context = context;
}

void judge_tell_alerts(struct judge *j, void (*told)(void *context, const struct alert *a), void *context)
{
	j->told = told;
	j->told_context = context;
}

void judge_raise(struct judge *j, const struct verdict *v)
{
	pthread_mutex_lock(&j->lock);
	on_verdict(j, v);
	pthread_mutex_unlock(&j->lock);
}

static void on_alert(void *context, const struct alert *a)
{
	struct judge *j = context;

	evidence_note(&j->evidence, a);
	if (j->told != NULL)
		j->told(j->told_context, a);
	if (j->senders != NULL && j->config->alerts.log_records)
		alert_log_offer(j->senders, a);
}

void judge_log_to(struct judge *j, struct senders *senders)
{
	j->senders = senders;
}

void judge_budgets(struct judge *j, struct budgets *budgets)
{
	j->budgets = budgets;
}

void judge_words(struct judge *j, struct case_words *words)
{
	j->words = words;
}

const struct case_bar *judge_case_bar(const struct judge *j)
{
	return cases_bar(j->cases);
}

const struct runaway_bars *judge_runaway_bars(const struct judge *j)
{
	return detector_runaway_bars(j->detector);
}

static struct learners learners_of(const struct judge *j)
{
	return (struct learners){
		.detector = j->learns ? j->detector : NULL,
		.slos = j->slos,
		.canary = j->canary,
		.review = j->review,
		.cases = j->cases,
		.movement = j->evidence.movement,
	};
}

static void judge_chunk(struct judge *j, struct sample_chunk *chunk)
{
	const struct learners learners = learners_of(j);
	uint64_t latest_unix_ms = clock_unix_ns() / NS_PER_MS + CLOCK_AHEAD_MAX_S * UINT64_C(1000);

	for (size_t i = 0; i < chunk->count; i++)
		learners_take(&learners, &chunk->items[i], latest_unix_ms);
}

static void take_words(struct judge *j)
{
	if (j->words == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	case_words_deliver(j->words, j->cases);
	pthread_mutex_unlock(&j->lock);
}

static void judge_queue(struct judge *j)
{
	struct chunk *chunk = chunk_queue_take(&j->queue), *next;

	take_words(j); /* queued before their samples, and taken after them: they are all here */
	for (; chunk != NULL; chunk = next) {
		next = chunk->next;
		pthread_mutex_lock(&j->lock); /* per chunk: a scrape need not wait for a whole queue */
		judge_chunk(j, (struct sample_chunk *)chunk);
		pthread_mutex_unlock(&j->lock);
		free(chunk);
	}
}

static void on_wake(uv_async_t *handle)
{
	judge_queue(handle->data);
}

/* A name begins with the id; that of a budget's group goes on with its labels. */
static bool is_configured(const struct config_instances *all, struct slice name)
{
	for (size_t i = 0; i < all->count; i++) {
		struct slice id = slice_of(all->items[i].id);
		if (slice_starts_with(name, id) && (name.len == id.len || name.ptr[id.len] == ' '))
			return true;
	}
	return false;
}

static bool is_judged(const void *context, const struct alert *a)
{
	const struct config *config = context;

	if (a->verdict.kind == VERDICT_SLO_BURN)
		return is_configured(&config->slos, a->verdict.name);
	return a->verdict.kind != VERDICT_BUDGET || is_configured(&config->budgets.limits, a->verdict.name);
}

static void on_clock(uv_timer_t *handle)
{
	struct judge *j = handle->data;
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;

	take_words(j); /* a log record may bring those of a call that was counted before: no sample comes with it */
	pthread_mutex_lock(&j->lock);
	detector_advance(j->detector, now_s);
	slo_advance(j->slos, now_s);
	canary_advance(j->canary, now_s);
	review_advance(j->review, now_s);
	movement_advance(j->evidence.movement, now_s);
	if (j->budgets != NULL)
		budgets_advance(j->budgets, (int64_t)now_s, on_verdict, j);
	alerts_advance(j->alerts, detector_time(j->detector));
	alerts_end_orphans(j->alerts, is_judged, j->config, now_s);
	alerts_settle(j->alerts);
	if (++j->advances % SAVE_EVERY == 0)
		cases_advance(j->cases, now_s);
	if (j->advances % SAVE_EVERY == 0 || alerts_unsaved(j->alerts))
		state_save(&j->state);
	pthread_mutex_unlock(&j->lock);
}

void judge_offer(void *context, struct sample_chunk *chunk)
{
	struct judge *j = context;
	int64_t count = (int64_t)chunk->count;

	if (!chunk_queue_push(&j->queue, &chunk->link))
		meter_add(j->dropped, count);
	uv_async_send(&j->wake);
}

static struct status set_up(struct judge *j, const struct config *config, uv_loop_t *loop, struct http_client *http,
			    struct counting *counting, struct model_watch *models, struct buf *why)
{
	j->detector = detector_new(&config->baselines, on_verdict, j);
	j->slos = slo_new(config, on_verdict, j);
	j->canary = canary_new(&config->canary, on_worse_version, j);
	j->review = review_new();
	j->cases = cases_new();
	if (j->cases != NULL)
		cases_keep_texts(j->cases, config->cases.keep_content ? config->cases.max_content_bytes : 0);
	j->learns = config->baselines.enabled;
	j->evidence.movement = movement_new(evidence_news, &j->evidence);
	if (j->detector == NULL || j->slos == NULL || j->canary == NULL || j->review == NULL || j->cases == NULL ||
	    j->evidence.movement == NULL) {
		buf_text(why, "no memory for the baselines");
		return FAIL(NOMEM, "no memory for the baselines");
	}
	movement_days_begin(j->evidence.movement, config->baselines.utc_offset_hours);
	j->config = config;
	TRY(alerts_new(&config->alerts, loop, http, &j->alerts, why));
	alerts_on_explain(j->alerts, evidence_explain, &j->evidence);
	alerts_on_change(j->alerts, on_alert, j);
	j->state = (struct state){ .store = j->store, .detector = j->detector, .alerts = j->alerts, .slos = j->slos,
				   .canary = j->canary, .review = j->review, .cases = j->cases,
				   .movement = j->evidence.movement, .counting = counting, .models = models };
	uint64_t now_s = clock_unix_ns() / NS_PER_SECOND;
	detector_advance(j->detector, now_s);
	slo_advance(j->slos, now_s);
	canary_advance(j->canary, now_s);
	review_advance(j->review, now_s);
	movement_advance(j->evidence.movement, now_s);
	struct status s = state_load(&j->state);
	if (FAILED(s))
		buf_printf(why, "cannot read the stored baselines: %s", s.why);
	return s;
}

struct status judge_new(const struct config *config, uv_loop_t *loop, struct http_client *http, struct store *store,
			struct audit *audit, struct counting *counting, struct model_watch *models,
			struct judge **out, struct buf *why)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return FAIL(NOMEM, "no memory for the baselines");
	j->store = store;
	j->evidence.audit = audit;
	j->dropped = meter_get(METER_SAMPLES_DROPPED, "");
	chunk_queue_init(&j->queue, QUEUE_BYTES_MAX);
	pthread_mutex_init(&j->lock, NULL);
	uv_async_init(loop, &j->wake, on_wake);
	uv_timer_init(loop, &j->clock);
	loop_jobs_init(&j->jobs, loop);
	j->open_handles = 3;
	j->wake.data = j->clock.data = j->jobs.wake.data = j;
	struct status s = set_up(j, config, loop, http, counting, models, why);
	if (FAILED(s)) {
		judge_free(j);
		return s;
	}
	uv_timer_start(&j->clock, on_clock, ADVANCE_MS, ADVANCE_MS);
	*out = j;
	return OK;
}

struct status judge_reload(struct judge *j, const struct config *config, struct budgets_change *budgets, struct buf *why)
{
	pthread_mutex_lock(&j->lock);
	struct status s = alerts_reload(j->alerts, &config->alerts, why);
	if (!FAILED(s)) {
		j->config = config;
		detector_reload(j->detector, &config->baselines);
		slo_reload(j->slos, config);
		canary_reload(j->canary, &config->canary);
		budgets_adopt(j->budgets, budgets, (int64_t)(clock_unix_ns() / NS_PER_SECOND), on_verdict, j);
	}
	pthread_mutex_unlock(&j->lock);
	return s;
}

void judge_with_detector(struct judge *j, void (*use)(void *context, struct detector *d), void *context)
{
	pthread_mutex_lock(&j->lock);
	use(context, j->detector);
	pthread_mutex_unlock(&j->lock);
}

/* Saving notes what is saved, and an import of baselines runs on a thread of the admin endpoint. */
static bool save(struct judge *j)
{
	pthread_mutex_lock(&j->lock);
	bool is_queued = state_save(&j->state);
	pthread_mutex_unlock(&j->lock);
	return is_queued;
}

static void on_notified(void *context)
{
	struct judge *j = context;

	struct status s = store_flush(j->store); /* so that the save before is not under way */
	save(j); /* again: what was delivered must not be sent again */
	s = store_flush(j->store);
	if (FAILED(s))
		LOG(ERROR, "judge", "not_saved", "reason=\"%s\"", s.why);
	j->drained(j->drained_context);
}

void judge_drain(struct judge *j, uint64_t deadline_ms, void (*done)(void *context), void *context)
{
	j->drained = done;
	j->drained_context = context;
	uv_timer_stop(&j->clock);
	judge_queue(j);
	pthread_mutex_lock(&j->lock);
	alerts_settle(j->alerts);
	state_save(&j->state);
	pthread_mutex_unlock(&j->lock);
	alerts_drain(j->alerts, deadline_ms, on_notified, j);
}

static void on_closed(uv_handle_t *handle)
{
	struct judge *j = handle->data;

	if (--j->open_handles > 0)
		return;
	loop_jobs_release(&j->jobs);
	chunk_queue_release(&j->queue);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	alerts_free(j->alerts);
	detector_free(j->detector);
	slo_free(j->slos);
	canary_free(j->canary);
	review_free(j->review);
	cases_free(j->cases);
	movement_free(j->evidence.movement);
	uv_close((uv_handle_t *)&j->jobs.wake, on_closed);
	uv_close((uv_handle_t *)&j->wake, on_closed);
	uv_close((uv_handle_t *)&j->clock, on_closed);
}

/* One pass over the standings for each family: families may not interleave. */
struct rendering {
	struct exposition *x;
	struct buf labels;
	size_t member;    /* of struct standing_view */
	double sigma;
	struct buf shown; /* identities of alerts: one series each, however many of them fire */
};

static void label_or_unknown(struct buf *labels, const char *name, struct slice value)
{
	exposition_label(labels, name, value.len > 0 ? value : SLICE("unknown"));
}

static void label_if_known(struct buf *labels, const char *name, struct slice value)
{
	if (value.len > 0)
		exposition_label(labels, name, value);
}

static void label_standing(struct rendering *r, const struct standing_view *v)
{
	buf_reset(&r->labels);
	exposition_label(&r->labels, "metric", slice_of(v->metric));
	label_or_unknown(&r->labels, "feature", v->feature);
	label_or_unknown(&r->labels, "model", v->model);
	label_or_unknown(&r->labels, "prompt", v->prompt_version);
	label_if_known(&r->labels, "name", v->name);
	label_if_known(&r->labels, "workflow", v->workflow);
	label_if_known(&r->labels, "user_segment", v->user_segment);
}

static void render_standing(void *context, const struct standing_view *v)
{
	struct rendering *r = context;
	const double *value = (const double *)(const void *)((const char *)v + r->member);

	label_standing(r, v);
	exposition_double(r->x, buf_view(&r->labels), *value);
}

static void render_pending(void *context, const struct standing_view *v)
{
	struct rendering *r = context;

	if (!standing_is_pending(v, r->sigma))
		return;
	label_standing(r, v);
	exposition_u64(r->x, buf_view(&r->labels), 1);
}

static void render_alert(void *context, const struct alert *a)
{
	struct rendering *r = context;

	for (size_t at = 0; at < r->shown.len; at += ALERT_ID_SIZE)
		if (memcmp(r->shown.ptr + at, a->identity, ALERT_ID_SIZE) == 0)
			return;
	buf_append(&r->shown, a->identity, ALERT_ID_SIZE);
	buf_reset(&r->labels);
	exposition_label(&r->labels, "kind", slice_of(verdict_kind_names[a->verdict.kind]));
	exposition_label(&r->labels, "metric", slice_of(a->verdict.metric));
	label_or_unknown(&r->labels, "feature", a->verdict.feature);
	label_or_unknown(&r->labels, "model", a->verdict.model);
	label_or_unknown(&r->labels, "prompt", a->verdict.prompt_version);
	label_if_known(&r->labels, "name", a->verdict.name);
	label_if_known(&r->labels, "workflow", a->verdict.workflow);
	label_if_known(&r->labels, "user_segment", a->verdict.user_segment);
	exposition_u64(r->x, buf_view(&r->labels), 1);
}

static const struct {
	struct metric_family family;
	size_t member;
} standings[] = {
	{ { "plimsoll_baseline_value", METRIC_GAUGE, "Newest hour of a judged metric, in its own unit" },
	  offsetof(struct standing_view, value) },
	{ { "plimsoll_baseline_mean", METRIC_GAUGE, "Rolling baseline of the metric" }, offsetof(struct standing_view, mean) },
	{ { "plimsoll_baseline_stddev", METRIC_GAUGE, "One sigma above the baseline" }, offsetof(struct standing_view, stddev) },
	{ { "plimsoll_baseline_deviation", METRIC_GAUGE, "How many sigma the newest hour is away from the baseline" },
	  offsetof(struct standing_view, deviation) },
};

static const struct metric_family pending_family = {
	"plimsoll_alert_pending", METRIC_GAUGE, "1 for each metric whose newest hour is out of range while no alert fires yet"
};
static const struct metric_family alert_family = { "plimsoll_alert_active", METRIC_GAUGE, "1 for each alert that fires" };

void judge_render(void *context, struct exposition *x)
{
	struct judge *j = context;
	struct rendering r = { .x = x, .labels = BUF_INIT, .shown = BUF_INIT };

	pthread_mutex_lock(&j->lock);
	r.sigma = j->config->baselines.sigma;
	for (size_t i = 0; i < sizeof(standings) / sizeof(standings[0]); i++) {
		exposition_family(x, &standings[i].family);
		r.member = standings[i].member;
		detector_visit(j->detector, render_standing, &r);
	}
	exposition_family(x, &pending_family);
	detector_visit(j->detector, render_pending, &r);
	exposition_family(x, &alert_family);
	alerts_visit(j->alerts, true, render_alert, &r);
	slo_metrics_render(j->slos, x);
	pthread_mutex_unlock(&j->lock);
	buf_release(&r.labels);
	buf_release(&r.shown);
}

/* ---------------------------------------------------------------- for the API */
void judge_look(struct judge *j, judge_work work, void *context)
{
	pthread_mutex_lock(&j->lock);
	work(context, j->alerts, j->detector);
	pthread_mutex_unlock(&j->lock);
}

struct change {
	struct judge *judge;
	judge_work work;
	void *context;
};

static void make_change(void *context)
{
	struct change *c = context;

	judge_look(c->judge, c->work, c->context);
}

void judge_look_versions(struct judge *j, void (*use)(void *context, const struct canary *c), void *context)
{
	pthread_mutex_lock(&j->lock);
	use(context, j->canary);
	pthread_mutex_unlock(&j->lock);
}

void judge_follow(struct judge *j, const struct canary_trial *trials, size_t count)
{
	pthread_mutex_lock(&j->lock);
	canary_follow(j->canary, trials, count);
	pthread_mutex_unlock(&j->lock);
}

void judge_on_finding(struct judge *j, canary_finding_fn found, void *context)
{
	canary_on_finding(j->canary, found, context);
}

void judge_explain_with(struct judge *j, evidence_explain_fn explain, void *context)
{
	j->evidence.deployment = explain;
	j->evidence.deployment_context = context;
}

void judge_look_cases(struct judge *j, void (*use)(void *context, const struct cases *c), void *context)
{
	pthread_mutex_lock(&j->lock);
	use(context, j->cases);
	pthread_mutex_unlock(&j->lock);
}

void judge_look_back(struct judge *j, void (*use)(void *context, const struct review *r, const struct alerts *a),
		     void *context)
{
	pthread_mutex_lock(&j->lock);
	use(context, j->review, j->alerts);
	pthread_mutex_unlock(&j->lock);
}

bool judge_change(struct judge *j, judge_work work, void *context)
{
	struct change change = { j, work, context };

	return loop_jobs_run(&j->jobs, make_change, &change, CHANGE_TIMEOUT_MS);
}

struct settling {
	struct judge *judge;
	bool is_queued;
};

static void queue_save(void *context)
{
	struct settling *s = context;

	s->is_queued = save(s->judge);
}

void judge_settle(struct judge *j)
{
	struct settling s = { .judge = j };

	for (int tries = 0; tries < 3 && !s.is_queued; tries++) { /* behind a save that is under way comes another one */
		if (!loop_jobs_run(&j->jobs, queue_save, &s, CHANGE_TIMEOUT_MS))
			return;
		(void)store_flush(j->store).code; /* who fails to save says so, and saves again */
	}
}

const struct alerts_config *judge_alerts_config(const struct judge *j)
{
	return &j->config->alerts;
}

double judge_sigma(const struct judge *j)
{
	return j->config->baselines.sigma;
}
