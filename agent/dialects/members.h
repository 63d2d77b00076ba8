/* SPDX-License-Identifier: Apache-2.0
 * dialects/members.h - values that hold others: JSON text, the text of a Python dict, lists of key and value.
 */
#ifndef PLIMSOLL_DIALECTS_MEMBERS_H
#define PLIMSOLL_DIALECTS_MEMBERS_H

#include "agent/base/json.h"
#include "agent/dialects/reading.h"

/* Applies the row's members to the object, or to each object of the list, that v holds. False where it holds none. */
bool members_apply(struct reading_context *c, struct reading *r, const struct dialect_row *row, const struct any_value *v);

/* The next JSON value as an attribute's value: a container becomes its own text, marked ANY_BYTES; null ANY_NONE. */
bool members_json_value(struct json *j, struct arena *a, struct any_value *out);

/* JSON for the text of a Python literal of dicts, lists, strings, numbers, True, False and None. ptr NULL where it is
 * something else or memory is out. */
struct slice members_from_python(struct slice text, struct arena *a);

/* Whether the rest of a key is this row's, where a '#' stands for a number and a '*' at the end for
 * anything; the first number goes to *index. */
bool members_match(const char *pattern, struct slice rest, uint32_t *index);

#endif
