/* SPDX-License-Identifier: Apache-2.0
 * What a visit adds to a span is written as protobuf-c would pack it, and nothing else changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/oracle/otlp_oracle.h"
#include "tests/oracle/otlp_random.h"
#include "tests/unit/otlp_walk_rig.h"

#define ROUNDS 300

/* Adds attributes to some spans, and the same to the tree that the bytes came from. */
struct editor {
	struct random *random;
	struct oracle place; /* of the span that is visited next */
	bool adds_nothing;
};

static void append(struct editor *e, Otlp__Span *span, struct attribute_writer *added)
{
	static const struct attribute_key feature = ATTRIBUTE_KEY("plimsoll.feature");
	Otlp__KeyValue **kvs = random_alloc(e->random, (span->n_attributes + 1) * sizeof(*kvs));
	RANDOM_NEW(e->random, kv, Otlp__KeyValue, OTLP__KEY_VALUE__INIT);
	RANDOM_NEW(e->random, value, Otlp__AnyValue, OTLP__ANY_VALUE__INIT);

	kv->key = (char *)(uintptr_t) "plimsoll.feature";
	kv->value = value;
	value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	value->string_value = random_text(e->random);
	attribute_put_text(added, &feature, slice_of(value->string_value));
	if (span->n_attributes > 0)
		memcpy(kvs, span->attributes, span->n_attributes * sizeof(*kvs));
	kvs[span->n_attributes++] = kv;
	span->attributes = kvs;
}

static struct status edit_visit(void *context, const struct span_view *s, struct attribute_writer *added)
{
	struct editor *e = context;
	const Otlp__ResourceSpans *rs;
	const Otlp__ScopeSpans *ss;
	Otlp__Span *span = (Otlp__Span *)(uintptr_t)oracle_next_span(&e->place, &rs, &ss);

	(void)s;
	for (uint64_t n = e->adds_nothing ? 0 : random_below(e->random, 3); n > 0; n--)
		append(e, span, added);
	return OK;
}

/* Walks wire with additions, applies them, and compares with the changed tree. */
static void assert_edits_are_right(struct random *r, Otlp__ExportTraceServiceRequest *tree, struct slice wire)
{
	struct editor editor = { .random = r, .place = { .traces = tree } };
	struct edit_list edits;

	edit_list_init(&edits, r->arena);
	assert_false(FAILED(walk_traces(wire, r->arena, &edits, edit_visit, &editor)));
	uint8_t *out = malloc(edit_list_bound(&edits, wire) + 1);
	size_t size = edit_list_write(&edits, wire, (char *)out);

	Otlp__ExportTraceServiceRequest *result = otlp__export_trace_service_request__unpack(NULL, size, out);
	assert_non_null(result);
	struct slice got = random_pack(r, &result->base), want = random_pack(r, &tree->base);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.ptr, want.ptr, want.len);
	assert_int_equal(size, want.len); /* no length longer than it need be */
	otlp__export_trace_service_request__free_unpacked(result, NULL);
	free(out);
}

static void added_attributes_are_what_protobuf_c_would_pack(void **state)
{
	struct arena *a = *state;
	struct random r = { 2, a };

	for (int i = 0; i < ROUNDS; i++) {
		Otlp__ExportTraceServiceRequest *tree = random_request(&r);
		assert_edits_are_right(&r, tree, random_pack(&r, &tree->base));
		arena_reset(a);
	}
}

static void lengths_grow_over_varint_boundaries_at_every_level(void **state)
{
	static const size_t around[] = { 0, 128, 16384 };
	struct arena *a = *state;
	struct random r = { 3, a };

	for (size_t k = 0; k < 3; k++)
		for (size_t n = around[k] < 120 ? 0 : around[k] - 120; n < around[k] + 20; n++) {
			char *name = random_alloc(&r, n + 1);
			memset(name, 'n', n);
			name[n] = '\0';
			RANDOM_NEW(&r, span, Otlp__Span, OTLP__SPAN__INIT);
			RANDOM_NEW(&r, ss, Otlp__ScopeSpans, OTLP__SCOPE_SPANS__INIT);
			RANDOM_NEW(&r, rs, Otlp__ResourceSpans, OTLP__RESOURCE_SPANS__INIT);
			RANDOM_NEW(&r, tree, Otlp__ExportTraceServiceRequest, OTLP__EXPORT_TRACE_SERVICE_REQUEST__INIT);
			span->trace_id = random_bytes(&r, 16);
			span->span_id = random_bytes(&r, 8);
			span->name = name;
			ss->n_spans = rs->n_scope_spans = tree->n_resource_spans = 1;
			ss->spans = &span;
			rs->scope_spans = &ss;
			tree->resource_spans = &rs;
			assert_edits_are_right(&r, tree, random_pack(&r, &tree->base));
			arena_reset(a);
		}
}

static void without_additions_there_are_no_edits(void **state)
{
	struct arena *a = *state;
	struct random r = { 5, a };

	for (int i = 0; i < ROUNDS; i++) {
		Otlp__ExportTraceServiceRequest *tree = random_request(&r);
		struct slice wire = random_shuffle(&r, random_pack(&r, &tree->base), RANDOM_LEVELS);
		struct editor editor = { .random = &r, .place = { .traces = tree }, .adds_nothing = true };
		struct edit_list edits;
		edit_list_init(&edits, a);
		assert_false(FAILED(walk_traces(wire, a, &edits, edit_visit, &editor)));
		assert_int_equal(edits.count, 0);
		arena_reset(a);
	}
}

static struct status mark(void *context, const struct span_view *s, struct attribute_writer *added)
{
	static const struct attribute_key x = ATTRIBUTE_KEY("x");

	(void)context;
	(void)s;
	attribute_written(added, attribute_at_bool(attribute_room(added, ATTRIBUTE_AT_BYTES), &x, true));
	return OK;
}

static void unknown_fields_and_overlong_lengths_survive_an_edit(void **state)
{
	struct arena *a = *state;
	struct edit_list edits;
	char out[256];

	/* unknown fields 100 beside the span, its scope and its resource; the span's length in three bytes */
	struct slice unknown = SLICE("\xa2\x06\x03new");
	struct slice span = join(a, join(a, SLICE("\x12\xa2\x80\x00"), SLICE(IDS)), unknown);
	struct slice wire = field(a, 1, join(a, field(a, 2, join(a, span, unknown)), unknown));
	struct slice longer = join(a, join(a, SLICE("\x12\x2b"), SLICE(IDS)),
				   join(a, unknown, SLICE("\x4a\x07\x0a\x01x\x12\x02\x10\x01")));
	struct slice want = field(a, 1, join(a, field(a, 2, join(a, longer, unknown)), unknown));
	want = join(a, want, unknown);
	wire = join(a, wire, unknown);
	edit_list_init(&edits, a);
	assert_false(FAILED(walk_traces(wire, a, &edits, mark, NULL)));
	assert_true(edit_list_bound(&edits, wire) <= sizeof(out));
	assert_int_equal(edit_list_write(&edits, wire, out), want.len);
	assert_memory_equal(out, want.ptr, want.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(added_attributes_are_what_protobuf_c_would_pack),
		cmocka_unit_test(lengths_grow_over_varint_boundaries_at_every_level),
		cmocka_unit_test(without_additions_there_are_no_edits),
		cmocka_unit_test(unknown_fields_and_overlong_lengths_survive_an_edit),
	};

	return cmocka_run_group_tests_name("otlp/walk_edits", tests, set_up, tear_down);
}
