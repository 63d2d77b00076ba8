/* SPDX-License-Identifier: Apache-2.0
 * A value of every kind becomes JSON, bytes as is asked for, and nesting ends before the stack does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/base/json.h"
#include "agent/otlp/any_json.h"

#define LIST "\x0a\x02\x18\x07"               /* 7 */ \
	     "\x0a\x03\x0a\x01\x22"           /* a quotation mark */ \
	     "\x0a\x04\x3a\x02hi"             /* bytes */ \
	     "\x0a\x00"                       /* nothing */ \
	     "\x0a\x02\x10\x01"               /* true */ \
	     "\x0a\x09\x21\0\0\0\0\0\0\xe0\x3f" /* 0.5 */

static void assert_json(struct any_value v, enum any_json_bytes bytes, const char *want)
{
	struct buf out = BUF_INIT;

	any_json_write(&out, &v, bytes);
	assert_string_equal(buf_string(&out), want);
	assert_true(json_is_valid(buf_view(&out)));
	buf_release(&out);
}

static void bytes_are_null_or_base64(void **state)
{
	struct any_value list = { .kind = ANY_ARRAY, .bytes = SLICE(LIST) };

	(void)state;
	assert_json(list, BYTES_AS_NULL, "[7,\"\\\"\",null,null,true,0.5]");
	assert_json(list, BYTES_AS_BASE64, "[7,\"\\\"\",\"aGk=\",null,true,0.5]");
}

static void maps_hold_keys_and_values(void **state)
{
	struct any_value map = { .kind = ANY_KVLIST,
				 .bytes = SLICE("\x0a\x07\x0a\x01k\x12\x02\x18\x07" /* k: 7 */
						"\x0a\x07\x0a\x01l\x12\x02\x2a\x00" /* l: an empty list */) };

	(void)state;
	assert_json(map, BYTES_AS_NULL, "{\"k\":7,\"l\":[]}");
	assert_json((struct any_value){ .kind = ANY_KVLIST }, BYTES_AS_NULL, "{}");
	assert_json((struct any_value){ .kind = ANY_NONE }, BYTES_AS_BASE64, "null");
}

static void lists_too_deep_are_null(void **state)
{
	char wire[120];
	size_t begin = sizeof(wire);

	(void)state;
	for (uint8_t inner = 0; begin > 0; inner = (uint8_t)(sizeof(wire) - begin)) {
		begin -= 4; /* a list in a list: tag and length of the element, tag and length of what it holds */
		memcpy(wire + begin, (char[]){ 0x0a, (char)(inner + 2), 0x2a, (char)inner }, 4);
	}
	assert_json((struct any_value){ .kind = ANY_ARRAY, .bytes = { wire, sizeof(wire) } }, BYTES_AS_NULL,
		    "[[[[[[[[[[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]]]]]]]]]]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_null_or_base64),
		cmocka_unit_test(maps_hold_keys_and_values),
		cmocka_unit_test(lists_too_deep_are_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
