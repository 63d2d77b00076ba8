/* SPDX-License-Identifier: Apache-2.0
 * gate/text_index.c - open addressing, at most half full.
 */
#include "agent/gate/text_index.h"

#include <stdlib.h>

#include "agent/base/hash.h"

/* The slot of the text, or the free one where it would stand. cap is not 0. */
static struct text_slot *slot_of(const struct text_index *x, struct slice text)
{
	size_t i = (size_t)hash_slice(text) & (x->cap - 1);

	while (x->slots[i].place != 0 && !slice_equal(x->slots[i].text, text))
		i = (i + 1) & (x->cap - 1);
	return &x->slots[i];
}

static bool grow(struct text_index *x)
{
	struct text_index wider = { .cap = x->cap > 0 ? 2 * x->cap : 128, .count = x->count };

	wider.slots = calloc(wider.cap, sizeof(*wider.slots));
	if (wider.slots == NULL)
		return false;
	for (size_t i = 0; i < x->cap; i++)
		if (x->slots[i].place != 0)
			*slot_of(&wider, x->slots[i].text) = x->slots[i];
	free(x->slots);
	*x = wider;
	return true;
}

bool text_index_add(struct text_index *x, struct slice text, uint32_t place)
{
	if (2 * (x->count + 1) > x->cap && !grow(x))
		return false;
	struct text_slot *s = slot_of(x, text);
	if (s->place == 0) {
		*s = (struct text_slot){ text, place + 1 };
		x->count++;
	}
	return true;
}

uint32_t text_index_find(const struct text_index *x, struct slice text)
{
	const struct text_slot *s = x->cap > 0 ? slot_of(x, text) : NULL;

	return s != NULL && s->place != 0 ? s->place - 1 : TEXT_INDEX_NONE;
}

void text_index_release(struct text_index *x)
{
	free(x->slots);
	*x = (struct text_index){ .slots = NULL };
}
