/* SPDX-License-Identifier: Apache-2.0
 * The writer's text, byte for byte, in the Prometheus text format and in OpenMetrics.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "agent/observe/exposition.h"

static const struct metric_family requests = { "app_requests", METRIC_COUNTER, "Requests, \"all\" of \\ them\nhere" },
				  memory = { "app_memory_bytes", METRIC_GAUGE, "Memory" },
				  build = { "app_build", METRIC_INFO, "Build" },
				  seconds = { "app_seconds", METRIC_HISTOGRAM, "Durations" },
				  bytes_of_nothing = { "bytes", METRIC_GAUGE, "A name that is only a unit" };

static struct slice labels_with(struct buf *labels, struct slice value)
{
	buf_reset(labels);
	exposition_label(labels, "a", value);
	exposition_label(labels, "b", SLICE("2"));
	return buf_view(labels);
}

static void write_all(enum exposition_format format, struct buf *out)
{
	struct exposition x = { .out = out, .format = format };
	struct histogram_view view = { HISTOGRAM_SECONDS, 0, 5, 3 };
	struct buf labels = BUF_INIT;
	struct arena arena;

	arena_init(&arena, 1 << 16);
	struct histogram *h = histogram_new(&arena, HISTOGRAM_SECONDS);
	h->counts[0] = 1;
	h->counts[2] = 2;
	h->counts[14] = 3;
	h->sum = 250000001;
	h->exemplars[2] =
		(struct exemplar){ .time_unix_ns = UINT64_C(1520879607789000000), .value = 40000000, .bucket = 2 };
	h->exemplars[2].trace_id[0] = 0xab;
	h->exemplars[2].span_id[7] = 0x01;

	exposition_family(&x, &requests);
	exposition_u64(&x, labels_with(&labels, SLICE("q\" s\\ n\n\xc3\xa9")), UINT64_MAX);
	exposition_decimal(&x, SLICE_NONE, (struct decimal){ 1234567, 12 });
	exposition_family(&x, &memory);
	exposition_i64(&x, SLICE_NONE, -5);
	exposition_double(&x, SLICE_NONE, 0.1);
	exposition_double(&x, SLICE_NONE, (double)NAN);
	exposition_double(&x, SLICE_NONE, -(double)INFINITY);
	exposition_family(&x, &build);
	exposition_u64(&x, SLICE("version=\"1\""), 1);
	exposition_family(&x, &seconds);
	exposition_histogram(&x, SLICE("c=\"d\""), &view, h);
	exposition_family(&x, &bytes_of_nothing);
	exposition_u64(&x, SLICE_NONE, 0);
	exposition_finish(&x);
	buf_release(&labels);
	arena_release(&arena);
}

static void the_text_format_is_as_golden(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	write_all(EXPOSITION_TEXT, &out);
	assert_string_equal(buf_string(&out),
			    "# HELP app_requests_total Requests, \"all\" of \\\\ them\\nhere\n"
			    "# TYPE app_requests_total counter\n"
			    "app_requests_total{a=\"q\\\" s\\\\ n\\n\xc3\xa9\",b=\"2\"} 18446744073709551615\n"
			    "app_requests_total 0.000001234567\n"
			    "# HELP app_memory_bytes Memory\n"
			    "# TYPE app_memory_bytes gauge\n"
			    "app_memory_bytes -5\n"
			    "app_memory_bytes 0.1\n"
			    "app_memory_bytes NaN\n"
			    "app_memory_bytes -Inf\n"
			    "# HELP app_build_info Build\n"
			    "# TYPE app_build_info gauge\n"
			    "app_build_info{version=\"1\"} 1\n"
			    "# HELP app_seconds Durations\n"
			    "# TYPE app_seconds histogram\n"
			    "app_seconds_bucket{c=\"d\",le=\"0.01\"} 1\n"
			    "app_seconds_bucket{c=\"d\",le=\"0.32\"} 3\n"
			    "app_seconds_bucket{c=\"d\",le=\"10.24\"} 3\n"
			    "app_seconds_bucket{c=\"d\",le=\"+Inf\"} 6\n"
			    "app_seconds_sum{c=\"d\"} 0.250000001\n"
			    "app_seconds_count{c=\"d\"} 6\n"
			    "# HELP bytes A name that is only a unit\n"
			    "# TYPE bytes gauge\n"
			    "bytes 0\n");
	buf_release(&out);
}

static void openmetrics_is_as_golden(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	write_all(EXPOSITION_OPENMETRICS, &out);
	assert_string_equal(
		buf_string(&out),
		"# HELP app_requests Requests, \\\"all\\\" of \\\\ them\\nhere\n"
		"# TYPE app_requests counter\n"
		"app_requests_total{a=\"q\\\" s\\\\ n\\n\xc3\xa9\",b=\"2\"} 18446744073709551615\n"
		"app_requests_total 0.000001234567\n"
		"# HELP app_memory_bytes Memory\n"
		"# TYPE app_memory_bytes gauge\n"
		"# UNIT app_memory_bytes bytes\n"
		"app_memory_bytes -5\n"
		"app_memory_bytes 0.1\n"
		"app_memory_bytes NaN\n"
		"app_memory_bytes -Inf\n"
		"# HELP app_build Build\n"
		"# TYPE app_build info\n"
		"app_build_info{version=\"1\"} 1\n"
		"# HELP app_seconds Durations\n"
		"# TYPE app_seconds histogram\n"
		"# UNIT app_seconds seconds\n"
		"app_seconds_bucket{c=\"d\",le=\"0.01\"} 1\n"
		"app_seconds_bucket{c=\"d\",le=\"0.32\"} 3 # {trace_id=\"ab000000000000000000000000000000\","
		"span_id=\"0000000000000001\"} 0.04 1520879607.789\n"
		"app_seconds_bucket{c=\"d\",le=\"10.24\"} 3\n"
		"app_seconds_bucket{c=\"d\",le=\"+Inf\"} 6\n"
		"app_seconds_sum{c=\"d\"} 0.250000001\n"
		"app_seconds_count{c=\"d\"} 6\n"
		"# HELP bytes A name that is only a unit\n"
		"# TYPE bytes gauge\n"
		"bytes 0\n"
		"# EOF\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_format_is_as_golden),
		cmocka_unit_test(openmetrics_is_as_golden),
	};
	return cmocka_run_group_tests_name("observe/exposition", tests, NULL, NULL);
}
