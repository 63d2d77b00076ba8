/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_dialects.c - what knowing all dialects costs a span, over knowing two.
 *
 *     bench_dialects [ROUNDS]
 *
 * Reads the same batches of 512 spans, walk and dialect, with a reader that knows the GenAI conventions and OpenInference
 * and with one that knows every dialect, by turns; of the rounds' times the median counts, since the machine has other
 * work too. Prints the spans that one CPU second reads, and the ratio.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/dialects/reader.h"
#include "tests/bench/otlp_spans.h"

#define BATCH      512u
#define TEMPLATES  8u
#define ROUNDS_MAX 10000u

struct contender {
	const char *name;
	unsigned dialects;
	struct known_keys *keys;
	struct dialect_reader *reader;
	uint64_t spent_ns[ROUNDS_MAX];
};

struct bench {
	struct arena arena;
	struct span_template templates[TEMPLATES];
	struct contender contenders[2]; /* two dialects; all */
	uint64_t calls;
};

static void fail(const char *what)
{
	fprintf(stderr, "bench_dialects: %s\n", what);
	exit(1);
}

static uint64_t bit_of(const char *name)
{
	for (unsigned i = 0; dialects[i] != NULL; i++)
		if (strcmp(dialects[i]->name, name) == 0)
			return UINT64_C(1) << i;
	fail("no dialect of that name");
	return 0;
}

static uint64_t all_of_them(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; dialects[i] != NULL; i++)
		all |= UINT64_C(1) << i;
	return all;
}

static void contender_init(struct contender *c, const char *name, uint64_t which)
{
	struct dimensions_config dimensions = { 0 };

	c->name = name;
	c->dialects = (unsigned)__builtin_popcountll(which);
	if (FAILED(known_keys_new_of(which, &dimensions, &c->keys)))
		fail("no memory");
	c->reader = dialect_reader_new(c->keys);
	if (c->reader == NULL)
		fail("no memory");
}

struct reading_batch {
	struct dialect_reader *reader;
	struct call call;
	uint64_t calls;
};

static struct status read_call(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct reading_batch *b = context;

	(void)added;
	b->calls += dialect_read(b->reader, span, &b->call);
	return OK;
}

static uint64_t read_batch(struct bench *b, struct dialect_reader *reader, struct slice wire)
{
	struct reading_batch batch = { .reader = reader };
	uint64_t before_ns = clock_process_cpu_ns();

	arena_reset(&b->arena);
	dialect_reader_begin(reader, &b->arena);
	if (FAILED(walk_traces(wire, &b->arena, NULL, read_call, &batch)))
		fail("cannot read its own spans");
	b->calls += batch.calls;
	return clock_process_cpu_ns() - before_ns;
}

/* Each reads the same bytes, by turns first and second. */
static void run(struct bench *b, unsigned rounds)
{
	struct span_series series = { .seed = 1, .base_unix_ns = clock_unix_ns() };

	for (unsigned n = 0; n < rounds; n++) {
		const struct span_template *t = &b->templates[n % TEMPLATES];
		char *wire = malloc(t->wire.len);
		if (wire == NULL)
			fail("no memory");
		span_template_write(t, &series, n, wire);
		for (unsigned turn = 0; turn < 2; turn++) {
			struct contender *c = &b->contenders[(n + turn) % 2];
			c->spent_ns[n] = read_batch(b, c->reader, (struct slice){ wire, t->wire.len });
		}
		free(wire);
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double spans_per_second(struct contender *c, unsigned rounds)
{
	qsort(c->spent_ns, rounds, sizeof(c->spent_ns[0]), by_size);
	return BATCH * 1e9 / (double)c->spent_ns[rounds / 2];
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	static struct bench b;
	double speed[2];

	if (rounds == 0 || rounds > ROUNDS_MAX)
		fail("ROUNDS is a number up to 10000");
	arena_init(&b.arena, 16u << 20);
	contender_init(&b.contenders[0], "two", bit_of("otel-genai") | bit_of("openinference"));
	contender_init(&b.contenders[1], "all", all_of_them());
	for (size_t i = 0; i < TEMPLATES; i++)
		span_template_init(&b.templates[i], BATCH, i);
	run(&b, (unsigned)rounds);
	if (b.calls != 2 * rounds * BATCH)
		fail("not every span was read as a call");
	printf("walk and dialect, batches of %u spans of 18 attributes, median of %lu rounds\n", BATCH, rounds);
	for (int i = 0; i < 2; i++) {
		speed[i] = spans_per_second(&b.contenders[i], (unsigned)rounds);
		printf("%-4s (%2u dialects) %10.0f spans/CPU second\n", b.contenders[i].name, b.contenders[i].dialects,
		       speed[i]);
	}
	printf("all of them take %.2f times what two take\n", speed[0] / speed[1]);
	return 0;
}
