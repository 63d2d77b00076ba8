/* SPDX-License-Identifier: Apache-2.0
 * base/zone_rule.c - reads a rule from left to right, and asks it.
 */
#include "agent/base/zone_rule.h"

#include "agent/base/zone.h"

#define DAY_S INT64_C(86400)

/* ---------------------------------------------------------------- reading */

static char peek(const struct slice *s)
{
	return s->len > 0 ? s->ptr[0] : '\0';
}

static bool take(struct slice *s, char c)
{
	if (peek(s) != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool read_number(struct slice *s, int max, int *out)
{
	int n = 0;

	if (!is_digit(peek(s)))
		return false;
	while (is_digit(peek(s))) {
		n = n * 10 + (peek(s) - '0');
		if (n > max)
			return false;
		*s = slice_skip(*s, 1);
	}
	*out = n;
	return true;
}

/* "CET" or "<+03>" */
static bool skip_name(struct slice *s)
{
	bool is_quoted = take(s, '<');
	size_t n = 0;

	while (n < s->len && (is_quoted ? s->ptr[n] != '>' : is_letter(s->ptr[n])))
		n++;
	*s = slice_skip(*s, n);
	return n > 0 && (!is_quoted || take(s, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct slice *s, int32_t *out)
{
	int h, m = 0, sec = 0;
	bool is_negative = take(s, '-');

	if (!is_negative)
		take(s, '+');
	if (!read_number(s, 167, &h) || (take(s, ':') && !read_number(s, 59, &m)))
		return false;
	if (take(s, ':') && !read_number(s, 59, &sec))
		return false;
	*out = (h * 3600 + m * 60 + sec) * (is_negative ? -1 : 1);
	return true;
}

static bool read_day(struct slice *s, struct zone_change *c)
{
	if (take(s, 'M')) {
		c->kind = CHANGE_MONTH_WEEK;
		return read_number(s, 12, &c->month) && c->month > 0 && take(s, '.') && read_number(s, 5, &c->week) &&
		       c->week > 0 && take(s, '.') && read_number(s, 6, &c->day);
	}
	c->kind = take(s, 'J') ? CHANGE_JULIAN : CHANGE_DAY;
	return read_number(s, 365, &c->day);
}

static bool read_change(struct slice *s, struct zone_change *c)
{
	c->local_s = 2 * 3600;
	return take(s, ',') && read_day(s, c) && (!take(s, '/') || read_time(s, &c->local_s));
}

bool zone_rule_read(struct slice text, struct zone_rule *out)
{
	struct zone_rule r = { .has_summer = false };

	if (!skip_name(&text) || !read_time(&text, &r.standard))
		return false;
	r.standard = -r.standard; /* POSIX counts west of UTC */
	if (text.len > 0) {
		r.has_summer = true;
		r.summer = r.standard + 3600;
		if (!skip_name(&text))
			return false;
		if (peek(&text) != ',') {
			if (!read_time(&text, &r.summer))
				return false;
			r.summer = -r.summer;
		}
		if (!read_change(&text, &r.to_summer) || !read_change(&text, &r.to_standard) || text.len > 0)
			return false;
	}
	*out = r;
	return true;
}

/* ---------------------------------------------------------------- asking */

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day of the week'th weekday of the month; the fifth is the last. */
static int64_t month_week_day(const struct zone_change *c, int64_t year)
{
	int64_t first = civil_days(year, c->month, 1), next = civil_days(year, c->month + 1, 1);
	int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
	int64_t day = first + (c->day - weekday + 7) % 7 + 7 * (c->week - 1);

	return day < next ? day : day - 7;
}

/* Seconds after 1970 on the clock that is changed. */
static int64_t change_in(const struct zone_change *c, int64_t year)
{
	int64_t first = civil_days(year, 1, 1), day = first + c->day;

	if (c->kind == CHANGE_MONTH_WEEK)
		day = month_week_day(c, year);
	else if (c->kind == CHANGE_JULIAN)
		day = first + c->day - 1 + (is_leap(year) && c->day >= 60);
	return day * DAY_S + c->local_s;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t unix_s)
{
	int64_t year, local_s = unix_s + r->standard, day = local_s / DAY_S - (local_s % DAY_S < 0);
	int month, date;

	if (!r->has_summer)
		return r->standard;
	civil_date(day, &year, &month, &date);
	int64_t summer = change_in(&r->to_summer, year) - r->standard, winter = change_in(&r->to_standard, year) - r->summer;
	bool is_summer = summer < winter ? unix_s >= summer && unix_s < winter : unix_s >= summer || unix_s < winter;
	return is_summer ? r->summer : r->standard;
}
