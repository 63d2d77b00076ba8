/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/json_answer.c - answers in OTLP/JSON:
 * {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}} and {"code":3,"message":"..."}.
 */
#include <stdio.h>

#include "agent/base/json.h"
#include "exporters/otlphttp/otlphttp_priv.h"

/* A 64-bit integer, as text or number. */
static void read_count(struct json *j, uint64_t *out)
{
	struct json_string text;
	struct slice number = SLICE_NONE;

	if (json_peek(j) == JSON_STRING)
		number = json_string(j, &text) ? text.raw : SLICE_NONE;
	else if (json_peek(j) == JSON_NUMBER)
		json_number(j, &number);
	else
		json_skip(j);
	slice_to_u64(number, out);
}

/* The text as it stands between its quotes: for the log, which wants no line ends. */
static struct slice read_text(struct json *j)
{
	struct json_string text;

	if (json_peek(j) == JSON_STRING)
		return json_string(j, &text) ? text.raw : SLICE_NONE;
	json_skip(j);
	return SLICE_NONE;
}

static void read_partial_success(struct json *j, struct delivery *d)
{
	struct json_string key;
	struct slice words;

	if (!json_object(j)) {
		json_skip(j);
		return;
	}
	while (json_member(j, &key)) {
		if (slice_starts_with(key.raw, SLICE("rejected"))) {
			read_count(j, &d->rejected_items);
		} else if (slice_equal(key.raw, SLICE("errorMessage"))) {
			words = slice_head(read_text(j), sizeof(d->reason) - 1);
			snprintf(d->reason, sizeof(d->reason), "%.*s", SLICE_ARG(words));
		} else {
			json_skip(j);
		}
	}
}

struct delivery otlphttp_read_json_success(struct slice body)
{
	struct delivery d = { .result = DELIVERY_DONE };
	struct json_string key;
	struct json j;

	json_init(&j, body);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return d;
	while (json_member(&j, &key))
		if (slice_equal(key.raw, SLICE("partialSuccess")) && json_peek(&j) == JSON_OBJECT)
			read_partial_success(&j, &d);
		else
			json_skip(&j);
	return d;
}

void otlphttp_read_json_message(struct slice body, struct buf *out)
{
	struct json_string key;
	struct json j;

	json_init(&j, body);
	if (json_peek(&j) != JSON_OBJECT || !json_object(&j))
		return;
	while (json_member(&j, &key))
		if (slice_equal(key.raw, SLICE("message")))
			buf_slice(out, slice_head(read_text(&j), 100));
		else
			json_skip(&j);
}
