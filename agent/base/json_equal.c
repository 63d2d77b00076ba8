/* SPDX-License-Identifier: Apache-2.0
 * base/json_equal.c - by kind; most texts are the same byte for byte, or not escaped at all.
 */
#include "agent/base/json_equal.h"

bool json_work_take(struct json_work *w, size_t bytes)
{
	if (w->bytes_left <= JSON_WORK_CALL_BYTES || bytes >= w->bytes_left - JSON_WORK_CALL_BYTES) {
		w->bytes_left = 0;
		return false;
	}
	w->bytes_left -= bytes + JSON_WORK_CALL_BYTES;
	return true;
}

static enum json_kind kind_of(struct slice value)
{
	struct json j;

	json_init(&j, value);
	return json_peek(&j);
}

static bool same_name(struct json_string a, struct json_string b, struct json_work *w)
{
	if (slice_equal(a.raw, b.raw) || (!a.escaped && !b.escaped))
		return slice_equal(a.raw, b.raw);
	struct slice x = json_unescape(a, &w->scratch), y = json_unescape(b, &w->scratch);

	return x.ptr != NULL && y.ptr != NULL && slice_equal(x, y);
}

struct slice json_find_member(struct slice object, struct json_string name, struct json_work *w)
{
	struct slice found = SLICE_NONE, value;
	struct json_string key;
	struct json j;

	json_init(&j, object);
	if (w->bytes_left == 0 || json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return SLICE_NONE;
	while (found.len == 0 && json_member(&j, &key) && json_raw(&j, &value))
		if (same_name(key, name, w))
			found = value;
	return json_work_take(w, (size_t)(j.at - j.start)) ? found : SLICE_NONE;
}

static bool same_string(struct slice a, struct slice b, struct json_work *w)
{
	struct json_string x, y;
	struct json left, right;

	json_init(&left, a);
	json_init(&right, b);
	return json_string(&left, &x) && json_string(&right, &y) && same_name(x, y, w);
}

static bool same_array(struct slice a, struct slice b, struct json_work *w)
{
	struct json left, right;
	struct slice x, y;

	json_init(&left, a);
	json_init(&right, b);
	json_array(&left);
	json_array(&right);
	while (json_element(&left) && json_raw(&left, &x))
		if (!json_element(&right) || !json_raw(&right, &y) || !json_same_value(x, y, w))
			return false;
	return !json_element(&right);
}

/* Whether b has all members of a. */
static bool holds_members(struct slice a, struct slice b, struct json_work *w)
{
	struct json_string name;
	struct slice mine;
	struct json j;

	json_init(&j, a);
	json_object(&j);
	while (json_member(&j, &name) && json_raw(&j, &mine)) {
		struct slice other = json_find_member(b, name, w);
		if (other.len == 0 || !json_same_value(mine, other, w))
			return false;
	}
	return true;
}

static bool has_more_members(struct slice a, struct slice b, struct json_work *w)
{
	struct json_string name;
	struct json j;

	json_init(&j, a);
	json_object(&j);
	while (json_member(&j, &name) && json_skip(&j))
		if (json_find_member(b, name, w).len == 0)
			return true;
	return false;
}

bool json_same_value(struct slice a, struct slice b, struct json_work *w)
{
	double x, y;

	if (!json_work_take(w, a.len + b.len))
		return false;
	if (slice_equal(a, b))
		return true;
	if (kind_of(a) != kind_of(b))
		return false;
	switch (kind_of(a)) {
	case JSON_NUMBER:
		return slice_to_double(a, &x) && slice_to_double(b, &y) && x == y;
	case JSON_STRING:
		return same_string(a, b, w);
	case JSON_ARRAY:
		return same_array(a, b, w);
	case JSON_OBJECT:
		return holds_members(a, b, w) && !has_more_members(b, a, w);
	default:
		return false; /* true, false and null have one spelling */
	}
}
