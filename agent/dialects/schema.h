/* SPDX-License-Identifier: Apache-2.0
 * dialects/schema.h - whether a JSON answer has what its schema asks for, in the part of JSON Schema that matters most.
 */
#ifndef PLIMSOLL_DIALECTS_SCHEMA_H
#define PLIMSOLL_DIALECTS_SCHEMA_H

#include "agent/span/call.h"

/* The answer's own type, the members that are required, and the types of the top-level members. Everything else in a
 * schema is taken as kept. TRI_UNKNOWN where the schema cannot be read. answer: valid JSON. */
enum tristate schema_fits(struct slice schema, struct slice answer);

#endif
