/* SPDX-License-Identifier: Apache-2.0
 * config/scalar.c - booleans, numbers, durations, sizes, words.
 */
#include "agent/config/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/config/config.h"

#define KIB         UINT64_C(1024)
#define MIB         (KIB * KIB)
#define SHOWN_BYTES 60 /* of a value in an error message */

#define DURATION_MS_MAX ((__int128_t)9000000000000000) /* that a double holds, too: bounds are doubles */

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first, as printing wants them. */
static const struct unit duration_units[] = {
	{ "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 },
};
static const struct unit size_units[] = {
	{ "TiB", MIB * MIB }, { "GiB", KIB * MIB }, { "MiB", MIB }, { "KiB", KIB }, { "B", 1 }, { NULL, 0 },
};

static bool refuse(struct buf *why, struct slice text, const char *expected)
{
	buf_printf(why, "'%.*s' is not %s", SLICE_ARG(slice_head(text, SHOWN_BYTES)), expected);
	return false;
}

/* ------------------------------------------------------------------ numbers with units */

static uint64_t unit_factor(const struct unit *units, struct slice name)
{
	for (; units->name != NULL; units++)
		if (slice_equal(name, slice_of(units->name)))
			return units->factor;
	return 0;
}

/* Length of the leading bytes that are (or are not) part of a number. */
static size_t number_span(struct slice s, bool in_number)
{
	size_t n = 0;

	while (n < s.len && ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || s.ptr[n] == '.') == in_number)
		n++;
	return n;
}

/* Adds so many units. False where that is no whole number of milliseconds, or too many. */
static bool add_part(struct slice number, uint64_t factor, uint64_t *ms)
{
	struct decimal d;
	__int128_t part;

	if (!decimal_parse(number, &d) || __builtin_mul_overflow(d.digits, (__int128_t)factor, &part) ||
	    part % decimal_power(d.scale) != 0)
		return false;
	part = part / decimal_power(d.scale) + *ms;
	*ms = (uint64_t)part;
	return part < DURATION_MS_MAX;
}

/* "1m30s": parts of number and unit, added up. */
static bool read_duration(struct slice s, uint64_t *ms)
{
	*ms = 0;
	if (slice_equal(s, SLICE("0")))
		return true;
	do {
		size_t digits = number_span(s, true);
		size_t letters = number_span(slice_skip(s, digits), false);
		uint64_t factor = unit_factor(duration_units, slice_head(slice_skip(s, digits), letters));
		if (factor == 0 || !add_part(slice_head(s, digits), factor, ms))
			return false;
		s = slice_skip(s, digits + letters);
	} while (s.len > 0);
	return true;
}

static bool read_size(struct slice s, uint64_t *bytes)
{
	size_t digits = number_span(s, true);
	struct slice unit = slice_trim(slice_skip(s, digits));
	uint64_t factor = unit.len == 0 ? 1 : unit_factor(size_units, unit);

	return factor != 0 && slice_to_u64(slice_head(s, digits), bytes) &&
	       !__builtin_mul_overflow(*bytes, factor, bytes);
}

/* 90000 as "1m30s". */
static void print_duration(uint64_t ms, struct buf *out)
{
	if (ms == 0)
		buf_text(out, "0s");
	for (const struct unit *u = duration_units; u->name != NULL; u++) {
		if (ms / u->factor > 0)
			buf_printf(out, "%" PRIu64 "%s", ms / u->factor, u->name);
		ms %= u->factor;
	}
}

/* 67108864 as "64MiB": the largest unit that divides it. */
static void print_size(uint64_t bytes, struct buf *out)
{
	const struct unit *u = size_units;

	while (u->factor > 1 && (bytes == 0 || bytes % u->factor != 0))
		u++;
	buf_printf(out, "%" PRIu64 "%s", bytes / u->factor, u->factor > 1 ? u->name : "");
}

/* ------------------------------------------------------------------ bounds */

static void print_bound(const struct conf_option *o, double bound, struct buf *out)
{
	if (o->type == CONF_DURATION)
		print_duration((uint64_t)bound, out);
	else if (o->type == CONF_SIZE)
		print_size((uint64_t)bound, out);
	else
		buf_printf(out, "%.15g", bound);
}

static bool is_bounded(const struct conf_option *o)
{
	return o->min < 0 || o->min > 0 || o->max < 0 || o->max > 0;
}

void scalar_print_range(const struct conf_option *o, struct buf *out)
{
	if (!is_bounded(o))
		return;
	if (isinf(o->max))
		buf_text(out, "at least ");
	print_bound(o, o->min, out);
	if (isinf(o->max))
		return;
	buf_text(out, " to ");
	print_bound(o, o->max, out);
}

static bool in_range(const struct conf_option *o, double number, struct slice text, struct buf *why)
{
	if (!is_bounded(o) || (number >= o->min && number <= o->max))
		return true;
	buf_printf(why, "'%.*s' is out of range; allowed is ", SLICE_ARG(slice_head(text, SHOWN_BYTES)));
	scalar_print_range(o, why);
	return false;
}

/* ------------------------------------------------------------------ types */

static bool read_bool(struct slice text, bool *value, struct buf *why)
{
	bool is_true = slice_equal_nocase(text, SLICE("true"));

	if (!is_true && !slice_equal_nocase(text, SLICE("false")))
		return refuse(why, text, "a boolean; write true or false");
	*value = is_true;
	return true;
}

static bool read_int(const struct conf_option *o, struct slice text, int64_t *value, struct buf *why)
{
	int64_t number;

	if (!slice_to_i64(text, &number))
		return refuse(why, text, "a whole number");
	if (!in_range(o, (double)number, text, why))
		return false;
	*value = number;
	return true;
}

static bool read_double(const struct conf_option *o, struct slice text, double *value, struct buf *why)
{
	double number;

	if (!slice_to_double(text, &number))
		return refuse(why, text, "a number");
	if (!in_range(o, number, text, why))
		return false;
	*value = number;
	return true;
}

/* DURATION, SIZE and MIB: the struct keeps milliseconds or bytes. */
static bool read_quantity(const struct conf_option *o, struct slice text, uint64_t *value, struct buf *why)
{
	uint64_t number, factor = o->type == CONF_MIB ? MIB : 1;

	if (o->type == CONF_DURATION && !read_duration(text, &number))
		return refuse(why, text, "a duration; write it with h, m, s or ms, such as 30s or 1m30s");
	if (o->type == CONF_SIZE && !read_size(text, &number))
		return refuse(why, text, "a size; write bytes, or a whole number with KiB, MiB, GiB or TiB");
	if (o->type == CONF_MIB && !slice_to_u64(text, &number))
		return refuse(why, text, "a whole number of MiB");
	if (!in_range(o, (double)number, text, why))
		return false;
	if (__builtin_mul_overflow(number, factor, &number))
		return refuse(why, text, "a size that fits in 64 bits");
	*value = number;
	return true;
}

/* The number-th of the words that '|' separates; empty past the last. */
static struct slice choice(const char *choices, int number)
{
	while (number-- > 0) {
		choices += strcspn(choices, "|");
		choices += *choices == '|';
	}
	return (struct slice){ choices, strcspn(choices, "|") };
}

static bool read_enum(const struct conf_option *o, struct slice text, int *value, struct buf *why)
{
	struct slice word;

	for (int i = 0; word = choice(o->choices, i), word.len > 0; i++)
		if (slice_equal(word, text)) {
			*value = i;
			return true;
		}
	buf_printf(why, "'%.*s' is none of:", SLICE_ARG(slice_head(text, SHOWN_BYTES)));
	for (int i = 0; word = choice(o->choices, i), word.len > 0; i++)
		buf_printf(why, "%s %.*s", i > 0 ? "," : "", SLICE_ARG(word));
	return false;
}

bool scalar_is_choice(const char *choices, struct slice text)
{
	struct slice word;

	for (int i = 0; word = choice(choices, i), word.len > 0; i++)
		if (slice_equal(word, text))
			return true;
	return false;
}

bool scalar_read(const struct conf_option *o, struct slice text, void *value, struct buf *why)
{
	switch (o->type) {
	case CONF_BOOL:
		return read_bool(text, value, why);
	case CONF_INT:
		return read_int(o, text, value, why);
	case CONF_DOUBLE:
		return read_double(o, text, value, why);
	case CONF_DURATION:
	case CONF_SIZE:
	case CONF_MIB:
		return read_quantity(o, text, value, why);
	case CONF_ENUM:
		return read_enum(o, text, value, why);
	case CONF_STRING:
	case CONF_SECRET:
		*(const char **)value = text.ptr;
		return true;
	default:
		return false;
	}
}

void scalar_print_string(const char *text, struct buf *out)
{
	struct buf doubled = BUF_INIT;

	for (; *text != '\0'; text++) {
		if (*text == '$')
			buf_byte(&doubled, '$');
		buf_byte(&doubled, *text);
	}
	json_write_string(out, buf_view(&doubled));
	buf_release(&doubled);
}

static void print_text(const char *text, struct buf *out)
{
	struct buf shown = BUF_INIT;

	url_print(slice_of(text), &shown);
	scalar_print_string(buf_string(&shown), out);
	buf_release(&shown);
}

void scalar_print(const struct conf_option *o, const void *value, struct buf *out)
{
	switch (o->type) {
	case CONF_BOOL:
		buf_text(out, *(const bool *)value ? "true" : "false");
		break;
	case CONF_INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)value);
		break;
	case CONF_DOUBLE:
		json_write_double(out, *(const double *)value);
		break;
	case CONF_DURATION:
		print_duration(*(const uint64_t *)value, out);
		break;
	case CONF_SIZE:
		print_size(*(const uint64_t *)value, out);
		break;
	case CONF_MIB:
		buf_printf(out, "%" PRIu64, *(const uint64_t *)value / MIB);
		break;
	case CONF_ENUM:
		buf_slice(out, choice(o->choices, *(const int *)value));
		break;
	case CONF_STRING:
		print_text(*(const char *const *)value, out);
		break;
	default:
		buf_text(out, "<redacted>");
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool scalar_equal(const struct conf_option *o, const void *a, const void *b)
{
	switch (o->type) {
	case CONF_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case CONF_INT:
		return *(const int64_t *)a == *(const int64_t *)b;
	case CONF_DOUBLE:
		return memcmp(a, b, sizeof(double)) == 0;
	case CONF_DURATION:
	case CONF_SIZE:
	case CONF_MIB:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case CONF_ENUM:
		return *(const int *)a == *(const int *)b;
	default:
		return same_text(*(const char *const *)a, *(const char *const *)b);
	}
}
