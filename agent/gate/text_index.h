/* SPDX-License-Identifier: Apache-2.0
 * gate/text_index.h - where a text stands in a list, without looking through all of it. Owned by one thread.
 */
#ifndef PLIMSOLL_GATE_TEXT_INDEX_H
#define PLIMSOLL_GATE_TEXT_INDEX_H

#include <stdint.h>

#include "agent/base/slice.h"

#define TEXT_INDEX_NONE UINT32_MAX

/* Begins as zeros. */
struct text_index {
	struct text_slot {
		struct slice text;
		uint32_t place; /* + 1; 0: free */
	} *slots;
	size_t count, cap; /* a power of two, or 0 */
};

/* The first place under a text stays. The text is borrowed. False without memory. */
bool text_index_add(struct text_index *x, struct slice text, uint32_t place);

/* TEXT_INDEX_NONE: not there. */
uint32_t text_index_find(const struct text_index *x, struct slice text);

void text_index_release(struct text_index *x);

#endif
