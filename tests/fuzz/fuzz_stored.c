/* SPDX-License-Identifier: Apache-2.0
 * What the store gives back to a stage, one value of it damaged: taken or refused, the stage goes on with calls, and what
 * it saves then is taken by another one. Input: bytes that choose the stage, the value, the place in it (two) and how many
 * bytes go from there; the rest is put in their place.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/alerts/alert.h"
#include "agent/alerts/movement.h"
#include "agent/base/json.h"
#include "agent/canary/canary.h"
#include "agent/cases/cases.h"
#include "agent/enrich/model_watch.h"
#include "agent/review/review.h"

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

STAGE(cases, cases_with_texts())
STAGE(review, review_new())
STAGE(canary, canary_new(&canary_config, NULL, NULL))
STAGE(model_watch, model_watch_new())
STAGE(movement, movement_new(NULL, NULL))

#define ROW(name, use) { #name, make_##name, load_##name, use, save_##name, free_##name }

static const struct stage stages[] = {
	ROW(cases, use_cases),
	ROW(review, use_review),
	ROW(canary, use_canary),
	ROW(model_watch, use_model_watch),
	ROW(movement, use_movement),
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
	if (FAILED(s))
		die(h->of->name, s.why);
}

static void fuzz_stage(const struct stage *of, size_t damaged, struct slice value)
{
	struct sample call = a_call(CALLS);
	struct heir heir = { of, of->make() };
	void *stage = of->make();
	size_t at = (size_t)(of - stages);

	if (stage == NULL || heir.stage == NULL)
		die(of->name, "no memory");
	for (size_t i = 0; i < pair_counts[at]; i++) {
		struct status s = of->load(stage, buf_view(&pairs[at][i].key),
					   i == damaged ? value : buf_view(&pairs[at][i].value));
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

	if (size < 5)
		return 0;
	if (pair_counts[0] == 0) {
		for (size_t i = 0; i < STAGE_COUNT; i++)
			leave(&stages[i]);
		leave_alert();
	}
	size_t which = data[0] % (STAGE_COUNT + 1), pair = data[1] % pair_counts[which];
	struct slice sound = buf_view(&pairs[which][pair].value);
	size_t place = (data[2] | (size_t)data[3] << 8) % (sound.len + 1);
	buf_slice(&damaged, slice_head(sound, place));
	buf_append(&damaged, data + 5, size - 5);
	buf_slice(&damaged, slice_skip(slice_skip(sound, place), data[4]));
	if (which < STAGE_COUNT)
		fuzz_stage(&stages[which], pair, buf_view(&damaged));
	else
		fuzz_alert(buf_view(&damaged));
	buf_release(&damaged);
	return 0;
}
