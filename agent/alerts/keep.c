/* SPDX-License-Identifier: Apache-2.0
 * alerts/keep.c - alerts, silences and notifications over a restart. The first letter of a key says which.
 */
#include "agent/alerts/alerts_priv.h"

static void save_alert(struct alert *alert, alerts_put put, void *context)
{
	struct buf key = BUF_INIT, value = BUF_INIT;

	buf_printf(&key, "a%s", alert->id);
	alert_save(alert, &value);
	if (!buf_failed(&key) && !buf_failed(&value)) {
		put(context, buf_view(&key), buf_view(&value));
		alert->dirty = false;
	}
	buf_release(&key);
	buf_release(&value);
}

bool alerts_unsaved(const struct alerts *a)
{
	return a->unsaved;
}

void alerts_save(struct alerts *a, bool all, alerts_put put, void *context)
{
	deletions_put(&a->deleted, ALERT_KEY_SIZE, all, put, context);
	for (size_t i = 0; i < a->count; i++)
		if (all || a->items[i]->dirty)
			save_alert(a->items[i], put, context);
	a->unsaved = false;
	silences_save(&a->silences, all, put, context);
	if (a->notifier != NULL)
		notifier_save(a->notifier, all, put, context);
}

/* What is stored under another key than its own would be loaded again by every later start. */
static bool is_key(struct slice key, const struct alert *alert)
{
	return slice_equal(slice_skip(key, 1), slice_of(alert->id));
}

struct status alerts_load(struct alerts *a, struct slice key, struct slice value)
{
	struct alert *alert;

	if (slice_starts_with(key, SLICE("n")))
		return a->notifier != NULL ? notifier_load(a->notifier, key, value) : OK;
	if (slice_starts_with(key, SLICE("s")))
		return silences_load(&a->silences, key, value);
	alert = slice_starts_with(key, SLICE("a")) ? alert_load(value) : NULL;
	if (alert == NULL || !is_key(key, alert)) {
		alert_free(alert);
		return FAIL(CORRUPT, "a stored alert has another version, shape or key");
	}
	alerts_insert(a, alert);
	return OK;
}
