/* SPDX-License-Identifier: Apache-2.0
 * base/zone.c - a TZif file in memory: sorted moments, and the offset that holds from each of them on.
 */
#include "agent/base/zone.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/buf.h"
#include "agent/base/file.h"
#include "agent/base/zone_rule.h"

#define DIRECTORY      "/usr/share/zoneinfo"
#define FILE_BYTES_MAX (256u * 1024u)
#define NAME_BYTES_MAX 64u
#define HEADER_BYTES   44u
#define DAY_S          INT64_C(86400)
#define OFFSET_MAX_S   (26 * 3600)

struct zone {
	struct zone_rule rule; /* holds from the last change on */
	bool has_rule;
	int32_t first_offset; /* before the first change */
	uint32_t count;
	int64_t *at;
	int32_t *offset;
};

/* ---------------------------------------------------------------- dates */

/* Source: the days-from-civil arithmetic by eras of 400 years, counted from the first of March. */
int64_t civil_days(int64_t year, int64_t month, int64_t day)
{
	year += (month - 1) / 12;
	month = (month - 1) % 12 + 1;
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void civil_date(int64_t days, int64_t *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
	int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * years + years / 4 - years / 100), shifted = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = years + era * 400 + (*month <= 2);
}

/* ---------------------------------------------------------------- the file */

static uint64_t big_endian(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

struct header {
	uint64_t isut, isstd, leaps, times, types, chars;
};

static bool read_header(struct slice file, struct header *h)
{
	if (file.len < HEADER_BYTES || memcmp(file.ptr, "TZif", 4) != 0 || file.ptr[4] < '2')
		return false;
	uint64_t *const counts[] = { &h->isut, &h->isstd, &h->leaps, &h->times, &h->types, &h->chars };
	for (size_t i = 0; i < 6; i++) {
		*counts[i] = big_endian(file.ptr + 20 + 4 * i, 4);
		if (*counts[i] > FILE_BYTES_MAX)
			return false;
	}
	return h->types > 0;
}

/* width: of a time, 4 in the first block and 8 in the second. */
static size_t block_bytes(const struct header *h, size_t width)
{
	return h->times * (width + 1) + h->types * 6 + h->chars + h->leaps * (width + 4) + h->isstd + h->isut;
}

static bool read_offset(const char *type, int32_t *offset)
{
	*offset = (int32_t)(uint32_t)big_endian(type, 4);
	return *offset >= -OFFSET_MAX_S && *offset <= OFFSET_MAX_S;
}

static bool read_changes(struct slice body, const struct header *h, struct zone *z)
{
	const char *index = body.ptr + h->times * 8, *types = index + h->times;

	z->count = (uint32_t)h->times;
	z->at = calloc(h->times + 1, sizeof(*z->at));
	z->offset = calloc(h->times + 1, sizeof(*z->offset));
	if (z->at == NULL || z->offset == NULL)
		return false;
	if (!read_offset(types, &z->first_offset))
		return false;
	for (size_t i = 0; i < h->times; i++) {
		uint8_t type = (uint8_t)index[i];
		if (type >= h->types)
			return false;
		z->at[i] = (int64_t)big_endian(body.ptr + 8 * i, 8);
		if (!read_offset(types + 6u * type, &z->offset[i]) || (i > 0 && z->at[i] <= z->at[i - 1]))
			return false;
	}
	return true;
}

/* The line behind the second block. */
static bool read_footer(struct slice rest, struct zone *z)
{
	if (rest.len < 2 || rest.ptr[0] != '\n')
		return false;
	rest = slice_skip(rest, 1);
	ptrdiff_t end = slice_find(rest, SLICE("\n"));
	if (end < 0)
		return false;
	z->has_rule = end > 0;
	return end == 0 || zone_rule_read(slice_head(rest, (size_t)end), &z->rule);
}

static bool read_file(struct slice file, struct zone *z)
{
	struct header h;

	if (!read_header(file, &h) || file.len < HEADER_BYTES + block_bytes(&h, 4))
		return false;
	file = slice_skip(file, HEADER_BYTES + block_bytes(&h, 4));
	if (!read_header(file, &h) || file.len < HEADER_BYTES + block_bytes(&h, 8))
		return false;
	file = slice_skip(file, HEADER_BYTES);
	return read_changes(file, &h, z) && read_footer(slice_skip(file, block_bytes(&h, 8)), z);
}

/* A name is made of words between slashes, and never leads out of the database. */
static bool is_name(const char *name)
{
	struct slice s = slice_of(name);

	if (s.len == 0 || s.len > NAME_BYTES_MAX || s.ptr[0] == '/' || slice_find(s, SLICE(".")) >= 0)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] > '~')
			return false;
	return true;
}

static struct status load(const char *name, struct zone *z)
{
	char path[sizeof(DIRECTORY) + NAME_BYTES_MAX + 1];
	struct buf file = BUF_INIT;

	if (!is_name(name))
		return FAIL(NOTFOUND, "no such time zone");
	snprintf(path, sizeof(path), "%s/%s", DIRECTORY, name);
	if (FAILED(file_read(path, FILE_BYTES_MAX, &file))) {
		buf_release(&file);
		return FAIL(NOTFOUND, "no such time zone in " DIRECTORY " (package tzdata)");
	}
	bool good = read_file(buf_view(&file), z);
	buf_release(&file);
	return good ? OK : FAIL(MALFORMED, "its file in " DIRECTORY " is no time zone");
}

struct status zone_open(const char *name, struct zone **out)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return FAIL(NOMEM, "no memory for a time zone");
	struct status s = strcmp(name, "UTC") == 0 ? OK : load(name, z);
	if (FAILED(s)) {
		zone_free(z);
		return s;
	}
	*out = z;
	return OK;
}

void zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

/* ---------------------------------------------------------------- asking */

int32_t zone_offset(const struct zone *z, int64_t unix_s)
{
	uint32_t low = 0, high = z->count;

	if (z->has_rule && (z->count == 0 || unix_s >= z->at[z->count - 1]))
		return zone_rule_offset(&z->rule, unix_s);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (z->at[middle] <= unix_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? z->offset[low - 1] : z->first_offset;
}

/* The first moment in (low, high] at which the offset is no longer that of low. */
static int64_t find_change(const struct zone *z, int64_t low, int64_t high)
{
	int32_t before = zone_offset(z, low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (zone_offset(z, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

int64_t zone_to_unix(const struct zone *z, int64_t local_s)
{
	int32_t before = zone_offset(z, local_s - DAY_S), after = zone_offset(z, local_s + DAY_S);
	int64_t early = local_s - (before > after ? before : after), late = local_s - (before > after ? after : before);

	if (early + zone_offset(z, early) == local_s)
		return early;
	if (late + zone_offset(z, late) == local_s)
		return late;
	return find_change(z, early - 1, late);
}
