/* SPDX-License-Identifier: Apache-2.0
 * What the walker sees in spans, and what it refuses or leaves out, whatever the order of the fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/otlp_walk_rig.h"

struct seen {
	size_t spans, defects;
	const char *defect;
	char text[256]; /* resource keys, scope names and span names, in order of visit */
};

static void note(struct seen *seen, const char *sign, struct slice s)
{
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof(seen->text) - n, "%s%.*s", sign, SLICE_ARG(s));
}

static struct status see(void *context, const struct span_view *s, struct attribute_writer *added)
{
	struct seen *seen = context;

	(void)added;
	seen->spans++;
	if (s->defect != NULL) {
		seen->defects++;
		seen->defect = s->defect;
	}
	for (size_t i = 0; i < s->resource->attributes.count; i++)
		note(seen, "r:", s->resource->attributes.items[i].key);
	note(seen, " s:", s->scope->name);
	for (size_t i = 0; i < s->scope->attributes.count; i++)
		note(seen, "+", s->scope->attributes.items[i].key);
	note(seen, " n:", s->name);
	note(seen, "", SLICE(";"));
	return OK;
}

static void a_resource_and_a_scope_behind_their_spans_still_describe_them(void **state)
{
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice span = field(a, 2, SLICE(IDS "\x2a\x01x"));
	struct slice scope_spans = field(a, 2, join(a, span, field(a, 1, SLICE("\x0a\x01S"))));
	struct slice wire = field(a, 1, join(a, scope_spans, field(a, 1, attribute(a, 1, SLICE("R")))));
	struct slice plain = request_of(a, span); /* without any: nothing is left over from the one before */

	assert_false(FAILED(walk_traces(join(a, wire, plain), a, NULL, see, &seen)));
	assert_string_equal(seen.text, "r:R s:S n:x; s: n:x;");
}

static void resources_and_scopes_that_occur_twice_are_merged(void **state)
{
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice name = field(a, 1, join(a, SLICE("\x0a\x01S"), attribute(a, 3, SLICE("p"))));
	struct slice version = field(a, 1, join(a, SLICE("\x12\x01" "1"), attribute(a, 3, SLICE("q"))));
	struct slice scope_spans = join(a, join(a, name, field(a, 2, SLICE(IDS))), version);
	struct slice resource =
		join(a, field(a, 1, attribute(a, 1, SLICE("A"))), field(a, 1, attribute(a, 1, SLICE("B"))));
	struct slice wire = field(a, 1, join(a, resource, field(a, 2, scope_spans)));

	assert_false(FAILED(walk_traces(wire, a, NULL, see, &seen)));
	assert_string_equal(seen.text, "r:Ar:B s:S+p+q n:;");
}

static void wrong_ids_are_the_span_s_own_defect(void **state)
{
	struct slice spans[] = {
		SLICE("\x12\x08" "01234567"), /* no trace id */
		SLICE("\x0a\x05" "01234" "\x12\x08" "01234567"),
		SLICE("\x0a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x08" "01234567"),
		SLICE("\x0a\x10" "0123456789abcdef" "\x12\x07" "0123456"),
		SLICE("\x0a\x10" "0123456789abcdef" "\x12\x08\0\0\0\0\0\0\0\0"),
		SLICE(IDS "\x22\x01x"),         /* parent of one byte */
		SLICE(IDS "\x2a\x05x"),         /* cut off inside */
		SLICE(IDS "\x4a\x02\x08\x01"), /* key is a number */
		SLICE(IDS "\x38\x01"),          /* start time as varint */
	};
	struct arena *a = *state;
	struct edit_list edits;

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct seen seen = { 0 };
		char out[256];
		struct slice good = field(a, 2, SLICE(IDS));
		struct slice bad = join(a, good, join(a, field(a, 2, spans[i]), good));
		struct slice wire = request_of(a, bad);
		edit_list_init(&edits, a);
		assert_false(FAILED(walk_traces(wire, a, &edits, see, &seen)));
		assert_int_equal(seen.spans, 3);
		assert_int_equal(seen.defects, 1);
		assert_non_null(seen.defect);

		/* the sound ones pass, the other one is left out */
		struct slice want = request_of(a, join(a, good, good));
		assert_true(edit_list_bound(&edits, wire) <= sizeof(out));
		assert_int_equal(edit_list_write(&edits, wire, out), want.len);
		assert_memory_equal(out, want.ptr, want.len);
	}
}

static struct status keep_span(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)added;
	*(struct span_view *)context = *s;
	return OK;
}

static void a_status_in_two_pieces_is_merged(void **state)
{
	struct arena *a = *state;
	struct span_view seen;
	struct slice span = field(a, 2, SLICE(IDS "\x7a\x05\x18\x02\x12\x01x" "\x7a\x03\x12\x01y"));

	assert_false(FAILED(walk_traces(request_of(a, span), a, NULL, keep_span, &seen)));
	assert_null(seen.defect);
	assert_int_equal(seen.status_code, 2);
	assert_true(slice_equal(seen.status_message, SLICE("y")));
}

static struct status see_parent(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)added;
	*(size_t *)context = s->defect != NULL ? SIZE_MAX : s->parent_span_id.len;
	return OK;
}

static void a_parent_of_zeros_is_no_parent(void **state)
{
	struct arena *a = *state;
	size_t parent_length = 1;
	struct slice span = field(a, 2, SLICE(IDS "\x22\x08\0\0\0\0\0\0\0\0"));

	assert_false(FAILED(walk_traces(request_of(a, span), a, NULL, see_parent, &parent_length)));
	assert_int_equal(parent_length, 0);
}

static struct status see_sequence(void *context, const struct span_view *s, struct attribute_writer *added)
{
	struct seen *seen = context;
	char text[16];

	(void)added;
	snprintf(text, sizeof(text), "%u ", s->resource->sequence);
	note(seen, "", slice_of(text));
	return OK;
}

static void resources_are_numbered_from_one_in_each_walk(void **state)
{
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice span = field(a, 2, SLICE(IDS));
	struct slice group = request_of(a, join(a, span, span));

	for (int i = 0; i < 2; i++)
		assert_false(FAILED(walk_traces(join(a, group, group), a, NULL, see_sequence, &seen)));
	assert_string_equal(seen.text, "1 1 2 2 1 1 2 2 ");
}

static void broken_framing_is_refused_before_anything_is_visited(void **state)
{
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice good = request_of(a, field(a, 2, SLICE(IDS)));
	struct slice broken[] = {
		SLICE("\x0a\x80\x80\x80\x80\x04"), /* a length of 1 GiB */
		SLICE("\x0a"),
		SLICE("\x08\x01"), /* resource_spans as varint */
		field(a, 1, SLICE("\x12\x7f")),
		field(a, 1, SLICE("\x10\x00")),
		request_of(a, SLICE("\x12\x80\x80\x80\x80\x04")),
		request_of(a, field(a, 1, SLICE("\x0a\x05x"))),              /* scope */
		field(a, 1, field(a, 1, field(a, 1, SLICE("\x0a\x05k")))), /* resource attribute */
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct status s = walk_traces(join(a, good, broken[i]), a, NULL, see, &seen);
		assert_int_equal(s.code, STATUS_MALFORMED);
		assert_int_equal(seen.spans, 0);
	}
}

static struct status stop_at_second(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)s;
	(void)added;
	return ++*(int *)context == 2 ? FAIL(FULL, "enough") : OK;
}

static void a_failing_visit_stops_the_walk(void **state)
{
	struct arena *a = *state;
	int visits = 0;
	struct slice span = field(a, 2, SLICE(IDS));
	struct slice wire = request_of(a, join(a, span, join(a, span, span)));

	assert_int_equal(walk_traces(wire, a, NULL, stop_at_second, &visits).code, STATUS_FULL);
	assert_int_equal(visits, 2);
}

static void a_small_arena_is_an_error_not_a_crash(void **state)
{
	struct arena *a = *state, small;
	struct seen seen = { 0 };
	struct slice span = SLICE(IDS);

	arena_init(&small, 32 * 1024);
	for (int i = 0; i < 2000; i++)
		span = join(a, span, attribute(a, 9, SLICE("k")));
	assert_int_equal(walk_traces(request_of(a, field(a, 2, span)), &small, NULL, see, &seen).code, STATUS_NOMEM);
	arena_release(&small);
}

/* Writes what notes it finds, then leaves a note at each attribute: its key's first letter. */
static struct status keep_notes(void *context, const struct span_view *s, struct attribute_writer *added)
{
	static const char *const letters[] = { "a", "b", "c" };
	struct seen *seen = context;

	(void)added;
	for (size_t i = 0; i < s->attributes.count; i++) {
		struct slice key = s->attributes.items[i].key;
		note(seen, " ", slice_head(key, 2));
		note(seen, "=", s->notes[i] != NULL ? slice_of(s->notes[i]) : SLICE("-"));
		s->notes[i] = letters[key.ptr[0] - 'a'];
	}
	note(seen, "", SLICE(";"));
	return OK;
}

static void a_note_stays_with_its_key_and_its_place(void **state)
{
	static const char *const keys[][3] = {
		{ "aa", "bb", "b2" }, { "aa", "bb" }, { "bb", "aa", "b2" }, { "bb", "cc", "b2" }, { "bb", "ca", "b2" },
	};
	static char long_text[300];
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice spans = SLICE_NONE;

	memset(long_text, 'x', sizeof(long_text));
	struct slice text = field(a, 2, field(a, ANY_STRING, (struct slice){ long_text, sizeof(long_text) }));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct slice span = SLICE(IDS);
		for (size_t j = 0; j < 3 && keys[i][j] != NULL; j++) {
			struct slice key = slice_of(keys[i][j]);
			span = join(a, span, i == 2 ? field(a, 9, join(a, field(a, 1, key), text)) : attribute(a, 9,
													       key));
		}
		spans = i == 0 ? field(a, 2, span) : join(a, spans, field(a, 2, span));
	}
	assert_false(FAILED(walk_traces(request_of(a, spans), a, NULL, keep_notes, &seen)));
	assert_string_equal(seen.text, " aa=- bb=- b2=-; aa=a bb=b; bb=- aa=- b2=b; bb=b cc=- b2=b; bb=b ca=- b2=b;");
}

static void spans_with_names_of_other_lengths_leave_the_notes_alone(void **state)
{
	static const char *const spans[][2] = { { "chat", "aa" }, { "search", "bb" }, { "chat", "aa" } };
	struct arena *a = *state;
	struct seen seen = { 0 };
	struct slice wire = SLICE_NONE;

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct slice name = field(a, 5, slice_of(spans[i][0]));
		struct slice rest = join(a, name, attribute(a, 9, slice_of(spans[i][1])));
		struct slice span = field(a, 2, join(a, SLICE(IDS), rest));
		wire = i == 0 ? span : join(a, wire, span);
	}
	assert_false(FAILED(walk_traces(request_of(a, wire), a, NULL, keep_notes, &seen)));
	assert_string_equal(seen.text, " aa=-; bb=-; aa=a;");
}

static void attributes_are_found_by_key(void **state)
{
	static const struct attribute items[] = {
		{ .key = { "a", 1 }, .value = { .kind = ANY_INT, { .integer = 1 } } },
		{ .key = { "ab", 2 }, .value = { .kind = ANY_INT, { .integer = 2 } } },
	};
	struct attributes attributes = { items, 2 };

	(void)state;
	assert_int_equal(attributes_find(attributes, SLICE("ab"))->integer, 2);
	assert_null(attributes_find(attributes, SLICE("abc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resource_and_a_scope_behind_their_spans_still_describe_them),
		cmocka_unit_test(resources_and_scopes_that_occur_twice_are_merged),
		cmocka_unit_test(wrong_ids_are_the_span_s_own_defect),
		cmocka_unit_test(a_status_in_two_pieces_is_merged),
		cmocka_unit_test(a_parent_of_zeros_is_no_parent),
		cmocka_unit_test(resources_are_numbered_from_one_in_each_walk),
		cmocka_unit_test(broken_framing_is_refused_before_anything_is_visited),
		cmocka_unit_test(a_failing_visit_stops_the_walk),
		cmocka_unit_test(a_small_arena_is_an_error_not_a_crash),
		cmocka_unit_test(a_note_stays_with_its_key_and_its_place),
		cmocka_unit_test(spans_with_names_of_other_lengths_leave_the_notes_alone),
		cmocka_unit_test(attributes_are_found_by_key),
	};

	return cmocka_run_group_tests_name("otlp/walk", tests, set_up, tear_down);
}
