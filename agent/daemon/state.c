/* SPDX-License-Identifier: Apache-2.0
 * daemon/state.c - the pairs that stages hand over become one store batch.
 */
#include "agent/daemon/state.h"

#include "agent/base/log.h"
#include "agent/base/meter.h"

static void damaged(const char *what, struct status why)
{
	LOG(WARN, "state", "entry_left_out", "of=%s reason=\"%s\"", what, why.why);
}

static bool load_baseline(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = detector_load(s->detector, key, value);

	if (FAILED(result))
		damaged("baselines", result);
	return true;
}

static bool load_alert(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = slice_starts_with(key, SLICE("m")) ? movement_load(s->movement, key, value) :
								    alerts_load(s->alerts, key, value);

	if (FAILED(result))
		damaged("alerts", result);
	return true;
}

static bool load_counted(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = counting_load(s->counting, key, value);

	if (FAILED(result))
		damaged("counted", result);
	return true;
}

static bool load_slo(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = slo_load(s->slos, key, value);

	if (FAILED(result))
		damaged("slos", result);
	return true;
}

static bool load_version(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = canary_load(s->canary, key, value);

	if (FAILED(result))
		damaged("versions", result);
	return true;
}

static bool load_day(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = review_load(s->review, key, value);

	if (FAILED(result))
		damaged("review", result);
	return true;
}

static bool load_cases(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = cases_load(s->cases, key, value);

	if (FAILED(result))
		damaged("exemplars", result);
	return true;
}

static bool load_models(void *context, struct slice key, struct slice value)
{
	struct state *s = context;
	struct status result = model_watch_load(s->models, key, value);

	if (FAILED(result))
		damaged("models", result);
	return true;
}

struct status state_load(struct state *s)
{
	TRY(store_scan(s->store, STORE_BASELINES, SLICE_NONE, load_baseline, s));
	TRY(store_scan(s->store, STORE_ALERTS, SLICE_NONE, load_alert, s));
	TRY(store_scan(s->store, STORE_SLOS, SLICE_NONE, load_slo, s));
	TRY(store_scan(s->store, STORE_VERSIONS, SLICE_NONE, load_version, s));
	TRY(store_scan(s->store, STORE_REVIEW, SLICE_NONE, load_day, s));
	TRY(store_scan(s->store, STORE_EXEMPLARS, SLICE_NONE, load_cases, s));
	TRY(store_scan(s->store, STORE_MODELS, SLICE_NONE, load_models, s));
	return store_scan(s->store, STORE_COUNTED, SLICE_NONE, load_counted, s);
}

static void put_baseline(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_BASELINES, key, value);
	else
		store_batch_delete(batch, STORE_BASELINES, key);
}

static void put_alert(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_ALERTS, key, value);
	else
		store_batch_delete(batch, STORE_ALERTS, key);
}

static void put_counted(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_COUNTED, key, value);
	else
		store_batch_delete(batch, STORE_COUNTED, key);
}

static void put_slo(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_SLOS, key, value);
	else
		store_batch_delete(batch, STORE_SLOS, key);
}

static void put_version(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_VERSIONS, key, value);
	else
		store_batch_delete(batch, STORE_VERSIONS, key);
}

static void put_day(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_REVIEW, key, value);
	else
		store_batch_delete(batch, STORE_REVIEW, key);
}

static void put_cases(void *batch, struct slice key, struct slice value)
{
	if (value.ptr != NULL)
		store_batch_put(batch, STORE_EXEMPLARS, key, value);
	else
		store_batch_delete(batch, STORE_EXEMPLARS, key);
}

static void put_models(void *batch, struct slice key, struct slice value)
{
	store_batch_put(batch, STORE_MODELS, key, value);
}

static void on_committed(void *context, struct status result)
{
	struct state *s = context;

	if (FAILED(result)) {
		atomic_store(&s->is_incomplete, true);
		LOG(ERROR, "state", "not_saved", "reason=\"%s\" next=\"everything is saved again\"", result.why);
	} else {
		meter_add(meter_get(METER_STATE_SAVES, ""), 1);
	}
	atomic_store(&s->is_under_way, false);
}

bool state_save(struct state *s)
{
	if (atomic_exchange(&s->is_under_way, true))
		return false;
	struct store_batch *batch = store_batch_new();
	if (batch == NULL) {
		on_committed(s, FAIL(NOMEM, "no memory for the changes"));
		return true;
	}
	bool all = atomic_exchange(&s->is_incomplete, false);
	detector_save(s->detector, all, put_baseline, batch);
	alerts_save(s->alerts, all, put_alert, batch);
	movement_save(s->movement, all, put_alert, batch);
	counting_save(s->counting, all, put_counted, batch);
	model_watch_save(s->models, all, put_models, batch);
	slo_save(s->slos, all, put_slo, batch);
	canary_save(s->canary, all, put_version, batch);
	review_save(s->review, all, put_day, batch);
	cases_save(s->cases, all, put_cases, batch);
	struct status result = store_write(s->store, batch, on_committed, s);
	if (FAILED(result))
		on_committed(s, result);
	return true;
}
