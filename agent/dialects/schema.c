/* SPDX-License-Identifier: Apache-2.0
 * dialects/schema.c - the schema that a request declares, in the forms that providers give it.
 */
#include "agent/dialects/schema.h"

#include "agent/base/json.h"
#include "agent/base/json_schema.h"

enum tristate schema_fits(struct slice schema, struct slice answer)
{
	struct slice inner = json_find(schema, SLICE("schema")); /* OpenAI: {"name": ..., "schema": {...}} */

	if (inner.len > 0)
		schema = inner;
	if (json_find(schema, SLICE("type")).len == 0 && json_find(schema, SLICE("$ref")).len == 0)
		return TRI_UNKNOWN;
	switch (json_schema_check(schema, answer, NULL, NULL)) {
	case JSON_SCHEMA_KEPT:
		return TRI_YES;
	case JSON_SCHEMA_BROKEN:
		return TRI_NO;
	default:
		return TRI_UNKNOWN;
	}
}
