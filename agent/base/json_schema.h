/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema.h - whether a JSON value keeps to a JSON Schema (draft 2020-12), both as text.
 *
 * Checked: type, enum, const; required, properties, additionalProperties, min- and maxProperties; items, prefixItems,
 * min-, maxItems, uniqueItems; minimum, maximum and their exclusive forms, multipleOf; min- and maxLength; allOf, anyOf,
 * oneOf, not; $ref into the same document. Other keywords (pattern and format among them) are taken as kept.
 */
#ifndef PLIMSOLL_BASE_JSON_SCHEMA_H
#define PLIMSOLL_BASE_JSON_SCHEMA_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

/* False: where and why, such as "/items/0: not a string", is appended to why (NULL: not wanted). Both texts must be
 * valid JSON; one that is not keeps to nothing. Nesting deeper than JSON_DEPTH_MAX is refused. */
bool json_schema_fits(struct slice schema, struct slice value, struct buf *why);

#endif
