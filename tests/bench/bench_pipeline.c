/* SPDX-License-Identifier: Apache-2.0
 * bench/bench_pipeline.c - what one span costs inside the process, from wire bytes to baselines, without gRPC.
 *
 *     bench_pipeline [walk|read|lane|agent|words|forward] [BATCHES [SPANS]]
 *
 * walk: every attribute of every span is looked at. read: and turned into calls. lane: all that the receiving thread
 * does with a request. agent: and all that the loop does, at once: baselines and everyone else who learns from samples,
 * and the memory for later judgements. words: and cases.keep_content is on. forward: as agent, and the edited request is
 * made.
 * Prints nanoseconds a span, with the machine's noise; for what does not move with the machine run it under callgrind:
 * bench_instructions.py. One thread, batches of SPANS, 512 unless told: larger ones leave the caches between the stages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/baselines/detector.h"
#include "agent/daemon/case_words.h"
#include "agent/daemon/decisions.h"
#include "agent/daemon/kinds.h"
#include "agent/daemon/learners.h"
#include "agent/daemon/pipeline.h"
#include "agent/dialects/reader.h"
#include "agent/judgements/joiner.h"
#include "tests/bench/otlp_spans.h"

#define BATCH          512u /* spans, unless told */
#define TEMPLATES      8u
#define COUNTING_BYTES (8u << 20) /* the default, larger than the caches */

struct bench {
	uv_loop_t loop; /* never runs: what is forwarded stays in its queue until it is shed */
	struct config *config;
	struct observer *observer;
	struct counting *counting;
	struct decisions *decisions;
	struct learners learners;
	struct case_words *words; /* NULL: none are kept */
	struct joiner *joiner;
	struct senders *senders;
	struct outbound *outbound;
	struct pipeline *pipeline;
	struct known_keys *keys;
	struct dialect_reader *reader;
	struct arena arena;
	struct call call;
	uint64_t seen;
	uint64_t batch; /* spans */
	bool learns; /* else what is for the loop is dropped */
};

static void fail(const char *what)
{
	fprintf(stderr, "bench_pipeline: %s\n", what);
	exit(1);
}

static void check(struct status s)
{
	if (FAILED(s))
		fail(s.why);
}

/* ---------------------------------------------------------------- what is measured */

static struct status see(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct bench *b = context;

	(void)added;
	for (size_t i = 0; i < span->attributes.count; i++)
		b->seen += span->attributes.items[i].key.len + (uint64_t)span->attributes.items[i].value.kind;
	return OK;
}

static struct status read_call(void *context, const struct span_view *span, struct attribute_writer *added)
{
	struct bench *b = context;

	(void)added;
	b->seen += dialect_read(b->reader, span, &b->call);
	return OK;
}

static void only_walk(struct bench *b, struct slice wire)
{
	arena_reset(&b->arena);
	check(walk_traces(wire, &b->arena, NULL, see, b));
}

static void only_read(struct bench *b, struct slice wire)
{
	arena_reset(&b->arena);
	dialect_reader_begin(b->reader, &b->arena);
	check(walk_traces(wire, &b->arena, NULL, read_call, b));
}

static void ingest(struct bench *b, struct slice wire)
{
	struct ingest_reply reply = { .later = NULL };

	pipeline_ingest(b->pipeline, 0, SIGNAL_TRACES, wire, &reply);
	check(reply.status);
}

static const struct mode {
	const char *name;
	void (*take)(struct bench *b, struct slice wire);
	bool learns, forwards, keeps_words;
} modes[] = {
	{ "walk", only_walk, false, false, false },
	{ "read", only_read, false, false, false },
	{ "lane", ingest, false, false, false },
	{ "agent", ingest, true, false, false },
	{ "words", ingest, true, false, true }, /* cases.keep_content */
	{ "forward", ingest, true, true, false },
};

static const struct mode *mode_named(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	fail("usage: bench_pipeline [walk|read|lane|agent|words|forward] [BATCHES [SPANS]]");
	return NULL;
}

/* ---------------------------------------------------------------- around it */

static void ignore_verdict(void *context, const struct verdict *v)
{
	(void)context;
	(void)v;
}

static void judge(void *context, struct sample_chunk *chunk)
{
	struct bench *b = context;

	if (b->words != NULL)
		case_words_deliver(b->words, b->learners.cases);
	for (size_t i = 0; b->learns && i < chunk->count; i++)
		learners_take(&b->learners, &chunk->items[i], UINT64_MAX);
	free(chunk);
}

static void recall(void *context, struct recall_chunk *chunk)
{
	struct bench *b = context;

	joiner_begin(b->joiner);
	for (size_t i = 0; b->learns && i < chunk->call_count; i++)
		joiner_call(b->joiner, &chunk->calls[i].call, chunk->calls[i].labels);
	joiner_end(b->joiner, 0);
	free(chunk);
}

static void ignore_judgement(void *context, const struct joined_judgement *j)
{
	(void)context;
	(void)j;
}

static const char forwarding[] = "exporters: { otlp: { endpoint: 127.0.0.1:1, tls: { insecure: true }, compression: none } }\n";

static void load_config(struct bench *b, bool forwards)
{
	char path[] = "/tmp/bench_pipeline.XXXXXX";
	struct buf why = BUF_INIT;
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, forwarding, sizeof(forwarding) - 1) < 0)
		fail("cannot write a configuration to /tmp");
	struct status s = config_load(forwards ? path : NULL, exporter_config_kinds(), exporter_config_kind_count(),
				      &b->config, &why);
	unlink(path);
	close(fd);
	if (FAILED(s))
		fail(buf_string(&why));
}

static void open_senders(struct bench *b)
{
	struct exporter_env env = { .loop = &b->loop };
	struct buf why = BUF_INIT;

	uv_loop_init(&b->loop);
	if (FAILED(senders_open(b->config, &env, &b->senders, &why)) ||
	    FAILED(outbound_new(b->config, b->senders, 3, &b->outbound, &why)))
		fail(buf_string(&why));
}

static void open_pipeline(struct bench *b)
{
	struct pipeline_outlets outlets = {
		.observer = b->observer,
		.counting = b->counting,
		.decisions = b->decisions,
		.words = b->words,
		.senders = b->senders,
		.outbound = b->outbound,
		.judge = judge,
		.judge_context = b,
		.recall = recall,
		.recall_context = b,
	};
	struct price_book *prices;
	struct buf why = BUF_INIT;

	if (FAILED(price_book_new(b->config, &prices, &why)) ||
	    FAILED(pipeline_new(b->config, prices, 3, &outlets, &b->pipeline, &why)))
		fail(buf_string(&why));
}

static void set_up_learners(struct bench *b)
{
	b->learners = (struct learners){
		.detector = detector_new(&b->config->baselines, ignore_verdict, NULL),
		.slos = slo_new(b->config, ignore_verdict, NULL),
		.canary = canary_new(&b->config->canary, ignore_verdict, NULL),
		.review = review_new(),
		.cases = cases_new(),
		.movement = movement_new(NULL, NULL),
	};
	if (b->learners.detector == NULL || b->learners.slos == NULL || b->learners.canary == NULL ||
	    b->learners.review == NULL || b->learners.cases == NULL || b->learners.movement == NULL)
		fail("no memory");
}

static void keep_words(struct bench *b)
{
	struct buf why = BUF_INIT;

	cases_keep_texts(b->learners.cases, b->config->cases.max_content_bytes);
	if (FAILED(case_words_new(b->config, cases_bar(b->learners.cases), 3, &b->words, &why)))
		fail(buf_string(&why));
}

static void set_up(struct bench *b, const struct mode *mode)
{
	struct joiner_settings joining = { .keep_ns = UINT64_MAX / 2, .out = ignore_judgement };

	b->learns = mode->learns;
	load_config(b, mode->forwards);
	joining.max_bytes = b->config->judgements.max_size_bytes;
	b->joiner = joiner_new(&joining);
	if (mode->forwards)
		open_senders(b);
	b->observer = observer_new(b->config, 3);
	b->counting = counting_new(COUNTING_BYTES);
	b->decisions = decisions_new();
	set_up_learners(b);
	if (mode->keeps_words)
		keep_words(b);
	check(known_keys_new(&b->config->dimensions, &b->keys));
	b->reader = dialect_reader_new(b->keys);
	if (b->observer == NULL || b->counting == NULL || b->joiner == NULL || b->reader == NULL)
		fail("no memory");
	arena_init(&b->arena, 16u << 20);
	open_pipeline(b);
}

/* Whatever happens in here is what a span costs. */
__attribute__((noinline)) static void measured(struct bench *b, const struct mode *mode, struct slice wire)
{
	mode->take(b, wire);
}

static uint64_t run(struct bench *b, const struct mode *mode, uint64_t batches)
{
	struct span_series series = { .seed = 1, .base_unix_ns = clock_unix_ns() };
	struct span_template templates[TEMPLATES];
	uint64_t spent_ns = 0;

	for (size_t i = 0; i < TEMPLATES; i++)
		span_template_init(&templates[i], b->batch, i);
	for (uint64_t n = 0; n < batches; n++) {
		const struct span_template *t = &templates[n % TEMPLATES];
		char *wire = malloc(t->wire.len);
		if (wire == NULL)
			fail("no memory");
		span_template_write(t, &series, n, wire);
		uint64_t before_ns = clock_process_cpu_ns();
		measured(b, mode, (struct slice){ wire, t->wire.len });
		spent_ns += clock_process_cpu_ns() - before_ns;
		if (b->senders != NULL)
			senders_shed(b->senders, UINT64_MAX); /* as if it were sent: its memory serves the next one */
		free(wire);
	}
	for (size_t i = 0; i < TEMPLATES; i++)
		span_template_release(&templates[i]);
	return spent_ns;
}

int main(int argc, char **argv)
{
	const struct mode *mode = mode_named(argc > 1 ? argv[1] : "agent");
	uint64_t batches = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;
	static struct bench b;

	log_set_level(LOG_LEVEL_ERROR); /* what is shed is no news */
	b.batch = argc > 3 ? strtoull(argv[3], NULL, 10) : BATCH;
	if (batches == 0 || b.batch == 0)
		fail("BATCHES and SPANS are numbers above 0");
	set_up(&b, mode);
	uint64_t spent_ns = run(&b, mode, batches);
	printf("%s %llu ns/span\n", mode->name, (unsigned long long)(spent_ns / (batches * b.batch)));
	return 0;
}
