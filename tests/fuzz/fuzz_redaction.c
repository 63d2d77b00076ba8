/* SPDX-License-Identifier: Apache-2.0
 * Redaction on any bytes: what the walker accepts is accepted after redaction too, with as many spans; and a secret
 * planted among any text, in an attribute or in a log body, is not in what comes out.
 * Input: a byte that chooses, then a request, or the text around the secret.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/otlp/walk.h"
#include "agent/redaction/redaction.h"

#define ARENA_BYTES (64u << 20)
#define SECRET      "jane.doe@example.org"

static struct redactor *redactor;
static struct redaction_lane *lane;

static void die(const char *what)
{
	fprintf(stderr, "fuzz_redaction: %s\n", what);
	abort();
}

static void set_up(void)
{
	static const char *detectors[] = { "email", "phone", "card", "iban", "jwt", "private_key", "bearer", "password", "ipv6", "us_ssn" };
	static const char *denied[] = { "k" };
	static const struct redaction_config config = {
		.detectors = { detectors, sizeof(detectors) / sizeof(detectors[0]) },
		.deny_keys = { denied, 1 },
		.max_value_bytes = 1 << 20,
		.span_names = true,
	};
	struct buf why = BUF_INIT;

	if (FAILED(redactor_new(&config, &redactor, &why)) || (lane = redaction_lane_new(redactor)) == NULL)
		die("cannot be set up");
}

static struct status count_span(void *context, const struct span_view *span, struct attribute_writer *added)
{
	size_t *count = context;

	(void)added;
	*count += span->defect == NULL;
	return OK;
}

static struct status count_log(void *context, const struct log_view *log)
{
	size_t *count = context;

	*count += log->defect == NULL;
	return OK;
}

static struct status count_point(void *context, const struct point_view *point)
{
	size_t *count = context;

	*count += point->defect == NULL;
	return OK;
}

/* Sound items, or -1 where the request is refused. */
static long count_items(enum signal signal, struct slice wire, struct arena *a)
{
	size_t count = 0;
	struct status s = signal == SIGNAL_TRACES  ? walk_traces(wire, a, NULL, count_span, &count) :
			  signal == SIGNAL_LOGS    ? walk_logs(wire, a, count_log, &count) :
						     walk_metrics(wire, a, count_point, &count);
	return FAILED(s) ? -1 : (long)count;
}

static struct slice redacted(enum signal signal, struct slice wire, struct arena *a)
{
	struct edit_list edits;

	edit_list_init(&edits, a);
	if (FAILED(redact_request(lane, signal, wire, a, &edits)))
		die("what was accepted is not redacted");
	char *out = arena_alloc(a, edit_list_bound(&edits, wire));
	if (out == NULL)
		die("no memory");
	return (struct slice){ out, edit_list_write(&edits, wire, out) };
}

static void any_request(enum signal signal, struct slice wire, struct arena *a)
{
	long before = count_items(signal, wire, a);

	if (before >= 0 && count_items(signal, redacted(signal, wire, a), a) < before)
		die("items became unsound");
}

/* A message of this field around what is there already, from the back of the buffer on. */
static void wrap(char **at, char *end, uint32_t field)
{
	char length[WIRE_VARINT_MAX];
	size_t n = wire_put_varint(length, (uint64_t)(end - *at));

	*at -= n;
	memcpy(*at, length, n);
	*--*at = (char)(field << 3 | WIRE_BYTES);
}

static void planted_secret(struct slice text, struct arena *a)
{
	size_t half = text.len / 2, room = text.len + 256;
	char *buffer = arena_alloc(a, room), *end = buffer + room;
	char *at = end - text.len - sizeof(" " SECRET " ") + 1;

	memcpy(at, text.ptr, half);
	memcpy(at + half, " " SECRET " ", sizeof(" " SECRET " ") - 1);
	memcpy(end - (text.len - half), text.ptr + half, text.len - half);
	wrap(&at, end, 1); /* string_value */
	wrap(&at, end, 5); /* LogRecord.body */
	wrap(&at, end, 2);
	wrap(&at, end, 2);
	wrap(&at, end, 1);
	struct slice out = redacted(SIGNAL_LOGS, (struct slice){ at, (size_t)(end - at) }, a);
	if (slice_find(out, SLICE(SECRET)) >= 0)
		die("the secret came through");
	if (count_items(SIGNAL_LOGS, out, a) != 1)
		die("the record became unsound");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	if (size == 0)
		return 0;
	if (redactor == NULL)
		set_up();
	struct slice rest = { (const char *)data + 1, size - 1 };
	arena_init(&a, ARENA_BYTES);
	if (data[0] % 4 == 3 && slice_find(rest, SLICE(SECRET)) < 0) /* one that is glued to a word is no address */
		planted_secret(rest, &a);
	else if (data[0] % 4 < SIGNAL_COUNT)
		any_request((enum signal)(data[0] % 4), rest, &a);
	arena_release(&a);
	return 0;
}
