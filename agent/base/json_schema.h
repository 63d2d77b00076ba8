/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema.h - whether a JSON value keeps to a JSON Schema (draft 2020-12), both as text.
 *
 * Checked: type, enum, const; required, properties, patternProperties, additionalProperties, propertyNames, min- and
 * maxProperties, dependentRequired, dependentSchemas; items, prefixItems, contains, min- and maxContains, min- and maxItems,
 * uniqueItems; minimum, maximum and their exclusive forms, multipleOf; min- and maxLength, pattern; allOf, anyOf, oneOf,
 * not, if, then, else; $ref to a place in the same document. Other keywords (format and unevaluatedProperties among them)
 * are taken as kept.
 */
#ifndef PLIMSOLL_BASE_JSON_SCHEMA_H
#define PLIMSOLL_BASE_JSON_SCHEMA_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

/* Whether a text has a match of the regular expression. */
typedef bool (*json_pattern_fn)(struct slice pattern, struct slice text);

enum json_schema_verdict {
	JSON_SCHEMA_KEPT,
	JSON_SCHEMA_BROKEN,
	JSON_SCHEMA_UNDECIDED, /* the schema is at fault, or to say takes more than JSON_SCHEMA_WORK_BYTES of reading */
};

/* Both texts may come from anybody, and some keywords compare everything with everything (uniqueItems). Some 30 ms. */
#define JSON_SCHEMA_WORK_BYTES ((size_t)8 << 20)

/* Unless it is kept: where and why, such as "/items/0: not a string", is appended to why (NULL: not wanted). Both texts must
 * be valid JSON; a value that is not keeps to nothing. Of a schema that is not, that nests deeper than JSON_DEPTH_MAX or
 * refers to what is not there nothing can be said. match: NULL: what depends on a pattern is taken as kept, as where there
 * is no time for patterns that somebody else wrote. */
enum json_schema_verdict json_schema_check(struct slice schema, struct slice value, json_pattern_fn match, struct buf *why);

#endif
