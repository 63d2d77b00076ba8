/* SPDX-License-Identifier: Apache-2.0
 * redaction/scan.c - a text as what it is: plain, JSON, or JSON in strings of JSON.
 *
 * Strings of JSON are looked at one by one, unescaped, with a map from each byte to where it stood; a finding in the
 * unescaped text becomes the run of whole escapes that it stood in, so that the JSON around it stays sound. Plain text is
 * looked at in the same way where it holds escapes (fold.h): those of JSON that was cut off, of URLs, of typesetters.
 */
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/redaction/fold.h"
#include "agent/redaction/redaction_priv.h"

static void scan(struct redaction_lane *l, struct slice text, unsigned level);
static void scan_words(struct redaction_lane *l, struct slice text);

/* Findings from `first` on were made in a part of the text that begins at offset. */
static void shift(struct redaction_lane *l, size_t first, size_t offset)
{
	for (size_t i = first; i < l->count; i++) {
		l->findings[i].start += offset;
		l->findings[i].end += offset;
	}
}

/* ------------------------------------------------------------------ plain text */

struct plain_scan {
	struct redaction_lane *lane;
	struct slice text;
	unsigned rule; /* of the pattern */
};

static void on_detection(void *context, const struct detection *found)
{
	const struct plain_scan *p = context;

	finding_add(p->lane, p->text, found->start, found->end, found->detector);
}

static void on_match(void *context, size_t start, size_t end)
{
	const struct plain_scan *p = context;

	finding_add(p->lane, p->text, start, end, p->rule);
}

static void scan_plain(struct redaction_lane *l, struct slice text)
{
	struct plain_scan p = { .lane = l, .text = text };

	detect(l->redactor->detectors, text, on_detection, &p);
	for (size_t i = 0; i < l->redactor->pattern_count; i++) {
		p.rule = RULE_PATTERNS + (unsigned)i;
		if (!pattern_search(l->redactor->patterns[i], l->patterns, text, on_match, &p))
			finding_add(l, text, 0, text.len, RULE_UNSCANNED);
	}
}

/* ------------------------------------------------------------------ escapes */
static bool unescape(struct scan_level *level, struct slice text, fold_read read)
{
	buf_reset(&level->text);
	buf_reset(&level->map);
	for (size_t at = 0; at < text.len;) {
		char bytes[4] = { text.ptr[at] };
		size_t length = 1, n = read(text, at, bytes, &length);
		uint32_t where = (uint32_t)at;
		buf_append(&level->text, bytes, n);
		for (size_t i = 0; i < n; i++)
			buf_append(&level->map, &where, sizeof(where));
		at += length;
	}
	uint32_t end = (uint32_t)text.len;
	buf_append(&level->map, &end, sizeof(end));
	return !buf_failed(&level->text) && !buf_failed(&level->map);
}

static size_t mapped(const struct scan_level *level, size_t at)
{
	uint32_t where;

	memcpy(&where, level->map.ptr + at * sizeof(where), sizeof(where));
	return where;
}

/* Findings in the unescaped text, as findings in the text. */
static void scan_escaped(struct redaction_lane *l, struct slice text, unsigned level, bool is_json_string)
{
	size_t first = l->count;

	if (level == SCAN_LEVELS_MAX) {
		finding_add(l, text, 0, text.len, RULE_UNSCANNED);
		return;
	}
	struct scan_level *here = &l->levels[level];
	if (!unescape(here, text, is_json_string ? fold_json : fold_any)) {
		l->failed = true;
		return;
	}
	if (is_json_string)
		scan(l, buf_view(&here->text), level + 1);
	else
		scan_words(l, buf_view(&here->text));
	for (size_t i = first; i < l->count; i++) {
		l->findings[i].start = mapped(here, l->findings[i].start);
		l->findings[i].end = mapped(here, l->findings[i].end);
	}
}

/* ------------------------------------------------------------------ JSON */

struct json_scan {
	struct redaction_lane *lane;
	struct slice text;
	struct json at;
	unsigned level;
};

static void scan_string(struct json_scan *j, struct json_string s)
{
	size_t first = j->lane->count;

	if (s.escaped)
		scan_escaped(j->lane, s.raw, j->level, true);
	else
		scan(j->lane, s.raw, j->level);
	shift(j->lane, first, (size_t)(s.raw.ptr - j->text.ptr));
}

static bool is_integer(struct slice number)
{
	for (size_t i = 0; i < number.len; i++)
		if (strchr(".eE", number.ptr[i]) != NULL)
			return false;
	return true;
}

/* Fractions are measurements. */
static void scan_number(struct json_scan *j, struct slice number)
{
	size_t first = j->lane->count, start = (size_t)(number.ptr - j->text.ptr);

	if (number.len < 4 || !is_integer(number))
		return;
	scan_plain(j->lane, number);
	if (j->lane->count == first)
		return;
	j->lane->count = first + 1;
	j->lane->findings[first].start = start;
	j->lane->findings[first].end = start + number.len;
	j->lane->findings[first].is_json_value = true;
}

static bool deny_value(struct json_scan *j)
{
	bool is_string = json_peek(&j->at) == JSON_STRING;
	struct slice value;
	size_t first = j->lane->count;

	if (!json_raw(&j->at, &value))
		return false;
	if (is_string)
		value = (struct slice){ value.ptr + 1, value.len - 2 };
	if (value.len == 0)
		return true;
	size_t start = (size_t)(value.ptr - j->text.ptr);
	finding_add(j->lane, j->text, start, start + value.len, RULE_DENIED);
	if (j->lane->count > first)
		j->lane->findings[first].is_json_value = !is_string;
	return true;
}

static bool scan_json_value(struct json_scan *j);

static bool is_denied(struct json_scan *j, struct json_string key)
{
	const struct key_list *denied = &j->lane->redactor->denied;

	if (denied->count == 0)
		return false;
	struct slice name = json_unescape(key, j->lane->arena);
	j->lane->failed |= name.ptr == NULL;
	return key_list_has(denied, name);
}

static bool scan_member(struct json_scan *j, struct json_string key)
{
	return is_denied(j, key) ? deny_value(j) : scan_json_value(j);
}

static bool scan_members(struct json_scan *j)
{
	struct json_string key;

	if (!json_object(&j->at))
		return false;
	while (json_member(&j->at, &key)) {
		scan_string(j, key);
		if (!scan_member(j, key))
			return false;
	}
	return j->at.why == NULL;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool scan_json_value(struct json_scan *j)
{
	struct json_string string;
	struct slice number;

	switch (json_peek(&j->at)) {
	case JSON_OBJECT:
		return scan_members(j);
	case JSON_ARRAY:
		if (!json_array(&j->at))
			return false;
		while (json_element(&j->at))
			if (!scan_json_value(j))
				return false;
		return j->at.why == NULL;
	case JSON_STRING:
		if (!json_string(&j->at, &string))
			return false;
		scan_string(j, string);
		return true;
	case JSON_NUMBER:
		if (!json_number(&j->at, &number))
			return false;
		scan_number(j, number);
		return true;
	default:
		return json_skip(&j->at);
	}
}

static bool scan_json(struct redaction_lane *l, struct slice text, unsigned level)
{
	struct json_scan j = { .lane = l, .text = text, .level = level };
	size_t first = l->count;
	bool dropped = l->dropped;

	json_init(&j.at, text);
	if (scan_json_value(&j) && !FAILED(json_finish(&j.at)))
		return true;
	l->count = first;
	l->dropped = dropped;
	return false;
}

/* A value that begins and does not end was cut off: all of it goes. Other words go up to where a value would end. */
static size_t broken_value_end(struct slice text, size_t at)
{
	if (at < text.len && strchr("\"{[", text.ptr[at]) != NULL)
		return text.len;
	while (at < text.len && strchr(",}]\n", text.ptr[at]) == NULL)
		at++;
	return at;
}

static size_t skip_blanks(struct slice text, size_t at)
{
	while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL && text.ptr[at] != '\0')
		at++;
	return at;
}

/* Denies the value at `at`; returns its end. */
static size_t deny_loose_value(struct json_scan *j, size_t at)
{
	json_init(&j->at, slice_skip(j->text, at));
	if (deny_value(j))
		return (size_t)(j->at.at - j->text.ptr);
	size_t end = broken_value_end(j->text, at), start = at + (at < end && j->text.ptr[at] == '"');
	if (start < end)
		finding_add(j->lane, j->text, start, end, RULE_DENIED);
	return end;
}

/* Denied members of JSON that was cut off, or that other JSON follows: whatever is quoted before a colon is a name. */
static void scan_loose_members(struct redaction_lane *l, struct slice text)
{
	struct json_scan j = { .lane = l, .text = text };
	struct json_string name;
	const char *quote;

	for (size_t at = 0; at < text.len && (quote = memchr(text.ptr + at, '"', text.len - at)) != NULL;) {
		json_init(&j.at, slice_skip(text, (size_t)(quote - text.ptr)));
		bool is_string = json_string(&j.at, &name);
		size_t end = (size_t)(j.at.at - text.ptr), colon = skip_blanks(text, end);
		at = is_string ? end - 1 : end; /* where it ends another one may begin */
		if (is_string && colon < text.len && text.ptr[colon] == ':' && is_denied(&j, name))
			at = deny_loose_value(&j, skip_blanks(text, colon + 1));
	}
}

static bool looks_like_json(struct slice text)
{
	struct slice trimmed = slice_trim(text);

	return trimmed.len >= 2 && strchr("{[\"", trimmed.ptr[0]) != NULL && trimmed.ptr[0] != '\0';
}

static void scan_words(struct redaction_lane *l, struct slice text)
{
	scan_plain(l, text);
	if (l->redactor->denied.count > 0 && looks_like_json(text)) /* not among words: those may speak of a member */
		scan_loose_members(l, text);
}

/* Text that is no JSON may be a piece of some, cut off: it is looked at as it stands and unescaped. */
static void scan(struct redaction_lane *l, struct slice text, unsigned level)
{
	if (looks_like_json(text) && scan_json(l, text, level))
		return;
	scan_words(l, text);
	if (fold_changes(text))
		scan_escaped(l, text, level, false);
}

/* ------------------------------------------------------------------ findings in order */

static int by_start(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Overlapping ones become one, under the name of the first. */
static void merge(struct redaction_lane *l)
{
	size_t kept = 0;

	for (size_t i = 1; i < l->count; i++) {
		struct finding *last = &l->findings[kept], *next = &l->findings[i];
		if (next->start < last->end) {
			last->end = next->end > last->end ? next->end : last->end;
			last->is_json_value |= next->is_json_value;
		} else {
			l->findings[++kept] = *next;
		}
	}
	l->count = l->count > 0 ? kept + 1 : 0;
}

static void finish(struct redaction_lane *l)
{
	if (l->count > 1)
		qsort(l->findings, l->count, sizeof(*l->findings), by_start);
	merge(l);
}

/* What identifies a call or says which model answered: made by machines, and looked for by the one who reads. */
static bool is_identity(struct slice key)
{
	static const struct slice keys[] = {
		{ "trace_id", 8 },     { "span_id", 7 },       { "parent_span_id", 14 }, { "time", 4 },
		{ "response_id", 11 }, { "request_id", 10 },   { "request_model", 13 },  { "response_model", 14 },
		{ "model", 5 },        { "prompt", 6 },        { "prompt_name", 11 },    { "prompt_version", 14 },
		{ "price", 5 },        { "prompt_fingerprint", 18 },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_equal(keys[i], key))
			return true;
	return false;
}

static void scan_record(struct redaction_lane *l, struct slice line)
{
	struct json_scan j = { .lane = l, .text = line };
	size_t first = l->count;
	struct json_string key;
	bool good = true;

	json_init(&j.at, line);
	if (json_object(&j.at))
		while (good && json_member(&j.at, &key))
			good = is_identity(key.raw) ? json_skip(&j.at) : scan_member(&j, key);
	if (good && !FAILED(json_finish(&j.at)))
		return;
	l->count = first;
	scan_plain(l, line);
}

void scan_records(struct redaction_lane *l, struct slice lines)
{
	l->count = 0;
	for (size_t at = 0; at < lines.len;) {
		struct slice rest = slice_skip(lines, at);
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct slice line = slice_head(rest, end != NULL ? (size_t)(end - rest.ptr) : rest.len);
		size_t first = l->count;
		if (l->redactor->pattern_count > 0)
			pattern_scratch_begin(l->patterns, line.len);
		scan_record(l, line);
		shift(l, first, at);
		at += line.len + 1;
	}
	finish(l);
}

#define SHORTEST_FIND 6u /* a@b.co; spans are full of shorter words */

void scan_text(struct redaction_lane *l, struct slice text)
{
	l->count = 0;
	if (text.len == 0 ||
	    (text.len < SHORTEST_FIND && l->redactor->pattern_count == 0 && l->redactor->denied.count == 0))
		return;
	if (text.len > l->redactor->config->max_value_bytes) {
		finding_add(l, text, 0, text.len, RULE_UNSCANNED);
		return;
	}
	if (l->redactor->pattern_count > 0)
		pattern_scratch_begin(l->patterns, text.len);
	scan(l, text, 0);
	finish(l);
}
