/* SPDX-License-Identifier: Apache-2.0
 * otlp/condition.h - "this attribute has one of these values", as it is written in the configuration.
 *
 * "a|b": either; "prod*": what begins so; "*": any value. Numbers and booleans compare as their text.
 */
#ifndef PLIMSOLL_OTLP_CONDITION_H
#define PLIMSOLL_OTLP_CONDITION_H

#include "agent/otlp/value.h"

struct condition {
	struct slice key, values; /* borrowed from the configuration */
};

bool condition_holds_text(const struct condition *c, struct slice text);
bool condition_holds(const struct condition *c, const struct any_value *value);

#endif
