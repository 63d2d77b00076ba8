/* SPDX-License-Identifier: Apache-2.0
 * Every row of the conformance set is found and billed as the genai-prices reference does, to the last digit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/file.h"
#include "agent/cli/price_batch.h"

#define ROWS "tests/golden/pricing/conformance_dev.jsonl"

static int failures;

static void differ(const char *id, const char *key, const char *want, const char *got)
{
	if (failures++ < 20)
		print_error("%s: %s: wanted %s, got %s\n", id, key, want, got);
}

/* Values that do not end (divisions by 3600) are equal to 1e-23; all others digit by digit. */
static bool price_equal(const char *want, const char *got, bool inexact)
{
	char cut[80];
	struct decimal a, b;

	if (!inexact || strcmp(want, got) == 0)
		return strcmp(want, got) == 0;
	snprintf(cut, sizeof(cut), "%s", want);
	char *point = strchr(cut, '.');
	if (point != NULL && strlen(point + 1) > 24)
		point[25] = '\0';
	if (!decimal_parse(slice_of(cut), &a) || !decimal_parse(slice_of(got), &b))
		return false;
	__int128_t difference = a.digits * decimal_power(24 - a.scale) - b.digits * decimal_power(24 - b.scale);
	return difference >= -10 && difference <= 10;
}

static void compare_text(const char *id, const char *key, const json_t *want, const json_t *got, bool inexact)
{
	const char *w = json_string_value(json_object_get(want, key)),
		   *g = json_string_value(json_object_get(got, key));
	bool is_price = strstr(key, "price") != NULL;

	if (w == NULL && g == NULL)
		return;
	if (w == NULL || g == NULL || (is_price ? !price_equal(w, g, inexact) : strcmp(w, g) != 0))
		differ(id, key, w != NULL ? w : "nothing", g != NULL ? g : "nothing");
}

static void compare_components(const char *id, const json_t *want, json_t *got, bool inexact)
{
	const char *key;
	json_t *component;

	if (json_object_size(want) != json_object_size(got))
		differ(id, "components", "another number", "of them");
	json_object_foreach((json_t *)(uintptr_t)want, key, component) {
		json_t *other = json_object_get(got, key);
		if (other == NULL || !json_equal(json_object_get(component, "count"), json_object_get(other, "count")))
			differ(id, key, "a count", "another");
		else
			compare_text(id, "price", component, other, inexact);
	}
}

static void compare_row(json_t *row)
{
	static const char *const keys[] = {
		"provider", "model", "error", "input_price", "output_price", "total_price"
	};
	const json_t *want = json_object_get(row, "expect");
	const char *id = json_string_value(json_object_get(row, "id"));
	bool inexact = json_is_true(json_object_get(want, "inexact"));

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		compare_text(id, keys[i], want, row, inexact);
	if (json_object_get(want, "components") != NULL)
		compare_components(id, json_object_get(want, "components"), json_object_get(row, "components"),
				   inexact);
}

static unsigned run_file(const char *path)
{
	struct price_book *book = NULL;
	struct buf text = BUF_INIT, errors = BUF_INIT, out = BUF_INIT;
	struct arena arena;
	unsigned rows = 0;

	assert_int_equal(price_book_new(NULL, &book, &errors).code, STATUS_OK);
	struct pricer *pricer = pricer_new(book);
	assert_int_equal(file_read(path, 64u << 20, &text).code, STATUS_OK);
	arena_init(&arena, 1 << 20);
	for (struct slice rest = buf_view(&text); rest.len > 0; rows++) {
		ptrdiff_t end = slice_find(rest, SLICE("\n"));
		struct slice line = slice_head(rest, end < 0 ? rest.len : (size_t)end);
		rest = slice_skip(rest, line.len + 1);
		buf_reset(&out);
		assert_true(price_batch_line(pricer, line, &arena, &out));
		json_t *row = json_loadb(out.ptr, out.len, 0, NULL);
		assert_non_null(row);
		compare_row(row);
		json_decref(row);
		arena_reset(&arena);
	}
	arena_release(&arena);
	pricer_free(pricer);
	price_book_free(book);
	buf_release(&text);
	buf_release(&errors);
	buf_release(&out);
	return rows;
}

static void every_row_of_the_reference_is_priced_as_the_reference_does(void **state)
{
	(void)state;
	assert_int_equal(run_file(ROWS), 1022);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_reference_is_priced_as_the_reference_does),
	};
	return cmocka_run_group_tests_name("pricing/conformance", tests, NULL, NULL);
}
