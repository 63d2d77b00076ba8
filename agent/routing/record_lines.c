/* SPDX-License-Identifier: Apache-2.0
 * routing/record_lines.c - lines, and members by the keys that spans have for them.
 */
#include "agent/routing/record_lines.h"

#include "agent/base/json.h"

#define NO_ROOM FAIL(NOMEM, "no room to route the records")

struct status record_lines_read(struct slice bytes, struct arena *a, struct record_lines *out)
{
	size_t count = 0;

	for (size_t i = 0; i < bytes.len; i++)
		count += bytes.ptr[i] == '\n';
	*out = (struct record_lines){ .lines = arena_array(a, count + 1, sizeof(*out->lines)) };
	if (out->lines == NULL)
		return NO_ROOM;
	while (bytes.len > 0) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		struct slice line = end != NULL ? slice_head(bytes, (size_t)(end - bytes.ptr) + 1) : bytes;
		out->lines[out->count++] = (struct record_line){ line, a };
		bytes = slice_skip(bytes, line.len);
	}
	return OK;
}

struct status record_lines_write(const struct record_lines *from, const uint8_t *chosen, struct arena *a, struct slice *out)
{
	size_t size = 0;

	for (size_t i = 0; i < from->count; i++)
		size += chosen[i] ? from->lines[i].text.len : 0;
	char *bytes = arena_alloc(a, size), *at = bytes;
	if (bytes == NULL)
		return NO_ROOM;
	for (size_t i = 0; i < from->count; i++)
		if (chosen[i]) {
			memcpy(at, from->lines[i].text.ptr, from->lines[i].text.len);
			at += from->lines[i].text.len;
		}
	*out = (struct slice){ bytes, size };
	return OK;
}

/* Any other key is a member's own name, or none. */
static struct slice member_of(struct slice key)
{
	static const struct slice names[][2] = {
		{ { "plimsoll.feature", 16 }, { "feature", 7 } },
		{ { "plimsoll.workflow", 17 }, { "workflow", 8 } },
		{ { "plimsoll.user_segment", 21 }, { "user_segment", 12 } },
		{ { "plimsoll.outcome", 16 }, { "outcome", 7 } },
		{ { "deployment.environment.name", 27 }, { "environment", 11 } },
		{ { "deployment.environment", 22 }, { "environment", 11 } },
		{ { "service.name", 12 }, { "service", 7 } },
		{ { "service.version", 15 }, { "release", 7 } },
		{ { "gen_ai.provider.name", 20 }, { "provider", 8 } },
		{ { "gen_ai.operation.name", 21 }, { "operation", 9 } },
		{ { "gen_ai.request.model", 20 }, { "request_model", 13 } },
		{ { "gen_ai.response.model", 21 }, { "model", 5 } },
		{ { "session.id", 10 }, { "session_id", 10 } },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal(names[i][0], key))
			return names[i][1];
	return key;
}

bool record_line_find(const struct record_line *line, struct slice key, struct slice *out)
{
	struct slice wanted = member_of(key);
	struct json_string name, text;
	struct json j;

	json_init(&j, line->text);
	if (!json_object(&j))
		return false;
	while (json_member(&j, &name)) {
		if (!slice_equal(name.raw, wanted)) {
			if (!json_skip(&j))
				return false;
			continue;
		}
		if (json_peek(&j) != JSON_STRING)
			return json_peek(&j) != JSON_NULL && json_raw(&j, out);
		if (!json_string(&j, &text))
			return false;
		*out = json_unescape(text, line->arena);
		return out->ptr != NULL;
	}
	return false;
}
