/* SPDX-License-Identifier: Apache-2.0
 * gate/scores.c - see the header.
 */
#include "agent/gate/scores.h"

#include <math.h>

#include "agent/base/json.h"

static struct slice text_in(struct slice value, struct arena *a)
{
	struct slice text = SLICE_NONE;
	struct json j;

	json_init(&j, value);
	return value.len > 0 && json_peek(&j) == JSON_STRING && json_text(&j, a, &text) ? arena_dup(a, text) : SLICE_NONE;
}

/* A number, a truth, or either in quotes, as CSV has them. */
static double plain_score(struct slice value)
{
	double n;

	if (value.len > 2 && value.ptr[0] == '"')
		value = slice_head(slice_skip(value, 1), value.len - 2);
	if (slice_equal_nocase(value, SLICE("true")))
		return 1;
	if (slice_equal_nocase(value, SLICE("false")))
		return 0;
	return slice_to_double(value, &n) ? n : NAN;
}

static double score_in(struct slice value)
{
	static const char *const inside[] = { "avg", "score", "value" };
	double n = plain_score(value);

	for (size_t i = 0; isnan(n) && i < sizeof(inside) / sizeof(inside[0]); i++)
		n = plain_score(json_find(value, slice_of(inside[i])));
	return n;
}

void worst_score_add(struct worst_score *w, struct slice name, struct slice value, struct arena *a)
{
	double score = score_in(value);

	if (isnan(score) || score >= w->score)
		return;
	*w = (struct worst_score){ .score = score, .name = arena_dup(a, name),
				   .comment = text_in(json_find(value, SLICE("comment")), a) };
}

void worst_score_add_all(struct worst_score *w, struct slice scores, struct arena *a)
{
	struct json_string name;
	struct slice value;
	struct json j;

	json_init(&j, scores);
	if (scores.len == 0)
		return;
	if (json_peek(&j) == JSON_OBJECT && json_object(&j))
		while (json_member(&j, &name) && json_raw(&j, &value))
			worst_score_add(w, json_unescape(name, a), value, a);
	else if (json_peek(&j) == JSON_ARRAY && json_array(&j))
		while (json_element(&j) && json_raw(&j, &value))
			worst_score_add(w, text_in(json_find(value, SLICE("key")), a), value, a);
}
