/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_rows.c - price rows of the genai-prices format: prices, tiers, dates and hours, variants by context.
 *
 * Members that we do not know are skipped, as the format asks. Prices under a key that nobody defines, and constraints
 * that we do not know, are errors: skipping them would misprice calls.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/pricing/load_priv.h"

#define SECONDS_PER_DAY 86400u

/* ---------------------------------------------------------------- prices */

static bool load_number(struct loader *l, uint64_t *digits, uint32_t *scale)
{
	struct decimal value;
	struct slice text;
	bool quoted = json_peek(&l->j) == JSON_STRING;

	if (!(quoted ? loader_text(l, &text) : json_number(&l->j, &text)))
		return false;
	if (decimal_parse(text, &value) && price_digits(value, digits, scale))
		return true;
	return loader_fail(l, "price %.*s is negative, too large, or has more than %u decimals", SLICE_ARG(text),
			   DECIMAL_SCALE_MAX);
}

static bool load_tier(struct loader *l, struct image_tier *tier)
{
	struct json_string key;
	struct slice text;
	bool has_start = false, has_price = false;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("start"))) {
			has_start = json_number(&l->j, &text) && slice_to_u64(text, &tier->start);
			if (!has_start)
				return loader_fail(l, "a tier starts at a whole number of tokens");
		} else if (slice_equal(key.raw, SLICE("price"))) {
			has_price = load_number(l, &tier->digits, &tier->scale);
		} else {
			json_skip(&l->j);
		}
	}
	return l->j.why == NULL && ((has_start && has_price) || loader_fail(l, "a tier needs start and price"));
}

static int compare_tiers(const void *a, const void *b)
{
	const struct image_tier *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool load_tiers(struct loader *l, struct price_value *value)
{
	if (!json_array(&l->j))
		return false;
	while (json_element(&l->j)) {
		if (value->tier_count == TIERS_MAX)
			return loader_fail(l, "more than %u tiers", TIERS_MAX);
		if (!load_tier(l, &value->tiers[value->tier_count++]))
			return false;
	}
	qsort(value->tiers, value->tier_count, sizeof(value->tiers[0]), compare_tiers);
	return l->j.why == NULL;
}

static bool load_value(struct loader *l, struct price_value *value)
{
	struct json_string key;
	bool has_base = false;

	memset(value, 0, sizeof(*value));
	if (json_peek(&l->j) != JSON_OBJECT)
		return load_number(l, &value->digits, &value->scale);
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("base")))
			has_base = load_number(l, &value->digits, &value->scale);
		else if (slice_equal(key.raw, SLICE("tiers")))
			load_tiers(l, value);
		else
			json_skip(&l->j);
	}
	return l->j.why == NULL && (has_base || loader_fail(l, "a price with tiers needs its base"));
}

/* A unit that this version does not know, but the file itself defines (v3). */
static bool is_foreign_unit(const struct loader *l, struct slice price_key)
{
	struct buf quoted = BUF_INIT;

	json_write_string(&quoted, price_key);
	bool found = l->file_units.len > 0 && slice_find(l->file_units, buf_view(&quoted)) >= 0;
	buf_release(&quoted);
	return found;
}

static bool load_price(struct loader *l, struct slice key, unit_set *seen)
{
	enum unit unit = unit_by_price_key(key);
	struct price_value value;

	if (json_peek(&l->j) == JSON_NULL)
		return json_null(&l->j);
	if (unit == UNIT_COUNT)
		return is_foreign_unit(l, key) ? json_skip(&l->j)
					       : loader_fail(l, "unknown price key '%.*s'", SLICE_ARG(key));
	if ((*seen & UNIT_BIT(unit)) != 0)
		return loader_fail(l, "price key '%.*s' is given twice", SLICE_ARG(key));
	*seen |= UNIT_BIT(unit);
	if (!load_value(l, &value))
		return false;
	loader_push_price(l, unit, &value);
	return true;
}

static bool load_prices(struct loader *l, struct image_row *row)
{
	struct json_string key;
	unit_set seen = 0;

	row->first_price = image_writer_count(&l->w, IMAGE_prices);
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key))
		if (!load_price(l, key.raw, &seen))
			return false;
	row->price_count = (uint32_t)__builtin_popcountll(seen);
	if (row->price_count > PRICE_KEYS_MAX)
		return loader_fail(l, "more than %d prices in one row", PRICE_KEYS_MAX);
	return l->j.why == NULL;
}

/* ---------------------------------------------------------------- constraints */

static bool parse_time(const char *date, struct slice text, uint64_t *unix_s)
{
	char buffer[48];
	uint64_t ns;

	int n = snprintf(buffer, sizeof(buffer), "%s%.*s", date, SLICE_ARG(text));
	if (n < 0 || n >= (int)sizeof(buffer) || clock_parse_rfc3339(buffer, &ns) != 0)
		return false;
	*unix_s = ns / NS_PER_SECOND;
	return true;
}

static bool load_hour(struct loader *l, uint32_t *out)
{
	struct slice text;
	uint64_t unix_s;

	if (!loader_text(l, &text))
		return false;
	if (!parse_time("1970-01-03T", text, &unix_s))
		return loader_fail(l, "'%.*s' is not a time of day (hh:mm:ssZ)", SLICE_ARG(text));
	*out = (uint32_t)(unix_s % SECONDS_PER_DAY);
	return true;
}

static bool load_start_date(struct loader *l, struct image_row *row)
{
	struct slice text;

	if (!loader_text(l, &text))
		return false;
	if (!parse_time("", slice_head(text, 10), &row->start_unix_s))
		return loader_fail(l, "'%.*s' is not a date (yyyy-mm-dd)", SLICE_ARG(text));
	row->constraint = CONSTRAINT_START_DATE;
	return true;
}

static bool load_constraint(struct loader *l, struct image_row *row)
{
	struct json_string key;
	unsigned hours = 0;

	if (json_peek(&l->j) == JSON_NULL)
		return json_null(&l->j);
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("start_date")))
			load_start_date(l, row);
		else if (slice_equal(key.raw, SLICE("start_time")))
			hours += load_hour(l, &row->start_s);
		else if (slice_equal(key.raw, SLICE("end_time")))
			hours += load_hour(l, &row->end_s);
		else
			return loader_fail(l, "unknown constraint '%.*s'", SLICE_ARG(key.raw));
	}
	if (l->j.why != NULL)
		return false;
	if (hours == 2 && row->constraint == CONSTRAINT_NONE)
		row->constraint = CONSTRAINT_HOURS;
	else if (hours != 0 || row->constraint == CONSTRAINT_NONE)
		return loader_fail(l, "a constraint is a start_date, or a start_time and an end_time");
	return true;
}

/* ---------------------------------------------------------------- rows and variants */

static bool load_when(struct loader *l, struct image_row *row)
{
	struct json_string key;
	struct slice value;

	if (row->when_count > 0)
		return loader_fail(l, "'when' is given twice");
	row->first_when = image_writer_count(&l->w, IMAGE_whens);
	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (!loader_text(l, &value))
			return false;
		struct image_when when = { image_writer_text(&l->w, key.raw, false),
					   image_writer_text(&l->w, value, false) };
		image_writer_push(&l->w, IMAGE_whens, &when);
		row->when_count++;
	}
	return l->j.why == NULL;
}

static bool load_row(struct loader *l, bool is_variant)
{
	struct image_row row = { 0 };
	struct json_string key;
	bool has_prices = false;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key)) {
		if (slice_equal(key.raw, SLICE("constraint")))
			load_constraint(l, &row);
		else if (slice_equal(key.raw, SLICE("prices")))
			has_prices = load_prices(l, &row);
		else if (is_variant && slice_equal(key.raw, SLICE("when")))
			load_when(l, &row);
		else
			json_skip(&l->j);
	}
	if (l->j.why != NULL)
		return false;
	if (!has_prices || (is_variant && row.when_count == 0))
		return loader_fail(l,
				   is_variant ? "a price variant needs when and prices" : "a price row needs prices");
	image_writer_push(&l->w, IMAGE_rows, &row);
	return true;
}

bool load_rows(struct loader *l, struct image_model *model)
{
	struct image_row row = { 0 };

	model->first_row = image_writer_count(&l->w, IMAGE_rows);
	if (json_peek(&l->j) != JSON_ARRAY) {
		if (!load_prices(l, &row))
			return false;
		image_writer_push(&l->w, IMAGE_rows, &row);
	} else {
		if (!json_array(&l->j))
			return false;
		while (json_element(&l->j))
			if (!load_row(l, false))
				return false;
	}
	model->row_count = image_writer_count(&l->w, IMAGE_rows) - model->first_row;
	return l->j.why == NULL && (model->row_count > 0 || loader_fail(l, "a list of prices is empty"));
}

bool load_variants(struct loader *l, struct image_model *model)
{
	if (json_peek(&l->j) == JSON_NULL)
		return json_null(&l->j);
	model->first_variant = image_writer_count(&l->w, IMAGE_rows);
	if (!json_array(&l->j))
		return false;
	while (json_element(&l->j))
		if (!load_row(l, true))
			return false;
	model->variant_count = image_writer_count(&l->w, IMAGE_rows) - model->first_variant;
	return l->j.why == NULL;
}
