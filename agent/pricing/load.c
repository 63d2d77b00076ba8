/* SPDX-License-Identifier: Apache-2.0
 * pricing/load.c - which format a price file has, and what its loaders share.
 */
#include "agent/pricing/load.h"

#include "agent/base/clock.h"
#include "agent/pricing/load_priv.h"

#define ARENA_CAP (64u << 20)
#define PRICE_MAX INT64_C(1000000000) /* USD per unit's divisor: beyond it, 128 bits would not hold a large call */

const char *const price_format_names[] = { "genai-prices", "litellm", "overrides" };

bool loader_fail(struct loader *l, const char *format, ...)
{
	unsigned line, column;
	va_list args;

	if (l->errors->len == 0) {
		json_where(&l->j, &line, &column);
		buf_printf(l->errors, "%s:%u:%u: ", l->file, line, column);
		va_start(args, format);
		buf_vprintf(l->errors, format, args);
		va_end(args);
	}
	if (l->j.why == NULL)
		l->j.why = "the file does not describe prices";
	return false;
}

bool loader_text(struct loader *l, struct slice *out)
{
	struct json_string s;

	if (!json_string(&l->j, &s))
		return false;
	*out = json_unescape(s, &l->arena);
	return out->ptr != NULL || loader_fail(l, "too many escaped strings");
}

bool price_digits(struct decimal d, uint64_t *digits, uint32_t *scale)
{
	if (d.digits < 0 || d.digits > (__int128_t)UINT64_MAX || d.digits > PRICE_MAX * decimal_power(d.scale))
		return false;
	*digits = (uint64_t)d.digits;
	*scale = d.scale;
	return true;
}

void loader_push_price(struct loader *l, enum unit unit, const struct price_value *value)
{
	struct image_price price = {
		.digits = value->digits,
		.scale = (uint8_t)value->scale,
		.unit = (uint8_t)unit,
		.first_tier = image_writer_count(&l->w, IMAGE_tiers),
		.tier_count = (uint16_t)value->tier_count,
	};

	for (uint32_t i = 0; i < value->tier_count; i++)
		image_writer_push(&l->w, IMAGE_tiers, &value->tiers[i]);
	image_writer_push(&l->w, IMAGE_prices, &price);
}

/* Looks at the members of an object without keeping anything. */
static bool detect_object(struct json j, enum price_format *format, struct slice *units)
{
	struct json_string key;
	bool has_providers = false, has_overrides = false, has_litellm = false;

	if (!json_object(&j))
		return false;
	while (json_member(&j, &key)) {
		struct slice value;
		has_providers |= slice_equal(key.raw, SLICE("providers"));
		has_overrides |= slice_equal(key.raw, SLICE("overrides"));
		if (!json_raw(&j, &value))
			return false;
		if (slice_equal(key.raw, SLICE("units")))
			*units = value;
		has_litellm |=
			value.len > 0 && value.ptr[0] == '{' && slice_find(value, SLICE("\"litellm_provider\"")) >= 0;
	}
	*format = has_overrides ? PRICE_FORMAT_OVERRIDES : has_providers ? PRICE_FORMAT_GENAI : PRICE_FORMAT_LITELLM;
	return has_overrides || (has_providers && units->len > 0) || has_litellm;
}

static bool detect(struct loader *l, enum price_format *format)
{
	switch (json_peek(&l->j)) {
	case JSON_ARRAY:
		*format = PRICE_FORMAT_GENAI;
		return true;
	case JSON_OBJECT:
		if (detect_object(l->j, format, &l->file_units))
			return true;
		/* fall through */
	default:
		json_skip(&l->j); /* where the text is no JSON at all, that is the better message */
		return l->j.why == NULL && loader_fail(l, "neither genai-prices, nor LiteLLM prices, nor overrides");
	}
}

static bool load_v3(struct loader *l)
{
	struct json_string key;

	if (!json_object(&l->j))
		return false;
	while (json_member(&l->j, &key))
		if (!(slice_equal(key.raw, SLICE("providers")) ? load_genai_providers(l) : json_skip(&l->j)))
			return false;
	return l->j.why == NULL;
}

static bool load_any(struct loader *l, enum price_format *format)
{
	if (!detect(l, format))
		return false;
	switch (*format) {
	case PRICE_FORMAT_GENAI:
		return json_peek(&l->j) == JSON_ARRAY ? load_genai_providers(l) : load_v3(l);
	case PRICE_FORMAT_LITELLM:
		return load_litellm(l);
	case PRICE_FORMAT_OVERRIDES:
		return load_overrides(l);
	}
	return false;
}

static struct status write_image(struct loader *l, const struct price_origin *origin, enum price_format format,
				 struct buf *image)
{
	struct slice source = origin->source.len > 0 ? origin->source : slice_of(price_format_names[format]);
	struct slice version = origin->version;
	char date[21];

	if (version.len == 0) {
		clock_format_utc(origin->date_unix_s, date);
		version = slice_head(slice_of(date), 10);
	}
	return image_writer_finish(&l->w, source, version, origin->date_unix_s, image);
}

struct status price_load(struct slice text, const struct price_origin *origin, struct buf *image,
			 enum price_format *format, struct buf *errors)
{
	struct buf why = BUF_INIT;
	struct loader l = { .file = origin->file, .errors = &why, .fallbacks = BUF_INIT };
	struct status status = OK;

	json_init(&l.j, text);
	arena_init(&l.arena, ARENA_CAP);
	image_writer_init(&l.w);
	bool good = load_any(&l, format) && !FAILED(json_finish(&l.j));
	if (!good && why.len == 0) {
		(void)!json_finish(&l.j).why;
		loader_fail(&l, "%s", l.j.why != NULL ? l.j.why : "the file does not describe prices");
	}
	if (!good)
		status = FAIL(INVALID, "price file is not valid");
	else
		status = write_image(&l, origin, *format, image);
	if (why.len > 0) {
		buf_slice(errors, buf_view(&why));
		buf_byte(errors, '\n');
	}
	buf_release(&why);
	buf_release(&l.fallbacks);
	image_writer_release(&l.w);
	arena_release(&l.arena);
	return status;
}
