/* SPDX-License-Identifier: Apache-2.0
 * The words of a call from any bytes: within their bounds, messages that are JSON, and nothing that lies outside the arena.
 * Input: a byte that chooses, then a trace request, or the text that stands in one attribute.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/dialects/reader.h"

#define ARENA_BYTES (64u << 20)
#define MARK_BYTES  48u /* "[... N bytes more]" */

static struct known_keys *keys;
static struct dialect_reader *reader;

static void die(const char *what)
{
	fprintf(stderr, "fuzz_words: %s\n", what);
	abort();
}

static void set_up(void)
{
	static const struct dimensions_config dimensions = { 0 };

	if (FAILED(known_keys_new(&dimensions, &keys)) || (reader = dialect_reader_new(keys)) == NULL)
		die("cannot be set up");
}

static void check(const struct call_text *t)
{
	if (t->question.len > CALL_QUESTION_BYTES + MARK_BYTES || t->actual.len > CALL_ACTUAL_BYTES + MARK_BYTES)
		die("a text is longer than it may be");
	if (t->messages.len > 0 && !json_is_valid(t->messages))
		die("messages are no JSON");
}

static struct status read_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct call c;
	struct call_text t;

	(void)context;
	(void)added;
	if (span->defect != NULL || !dialect_read(reader, span, &c))
		return OK;
	dialect_read_text(reader, span->attributes, span->events, span->event_count, &t);
	check(&t);
	return OK;
}

static void read_text(const char *key, struct slice text, struct arena *a)
{
	struct attribute items[] = {
		{ SLICE("gen_ai.operation.name"), { .kind = ANY_STRING, .bytes = SLICE("chat") } },
		{ slice_of(key), { .kind = ANY_STRING, .bytes = text } },
		{ SLICE("gen_ai.output.messages"), { .kind = ANY_STRING, .bytes = text } },
	};
	struct scope_view scope = { .name = SLICE("fuzz") };
	struct resource_view resource = { .sequence = 1 };
	struct span_view span = {
		.trace_id = SLICE("0123456789abcdef"), .span_id = SLICE("01234567"), .start_unix_ns = 1, .end_unix_ns = 2,
		.attributes = { items, sizeof(items) / sizeof(items[0]) }, .scope = &scope, .resource = &resource,
	};

	dialect_reader_begin(reader, a);
	(void)!FAILED(read_span(NULL, &span, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const where[] = { "gen_ai.input.messages", "input.value", "gen_ai.prompt.0.content" };
	struct arena a;

	if (size == 0)
		return 0;
	if (reader == NULL)
		set_up();
	struct slice input = { (const char *)data + 1, size - 1 };
	arena_init(&a, ARENA_BYTES);
	dialect_reader_begin(reader, &a);
	if (data[0] % 4 == 3) {
		struct status s = walk_traces(input, &a, NULL, read_span, NULL);
		(void)s;
	} else {
		read_text(where[data[0] % 4], input, &a);
	}
	arena_release(&a);
	return 0;
}
