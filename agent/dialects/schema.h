/* SPDX-License-Identifier: Apache-2.0
 * dialects/schema.h - whether a JSON answer keeps to the schema that its request declares.
 */
#ifndef PLIMSOLL_DIALECTS_SCHEMA_H
#define PLIMSOLL_DIALECTS_SCHEMA_H

#include "agent/span/call.h"

/* TRI_UNKNOWN where the schema cannot be read, or where to compare takes too long. What is checked: base/json_schema.h.
 * answer: valid JSON. */
enum tristate schema_fits(struct slice schema, struct slice answer);

#endif
