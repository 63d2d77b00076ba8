/* SPDX-License-Identifier: Apache-2.0
 * The walker against protobuf-c on any bytes: what protobuf-c accepts, the walker accepts and reads alike (the few
 * documented differences are in tests/oracle/otlp_oracle.h); edits of whatever was walked are walked again.
 * Input: a byte that chooses the signal, then the request.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/oracle/otlp_oracle.h"

#define ARENA_BYTES (16u << 20)

static void die(const char *what)
{
	fprintf(stderr, "fuzz_walk: %s\n", what);
	abort();
}

struct counts {
	size_t spans, defects, attributes;
};

static struct status add_one(void *context, const struct span_view *s, struct attribute_writer *added)
{
	static const struct attribute_key feature = ATTRIBUTE_KEY("plimsoll.feature");
	struct counts *c = context;

	c->spans++;
	if (s->defect != NULL) {
		c->defects++;
		return OK;
	}
	c->attributes += s->attributes.count;
	if (added != NULL)
		attribute_put_text(added, &feature, SLICE("summarise"));
	return OK;
}

/* The edited bytes hold the sound spans, each with one attribute more. */
static void check_edits(struct slice wire, struct arena *a)
{
	struct counts before = { 0 }, after = { 0 };
	struct edit_list edits;

	edit_list_init(&edits, a);
	if (FAILED(walk_traces(wire, a, &edits, add_one, &before)))
		return;
	char *out = malloc(edit_list_bound(&edits, wire) + 1);
	size_t size = edit_list_write(&edits, wire, out);
	if (FAILED(walk_traces((struct slice){ out, size }, a, NULL, add_one, &after)))
		die("the edited request is refused");
	size_t sound = before.spans - before.defects;
	if (after.spans != sound || after.defects != 0 || after.attributes != before.attributes + sound)
		die("the edited request holds something else");
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	if (size == 0)
		return 0;
	enum signal signal = (enum signal)(data[0] % SIGNAL_COUNT);
	struct slice wire = { (const char *)data + 1, size - 1 };
	arena_init(&a, ARENA_BYTES);
	struct verdict v = oracle_compare(wire, signal, &a);
	if (v.oracle_accepts && !v.walker_accepts)
		die("the walker refuses what protobuf-c accepts");
	if (v.difference != NULL)
		die(v.difference);
	if (signal == SIGNAL_TRACES)
		check_edits(wire, &a);
	arena_release(&a);
	return 0;
}
