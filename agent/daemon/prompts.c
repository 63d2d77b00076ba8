/* SPDX-License-Identifier: Apache-2.0
 * daemon/prompts.c - joins the registry with folder, store, audit, alerts and lanes.
 */
#include "agent/daemon/prompts.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/daemon/deploy_command.h"
#include "agent/daemon/loop_jobs.h"
#include "agent/daemon/prompt_folder.h"
#include "agent/daemon/trials.h"
#include "agent/prompts/webhook.h"

#define DRIFTS_MAX     16
#define SAVE_EVERY     10u /* ticks */
#define JOB_TIMEOUT_MS 3000u
#define COMMANDS_MAX   8u

struct prompts {
	pthread_mutex_t lock; /* guards config and heard */
	struct webhook_memory heard;
	const struct prompts_config *config;
	uv_loop_t *loop;
	struct store *store;
	struct audit *audit;
	struct judge *judge;
	struct pipeline *pipeline; /* NULL until it serves */
	struct registry *registry;
	struct trials trials;
	struct loop_jobs jobs;
	struct prompt_folder folder;
	unsigned open_handles;
	unsigned ticks;
	const char *_Atomic failure; /* why something was not stored since the last save, a literal; NULL: nothing failed */
	_Atomic bool is_incomplete;  /* a commit failed: the next save must hold everything */
	bool failure_told;
	struct command {
		struct deploy_run *run; /* NULL: free */
		uint32_t number;
	} commands[COMMANDS_MAX];
	struct meter *added, *refused, *webhooks[WEBHOOK_RESULTS];
};

static const char *const webhook_labels[WEBHOOK_RESULTS] = {
	[WEBHOOK_TAKEN] = "result=\"taken\"",	    [WEBHOOK_IGNORED] = "result=\"ignored\"",
	[WEBHOOK_REFUSED] = "result=\"refused\"",   [WEBHOOK_MISTAKE] = "result=\"mistake\"",
	[WEBHOOK_UNSIGNED] = "result=\"unsigned\"",
};

static uint64_t now_s(void)
{
	return clock_unix_ns() / NS_PER_SECOND;
}

/* ---------------------------------------------------------------- what the registry says */
static void on_committed(void *context, struct status result)
{
	struct prompts *p = context;

	if (!FAILED(result))
		return;
	atomic_store(&p->is_incomplete, true);
	atomic_store(&p->failure, result.why);
}

static bool put_pair(void *context, struct slice key, struct slice value)
{
	struct prompts *p = context;
	struct store_batch *batch = store_batch_new();
	struct status s = FAIL(NOMEM, "no memory");

	if (batch != NULL && value.ptr != NULL)
		store_batch_put(batch, STORE_PROMPTS, key, value);
	else if (batch != NULL)
		store_batch_delete(batch, STORE_PROMPTS, key);
	if (batch != NULL)
		s = store_write(p->store, batch, on_committed, p);
	if (FAILED(s))
		atomic_store(&p->failure, s.why);
	return !FAILED(s);
}

/* What could not be stored is told once, until a save finds that all was stored since the one before. */
static void save(struct prompts *p)
{
	const char *failure = atomic_exchange(&p->failure, NULL);

	if (failure != NULL && !p->failure_told)
		LOG(ERROR, "prompts", "not_saved", "reason=\"%s\" next=\"everything is saved again\"", failure);
	p->failure_told = failure != NULL;
	registry_save(p->registry, atomic_exchange(&p->is_incomplete, false));
}

static void note(struct prompts *p, const char *kind, struct slice prompt, struct slice by, struct slice text)
{
	const struct audit_entry entry = { .at_s = now_s(), .kind = slice_of(kind), .subject = prompt, .by = by,
					   .text = text };

	audit_record(p->audit, &entry);
}

static const struct {
	const char *kind, *event, *words;
} event_words[] = {
	[REGISTRY_ADDED] = { AUDIT_MANIFEST_ADDED, "manifest_added", "is known by its manifest" },
	[REGISTRY_CHANGED] = { AUDIT_MANIFEST_CHANGED, "manifest_changed", "has another manifest; it was not released yet" },
	[REGISTRY_REFUSED] = { AUDIT_MANIFEST_REFUSED, "manifest_refused",
			       "was released and its manifest changed in place: refused, the old one stays. Give it a version "
			       "of its own" },
	[REGISTRY_FULL] = { AUDIT_MANIFEST_REFUSED, "versions_full", "is one version too many; no more are learnt" },
};

static void on_event(void *context, const struct registry_event *e)
{
	struct prompts *p = context;
	struct buf prompt = BUF_INIT, text = BUF_INIT;
	bool is_bad = e->kind == REGISTRY_REFUSED || e->kind == REGISTRY_FULL;

	buf_printf(&prompt, "%.*s@%.*s", SLICE_ARG(e->name), SLICE_ARG(e->version));
	buf_printf(&text, "prompt %s %s", buf_string(&prompt), event_words[e->kind].words);
	if (e->path != NULL)
		buf_printf(&text, " (%s)", e->path);
	meter_add(is_bad ? p->refused : p->added, 1);
	if (is_bad)
		LOG(WARN, "prompts", event_words[e->kind].event, "prompt=\"%s\" file=\"%s\" reason=\"%s\"", buf_string(&prompt),
		    e->path != NULL ? e->path : "", event_words[e->kind].words);
	note(p, event_words[e->kind].kind, buf_view(&prompt), SLICE_NONE, buf_view(&text));
	buf_release(&prompt);
	buf_release(&text);
}

/* ---------------------------------------------------------------- drift */
static void raise_drift(struct prompts *p, const struct registry_drift *d)
{
	bool is_text = d->field == DRIFT_MODEL || d->field == DRIFT_COLLECTION;
	double seen = NAN, expected = NAN;

	if (!is_text && (!slice_to_double(slice_of(d->seen), &seen) || !slice_to_double(slice_of(d->expected), &expected)))
		return;
	const struct verdict v = {
		.event = VERDICT_RAISED,
		.kind = VERDICT_PROMPT_DRIFT,
		.metric = drift_field_names[d->field],
		.feature = SLICE("*"),
		.model = SLICE("*"),
		.prompt_version = slice_of(d->prompt),
		.request_model = is_text ? slice_of(d->seen) : SLICE_NONE,
		.previous_model = is_text ? slice_of(d->expected) : SLICE_NONE,
		.started_at_s = now_s(),
		.at_s = now_s(),
		.value = seen,
		.baseline_mean = expected,
		.baseline_stddev = NAN,
		.deviation = NAN,
		.pooled_deviation = NAN,
		.ratio = NAN,
		.sample_size = (double)d->calls,
		.direction = seen < expected ? -1 : 1,
	};
	judge_raise(p->judge, &v);
}

static void tell_drift(struct prompts *p, const struct registry_drift *d)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "calls of %s have %s %s, its manifest says %s", d->prompt, drift_field_names[d->field], d->seen,
		   d->expected);
	LOG(WARN, "prompts", "drift", "prompt=\"%s\" field=%s seen=\"%s\" manifest=\"%s\" calls=%" PRIu64, d->prompt,
	    drift_field_names[d->field], d->seen, d->expected, d->calls);
	note(p, AUDIT_PROMPT_DRIFT, slice_of(d->prompt), SLICE_NONE, buf_view(&text));
	raise_drift(p, d);
	buf_release(&text);
}

/* An alert speaks against a version where it is about that version's traffic as a whole. */
static void on_alert(void *context, const struct alert *a)
{
	static const bool is_about_version[VERDICT_KIND_COUNT] = {
		[VERDICT_SHIFT] = true,       [VERDICT_CANARY] = true,   [VERDICT_LATENCY_P99] = true,
		[VERDICT_MODEL_DRIFT] = true, [VERDICT_SLO_BURN] = true,
	};
	struct prompts *p = context;

	if (a->state == ALERT_FIRING && is_about_version[a->verdict.kind])
		registry_note_alert(p->registry, a->verdict.prompt_version, a->firing_since_s);
}

/* ---------------------------------------------------------------- once a second */
static void serve_table(struct prompts *p)
{
	struct prompt_table *table = p->pipeline != NULL ? registry_table(p->registry) : NULL;

	if (table != NULL)
		pipeline_adopt_prompts(p->pipeline, table);
}

void prompts_tick(struct prompts *p)
{
	struct registry_drift drift[DRIFTS_MAX];
	size_t count;

	prompt_folder_tick(&p->folder);
	registry_tick(p->registry, now_s(), drift, DRIFTS_MAX, &count);
	for (size_t i = 0; i < count; i++)
		tell_drift(p, &drift[i]);
	serve_table(p);
	trials_follow(&p->trials);
	if (++p->ticks % SAVE_EVERY == 0)
		save(p);
}

void prompts_serve(struct prompts *p, struct pipeline *pipeline)
{
	p->pipeline = pipeline;
	serve_table(p);
}

void prompts_drain(struct prompts *p)
{
	struct registry_drift drift[DRIFTS_MAX];
	size_t count;

	registry_tick(p->registry, now_s(), drift, DRIFTS_MAX, &count);
	(void)store_flush(p->store).code; /* so that what failed is known: on_committed heard of it */
	save(p);
}

/* ---------------------------------------------------------------- life */
static bool load_pair(void *context, struct slice key, struct slice value)
{
	struct prompts *p = context;
	struct status s = registry_load(p->registry, key, value);

	if (FAILED(s))
		LOG(WARN, "state", "entry_left_out", "of=prompts reason=\"%s\"", s.why);
	return true;
}

static struct status open_registry(struct prompts *p, struct buf *why)
{
	const struct registry_outlets outlets = { put_pair, on_event, p };
	struct status s = registry_new(&outlets, &p->registry);

	if (!FAILED(s))
		s = store_scan(p->store, STORE_PROMPTS, SLICE_NONE, load_pair, p);
	if (FAILED(s)) {
		buf_printf(why, "cannot read the stored prompts: %s", s.why);
		return s;
	}
	registry_loaded(p->registry);
	registry_set_rules(p->registry, &p->config->rules);
	return OK;
}

struct status prompts_new(const struct config *config, uv_loop_t *loop, struct store *store, struct audit *audit,
			  struct judge *judge, struct prompts **out, struct buf *why)
{
	struct prompts *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return FAIL(NOMEM, "no memory for the prompts");
	*p = (struct prompts){ .config = &config->prompts, .loop = loop, .store = store, .audit = audit, .judge = judge };
	pthread_mutex_init(&p->lock, NULL);
	p->added = meter_get(METER_PROMPT_MANIFESTS, "result=\"taken\"");
	p->refused = meter_get(METER_PROMPT_MANIFESTS, "result=\"refused\"");
	for (int i = 0; i < WEBHOOK_RESULTS; i++)
		p->webhooks[i] = meter_get(METER_PROMPT_WEBHOOKS, webhook_labels[i]);
	prompt_folder_init(&p->folder, loop);
	loop_jobs_init(&p->jobs, loop);
	p->open_handles = 2;
	p->folder.watch.data = p->jobs.wake.data = p;
	struct status s = open_registry(p, why);
	if (FAILED(s)) {
		prompts_free(p);
		return s;
	}
	prompt_folder_follow(&p->folder, p->registry, p->config);
	judge_tell_alerts(judge, on_alert, p);
	trials_init(&p->trials, p->registry, judge, audit);
	*out = p;
	return OK;
}

void prompts_reload(struct prompts *p, const struct config *config)
{
	pthread_mutex_lock(&p->lock);
	p->config = &config->prompts;
	pthread_mutex_unlock(&p->lock);
	registry_set_rules(p->registry, &config->prompts.rules);
	prompt_folder_follow(&p->folder, p->registry, &config->prompts);
	serve_table(p); /* the old rules' texts are about to go */
}

static void on_closed(uv_handle_t *handle)
{
	struct prompts *p = handle->data;

	if (--p->open_handles > 0)
		return;
	loop_jobs_release(&p->jobs);
	registry_free(p->registry);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void prompts_free(struct prompts *p)
{
	if (p == NULL)
		return;
	(void)store_flush(p->store).code; /* on_committed is not called any more */
	if (p->failure != NULL)
		LOG(ERROR, "prompts", "not_saved", "reason=\"%s\" next=\"what changed last is lost\"", p->failure);
	for (size_t i = 0; i < COMMANDS_MAX; i++)
		if (p->commands[i].run != NULL)
			deploy_command_abandon(p->commands[i].run);
	uv_close((uv_handle_t *)&p->folder.watch, on_closed);
	uv_close((uv_handle_t *)&p->jobs.wake, on_closed);
}

/* ---------------------------------------------------------------- for others */
struct registry *prompts_registry(struct prompts *p)
{
	return p->registry;
}

struct trials *prompts_trials(struct prompts *p)
{
	return &p->trials;
}

struct store *prompts_store(struct prompts *p)
{
	return p->store;
}

struct audit *prompts_audit(struct prompts *p)
{
	return p->audit;
}

bool prompts_webhook_secret(struct prompts *p, uint8_t source, struct buf *out)
{
	pthread_mutex_lock(&p->lock);
	const char *secret = source == PROMPT_FROM_LANGFUSE ? p->config->langfuse_webhook_secret :
							      p->config->braintrust_webhook_secret;
	if (secret != NULL)
		buf_text(out, secret);
	pthread_mutex_unlock(&p->lock);
	return secret != NULL && !buf_failed(out);
}

void prompts_offer(void *context, struct sample_chunk *chunk)
{
	struct prompts *p = context;

	for (size_t i = 0; i < chunk->count; i++) {
		const struct sample *s = &chunk->items[i];
		if (s->kind == SAMPLE_SCORE && s->value >= 0 && s->value <= 1)
			registry_note_score(p->registry, s->prompt_version, s->value);
	}
	judge_offer(p->judge, chunk);
}

bool prompts_told(struct prompts *p, struct manifest *m, uint8_t source)
{
	struct manifest_set set = { .items = &m, .count = 1 };
	size_t refused = registry_adopt(p->registry, &set, source, now_s());

	manifest_free(m); /* NULL where it was taken */
	return refused > 0;
}

bool prompts_heard(struct prompts *p, struct slice signature)
{
	pthread_mutex_lock(&p->lock);
	bool heard = webhook_is_repeated(&p->heard, signature, now_s());
	pthread_mutex_unlock(&p->lock);
	return heard;
}

void prompts_note_heard(struct prompts *p, struct slice signature)
{
	pthread_mutex_lock(&p->lock);
	webhook_remember(&p->heard, signature, now_s());
	pthread_mutex_unlock(&p->lock);
}

void prompts_count_webhook(struct prompts *p, enum webhook_result result)
{
	meter_add(p->webhooks[result], 1);
}

/* ---------------------------------------------------------------- deploying */
struct deployment_job {
	struct prompts *prompts;
	struct prompt_deployment *deployment;
};

static void on_command_done(void *context, struct slice name, uint64_t at_s, uint32_t number, int64_t exit_status)
{
	struct prompts *p = context;

	for (size_t i = 0; i < COMMANDS_MAX; i++)
		if (p->commands[i].run != NULL && p->commands[i].number == number)
			p->commands[i].run = NULL;
	registry_command(p->registry, name, at_s, number, PROMPT_COMMAND_DONE, exit_status);
	if (exit_status != 0)
		LOG(ERROR, "prompts", "deploy_command_exit", "prompt=\"%.*s\" exit=%" PRId64
		    " next=\"the deployment does not count\"", SLICE_ARG(name), exit_status);
}

static struct command *free_command(struct prompts *p)
{
	for (size_t i = 0; i < COMMANDS_MAX; i++)
		if (p->commands[i].run == NULL)
			return &p->commands[i];
	return NULL;
}

static void run_command(void *context)
{
	struct deployment_job *job = context;
	struct prompts *p = job->prompts;
	struct prompt_deployment *d = job->deployment;

	trials_follow(&p->trials);
	if (p->config->deploy_command.count == 0)
		return;
	struct command *c = free_command(p);
	d->command = PROMPT_COMMAND_RUNS;
	registry_command(p->registry, d->name, d->at_s, d->number, PROMPT_COMMAND_RUNS, 0);
	if (c == NULL) {
		on_command_done(p, d->name, d->at_s, d->number, -1);
		return;
	}
	c->number = d->number;
	c->run = deploy_command_run(p->loop, &p->config->deploy_command, p->config->deploy_timeout_ms, d, on_command_done, p);
}

void prompts_noted(struct prompts *p, const struct prompt_deployment *d)
{
	struct buf prompt = BUF_INIT, text = BUF_INIT;

	buf_printf(&prompt, "%.*s@%.*s", SLICE_ARG(d->name), SLICE_ARG(d->version));
	trials_write_deployment(d, &text);
	if (d->reason.len > 0)
		buf_printf(&text, ": %.*s", SLICE_ARG(d->reason));
	note(p, d->kind == PROMPT_ROLLBACK ? AUDIT_ROLLBACK : AUDIT_DEPLOY, buf_view(&prompt), d->by, buf_view(&text));
	buf_release(&prompt);
	buf_release(&text);
}

static bool has_command(struct prompts *p)
{
	pthread_mutex_lock(&p->lock);
	bool has = p->config->deploy_command.count > 0;
	pthread_mutex_unlock(&p->lock);
	return has;
}

void prompts_deployed(struct prompts *p, struct prompt_deployment *d)
{
	struct deployment_job job = { p, d };

	prompts_noted(p, d);
	if (loop_jobs_run(&p->jobs, run_command, &job, JOB_TIMEOUT_MS) || !has_command(p))
		return;
	d->command = PROMPT_COMMAND_DONE;
	d->command_exit = -1;
	registry_command(p->registry, d->name, d->at_s, d->number, d->command, d->command_exit);
	LOG(ERROR, "prompts", "deploy_command_failed", "prompt=\"%.*s\" reason=\"the agent is too busy to start it\" "
	    "next=\"the deployment does not count\"", SLICE_ARG(d->name));
}

/* ---------------------------------------------------------------- metrics */
static void render_one(void *context, struct slice prompt, enum drift_field field, uint64_t calls)
{
	struct exposition *x = context;
	struct buf labels = BUF_INIT;

	exposition_label(&labels, "prompt", prompt);
	exposition_label(&labels, "field", slice_of(drift_field_names[field]));
	exposition_u64(x, buf_view(&labels), calls);
	buf_release(&labels);
}

static void render_gate(struct exposition *x, struct slice prompt, double value)
{
	struct buf labels = BUF_INIT;

	exposition_label(&labels, "prompt", prompt);
	exposition_double(x, buf_view(&labels), value);
	buf_release(&labels);
}

static void render_gate_open(void *context, const struct registry_gate_view *v)
{
	render_gate(context, v->prompt, v->open);
}

static void render_gate_rate(void *context, const struct registry_gate_view *v)
{
	if (!isnan(v->pass_rate))
		render_gate(context, v->prompt, v->pass_rate);
}

void prompts_render(void *context, struct exposition *x)
{
	static const struct metric_family drift = { "plimsoll_prompt_drift", METRIC_COUNTER,
						    "Calls that were not made as the manifest of their prompt version says" };
	static const struct {
		struct metric_family family;
		void (*render)(void *context, const struct registry_gate_view *v);
	} gates[] = {
		{ { "plimsoll_prompt_gate_open", METRIC_GAUGE, "Whether the newest gate of a prompt version let it pass" },
		  render_gate_open },
		{ { "plimsoll_prompt_gate_pass_rate", METRIC_GAUGE, "Share of the cases that passed in it" }, render_gate_rate },
	};
	struct prompts *p = context;

	exposition_family(x, &drift);
	registry_visit_drift(p->registry, render_one, x);
	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		exposition_family(x, &gates[i].family);
		registry_visit_gates(p->registry, gates[i].render, x);
	}
}
