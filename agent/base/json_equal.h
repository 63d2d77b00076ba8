/* SPDX-License-Identifier: Apache-2.0
 * base/json_equal.h - JSON values as what they mean, however they are written: numbers by value, strings without their
 * escapes, members in any order.
 *
 * Texts are valid JSON. Members are looked for one by one, so comparing may take the product of two lengths: what it may
 * take in all is the caller's to say.
 */
#ifndef PLIMSOLL_BASE_JSON_EQUAL_H
#define PLIMSOLL_BASE_JSON_EQUAL_H

#include "agent/base/json.h"

#define JSON_WORK_CALL_BYTES 64u /* what a call costs besides the bytes that it reads */

/* For any number of comparisons that belong together. */
struct json_work {
	struct arena scratch; /* what has to be unescaped; without memory there nothing is equal */
	size_t bytes_left;    /* to read; 0: they were not enough, and nothing that was found since means anything */
};

/* Takes so many bytes, and those of a call. False where they were not left. */
bool json_work_take(struct json_work *w, size_t bytes);

bool json_same_value(struct slice a, struct slice b, struct json_work *w);

/* As json_find, however the name and the member's are escaped. */
struct slice json_find_member(struct slice object, struct json_string name, struct json_work *w);

#endif
