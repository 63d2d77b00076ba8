/* SPDX-License-Identifier: Apache-2.0
 * From a request to the case: which calls are chosen, that their words come redacted, and that lanes and loop do not
 * collide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/daemon/case_words.h"
#include "agent/daemon/sample_chunk.h"
#include "agent/daemon/worker.h"
#include "agent/otlp/json_transcode.h"

struct rig {
	struct config *config;
	struct cases *cases;
	struct case_words *words;
	struct counting *counting;
	struct worker lanes[2];
	uint32_t next_id;
};

static void open_lane(struct rig *rig, struct worker *w, unsigned lane)
{
	struct price_book *prices;
	struct settings *settings;
	struct buf why = BUF_INIT;

	assert_false(FAILED(price_book_new(rig->config, &prices, &why)));
	assert_false(FAILED(settings_new(rig->config, prices, &settings)));
	assert_false(FAILED(worker_init(w, "test", NULL, rig->counting, NULL)));
	assert_false(FAILED(worker_adopt(w, settings)));
	w->words = case_words_lane(rig->words, lane);
}

static void open_rig(struct rig *rig)
{
	struct buf why = BUF_INIT;

	*rig = (struct rig){ .next_id = 1 };
	assert_false(FAILED(config_load(NULL, NULL, 0, &rig->config, &why)));
	rig->cases = cases_new();
	cases_keep_texts(rig->cases, 1 << 20);
	rig->counting = counting_new(1 << 20);
	assert_false(FAILED(case_words_new(rig->config, cases_bar(rig->cases), 2, &rig->words, &why)));
	for (unsigned i = 0; i < 2; i++)
		open_lane(rig, &rig->lanes[i], i);
}

static void close_rig(struct rig *rig)
{
	for (unsigned i = 0; i < 2; i++)
		worker_release(&rig->lanes[i]);
	case_words_free(rig->words);
	cases_free(rig->cases);
	counting_free(rig->counting);
	config_free(rig->config);
}

struct question {
	const char *question, *finish;
	unsigned output_tokens;
};

static void add_span(struct buf *json, const struct question *t, uint32_t id)
{
	uint64_t now = clock_unix_ns();

	buf_printf(json, "%s{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"chat\",\"startTimeUnixNano\":\"%llu\",\"endTimeUnixNano\":\"%llu\","
		   "\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"
		   "{\"key\":\"gen_ai.provider.name\",\"value\":{\"stringValue\":\"openai\"}},"
		   "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"gpt-4o\"}},"
		   "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"10\"}},"
		   "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"%u\"}},"
		   "{\"key\":\"gen_ai.response.finish_reasons\",\"value\":{\"stringValue\":\"%s\"}},"
		   "{\"key\":\"input.value\",\"value\":{\"stringValue\":\"%s\"}}]}", json->ptr[json->len - 1] == '[' ? "" : ",", id, id,
		   (unsigned long long)now - 1000000, (unsigned long long)now, t->output_tokens, t->finish, t->question);
}

static void write_request(struct buf *wire, const struct question *told, size_t count, uint32_t first_id)
{
	struct buf json = BUF_INIT;
	char where[40];

	buf_text(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
	for (size_t i = 0; i < count; i++)
		add_span(&json, &told[i], first_id + (uint32_t)i);
	buf_text(&json, "]}]}]}");
	assert_false(FAILED(json_to_wire(buf_view(&json), SIGNAL_TRACES, 1 << 24, wire, where)));
	buf_release(&json);
}

/* As pipeline_ingest does it. */
static struct sample_chunk *ingest_wire(struct worker *w, struct slice wire)
{
	assert_false(FAILED(worker_read(w, SIGNAL_TRACES, wire, false)));
	case_words_take(w->words, SIGNAL_TRACES, wire, w->reader);
	struct sample_chunk *chunk = sample_chunk_new(w->call_count, w->text_bytes);
	assert_non_null(chunk);
	for (size_t i = 0; i < w->call_count; i++)
		sample_chunk_add(chunk, &w->calls[i]);
	return chunk;
}

static struct sample_chunk *ingest(struct worker *w, const struct question *told, size_t count, uint32_t first_id)
{
	struct buf wire = BUF_INIT;

	write_request(&wire, told, count, first_id);
	struct sample_chunk *chunk = ingest_wire(w, buf_view(&wire));
	buf_release(&wire);
	return chunk;
}

static void judge(struct rig *rig, struct sample_chunk *chunk)
{
	case_words_deliver(rig->words, rig->cases);
	for (size_t i = 0; i < chunk->count; i++)
		cases_add(rig->cases, &chunk->items[i]);
	free(chunk);
}

static size_t count(const struct cases *c, const char *what)
{
	struct buf out = BUF_INIT;
	size_t n = 0;

	cases_write(c, 0, 1000, true, &out);
	for (const char *at = strstr(buf_string(&out), what); at != NULL; at = strstr(at + 1, what))
		n++;
	buf_release(&out);
	return n;
}

static void what_went_wrong_and_what_costs_most_has_its_words(void **state)
{
	struct rig rig;
	struct question told[40];

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < 40; i++)
		told[i] = (struct question){ "an ordinary question", "stop", 10 };
	told[3] = (struct question){ "refused to ada@example.org", "content_filter", 10 };
	told[39] = (struct question){ "the dearest", "stop", 10000 };
	judge(&rig, ingest(&rig.lanes[0], told, 40, 1));
	assert_int_equal(count(rig.cases, "refused to [email]"), 2); /* refused, and among the first 16 of their cost */
	assert_int_equal(count(rig.cases, "the dearest"), 1);
	assert_int_equal(count(rig.cases, "example.org"), 0);
	close_rig(&rig);
}

static void a_request_sent_again_is_not_looked_at_again(void **state)
{
	struct rig rig;
	struct question told = { "why?", "content_filter", 10 };
	struct meter *kept = meter_get(METER_CASE_TEXTS, "result=\"kept\",reason=\"\"");

	(void)state;
	open_rig(&rig);
	int64_t before = meter_value(kept);
	free(ingest(&rig.lanes[0], &told, 1, 7));
	free(ingest(&rig.lanes[1], &told, 1, 7));
	assert_int_equal(meter_value(kept) - before, 1);
	close_rig(&rig);
}

/* A Collector may put an export and its repetition into one request. */
static void a_span_that_a_request_holds_twice_takes_no_words_from_another(void **state)
{
	struct rig rig;
	struct question first = { "the first", "content_filter", 10 }, second = { "the second", "content_filter", 10 };
	struct buf wire = BUF_INIT;

	(void)state;
	open_rig(&rig);
	write_request(&wire, &first, 1, 1);
	write_request(&wire, &first, 1, 1);
	write_request(&wire, &second, 1, 2);
	judge(&rig, ingest_wire(&rig.lanes[0], buf_view(&wire)));
	assert_int_equal(count(rig.cases, "the first"), 2); /* refused, and dear */
	assert_int_equal(count(rig.cases, "the second"), 2);
	buf_release(&wire);
	close_rig(&rig);
}

static void a_second_has_room_for_so_many_and_counts_the_others(void **state)
{
	struct rig rig;
	struct question told[100];
	struct meter *shed = meter_get(METER_CASE_TEXTS, "result=\"dropped\",reason=\"rate\"");

	(void)state;
	open_rig(&rig);
	for (size_t i = 0; i < 100; i++)
		told[i] = (struct question){ "why?", "content_filter", 10 };
	int64_t before = meter_value(shed);
	judge(&rig, ingest(&rig.lanes[0], told, 100, 1));
	assert_int_equal(meter_value(shed) - before, 100 - CASE_WORDS_CALLS);
	assert_int_equal(count(rig.cases, "\"reason\":\"refused\""), CASES_EACH);
	close_rig(&rig);
}

static void a_span_that_carries_no_text_is_counted_as_such(void **state)
{
	struct rig rig;
	struct question told = { "", "content_filter", 10 };
	struct meter *silent = meter_get(METER_CASE_TEXTS, "result=\"dropped\",reason=\"no_text\"");

	(void)state;
	open_rig(&rig);
	int64_t before = meter_value(silent);
	judge(&rig, ingest(&rig.lanes[0], &told, 1, 1));
	assert_int_equal(meter_value(silent) - before, 1);
	assert_int_equal(count(rig.cases, "\"has_content\":false"), 2);
	close_rig(&rig);
}

/* ---------------------------------------------------------------- two lanes and the loop */
struct sender {
	struct rig *rig;
	unsigned lane;
};

static void *send_many(void *context)
{
	const struct sender *s = context;
	struct question told[] = { { "why?", "content_filter", 10 }, { "what?", "stop", 10 } };

	for (uint32_t i = 0; i < 50; i++)
		free(ingest(&s->rig->lanes[s->lane], told, 2, 1 + s->lane * 10000 + i * 2));
	return NULL;
}

static void lanes_and_loop_work_side_by_side(void **state)
{
	struct rig rig;
	struct sender senders[2];
	pthread_t threads[2];

	(void)state;
	open_rig(&rig);
	for (unsigned i = 0; i < 2; i++) {
		senders[i] = (struct sender){ &rig, i };
		assert_int_equal(pthread_create(&threads[i], NULL, send_many, &senders[i]), 0);
	}
	for (uint32_t i = 0; i < 200; i++) {
		struct sample s = sample_unknown(SAMPLE_CALL);
		s.time_unix_ms = clock_unix_ns() / NS_PER_MS;
		s.cost_usd = 1e-6 * i;
		s.outcome = OUTCOME_OK;
		case_words_deliver(rig.words, rig.cases);
		cases_add(rig.cases, &s);
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	case_words_deliver(rig.words, rig.cases);
	close_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_went_wrong_and_what_costs_most_has_its_words),
		cmocka_unit_test(a_request_sent_again_is_not_looked_at_again),
		cmocka_unit_test(a_span_that_a_request_holds_twice_takes_no_words_from_another),
		cmocka_unit_test(a_second_has_room_for_so_many_and_counts_the_others),
		cmocka_unit_test(a_span_that_carries_no_text_is_counted_as_such),
		cmocka_unit_test(lanes_and_loop_work_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
