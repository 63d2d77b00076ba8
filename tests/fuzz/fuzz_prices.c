/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a price file: every one is either refused with a line that says why, or gives a table that can be
 * searched and billed by without a contradiction.
 */
#include <assert.h>
#include <stdlib.h>

#include "agent/pricing/load.h"
#include "agent/pricing/sheet.h"
#include "agent/pricing/table.h"

static const char *const models[] = { "m", "n", "m-12", "gemini/m", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "" };

static void bill(const struct found *found, const struct price_usage *usage)
{
	const struct price_context context = { SLICE("service_tier"), SLICE("flex") };
	static const uint64_t times[] = { 0, 1795176000, UINT64_C(1) << 40 };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct sheet sheet;
		struct price_bill result;
		if (!sheet_select(&sheet, found, 1, 0, times[i], &context, 1))
			continue;
		assert(times[i] >= sheet.from_unix_s && times[i] < sheet.until_unix_s);
		if (sheet_bill(&sheet, usage, &result) == NULL)
			assert(result.total.yusd >= 0 && result.input.yusd <= result.total.yusd);
	}
}

static void search(const struct table *t, struct scratch *s)
{
	struct price_usage usage = { 0 };
	struct found found;

	price_usage_set(&usage, UNIT_INPUT_TOKENS, 250000);
	price_usage_set(&usage, UNIT_OUTPUT_TOKENS, 1000);
	price_usage_set(&usage, UNIT_CACHE_READ_TOKENS, 100);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (table_find(t, s, SLICE("p"), SLICE_NONE, slice_of(models[i]), &found) == FIND_OK)
			bill(&found, &usage);
		table_find(t, s, SLICE_NONE, SLICE("https://p.example/"), slice_of(models[i]), &found);
		table_find(t, s, SLICE("litellm"), SLICE_NONE, slice_of(models[i]), &found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct price_origin origin = { .file = "f", .date_unix_s = 1 };
	struct buf image = BUF_INIT, errors = BUF_INIT;
	enum price_format format;
	struct table table;
	struct scratch scratch;

	struct status status =
		price_load((struct slice){ (const char *)data, size }, &origin, &image, &format, &errors);
	assert(FAILED(status) == (errors.len > 0));
	if (!FAILED(status) && !FAILED(table_open(&table, &image))) {
		if (!FAILED(scratch_init(&scratch))) {
			search(&table, &scratch);
			scratch_release(&scratch);
		}
		table_release(&table);
	}
	buf_release(&image);
	buf_release(&errors);
	return 0;
}
