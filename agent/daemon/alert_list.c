/* SPDX-License-Identifier: Apache-2.0
 * daemon/alert_list.c - a line for each alert, written anew when the alert changes.
 */
#include "agent/daemon/alert_list.h"

#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/plain.h"

static struct listed_alert *find(struct alert_list *l, const char *id)
{
	for (size_t i = l->count; i > 0; i--) /* what changes has mostly fired a short time ago */
		if (strcmp(l->items[i - 1].id, id) == 0)
			return &l->items[i - 1];
	return NULL;
}

static struct listed_alert *append(struct alert_list *l, const char *id)
{
	if (l->count == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct listed_alert *items = realloc(l->items, cap * sizeof(*items));
		if (items == NULL)
			return NULL;
		l->items = items;
		l->cap = cap;
	}
	struct listed_alert *item = &l->items[l->count++];
	item->line = BUF_INIT;
	memcpy(item->id, id, sizeof(item->id));
	return item;
}

static void write_sentence(const struct alert *a, struct buf *out)
{
	struct buf summary = BUF_INIT; /* which names what senders have named */
	char started[21], ended[21];

	clock_format_utc(a->verdict.started_at_s, started);
	buf_printf(out, "alert  %s  ", started);
	if (a->state == ALERT_RESOLVED) {
		clock_format_utc(a->ended_at_s, ended);
		buf_printf(out, "to %s  ", ended);
	} else {
		buf_printf(out, "%-25s", "still firing");
	}
	alert_summary(a, &summary);
	plain_write(out, buf_view(&summary), "");
	buf_release(&summary);
}

void alert_list_take(struct alert_list *l, const struct alert *a)
{
	struct listed_alert *item = find(l, a->id);

	if (item == NULL)
		item = append(l, a->id);
	if (item == NULL) {
		l->failed = true;
		return;
	}
	buf_reset(&item->line);
	if (l->as_json)
		alert_json(a, l->config, &item->line);
	else
		write_sentence(a, &item->line);
	buf_byte(&item->line, '\n');
	l->failed |= buf_failed(&item->line);
}

void alert_list_release(struct alert_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_release(&l->items[i].line);
	free(l->items);
	*l = (struct alert_list){ 0 };
}
