/* SPDX-License-Identifier: Apache-2.0
 * cli/answer.c - the cursor of base/json.h, put to use.
 */
#include "agent/cli/answer.h"

#include <math.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/plain.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define TIME_MAX_S     253402300800.0 /* the year 10000 */

struct slice answer_field(struct slice object, const char *name)
{
	struct json j;
	struct json_string key;
	struct slice value = SLICE_NONE;

	json_init(&j, object);
	if (!json_object(&j))
		return SLICE_NONE;
	while (json_member(&j, &key) && json_raw(&j, &value))
		if (slice_equal(key.raw, slice_of(name)))
			return slice_equal(value, SLICE("null")) ? SLICE_NONE : value;
	return SLICE_NONE;
}

struct slice answer_path(struct slice object, const char *outer, const char *name)
{
	return answer_field(answer_field(object, outer), name);
}

void answer_text(struct slice object, const char *name, struct buf *out)
{
	struct slice value = answer_field(object, name), text = SLICE_NONE;
	struct arena arena;
	struct json j;

	if (value.len == 0 || value.ptr[0] != '"') {
		buf_slice(out, value);
		return;
	}
	arena_init(&arena, TEXT_BYTES_MAX);
	json_init(&j, value);
	if (json_text(&j, &arena, &text))
		buf_slice(out, text);
	arena_release(&arena);
}

void answer_words(struct slice object, const char *name, struct buf *out)
{
	struct buf text = BUF_INIT;

	answer_text(object, name, &text);
	plain_write(out, buf_view(&text), "");
	buf_release(&text);
}

double answer_number(struct slice object, const char *name)
{
	double value;

	return slice_to_double(answer_field(object, name), &value) ? value : NAN;
}

void answer_time(struct slice object, const char *name, char out[21])
{
	double at_s = answer_number(object, name);

	if (at_s > 0 && at_s < TIME_MAX_S)
		clock_format_utc((uint64_t)at_s, out);
	else
		memcpy(out, "-", 2);
}

void answer_each(struct slice array, void (*visit)(void *context, struct slice element), void *context)
{
	struct json j;
	struct slice element;

	json_init(&j, array);
	if (!json_array(&j))
		return;
	while (json_element(&j) && json_raw(&j, &element))
		visit(context, element);
}
