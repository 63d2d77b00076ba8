/* SPDX-License-Identifier: Apache-2.0
 * The cost of redaction: MB of text a second on one core, where nothing is found and where something is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/redaction/detector.h"
#include "agent/redaction/redaction.h"
#include "tests/bench/otlp_spans.h"

#define TEXT_BYTES (64u * 1024u)
#define TOTAL      (256u << 20)
#define SPANS      512u
#define REQUESTS   400u

static const char prose[] =
	"The quick brown fox jumps over the lazy dog, and in 2026 there were 12345 of them; prices rose by 3.14 %. "
	"Please summarise the following document in three sentences and name the author (see section 4.2). ";
static const char message[] =
	"{\"role\":\"user\",\"content\":\"Please summarise the following document in three sentences, and name its author.\"},";
static const char escaped[] =
	"{\"role\":\"tool\",\"content\":\"{\\\"rows\\\":[{\\\"name\\\":\\\"fox\\\",\\\"count\\\":12}],\\\"text\\\":\\\"a\\\\nb\\\"}\"},";
static const char found[] = "Write to jane.doe@example.org or pay with 4111 1111 1111 1111 before the end of the month. ";

static void fill(char *text, const char *unit, bool is_json)
{
	size_t n = strlen(unit), at = 0;

	if (is_json)
		text[at++] = '[';
	while (at + n + 4 < TEXT_BYTES) {
		memcpy(text + at, unit, n);
		at += n;
	}
	if (is_json) {
		text[at - 1] = ']';
		memset(text + at, ' ', TEXT_BYTES - at);
	} else {
		memset(text + at, ' ', TEXT_BYTES - at);
	}
}

static void run(const char *name, const char *unit, bool is_json, const struct redaction_config *config)
{
	struct redactor *r = NULL;
	struct buf why = BUF_INIT;
	struct arena a;
	char *text = malloc(TEXT_BYTES);
	struct slice out;

	if (text == NULL || FAILED(redactor_new(config, &r, &why)))
		exit(1);
	struct redaction_lane *l = redaction_lane_new(r);
	arena_init(&a, 64 << 20);
	fill(text, unit, is_json);
	uint64_t start = clock_process_cpu_ns();
	for (size_t done = 0; done < TOTAL; done += TEXT_BYTES) {
		arena_reset(&a);
		if (FAILED(redact_text(l, (struct slice){ text, TEXT_BYTES }, &a, &out)))
			exit(1);
	}
	double seconds = (double)(clock_process_cpu_ns() - start) / 1e9;
	printf("redaction %-22s %6.0f MB/s per core\n", name, TOTAL / 1e6 / seconds);
	redaction_lane_free(l);
	redactor_free(r);
	arena_release(&a);
	free(text);
}

/* Spans without prompts: the price of looking at all. */
static void run_spans(const struct redaction_config *config)
{
	struct redactor *r = NULL;
	struct buf why = BUF_INIT;
	struct span_template t;
	struct edit_list edits;
	struct arena a;

	if (FAILED(redactor_new(config, &r, &why)))
		exit(1);
	struct redaction_lane *l = redaction_lane_new(r);
	span_template_init(&t, SPANS, 1);
	arena_init(&a, 64 << 20);
	uint64_t start = clock_process_cpu_ns();
	for (unsigned i = 0; i < REQUESTS; i++) {
		arena_reset(&a);
		edit_list_init(&edits, &a);
		if (FAILED(redact_request(l, SIGNAL_TRACES, buf_view(&t.wire), &a, &edits)))
			exit(1);
	}
	printf("redaction of a span of %zu bytes without prompts: %.0f ns\n", t.wire.len / SPANS,
	       (double)(clock_process_cpu_ns() - start) / REQUESTS / SPANS);
	span_template_release(&t);
	redaction_lane_free(l);
	redactor_free(r);
	arena_release(&a);
}

int main(void)
{
	static const char *all[DETECTOR_COUNT];
	struct string_pair pattern = { "employee", "EMP-\\d{6}" };
	struct redaction_config config = { .detectors = { all, DETECTOR_COUNT }, .max_value_bytes = 1 << 20 };

	for (int i = 0; i < DETECTOR_COUNT; i++)
		all[i] = detector_names[i];
	run("prose", prose, false, &config);
	run("JSON messages", message, true, &config);
	run("JSON in JSON", escaped, true, &config);
	run("two finds in 90 bytes", found, false, &config);
	run_spans(&config);
	config.patterns = (struct string_map){ &pattern, 1 };
	run("prose and a pattern", prose, false, &config);
	return 0;
}
