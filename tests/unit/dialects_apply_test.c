/* SPDX-License-Identifier: Apache-2.0
 * A row may name any field: each has a way for its values and a name in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/dialects/apply.h"

static void every_field_but_the_texts_has_an_applier(void **state)
{
	(void)state;
	for (int field = FIELD_TEXT_COUNT; field <= FIELD_METADATA; field++)
		if (appliers[field] == NULL)
			fail_msg("nothing applies values of field %d (%s)", field, field_name((enum field)field));
}

static void every_field_has_a_name(void **state)
{
	(void)state;
	for (int field = 0; field <= FIELD_METADATA; field++)
		if (slice_equal(slice_of(field_name((enum field)field)), SLICE("?")))
			fail_msg("field %d has no name", field);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_but_the_texts_has_an_applier),
		cmocka_unit_test(every_field_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
