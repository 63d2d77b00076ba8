/* SPDX-License-Identifier: Apache-2.0
 * dialects/apply.h - how one value becomes one field of a reading, by the row of its key.
 */
#ifndef PLIMSOLL_DIALECTS_APPLY_H
#define PLIMSOLL_DIALECTS_APPLY_H

#include "agent/dialects/reading.h"

/* False where the value cannot mean what the row says. */
typedef bool (*applier)(struct reading_context *c, struct reading *r, const struct dialect_row *row,
			const struct any_value *v);

/* By enum field, for all but the texts: what apply_value calls. */
extern const applier appliers[];

/* The value as it stands: whoever knows it to be quoted takes the quotes off first. */
bool apply_value(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v);

/* Whether the conversion of a text's row might make something else of this text, which is not empty. */
bool apply_converts(const struct dialect_row *row, struct slice text);

/* What apply_value does for FIELD_TOKENS and FIELD_TOKENS_TOTAL. True. */
bool apply_token_count(struct reading *r, const struct dialect_row *row, uint64_t n);

#endif
