/* SPDX-License-Identifier: Apache-2.0
 * base/json_equal.h - JSON values as what they mean, however they are written: numbers by value, strings without their
 * escapes, members in any order.
 *
 * Texts are valid JSON. What has to be unescaped goes to scratch; without memory there nothing is equal.
 */
#ifndef PLIMSOLL_BASE_JSON_EQUAL_H
#define PLIMSOLL_BASE_JSON_EQUAL_H

#include "agent/base/json.h"

bool json_same_value(struct slice a, struct slice b, struct arena *scratch);

/* As json_find, however the name and the member's are escaped. */
struct slice json_find_member(struct slice object, struct json_string name, struct arena *scratch);

#endif
