/* SPDX-License-Identifier: Apache-2.0
 * tests/fuzz/jansson.c - jansson's verdict, its own restrictions told apart.
 */
#include "tests/fuzz/jansson.h"

#include <jansson.h>
#include <stdio.h>

static bool is_own_restriction(const json_error_t *e)
{
	enum json_error_code code = json_error_code(e);

	return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
	       strstr(e->text, "invalid Unicode") != NULL;
}

enum jansson_verdict jansson_judge(struct slice text, char why[256])
{
	json_error_t e;
	json_t *tree = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

	if (tree != NULL) {
		json_decref(tree);
		return JANSSON_ACCEPTS;
	}
	snprintf(why, 256, "%s", e.text);
	return is_own_restriction(&e) ? JANSSON_ALONE : JANSSON_REFUSES;
}
