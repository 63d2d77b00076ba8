/* SPDX-License-Identifier: Apache-2.0
 * Who gets what: a request is cut where its items go different ways, and goes whole where they do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/otlp/json_transcode.h"
#include "agent/otlp/walk.h"
#include "agent/routing/routing.h"

#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define SPAN(attributes)                                                                                                  \
	"{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"attributes\":[" attributes "]}"

static const char request[] = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" ATTRIBUTE("env", "prod") "]},\"scopeSpans\":[{\"spans\":["
	SPAN(ATTRIBUTE("tenant", "acme")) "," SPAN(ATTRIBUTE("tenant", "globex")) "]},{\"spans\":[" SPAN("") "]}]},"
	"{\"resource\":{\"attributes\":[" ATTRIBUTE("env", "test") "]},\"scopeSpans\":[{\"spans\":[" SPAN(ATTRIBUTE("tenant", "acme")) "]}]}]}";

enum { ACME, PROD, REST, ALL, EXPORTERS };

static struct string_pair acme = { "tenant", "acme|other" }, prod[] = { { "env", "prod*" }, { "tenant", "*" } };
static struct config_instance exporters[EXPORTERS] = {
	[ACME] = { .id = "acme", .common.match = { &acme, 1 } },
	[PROD] = { .id = "prod", .common.match = { prod, 2 } },
	[REST] = { .id = "rest" },
	[ALL] = { .id = "all" },
};

struct rig {
	struct router *router;
	struct arena arena;
	struct buf wire;
	struct route_part parts[ROUTE_PARTS_MAX];
	size_t count;
};

static void open_rig(struct rig *rig)
{
	static const char *rest = "rest";
	struct config config = { .exporters = exporters, .exporter_count = EXPORTERS,
				 .routing.default_exporters = { &rest, 1 } };
	char where[40];

	arena_init(&rig->arena, 1 << 20);
	assert_false(FAILED(router_new(&config, &rig->router)));
	assert_non_null(rig->router);
	assert_false(FAILED(json_to_wire(slice_of(request), SIGNAL_TRACES, 1 << 20, &rig->wire, where)));
}

static void close_rig(struct rig *rig)
{
	router_free(rig->router);
	arena_release(&rig->arena);
	buf_release(&rig->wire);
}

static const struct route_part *part_of(const struct rig *rig, unsigned exporter)
{
	for (size_t i = 0; i < rig->count; i++)
		if (rig->parts[i].exporters >> exporter & 1u)
			return &rig->parts[i];
	return NULL;
}

static struct status count_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	size_t *count = context;

	(void)added;
	assert_null(span->defect);
	++*count;
	return OK;
}

static void each_gets_its_spans_and_no_other_resource(void **state)
{
	struct rig rig = { 0 };
	size_t count;
	static const size_t wanted[EXPORTERS] = { [ACME] = 2, [PROD] = 2, [REST] = 1, [ALL] = 4 };

	(void)state;
	open_rig(&rig);
	assert_false(FAILED(router_split(rig.router, PAYLOAD_TRACES, buf_view(&rig.wire), 4, 15, &rig.arena, rig.parts,
					 &rig.count)));
	for (unsigned e = 0; e < EXPORTERS; e++) {
		const struct route_part *part = part_of(&rig, e);
		count = 0;
		assert_non_null(part);
		assert_int_equal(part->items, wanted[e]);
		assert_false(FAILED(walk_traces(part->bytes, &rig.arena, NULL, count_span, &count)));
		assert_int_equal(count, wanted[e]);
	}
	assert_ptr_equal(part_of(&rig, ALL)->bytes.ptr, rig.wire.ptr); /* whole: no copy */
	assert_int_equal(slice_find(part_of(&rig, REST)->bytes, SLICE("test")), -1);
	assert_int_equal(slice_find(part_of(&rig, PROD)->bytes, SLICE("test")), -1);
	close_rig(&rig);
}

static void those_who_get_the_same_share_a_part(void **state)
{
	struct rig rig = { 0 };

	(void)state;
	open_rig(&rig);
	exporters[REST].common.match = exporters[ACME].common.match;
	router_free(rig.router);
	struct config config = { .exporters = exporters, .exporter_count = EXPORTERS };
	assert_false(FAILED(router_new(&config, &rig.router)));
	assert_false(FAILED(router_split(rig.router, PAYLOAD_TRACES, buf_view(&rig.wire), 4, 5, &rig.arena, rig.parts,
					 &rig.count)));
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.parts[0].exporters, 5);
	exporters[REST].common.match = (struct string_map){ 0 };
	close_rig(&rig);
}

static void records_are_routed_by_their_members(void **state)
{
	static struct string_pair by_feature = { "plimsoll.feature", "search" };
	static struct config_instance one[] = { { .id = "search", .common.match = { &by_feature, 1 } } };
	struct config config = { .exporters = one, .exporter_count = 1 };
	struct rig rig = { 0 };

	(void)state;
	arena_init(&rig.arena, 1 << 20);
	assert_false(FAILED(router_new(&config, &rig.router)));
	assert_false(FAILED(router_split(rig.router, PAYLOAD_RECORDS,
					 SLICE("{\"a\":1,\"feature\":\"search\"}\n{\"feature\":\"chat\"}\n{\"feature\":null}\n"), 3, 1,
					 &rig.arena, rig.parts, &rig.count)));
	assert_int_equal(rig.count, 1);
	assert_int_equal(rig.parts[0].items, 1);
	assert_true(slice_equal(rig.parts[0].bytes, SLICE("{\"a\":1,\"feature\":\"search\"}\n")));
	close_rig(&rig);
}

static void metrics_are_routed_by_their_first_point(void **state)
{
	static const char metrics[] =
		"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":["
		"{\"name\":\"a\",\"sum\":{\"dataPoints\":[{\"asInt\":\"1\",\"attributes\":[" ATTRIBUTE("tenant", "acme") "]}]}},"
		"{\"name\":\"b\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\",\"attributes\":[" ATTRIBUTE("tenant", "x") "]}]}}]}]}]}";
	struct rig rig = { 0 };
	char where[40];

	(void)state;
	open_rig(&rig);
	buf_reset(&rig.wire);
	assert_false(FAILED(json_to_wire(slice_of(metrics), SIGNAL_METRICS, 1 << 20, &rig.wire, where)));
	assert_false(FAILED(router_split(rig.router, PAYLOAD_METRICS, buf_view(&rig.wire), 2, 5, &rig.arena, rig.parts,
					 &rig.count)));
	assert_int_equal(rig.count, 2);
	assert_int_equal(part_of(&rig, ACME)->items, 1);
	assert_int_equal(part_of(&rig, REST)->items, 1);
	close_rig(&rig);
}

static void without_routes_there_is_no_router(void **state)
{
	static struct config_instance plain[] = { { .id = "a" } };
	struct config config = { .exporters = plain, .exporter_count = 1 };
	struct router *r;

	(void)state;
	assert_false(FAILED(router_new(&config, &r)));
	assert_null(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_its_spans_and_no_other_resource),
		cmocka_unit_test(those_who_get_the_same_share_a_part),
		cmocka_unit_test(records_are_routed_by_their_members),
		cmocka_unit_test(metrics_are_routed_by_their_first_point),
		cmocka_unit_test(without_routes_there_is_no_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
