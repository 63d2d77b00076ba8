/* SPDX-License-Identifier: Apache-2.0
 * What the store gives back to a stage, one value of it (or its key) damaged: taken or refused, the stage goes on with
 * calls, and what it saves then is taken by another one. Input: bytes that choose the stage (the highest bit: the key), the
 * value, the place in it (two) and how many bytes go from there; the rest is put in their place.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/alert.h"
#include "agent/alerts/movement.h"
#include "agent/base/json.h"
#include "agent/baselines/detector.h"
#include "agent/canary/canary.h"
#include "agent/cases/cases.h"
#include "agent/enrich/model_watch.h"
#include "agent/review/review.h"
#include "agent/slo/slo.h"
#include "tests/fuzz/damage.h"

#define T0    UINT64_C(1760054400)
#define CALLS 60u

typedef void (*put_fn)(void *context, struct slice key, struct slice value);

struct stage {
	const char *name;
	void *(*make)(void);
	struct status (*load)(void *stage, struct slice key, struct slice value);
	void (*use)(void *stage, const struct sample *s);
	void (*save)(void *stage, bool all, put_fn put, void *context);
	void (*free)(void *stage);
	bool forgets; /* what it saves may be refused: numbers that are none by then are learned anew */
};

static void die(const char *stage, const char *what)
{
	fprintf(stderr, "fuzz_stored: %s: %s\n", stage, what);
	abort();
}

static void check_json(const char *stage, struct buf *json)
{
	if (!json_is_valid(buf_view(json)))
		die(stage, buf_string(json));
	buf_release(json);
}

/* ------------------------------------------------------------------ the stages */

static const char *guard[] = { "cost", "latency", "eval_score" };
static const struct canary_config canary_config = {
	.enabled = true, .alpha = 0.01, .guard = { guard, 3 }, .margins = { 0.1, 0.1, 0.1, 0.2, 0.01, 0.03, 0.05, 0.15 },
};

static struct cases *cases_with_texts(void)
{
	struct cases *c = cases_new();

	if (c != NULL)
		cases_keep_texts(c, 1 << 20);
	return c;
}

static void use_cases(void *stage, const struct sample *s)
{
	struct buf json = BUF_INIT;

	cases_add(stage, s);
	cases_write(stage, 0, 1000, true, &json);
	check_json("cases", &json);
}

static void use_review(void *stage, const struct sample *s)
{
	struct buf json = BUF_INIT;

	review_add(stage, s);
	struct review_span span = review_span(stage, 7, 0);
	buf_byte(&json, '{');
	review_write(stage, &span, &json);
	buf_byte(&json, '}');
	check_json("review", &json);
}

static void write_pair(void *stage, const struct canary_wish *wish)
{
	struct canary_pair pair;
	struct canary_summary summary;

	if (FAILED(canary_choose(stage, wish, &pair)))
		die("canary", "a pair of its own is not found");
	canary_summarize(stage, wish, &pair, &summary);
	buf_release(&summary.reason);
}

static void use_canary(void *stage, const struct sample *s)
{
	canary_add(stage, s);
	canary_pairs(stage, write_pair, stage);
}

static void use_movement(void *stage, const struct sample *s)
{
	movement_add(stage, s);
}

static void use_model_watch(void *stage, const struct sample *s)
{
	struct call c = { .request_model = s->model, .response_model = s->prompt_version };

	model_watch_see(stage, &c);
}

/* Three hours of such calls, so that levels are learned, and an alert stands in the end. */
static void use_detector(void *stage, const struct sample *s)
{
	uint64_t at = (s->time_unix_ms / 1000 - T0) / 300, start_s = T0 + at * 3 * 3600;
	struct sample one = *s;

	one.request_model = SLICE("alias");
	one.model_pinned = at % 2 == 0 ? TRI_YES : TRI_NO;
	one.ttft_ms = 200;
	one.output_tokens = 100;
	one.name = SLICE("quality");
	one.value = 0.8;
	one.cost_usd *= at > CALLS - 4 ? 50 : 1;
	for (uint64_t t = 0; t < 3 * 3600; t += 150) {
		one.time_unix_ms = (start_s + t) * 1000;
		detector_add(stage, &one);
	}
}

static void look_at_budget(void *context, const struct slo_view *v)
{
	*(double *)context += v->budget_left;
}

static void use_slo(void *stage, const struct sample *s)
{
	double left = 0;

	slo_add(stage, s);
	slo_visit(stage, look_at_budget, &left);
}

static const char *percentiles[] = { "latency_p99" };
static const struct baselines_config baselines_config = {
	.enabled = true, .sigma = 2, .false_alert_budget = 0.01, .max_series = 2000, .idle_after_ms = UINT64_C(720) * 3600 * 1000,
	.alias_notice_every_ms = 86400000, .metrics = { percentiles, 1 },
};

static const char *by_feature[] = { "feature" };
static struct slo_config slo_options = {
	.threshold_ms = 820, .objective = 0.95, .window_ms = UINT64_C(30) * 86400 * 1000, .by = { by_feature, 1 },
};
static struct config_instance slo_instance = { .id = "latency/chat", .kind = "latency", .options = &slo_options };
static struct config slo_config = { .slos = { &slo_instance, 1 } };

static void on_verdict(void *context, const struct verdict *v)
{
	(void)context;
	if (v->at_s > INT64_MAX || v->started_at_s > INT64_MAX)
		die(v->metric, "a verdict of a time before 1970");
}

#define STAGE(name, maker)                                                                                  \
	static void *make_##name(void)                                                                      \
	{                                                                                                   \
		return maker;                                                                               \
	}                                                                                                   \
	static struct status load_##name(void *stage, struct slice key, struct slice value)                \
	{                                                                                                   \
		return name##_load(stage, key, value);                                                      \
	}                                                                                                   \
	static void save_##name(void *stage, bool all, put_fn put, void *context)                           \
	{                                                                                                   \
		name##_save(stage, all, put, context);                                                      \
	}                                                                                                   \
	static void free_##name(void *stage)                                                                \
	{                                                                                                   \
		name##_free(stage);                                                                         \
	}

STAGE(detector, detector_new(&baselines_config, on_verdict, NULL))
STAGE(slo, slo_new(&slo_config, on_verdict, NULL))
STAGE(cases, cases_with_texts())
STAGE(review, review_new())
STAGE(canary, canary_new(&canary_config, NULL, NULL))
STAGE(model_watch, model_watch_new())
STAGE(movement, movement_new(NULL, NULL))

#define ROW(name, use) { #name, make_##name, load_##name, use, save_##name, free_##name, false }

static const struct stage stages[] = {
	ROW(cases, use_cases),
	ROW(review, use_review),
	ROW(canary, use_canary),
	ROW(model_watch, use_model_watch),
	ROW(movement, use_movement),
	{ "detector", make_detector, load_detector, use_detector, save_detector, free_detector, true },
	ROW(slo, use_slo),
};

#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))

/* ------------------------------------------------------------------ what they left */

#define PAIRS_MAX 64

static struct pair {
	struct buf key, value;
} pairs[STAGE_COUNT + 1][PAIRS_MAX]; /* the last: alerts */
static size_t pair_counts[STAGE_COUNT + 1];

struct heir {
	const struct stage *of;
	void *stage;
};

static struct sample a_call(unsigned n)
{
	struct sample s = sample_unknown(SAMPLE_CALL);

	s.time_unix_ms = (T0 + n * 300) * 1000;
	s.feature = SLICE("triage");
	s.model = SLICE("gpt-4o");
	s.prompt_version = n % 2 == 0 ? SLICE("support@1") : SLICE("support@2");
	s.cost_usd = 0.01 * (1 + n % 5);
	s.latency_ms = 800 + n;
	s.outcome = n % 7 == 0 ? OUTCOME_ERROR : OUTCOME_OK;
	s.trace_id[0] = s.span_id[0] = (uint8_t)(n + 1);
	return s;
}

static void keep(void *context, struct slice key, struct slice value)
{
	const struct stage *of = context;
	size_t at = (size_t)(of - stages), *count = &pair_counts[at];

	if (value.len == 0 || *count == PAIRS_MAX)
		return;
	buf_slice(&pairs[at][*count].key, key);
	buf_slice(&pairs[at][(*count)++].value, value);
}

static int by_key(const void *a, const void *b)
{
	struct slice x = buf_view(&((const struct pair *)a)->key), y = buf_view(&((const struct pair *)b)->key);
	int by_bytes = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return by_bytes != 0 ? by_bytes : (x.len > y.len) - (x.len < y.len);
}

static void leave(const struct stage *of)
{
	size_t at = (size_t)(of - stages);
	void *stage = of->make();

	for (unsigned n = 0; n < CALLS; n++) {
		struct sample s = a_call(n);
		of->use(stage, &s);
	}
	of->save(stage, true, keep, (void *)(uintptr_t)of);
	of->free(stage);
	if (pair_counts[at] == 0)
		die(of->name, "it left nothing");
	qsort(pairs[at], pair_counts[at], sizeof(pairs[at][0]), by_key);
}

static void leave_alert(void)
{
	struct verdict v = {
		.metric = "cost", .feature = SLICE("triage"), .model = SLICE("gpt-4o"), .value = 2, .baseline_mean = 1,
	};
	struct alert *a = alert_new(&v);

	if (a == NULL)
		die("alert", "no memory");
	alert_save(a, &pairs[STAGE_COUNT][0].value);
	pair_counts[STAGE_COUNT] = 1;
	alert_free(a);
}

/* ------------------------------------------------------------------ what becomes of it */

static void inherit(void *context, struct slice key, struct slice value)
{
	struct heir *h = context;

	if (value.len == 0)
		return; /* gone */
	struct status s = h->of->load(h->stage, key, value);
	if (FAILED(s) && !h->of->forgets)
		die(h->of->name, s.why);
}

static void fuzz_stage(const struct stage *of, size_t damaged, struct slice key, struct slice value)
{
	struct sample call = a_call(CALLS);
	struct heir heir = { of, of->make() };
	void *stage = of->make();
	size_t at = (size_t)(of - stages);

	if (stage == NULL || heir.stage == NULL)
		die(of->name, "no memory");
	for (size_t i = 0; i < pair_counts[at]; i++) {
		struct slice own_key = buf_view(&pairs[at][i].key), sound = buf_view(&pairs[at][i].value);
		struct status s = of->load(stage, i == damaged ? key : own_key, i == damaged ? value : sound);
		(void)s; /* what belongs to a refused one is refused too */
	}
	of->use(stage, &call);
	of->save(stage, true, inherit, &heir);
	of->free(stage);
	of->free(heir.stage);
}

static void fuzz_alert(struct slice value)
{
	struct alert *a = alert_load(value), *again;
	struct buf json = BUF_INIT, saved = BUF_INIT;

	if (a == NULL)
		return;
	alert_json(a, NULL, &json);
	check_json("alert", &json);
	alert_save(a, &saved);
	if ((again = alert_load(buf_view(&saved))) == NULL)
		die("alert", "it does not load what it saved");
	buf_release(&saved);
	alert_free(again);
	alert_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf damaged = BUF_INIT;

	if (size < 2 + DAMAGE_BYTES)
		return 0;
	if (pair_counts[0] == 0) {
		for (size_t i = 0; i < STAGE_COUNT; i++)
			leave(&stages[i]);
		leave_alert();
	}
	size_t which = (data[0] & 0x7fu) % (STAGE_COUNT + 1), pair = data[1] % pair_counts[which];
	bool of_key = (data[0] & 0x80) != 0 && which < STAGE_COUNT;
	struct slice key = buf_view(&pairs[which][pair].key), value = buf_view(&pairs[which][pair].value);
	struct slice sound = of_key ? key : value;
	damage(data + 2, size - 2, sound, &damaged);
	if (which < STAGE_COUNT)
		fuzz_stage(&stages[which], pair, of_key ? buf_view(&damaged) : key, of_key ? value : buf_view(&damaged));
	else
		fuzz_alert(buf_view(&damaged));
	buf_release(&damaged);
	return 0;
}
