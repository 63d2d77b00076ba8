/* SPDX-License-Identifier: Apache-2.0
 * Every text that OTLP has a place for is looked into, and what is edited stays sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/otlp/json_transcode.h"
#include "agent/otlp/walk.h"
#include "agent/redaction/redaction.h"

#define SECRET "jane@example.org"

/* Texts in every place that OTLP has for them; %s is the secret. */
static const char traces[] =
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"r\",\"value\":{\"stringValue\":\"" SECRET "\"}}]},"
	"\"scopeSpans\":[{\"scope\":{\"name\":\"s\",\"attributes\":[{\"key\":\"s\",\"value\":{\"stringValue\":\"" SECRET "\"}}]},"
	"\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"to " SECRET "\","
	"\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"x " SECRET "\"}},{\"key\":\"keep\",\"value\":{\"stringValue\":\"" SECRET "\"}},"
	"{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}},"
	"{\"key\":\"b\",\"value\":{\"bytesValue\":\"amFuZUBleGFtcGxlLm9yZw==\"}},"
	"{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"" SECRET "\"},{\"kvlistValue\":{\"values\":["
	"{\"key\":\"k\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}}]}}}],"
	"\"events\":[{\"name\":\"e\",\"attributes\":[{\"key\":\"e\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}],"
	"\"links\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\","
	"\"attributes\":[{\"key\":\"l\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}],"
	"\"status\":{\"code\":2,\"message\":\"no " SECRET "\"}}]}]}]}";

static const char logs[] =
	"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"kvlistValue\":{\"values\":["
	"{\"key\":\"content\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}},"
	"\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"" SECRET "\"}}]},{\"body\":{\"stringValue\":\"" SECRET "\"}}]}]}]}";

static const char metrics[] =
	"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"sum\":{\"dataPoints\":[{\"asInt\":\"1\","
	"\"attributes\":[{\"key\":\"user\",\"value\":{\"stringValue\":\"" SECRET "\"}}],"
	"\"exemplars\":[{\"filteredAttributes\":[{\"key\":\"user\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}]}]}},"
	"{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{\"attributes\":[{\"key\":\"user\",\"value\":{\"stringValue\":\"" SECRET "\"}}]}]}}]}]}]}";

struct rig {
	struct redaction_config config;
	struct redactor *redactor;
	struct redaction_lane *lane;
	struct arena arena;
	struct buf wire;
	char *out;
	size_t size;
};

static void open_rig(struct rig *rig, const char *json, enum signal signal)
{
	static const char *email = "email", *kept = "keep";
	struct buf why = BUF_INIT;
	char where[40];

	rig->config.detectors = (struct string_list){ &email, 1 };
	rig->config.allow_keys = (struct string_list){ &kept, 1 };
	rig->config.max_value_bytes = 1 << 20;
	arena_init(&rig->arena, 64 << 20);
	assert_false(FAILED(redactor_new(&rig->config, &rig->redactor, &why)));
	rig->lane = redaction_lane_new(rig->redactor);
	assert_false(FAILED(json_to_wire(slice_of(json), signal, 1 << 20, &rig->wire, where)));
}

static void close_rig(struct rig *rig)
{
	redaction_lane_free(rig->lane);
	redactor_free(rig->redactor);
	arena_release(&rig->arena);
	buf_release(&rig->wire);
	free(rig->out);
}

static struct slice run(struct rig *rig, enum signal signal)
{
	struct edit_list edits;
	struct slice wire = buf_view(&rig->wire);

	edit_list_init(&edits, &rig->arena);
	assert_false(FAILED(redact_request(rig->lane, signal, wire, &rig->arena, &edits)));
	rig->out = malloc(edit_list_bound(&edits, wire) + 1);
	rig->size = edit_list_write(&edits, wire, rig->out);
	return (struct slice){ rig->out, rig->size };
}

static unsigned occurrences(struct slice text, struct slice of)
{
	unsigned n = 0;

	for (ptrdiff_t at; (at = slice_find(text, of)) >= 0; n++)
		text = slice_skip(text, (size_t)at + of.len);
	return n;
}

static struct status count_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	size_t *attributes = context;

	(void)added;
	assert_null(span->defect);
	*attributes = span->attributes.count;
	return OK;
}

static void every_place_of_a_span_is_looked_into(void **state)
{
	struct rig rig = { 0 };
	size_t attributes = 0;

	(void)state;
	open_rig(&rig, traces, SIGNAL_TRACES);
	struct slice out = run(&rig, SIGNAL_TRACES);
	/* the name, which is not asked for, and the allowed key */
	assert_int_equal(occurrences(out, SLICE(SECRET)), 2);
	assert_int_equal(occurrences(out, SLICE("[email]")), 9);
	assert_false(FAILED(walk_traces(out, &rig.arena, NULL, count_span, &attributes)));
	assert_int_equal(attributes, 5);
	close_rig(&rig);
}

static void the_name_of_a_span_is_looked_into_where_asked(void **state)
{
	struct rig rig = { .config.span_names = true };

	(void)state;
	open_rig(&rig, traces, SIGNAL_TRACES);
	assert_int_equal(occurrences(run(&rig, SIGNAL_TRACES), SLICE(SECRET)), 1);
	close_rig(&rig);
}

static void a_drop_takes_the_attribute_and_nothing_else(void **state)
{
	struct rig rig = { .config.action = REDACTION_REMOVE };
	size_t attributes = 0;

	(void)state;
	open_rig(&rig, traces, SIGNAL_TRACES);
	struct slice out = run(&rig, SIGNAL_TRACES);
	assert_int_equal(occurrences(out, SLICE(SECRET)), 2);
	assert_int_equal(occurrences(out, SLICE("[email]")), 0);
	assert_false(FAILED(walk_traces(out, &rig.arena, NULL, count_span, &attributes)));
	assert_int_equal(attributes, 3); /* keep, n, and the array without its text */
	close_rig(&rig);
}

static void a_denied_key_goes_whatever_its_type(void **state)
{
	const char *denied[] = { "n", "keep" };
	struct rig rig = { .config.deny_keys = { denied, 2 } };
	size_t attributes = 0;

	(void)state;
	open_rig(&rig, traces, SIGNAL_TRACES);
	struct slice out = run(&rig, SIGNAL_TRACES);
	assert_int_equal(occurrences(out, SLICE("[denied]")), 2);
	assert_int_equal(occurrences(out, SLICE(SECRET)), 1);
	assert_false(FAILED(walk_traces(out, &rig.arena, NULL, count_span, &attributes)));
	assert_int_equal(attributes, 5);
	close_rig(&rig);
}

static struct status sound_log(void *context, const struct log_view *log)
{
	(void)context;
	assert_null(log->defect);
	return OK;
}

static struct status sound_point(void *context, const struct point_view *point)
{
	(void)context;
	assert_null(point->defect);
	return OK;
}

static void logs_and_metrics_are_looked_into(void **state)
{
	struct rig l = { 0 }, m = { 0 };

	(void)state;
	open_rig(&l, logs, SIGNAL_LOGS);
	struct slice out = run(&l, SIGNAL_LOGS);
	assert_int_equal(occurrences(out, SLICE(SECRET)), 0);
	assert_int_equal(occurrences(out, SLICE("[email]")), 3);
	assert_false(FAILED(walk_logs(out, &l.arena, sound_log, NULL)));
	close_rig(&l);
	open_rig(&m, metrics, SIGNAL_METRICS);
	out = run(&m, SIGNAL_METRICS);
	assert_int_equal(occurrences(out, SLICE(SECRET)), 0);
	assert_int_equal(occurrences(out, SLICE("[email]")), 3);
	assert_false(FAILED(walk_metrics(out, &m.arena, sound_point, NULL)));
	close_rig(&m);
}

static void what_holds_nothing_has_no_edits(void **state)
{
	struct rig rig = { 0 };
	struct edit_list edits;

	(void)state;
	open_rig(&rig, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}", SIGNAL_TRACES);
	edit_list_init(&edits, &rig.arena);
	assert_false(FAILED(redact_request(rig.lane, SIGNAL_TRACES, buf_view(&rig.wire), &rig.arena, &edits)));
	assert_int_equal(edits.count, 0);
	close_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_place_of_a_span_is_looked_into),
		cmocka_unit_test(the_name_of_a_span_is_looked_into_where_asked),
		cmocka_unit_test(a_drop_takes_the_attribute_and_nothing_else),
		cmocka_unit_test(a_denied_key_goes_whatever_its_type),
		cmocka_unit_test(logs_and_metrics_are_looked_into),
		cmocka_unit_test(what_holds_nothing_has_no_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
