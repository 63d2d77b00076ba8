/* SPDX-License-Identifier: Apache-2.0
 * The walker sees what protobuf-c unpacks, whatever the order of the fields, and its edits are what protobuf-c packs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/oracle/corpus.h"
#include "tests/oracle/otlp_oracle.h"
#include "tests/oracle/otlp_random.h"

#define ROUNDS      300
#define ARENA_BYTES (64u << 20)

/* Messages put together by hand: the bytes of each argument, wrapped as a field. */
static struct slice field(struct arena *a, uint32_t number, struct slice content)
{
	char *out = arena_alloc(a, content.len + 2 * WIRE_VARINT_MAX);
	size_t n = wire_put_varint(out, (uint64_t)number << 3 | WIRE_BYTES);

	n += wire_put_varint(out + n, content.len);
	if (content.len > 0)
		memcpy(out + n, content.ptr, content.len);
	return (struct slice){ out, n + content.len };
}

static struct slice join(struct arena *a, struct slice x, struct slice y)
{
	char *out = arena_alloc(a, x.len + y.len);

	memcpy(out, x.ptr, x.len);
	memcpy(out + x.len, y.ptr, y.len);
	return (struct slice){ out, x.len + y.len };
}

static struct slice attribute(struct arena *a, uint32_t number, struct slice key)
{
	return field(a, number, join(a, field(a, 1, key), field(a, 2, SLICE("\x18\x01"))));
}

#define IDS                                                                                                            \
	"\x0a\x10"                                                                                                     \
	"0123456789abcdef"                                                                                             \
	"\x12\x08"                                                                                                     \
	"01234567"

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
	struct arena a;
	struct seen seen = { 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice span = field(&a, 2,
				  SLICE(IDS "\x2a\x01"
					    "x"));
	struct slice scope_spans = field(&a, 2,
					 join(&a, span,
					      field(&a, 1,
						    SLICE("\x0a\x01"
							  "S"))));
	struct slice wire = field(&a, 1, join(&a, scope_spans, field(&a, 1, attribute(&a, 1, SLICE("R")))));
	struct slice plain =
		field(&a, 1, field(&a, 2, span)); /* without any: nothing is left over from the one before */
	assert_false(FAILED(walk_traces(join(&a, wire, plain), &a, NULL, see, &seen)));
	assert_string_equal(seen.text, "r:R s:S n:x; s: n:x;");
	arena_release(&a);
}

static void resources_and_scopes_that_occur_twice_are_merged(void **state)
{
	struct arena a;
	struct seen seen = { 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice first = join(&a,
				  field(&a, 1,
					join(&a,
					     SLICE("\x0a\x01"
						   "S"),
					     attribute(&a, 3, SLICE("p")))),
				  field(&a, 2, SLICE(IDS)));
	struct slice scope_spans = join(&a, first,
					field(&a, 1,
					      join(&a,
						   SLICE("\x12\x01"
							 "1"),
						   attribute(&a, 3, SLICE("q")))));
	struct slice resource =
		join(&a, field(&a, 1, attribute(&a, 1, SLICE("A"))), field(&a, 1, attribute(&a, 1, SLICE("B"))));
	struct slice wire = field(&a, 1, join(&a, resource, field(&a, 2, scope_spans)));
	assert_false(FAILED(walk_traces(wire, &a, NULL, see, &seen)));
	assert_string_equal(seen.text, "r:Ar:B s:S+p+q n:;");
	arena_release(&a);
}

static void wrong_ids_are_the_span_s_own_defect(void **state)
{
	static const struct slice spans[] = {
		{ "\x12\x08"
		  "01234567",
		  10 }, /* no trace id */
		{ "\x0a\x05"
		  "01234"
		  "\x12\x08"
		  "01234567",
		  17 },
		{ "\x0a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x08"
		  "01234567",
		  28 },
		{ "\x0a\x10"
		  "0123456789abcdef"
		  "\x12\x07"
		  "0123456",
		  27 },
		{ "\x0a\x10"
		  "0123456789abcdef"
		  "\x12\x08\0\0\0\0\0\0\0\0",
		  28 },
		{ IDS "\x22\x01"
		      "x",
		  31 }, /* parent of one byte */
		{ IDS "\x2a\x05"
		      "x",
		  31 },                         /* cut off inside */
		{ IDS "\x4a\x02\x08\x01", 32 }, /* key is a number */
		{ IDS "\x38\x01", 30 },         /* start time as varint */
	};
	struct arena a;
	struct edit_list edits;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct seen seen = { 0 };
		char out[256];
		struct slice good = field(&a, 2, SLICE(IDS));
		struct slice bad = join(&a, good, join(&a, field(&a, 2, spans[i]), good));
		struct slice wire = field(&a, 1, field(&a, 2, bad));
		edit_list_init(&edits, &a);
		assert_false(FAILED(walk_traces(wire, &a, &edits, see, &seen)));
		assert_int_equal(seen.spans, 3);
		assert_int_equal(seen.defects, 1);
		assert_non_null(seen.defect);

		/* the sound ones pass, the other one is left out */
		struct slice want = field(&a, 1, field(&a, 2, join(&a, good, good)));
		assert_true(edit_list_bound(&edits, wire) <= sizeof(out));
		assert_int_equal(edit_list_write(&edits, wire, out), want.len);
		assert_memory_equal(out, want.ptr, want.len);
	}
	arena_release(&a);
}

static struct status keep_span(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)added;
	*(struct span_view *)context = *s;
	return OK;
}

static void a_status_in_two_pieces_is_merged(void **state)
{
	struct arena a;
	struct span_view seen;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice span = field(&a, 2,
				  SLICE(IDS "\x7a\x05\x18\x02\x12\x01"
					    "x"
					    "\x7a\x03\x12\x01"
					    "y"));
	assert_false(FAILED(walk_traces(field(&a, 1, field(&a, 2, span)), &a, NULL, keep_span, &seen)));
	assert_null(seen.defect);
	assert_int_equal(seen.status_code, 2);
	assert_true(slice_equal(seen.status_message, SLICE("y")));
	arena_release(&a);
}

static struct status see_parent(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)added;
	*(size_t *)context = s->defect != NULL ? SIZE_MAX : s->parent_span_id.len;
	return OK;
}

static void a_parent_of_zeros_is_no_parent(void **state)
{
	struct arena a;
	size_t parent_length = 1;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice span = field(&a, 2, SLICE(IDS "\x22\x08\0\0\0\0\0\0\0\0"));
	assert_false(FAILED(walk_traces(field(&a, 1, field(&a, 2, span)), &a, NULL, see_parent, &parent_length)));
	assert_int_equal(parent_length, 0);
	arena_release(&a);
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
	struct arena a;
	struct seen seen = { 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice span = field(&a, 2, SLICE(IDS));
	struct slice group = field(&a, 1, field(&a, 2, join(&a, span, span)));
	for (int i = 0; i < 2; i++)
		assert_false(FAILED(walk_traces(join(&a, group, group), &a, NULL, see_sequence, &seen)));
	assert_string_equal(seen.text, "1 1 2 2 1 1 2 2 ");
	arena_release(&a);
}

static void broken_framing_is_refused_before_anything_is_visited(void **state)
{
	struct arena a;
	struct seen seen = { 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice good = field(&a, 1, field(&a, 2, field(&a, 2, SLICE(IDS))));
	struct slice broken[] = {
		SLICE("\x0a\x80\x80\x80\x80\x04"), /* a length of 1 GiB */
		SLICE("\x0a"),
		SLICE("\x08\x01"), /* resource_spans as varint */
		field(&a, 1, SLICE("\x12\x7f")),
		field(&a, 1, SLICE("\x10\x00")),
		field(&a, 1, field(&a, 2, SLICE("\x12\x80\x80\x80\x80\x04"))),
		field(&a, 1, field(&a, 2, field(&a, 1, SLICE("\x0a\x05x")))), /* scope */
		field(&a, 1, field(&a, 1, field(&a, 1, SLICE("\x0a\x05k")))), /* resource attribute */
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct status s = walk_traces(join(&a, good, broken[i]), &a, NULL, see, &seen);
		assert_int_equal(s.code, STATUS_MALFORMED);
		assert_int_equal(seen.spans, 0);
	}
	arena_release(&a);
}

static struct status stop_at_second(void *context, const struct span_view *s, struct attribute_writer *added)
{
	(void)s;
	(void)added;
	return ++*(int *)context == 2 ? FAIL(FULL, "enough") : OK;
}

static void a_failing_visit_stops_the_walk(void **state)
{
	struct arena a;
	int visits = 0;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice span = field(&a, 2, SLICE(IDS));
	struct slice wire = field(&a, 1, field(&a, 2, join(&a, span, join(&a, span, span))));
	assert_int_equal(walk_traces(wire, &a, NULL, stop_at_second, &visits).code, STATUS_FULL);
	assert_int_equal(visits, 2);
	arena_release(&a);
}

static void a_small_arena_is_an_error_not_a_crash(void **state)
{
	struct arena a, small;
	struct seen seen = { 0 };
	struct slice span = SLICE(IDS);

	(void)state;
	arena_init(&a, ARENA_BYTES);
	arena_init(&small, 32 * 1024);
	for (int i = 0; i < 2000; i++)
		span = join(&a, span, attribute(&a, 9, SLICE("k")));
	assert_int_equal(walk_traces(field(&a, 1, field(&a, 2, field(&a, 2, span))), &small, NULL, see, &seen).code,
			 STATUS_NOMEM);
	arena_release(&small);
	arena_release(&a);
}

/* ------------------------------------------------------------ against protobuf-c */

static void assert_agreement(struct slice wire, enum signal signal, struct arena *a)
{
	char *exact = malloc(wire.len + (wire.len == 0)); /* so that a sanitizer sees a read past the end */

	memcpy(exact, wire.ptr, wire.len);
	struct verdict v = oracle_compare((struct slice){ exact, wire.len }, signal, a);
	free(exact);
	if (v.oracle_accepts && !v.walker_accepts)
		fail_msg("refused what protobuf-c accepts");
	if (v.difference != NULL)
		fail_msg("differs from protobuf-c: %s", v.difference);
}

static void any_order_of_fields_reads_alike(void **state)
{
	struct arena a;
	struct random r = { 1, &a };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		struct slice wire = random_pack(&r, &random_request(&r)->base);
		assert_agreement(wire, SIGNAL_TRACES, &a);
		assert_agreement(random_shuffle(&r, wire, RANDOM_LEVELS), SIGNAL_TRACES, &a);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void every_truncation_is_judged_as_protobuf_c_does(void **state)
{
	struct arena a, scratch;
	struct random r = { 4, &a };
	struct slice wire = SLICE_NONE;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	arena_init(&scratch, ARENA_BYTES);
	while (wire.len < 1500 || wire.len > 6000) {
		arena_reset(&a);
		wire = random_pack(&r, &random_request(&r)->base);
	}
	char *base = malloc(wire.len);
	for (size_t n = 0; n < wire.len; n++) {
		struct slice cut = { base + (wire.len - n), n }; /* ends where the allocation ends */
		memcpy(base + (wire.len - n), wire.ptr, n);
		struct verdict v = oracle_compare(cut, SIGNAL_TRACES, &scratch);
		assert_int_equal(v.walker_accepts, v.oracle_accepts);
		assert_null(v.difference);
		arena_reset(&scratch);
	}
	free(base);
	arena_release(&scratch);
	arena_release(&a);
}

static void flipped_bytes_never_make_a_difference(void **state)
{
	struct arena a;
	struct random r = { 9, &a };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (int i = 0; i < 40 * ROUNDS; i++) {
		struct slice wire = random_pack(&r, &random_request(&r)->base);
		if (wire.len > 0 && wire.len < 4000)
			for (int flips = 0; flips < 3; flips++)
				((char *)(uintptr_t)wire.ptr)[random_below(&r, wire.len)] = (char)random_below(&r, 256);
		assert_agreement(wire, SIGNAL_TRACES, &a);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void recorded_requests_read_as_protobuf_c_does(void **state)
{
	struct corpus corpus;
	struct arena a;
	enum signal signal;
	struct slice body;

	(void)state;
	if (!corpus_open(&corpus, "pb"))
		skip();
	arena_init(&a, ARENA_BYTES);
	while (corpus_next(&corpus, &signal, &body)) {
		assert_agreement(body, signal, &a);
		arena_reset(&a);
	}
	arena_release(&a);
	corpus_close(&corpus);
}

/* ------------------------------------------------------------ edits */

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
	struct arena a;
	struct random r = { 2, &a };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		Otlp__ExportTraceServiceRequest *tree = random_request(&r);
		assert_edits_are_right(&r, tree, random_pack(&r, &tree->base));
		arena_reset(&a);
	}
	arena_release(&a);
}

static void lengths_grow_over_varint_boundaries_at_every_level(void **state)
{
	static const size_t around[] = { 0, 128, 16384 };
	struct arena a;
	struct random r = { 3, &a };

	(void)state;
	arena_init(&a, ARENA_BYTES);
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
			arena_reset(&a);
		}
	arena_release(&a);
}

static void without_additions_there_are_no_edits(void **state)
{
	struct arena a;
	struct random r = { 5, &a };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (int i = 0; i < ROUNDS; i++) {
		Otlp__ExportTraceServiceRequest *tree = random_request(&r);
		struct slice wire = random_shuffle(&r, random_pack(&r, &tree->base), RANDOM_LEVELS);
		struct editor editor = { .random = &r, .place = { .traces = tree }, .adds_nothing = true };
		struct edit_list edits;
		edit_list_init(&edits, &a);
		assert_false(FAILED(walk_traces(wire, &a, &edits, edit_visit, &editor)));
		assert_int_equal(edits.count, 0);
		arena_reset(&a);
	}
	arena_release(&a);
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
	struct arena a;
	struct edit_list edits;
	char out[256];

	(void)state;
	arena_init(&a, ARENA_BYTES);
	/* unknown fields 100 beside the span, its scope and its resource; the span's length in three bytes */
	struct slice unknown = SLICE("\xa2\x06\x03new");
	struct slice span = join(&a, join(&a, SLICE("\x12\xa2\x80\x00"), SLICE(IDS)), unknown);
	struct slice wire = field(&a, 1, join(&a, field(&a, 2, join(&a, span, unknown)), unknown));
	struct slice longer = join(&a, join(&a, SLICE("\x12\x2b"), SLICE(IDS)),
				   join(&a, unknown, SLICE("\x4a\x07\x0a\x01x\x12\x02\x10\x01")));
	struct slice want = field(&a, 1, join(&a, field(&a, 2, join(&a, longer, unknown)), unknown));
	want = join(&a, want, unknown);
	wire = join(&a, wire, unknown);
	edit_list_init(&edits, &a);
	assert_false(FAILED(walk_traces(wire, &a, &edits, mark, NULL)));
	assert_true(edit_list_bound(&edits, wire) <= sizeof(out));
	assert_int_equal(edit_list_write(&edits, wire, out), want.len);
	assert_memory_equal(out, want.ptr, want.len);
	arena_release(&a);
}

/* ------------------------------------------------------------ logs and metrics */

static struct status keep_log(void *context, const struct log_view *log)
{
	*(struct log_view *)context = *log;
	return OK;
}

static void ids_of_zeros_in_a_log_record_are_none(void **state)
{
	struct arena a;
	struct log_view log;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice record = field(&a, 2,
				    SLICE("\x4a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x52\x08"
					  "01234567"));
	assert_false(FAILED(walk_logs(field(&a, 1, field(&a, 2, record)), &a, keep_log, &log)));
	assert_null(log.defect);
	assert_int_equal(log.trace_id.len, 0);
	assert_true(slice_equal(log.span_id, SLICE("01234567")));
	record = field(&a, 2,
		       SLICE("\x4a\x02"
			     "01"));
	assert_false(FAILED(walk_logs(field(&a, 1, field(&a, 2, record)), &a, keep_log, &log)));
	assert_non_null(log.defect);
	arena_release(&a);
}

struct points {
	struct point_view seen[4];
	size_t count;
};

static struct status keep_point(void *context, const struct point_view *point)
{
	struct points *p = context;

	p->seen[p->count++] = *point;
	return OK;
}

static void what_stands_behind_data_points_still_belongs_to_them(void **state)
{
	struct arena a;
	struct points p = { .count = 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice point = field(&a, 1, SLICE("\x31\x05\0\0\0\0\0\0\0")); /* as_int 5 */
	struct slice sum = field(&a, 7, join(&a, join(&a, point, point), SLICE("\x10\x02")));
	struct slice metric = field(&a, 2, join(&a, sum, SLICE("\x1a\x01s\x0a\x01m")));
	assert_false(FAILED(walk_metrics(field(&a, 1, field(&a, 2, metric)), &a, keep_point, &p)));
	assert_int_equal(p.count, 2);
	assert_true(slice_equal(p.seen[1].metric, SLICE("m")) && slice_equal(p.seen[1].unit, SLICE("s")));
	assert_int_equal(p.seen[1].metric_kind, 7);
	assert_int_equal(p.seen[1].temporality, 2);
	assert_true(p.seen[1].has_value && p.seen[1].value == 5.0);
	arena_release(&a);
}

static void a_point_without_value_says_so(void **state)
{
	struct arena a;
	struct points p = { .count = 0 };

	(void)state;
	arena_init(&a, ARENA_BYTES);
	struct slice gauge = field(&a, 2, field(&a, 5, field(&a, 1, SLICE("\x40\x01")))); /* flags: no recorded value */
	struct slice histogram =
		field(&a, 2, field(&a, 9, field(&a, 1, SLICE("\x21\x03\0\0\0\0\0\0\0\x31\x03\0\0\0\0\0\0\0"))));
	assert_false(FAILED(walk_metrics(field(&a, 1, field(&a, 2, join(&a, gauge, histogram))), &a, keep_point, &p)));
	assert_int_equal(p.count, 2);
	assert_false(p.seen[0].has_value);
	assert_null(p.seen[0].defect);
	assert_false(p.seen[1].has_value); /* a histogram without sum; its buckets are not packed */
	assert_null(p.seen[1].defect);
	assert_int_equal(p.seen[1].count, 3);
	arena_release(&a);
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
	struct arena a;
	struct seen seen = { 0 };
	struct slice spans = SLICE_NONE;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	memset(long_text, 'x', sizeof(long_text));
	struct slice text = field(&a, 2, field(&a, ANY_STRING, (struct slice){ long_text, sizeof(long_text) }));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct slice span = SLICE(IDS);
		for (size_t j = 0; j < 3 && keys[i][j] != NULL; j++) {
			struct slice key = slice_of(keys[i][j]);
			span = join(&a, span, i == 2 ? field(&a, 9, join(&a, field(&a, 1, key), text)) : attribute(&a, 9, key));
		}
		spans = i == 0 ? field(&a, 2, span) : join(&a, spans, field(&a, 2, span));
	}
	assert_false(FAILED(walk_traces(field(&a, 1, field(&a, 2, spans)), &a, NULL, keep_notes, &seen)));
	assert_string_equal(seen.text, " aa=- bb=- b2=-; aa=a bb=b; bb=- aa=- b2=b; bb=b cc=- b2=b; bb=b ca=- b2=b;");
	arena_release(&a);
}

static void spans_with_names_of_other_lengths_leave_the_notes_alone(void **state)
{
	static const char *const spans[][2] = { { "chat", "aa" }, { "search", "bb" }, { "chat", "aa" } };
	struct arena a;
	struct seen seen = { 0 };
	struct slice wire = SLICE_NONE;

	(void)state;
	arena_init(&a, ARENA_BYTES);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct slice name = field(&a, 5, slice_of(spans[i][0]));
		struct slice rest = join(&a, name, attribute(&a, 9, slice_of(spans[i][1])));
		struct slice span = field(&a, 2, join(&a, SLICE(IDS), rest));
		wire = i == 0 ? span : join(&a, wire, span);
	}
	assert_false(FAILED(walk_traces(field(&a, 1, field(&a, 2, wire)), &a, NULL, keep_notes, &seen)));
	assert_string_equal(seen.text, " aa=-; bb=-; aa=a;");
	arena_release(&a);
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
		cmocka_unit_test(any_order_of_fields_reads_alike),
		cmocka_unit_test(every_truncation_is_judged_as_protobuf_c_does),
		cmocka_unit_test(flipped_bytes_never_make_a_difference),
		cmocka_unit_test(recorded_requests_read_as_protobuf_c_does),
		cmocka_unit_test(added_attributes_are_what_protobuf_c_would_pack),
		cmocka_unit_test(lengths_grow_over_varint_boundaries_at_every_level),
		cmocka_unit_test(without_additions_there_are_no_edits),
		cmocka_unit_test(unknown_fields_and_overlong_lengths_survive_an_edit),
		cmocka_unit_test(ids_of_zeros_in_a_log_record_are_none),
		cmocka_unit_test(what_stands_behind_data_points_still_belongs_to_them),
		cmocka_unit_test(a_point_without_value_says_so),
		cmocka_unit_test(a_note_stays_with_its_key_and_its_place),
		cmocka_unit_test(spans_with_names_of_other_lengths_leave_the_notes_alone),
		cmocka_unit_test(attributes_are_found_by_key),
	};
	return cmocka_run_group_tests_name("otlp/walk", tests, NULL, NULL);
}
