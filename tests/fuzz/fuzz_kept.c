/* SPDX-License-Identifier: Apache-2.0
 * As fuzz_stored, for the parts of the store that are no learners of samples: prompt versions, alerts with silences and
 * notifications, budgets, and the table of counted spans. Taken or refused, a damaged value (or key) leaves a part that
 * answers, and what it saves then is taken by another one. Input: as of fuzz_stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/alerts/alerts.h"
#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/budgets/budgets.h"
#include "agent/counting/counting.h"
#include "agent/prompts/registry.h"
#include "tests/fuzz/damage.h"

#define T0        UINT64_C(1795262400)
#define PAIRS_MAX 512

static void die(const char *part, const char *what)
{
	fprintf(stderr, "fuzz_kept: %s: %s\n", part, what);
	abort();
}

/* ------------------------------------------------------------------ what is stored */

struct pair {
	struct buf key, value;
};

static struct shelf {
	struct pair pairs[PAIRS_MAX];
	size_t count;
} *shelf; /* that what is saved goes to */

static void put(void *context, struct slice key, struct slice value)
{
	size_t at = 0;

	(void)context;
	while (at < shelf->count && !slice_equal(buf_view(&shelf->pairs[at].key), key))
		at++;
	if (at == PAIRS_MAX)
		die("shelf", "too many pairs");
	if (at == shelf->count) {
		buf_slice(&shelf->pairs[at].key, key);
		shelf->count++;
	}
	buf_reset(&shelf->pairs[at].value);
	buf_slice(&shelf->pairs[at].value, value); /* of nothing: it is gone */
}

static int by_key(const void *a, const void *b)
{
	struct slice x = buf_view(&((const struct pair *)a)->key), y = buf_view(&((const struct pair *)b)->key);
	int by_bytes = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return by_bytes != 0 ? by_bytes : (x.len > y.len) - (x.len < y.len);
}

static void shelf_sort(struct shelf *s)
{
	qsort(s->pairs, s->count, sizeof(s->pairs[0]), by_key);
}

static void shelf_clear(struct shelf *s)
{
	while (s->count > 0) {
		struct pair *p = &s->pairs[--s->count];
		buf_release(&p->key);
		buf_release(&p->value);
		*p = (struct pair){ BUF_INIT, BUF_INIT };
	}
}

/* ------------------------------------------------------------------ prompt versions */

static bool put_prompt(void *context, struct slice key, struct slice value)
{
	put(context, key, value);
	return true;
}

static void *registry_open(void)
{
	const struct registry_outlets outlets = { put_prompt, NULL, NULL };
	struct registry *r = NULL;

	return FAILED(registry_new(&outlets, &r)) ? NULL : r;
}

static struct status registry_take(void *part, struct slice key, struct slice value)
{
	return registry_load(part, key, value);
}

static void registry_answer(struct registry *r)
{
	struct buf json = BUF_INIT;

	registry_write_list(r, &json);
	if (!json_is_valid(buf_view(&json)))
		die("registry", buf_string(&json));
	buf_reset(&json);
	registry_write_top(r, 10, &json);
	if (!json_is_valid(buf_view(&json)))
		die("registry", buf_string(&json));
	buf_reset(&json);
	if (registry_write_one(r, SLICE("answer"), &json) && !json_is_valid(buf_view(&json)))
		die("registry", buf_string(&json));
	buf_release(&json);
}

static void visit_trial(void *context, const struct prompt_trial *t)
{
	*(size_t *)context += t->to.len;
}

static void visit_gate(void *context, const struct registry_gate_view *v)
{
	*(size_t *)context += v->prompt.len;
}

static void registry_use(void *part)
{
	static const char *const versions[] = { "1", "2", "3" };
	struct prompt_versions room;
	struct buf why = BUF_INIT, reason = BUF_INIT;
	size_t length = 0;

	for (size_t i = 0; i < 3; i++) {
		struct prompt_gate g = { .name = SLICE("answer"), .version = slice_of(versions[i]), .at_s = T0 + i, .open = true,
					 .pass_rate = 0.9, .cases = 4, .json = SLICE("{}") };
		struct prompt_deployment d = { .at_s = T0 + 10 * i, .name = SLICE("answer"), .version = slice_of(versions[i]),
					       .environment = SLICE("production"), .by = SLICE("ana"),
					       .canary_share = i == 2 ? 0.1 : 1 };
		(void)registry_learn(part, SLICE("answer"), slice_of(versions[i]), PROMPT_FROM_TRAFFIC, T0).code;
		(void)registry_gate(part, &g, &why).code;
		(void)registry_deploy(part, &d, &room, &why).code;
	}
	registry_note_alert(part, SLICE("answer@3"), T0 + 40);
	registry_note_score(part, SLICE("answer@2"), 0.5);
	registry_visit_trials(part, visit_trial, &length);
	registry_visit_gates(part, visit_gate, &length);
	prompt_table_unref(registry_table(part));
	struct prompt_deployment back = { .at_s = T0 + 50, .name = SLICE("answer"), .environment = SLICE("production"),
					  .by = SLICE("ana"), .canary_share = 1 };
	(void)registry_rollback(part, &back, &room, &reason, &why).code;
	registry_answer(part);
	buf_release(&why);
	buf_release(&reason);
}

static void registry_keep(void *part)
{
	registry_save(part, false);
}

static void registry_close(void *part)
{
	registry_free(part);
}

/* ------------------------------------------------------------------ alerts, silences, notifications */

static uv_loop_t loop;
static struct http_client *client;
static struct channel_config channel = {
	.name = "webhook/test", .url = "http://127.0.0.1:9/", .send_resolved = true, .timeout_ms = 1000,
};
static struct alerts_config alerts_config = { .channels = &channel, .channel_count = 1 };

static void *alerts_open(void)
{
	struct buf why = BUF_INIT;
	struct alerts *a = NULL;

	if (client == NULL && (uv_loop_init(&loop) != 0 || FAILED(http_client_new(&loop, &client))))
		die("alerts", "no loop");
	if (FAILED(alerts_new(&alerts_config, &loop, client, &a, &why)))
		die("alerts", buf_string(&why));
	return a;
}

static struct status alerts_take(void *part, struct slice key, struct slice value)
{
	return alerts_load(part, key, value);
}

static void check_alert(void *context, const struct alert *a)
{
	struct buf json = BUF_INIT;

	(void)context;
	alert_json(a, NULL, &json);
	if (!json_is_valid(buf_view(&json)))
		die("alerts", buf_string(&json));
	buf_release(&json);
}

static void alerts_use(void *part)
{
	static uint64_t n;
	struct verdict v = {
		.metric = "cost", .feature = SLICE("triage"), .model = SLICE("gpt-4o"), .prompt_version = SLICE("support@1"),
		.value = 2, .baseline_mean = 1, .started_at_s = T0 + n % 3 * 4000, .at_s = T0 + n % 3 * 4000,
	};
	struct silence_wish wish = { SLICE("model=gpt*"), SLICE("me"), SLICE("quiet"), 3600 };
	struct buf json = BUF_INIT;

	n++;
	alerts_verdict(part, &v);
	alerts_settle(part);
	(void)alerts_silence(part, &wish, &json).code;
	buf_reset(&json);
	alerts_silences_json(part, &json);
	if (!json_is_valid(buf_view(&json)))
		die("silences", buf_string(&json));
	alerts_settle(part);
	alerts_advance(part, T0 + 90000);
	alerts_visit(part, false, check_alert, NULL);
	buf_release(&json);
}

static void alerts_keep(void *part)
{
	alerts_save(part, true, put, NULL);
}

static void alerts_close(void *part)
{
	alerts_free(part);
	for (int i = 0; i < 3; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

/* ------------------------------------------------------------------ budgets */

static const char limits[] = "{budgets: {limits: {day/team: {by: [user], limit_usd: 10}, month/all: {limit_tokens: 1000000}}}}\n";

static struct config *budgets_config(void)
{
	struct buf errors = BUF_INIT;
	struct config *c = NULL;
	char path[64];
	int fd = memfd_create("config", 0);

	if (fd < 0 || write(fd, limits, sizeof(limits) - 1) != (ssize_t)sizeof(limits) - 1)
		die("budgets", "no file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (FAILED(config_load(path, NULL, 0, &c, &errors)))
		die("budgets", buf_string(&errors));
	close(fd);
	return c;
}

static void *batch_begin(void *context)
{
	(void)context;
	return malloc(1);
}

static struct {
	void (*done)(void *context, struct status result);
	void *context;
} waiting[256];
static size_t waiting_count;

static struct status batch_write(void *context, void *batch, void (*done)(void *done_context, struct status result),
				 void *done_context)
{
	(void)context;
	free(batch);
	waiting[waiting_count].done = done;
	waiting[waiting_count++].context = done_context;
	return OK;
}

static void commit(void)
{
	for (size_t i = 0; i < waiting_count; i++)
		waiting[i].done(waiting[i].context, OK);
	waiting_count = 0;
}

static struct status batch_flush(void *context)
{
	(void)context;
	commit();
	return OK;
}

static bool price(void *context, const struct call *call, int64_t *pusd)
{
	(void)context;
	*pusd = (int64_t)tokens_get(&call->tokens, TOKENS_INPUT) * (PUSD_PER_USD / 100000);
	return true;
}

static void *budgets_open(void)
{
	static struct config *config;
	const struct budgets_outlets outlets = {
		.keeper = { NULL, batch_begin, put, batch_write, batch_flush }, .price = price,
	};
	struct budgets *b = NULL;

	if (config == NULL)
		config = budgets_config();
	return FAILED(budgets_new(config, &outlets, &b)) ? NULL : b;
}

static struct status budgets_take(void *part, struct slice key, struct slice value)
{
	return budgets_load(part, key, value, (int64_t)T0 + 60);
}

static void look(void *context, const struct budget_view *v)
{
	*(double *)context += v->forecast_usd;
}

static void on_verdict(void *context, const struct verdict *v)
{
	(void)context;
	if (v->at_s > INT64_MAX || v->started_at_s > INT64_MAX)
		die(v->metric, "a verdict of a time before 1970");
}

static void on_kept(void *context, struct status result)
{
	(void)context;
	(void)result;
}

static void budgets_use(void *part)
{
	struct budget_answer answer;
	struct budget_question q = { .labels[BUDGET_BY_USER] = SLICE("ann"), .reserves = true };
	double sum = 0;

	for (unsigned n = 0; n < 6; n++) {
		struct call c = { .role = ROLE_LLM, .counted = true, .feature = SLICE("assistant"),
				  .request_model = SLICE("gpt-4o"), .user_id = n % 2 == 0 ? SLICE("ann") : SLICE("bob"), .end_unix_ns = (T0 + n) * 1000000000u };
		c.cost.known = true;
		c.cost.total_pusd = PUSD_PER_USD * 2;
		tokens_set(&c.tokens, TOKENS_INPUT, 100);
		memset(c.trace_id, (int)n + 1, sizeof(c.trace_id));
		memset(c.span_id, (int)n + 1, sizeof(c.span_id));
		budgets_spend(part, &c, 1, (int64_t)(T0 + 60 + n), on_kept, NULL);
		commit();
	}
	budgets_decide(part, &q, (int64_t)T0 + 70, &answer);
	budgets_advance(part, (int64_t)T0 + 70, on_verdict, NULL);
	budgets_visit(part, (int64_t)T0 + 71, look, &sum);
	budgets_visit_series(part, (int64_t)T0 + 71, look, &sum);
	budgets_visit_top(part, (int64_t)T0 + 71, SLICE_NONE, 10, look, &sum);
	budgets_advance(part, (int64_t)T0 + 100000, on_verdict, NULL);
	commit();
}

static void budgets_keep(void *part)
{
	(void)part; /* each spend is put as it comes */
}

static void budgets_close(void *part)
{
	budgets_free(part);
	commit();
}

/* ------------------------------------------------------------------ counted spans */

static void *counting_open(void)
{
	return counting_new(1 << 16);
}

static struct status counting_take(void *part, struct slice key, struct slice value)
{
	return counting_load(part, key, value);
}

/* A chain of spans, every other one a call, one of which only repeats usage. */
static void counting_use(void *part)
{
	struct arena arena;
	struct call calls[8];
	struct buf record = BUF_INIT;

	arena_init(&arena, 1 << 20);
	struct counting_batch batch = { .arena = &arena, .counting = part };
	memset(calls, 0, sizeof(calls));
	for (uint32_t i = 0; i < 8; i++) {
		struct call *c = &calls[i];
		uint8_t trace_id[16] = { 1 }, span_id[8] = { (uint8_t)(i + 1) }, parent_id[8] = { (uint8_t)i };
		memcpy(c->trace_id, trace_id, 16);
		memcpy(c->span_id, span_id, 8);
		c->role = ROLE_LLM;
		c->counted = i % 2 == 0;
		c->wrapper = !c->counted;
		c->scope = SLICE("lib");
		c->request_model = SLICE("gpt-4o");
		c->start_unix_ns = T0 * 1000000000u;
		c->end_unix_ns = c->start_unix_ns + 1000000000u;
		tokens_set(&c->tokens, TOKENS_INPUT, 100 + i / 2);
		if (FAILED(counting_note(&batch, trace_id, span_id, i > 0 ? parent_id : NULL, i % 3 == 2 ? COUNTING_NO_CALL : i)))
			die("counting", "no memory");
	}
	counting_decide(part, &batch, calls);
	for (size_t i = 0; i < batch.count; i++)
		if (batch.spans[i].verdict == COUNTING_HELD)
			counting_hold(part, &batch.spans[i], &calls[batch.spans[i].call], SLICE("held"));
	(void)counting_promote(part, 1, false, &record);
	buf_release(&record);
	arena_release(&arena);
}

static void counting_keep(void *part)
{
	struct buf record = BUF_INIT;

	counting_save(part, true, put, NULL);
	while (counting_promote(part, 1, true, &record))
		;
	buf_release(&record);
}

static void counting_close(void *part)
{
	counting_free(part);
}

/* ------------------------------------------------------------------ all of them */

#define ROW(name) { #name, name##_open, name##_take, name##_use, name##_keep, name##_close }

static const struct part {
	const char *name;
	void *(*open)(void);
	struct status (*take)(void *part, struct slice key, struct slice value);
	void (*use)(void *part);
	void (*keep)(void *part);
	void (*close)(void *part);
} parts[] = { ROW(registry), ROW(alerts), ROW(budgets), ROW(counting) };

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static struct shelf left[PART_COUNT], again;

static void leave(size_t which)
{
	void *part = parts[which].open();

	shelf = &left[which];
	for (int i = 0; i < 3; i++)
		parts[which].use(part);
	parts[which].keep(part);
	parts[which].close(part);
	if (shelf->count == 0)
		die(parts[which].name, "it left nothing");
	shelf_sort(shelf);
}

static void inherit(const struct part *of)
{
	void *heir = of->open();

	for (size_t i = 0; i < again.count; i++) {
		struct slice key = buf_view(&again.pairs[i].key), value = buf_view(&again.pairs[i].value);
		struct status s = value.len > 0 ? of->take(heir, key, value) : OK;
		if (FAILED(s))
			die(of->name, s.why);
	}
	of->close(heir);
}

static void fuzz_part(size_t which, size_t damaged, struct slice key, struct slice value)
{
	const struct part *of = &parts[which];
	void *part = of->open();

	shelf = &again;
	shelf_clear(shelf);
	for (size_t i = 0; i < left[which].count; i++) {
		struct slice own_key = buf_view(&left[which].pairs[i].key), sound = buf_view(&left[which].pairs[i].value);
		struct status s = of->take(part, i == damaged ? key : own_key, i == damaged ? value : sound);
		(void)s; /* what belongs to a refused one is refused too */
	}
	of->use(part);
	of->keep(part);
	of->close(part);
	shelf_sort(shelf);
	inherit(of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf damaged = BUF_INIT;

	if (size < 2 + DAMAGE_BYTES)
		return 0;
	for (size_t i = 0; i < PART_COUNT && left[i].count == 0; i++)
		leave(i);
	bool of_key = (data[0] & 0x80) != 0;
	size_t which = (data[0] & 0x7fu) % PART_COUNT, pair = data[1] % left[which].count;
	struct slice key = buf_view(&left[which].pairs[pair].key), value = buf_view(&left[which].pairs[pair].value);
	struct slice sound = of_key ? key : value;
	damage(data + 2, size - 2, sound, &damaged);
	fuzz_part(which, pair, of_key ? buf_view(&damaged) : key, of_key ? value : buf_view(&damaged));
	buf_release(&damaged);
	return 0;
}
