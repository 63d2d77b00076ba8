/* SPDX-License-Identifier: Apache-2.0
 * otlp/items.h - a request as a list of its spans, log records or metrics, and requests made of some of them.
 *
 * An item stands on the wire as it did; resource and scope, with fields unknown to us, come along once for each run of
 * items that share them. What stood around no item is left out. Slices borrow from the wire bytes and the arena.
 */
#ifndef PLIMSOLL_OTLP_ITEMS_H
#define PLIMSOLL_OTLP_ITEMS_H

#include "agent/base/arena.h"
#include "agent/base/status.h"
#include "agent/otlp/value.h"
#include "agent/span/batch.h"

struct request_item {
	struct slice content;         /* the Span, LogRecord or Metric */
	struct slice field;           /* the same with its tag and length */
	const struct slice *scope;    /* all of its group but the items */
	const struct slice *resource; /* the same one level up */
};

struct request_items {
	struct request_item *items;
	size_t count;
};

/* Errors: MALFORMED; NOMEM. */
struct status items_read(struct slice wire, struct arena *a, struct request_items *out) MUST_USE;

/* A request of those items whose `chosen` has any of these bits. Empty where none has. Errors: NOMEM. */
struct status items_write(const struct request_items *from, const uint8_t *chosen, uint8_t bits, struct arena *a,
			  struct slice *out) MUST_USE;

/* The first attribute with this key, of the item (of a metric: of its first data point), else of its resource. */
bool items_attribute(enum signal signal, const struct request_item *item, struct slice key, struct any_value *out);

#endif
