/* SPDX-License-Identifier: Apache-2.0
 * observe/summary.c - the JSON behind the page: totals, rows by feature, prompt and model, the last minutes.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/observe/group.h"

#define MINUTE_TICKS   60
#define HISTORY_STEP_S 5

static const char *const grouping_names[GROUPING_COUNT] = { "feature", "prompt", "model" };
static const enum label row_labels[GROUPING_COUNT] = { LABEL_FEATURE, LABEL_PROMPT, LABEL_MODEL };

static void write_text(struct buf *out, const char *key, const char *text)
{
	json_write_key(out, key);
	if (text != NULL)
		json_write_string(out, slice_of(text));
	else
		buf_text(out, "null");
}

static void write_usd(struct buf *out, __int128_t pusd)
{
	buf_byte(out, '"');
	pusd_write(out, pusd);
	buf_byte(out, '"');
}

static void write_cost(struct buf *out, const char *key, bool known, __int128_t pusd)
{
	json_write_key(out, key);
	if (known)
		write_usd(out, pusd);
	else
		buf_text(out, "null");
}

static void write_token_sum(struct buf *out, const char *key, const struct series *s, enum token_class class)
{
	json_write_key(out, key);
	if (s->tokens_known >> class & 1u)
		buf_printf(out, "%llu", (unsigned long long)s->tokens[class]);
	else
		buf_text(out, "null");
}

/* All contexts as one histogram, in the first one's place. */
static struct histogram *join_contexts(struct histogram *by_context[CONTEXT_COUNT + 1])
{
	struct histogram *joined = NULL;

	for (int i = 0; i <= CONTEXT_COUNT; i++) {
		if (by_context[i] == NULL)
			continue;
		if (joined == NULL)
			joined = by_context[i];
		else
			histogram_add(joined, by_context[i], HISTOGRAM_SECONDS);
	}
	return joined;
}

/* The members of a ROW that are numbers. Spoils s: its contexts are joined. */
static void write_numbers(struct buf *out, struct series *s)
{
	uint64_t requests = series_requests(s), priced = requests - s->unpriced, errors = 0;
	const bool is_priced = series_is_priced(s);
	__int128_t per_success = 0;
	struct histogram *duration = join_contexts(s->duration), *ttft = join_contexts(s->ttft);

	for (int i = 0; i < OUTCOME_COUNT; i++)
		errors += outcome_is_error((enum outcome)i) ? s->outcomes[i] : 0;
	json_write_count(out, "requests", requests);
	json_write_count(out, "errors", errors);
	json_write_count(out, "unpriced", s->unpriced);
	write_cost(out, "cost_usd", is_priced, s->cost_pusd);
	write_cost(out, "cost_per_request_usd", is_priced, is_priced ? money_divide(s->cost_pusd, priced) : 0);
	bool has_success = series_cost_per_success(s, &per_success);
	write_cost(out, "cost_per_success_usd", has_success, per_success);
	write_cost(out, "cache_savings_usd", s->cached > 0, s->cache_savings_pusd - s->cache_losses_pusd);
	write_token_sum(out, "input_tokens", s, TOKENS_INPUT);
	write_token_sum(out, "output_tokens", s, TOKENS_OUTPUT);
	json_write_number(out, "latency_p50_s", histogram_quantile(duration, HISTOGRAM_SECONDS, 0.5));
	json_write_number(out, "latency_p95_s", histogram_quantile(duration, HISTOGRAM_SECONDS, 0.95));
	json_write_number(out, "ttft_p50_s", histogram_quantile(ttft, HISTOGRAM_SECONDS, 0.5));
	json_write_number(out, "ttft_p95_s", histogram_quantile(ttft, HISTOGRAM_SECONDS, 0.95));
	json_write_number(out, "output_tokens_per_second", histogram_quantile(s->rate, HISTOGRAM_RATE, 0.5));
}

static void write_name(struct buf *out, const struct series *s, enum grouping by)
{
	if (series_is_overflow(s)) {
		write_text(out, "name", "other");
		json_write_key(out, "overflow");
		buf_text(out, "true");
		return;
	}
	json_write_key(out, "name");
	json_write_string(out, s->set->labels.value[row_labels[by]]);
	if (by == GROUP_BY_MODEL) {
		json_write_key(out, "provider");
		json_write_string(out, s->set->labels.value[LABEL_PROVIDER]);
	}
}

/* A row to be: one group's place in the grouped series, and what rows are sorted by. */
struct row {
	size_t first, end;
	uint64_t requests;
	__int128_t cost_pusd;
};

/* Dearest first, then busiest. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->cost_pusd != y->cost_pusd)
		return x->cost_pusd < y->cost_pusd ? 1 : -1;
	return (x->requests < y->requests) - (x->requests > y->requests);
}

/* NULL without memory. */
static struct row *make_rows(struct arena *a, const struct grouped *g, enum grouping by, size_t *count)
{
	struct row *rows = arena_array(a, g->count, sizeof(*rows));

	*count = 0;
	for (size_t first = 0, end; rows != NULL && first < g->count; first = end) {
		struct row *row = &rows[(*count)++];
		end = group_end(g, by, first);
		*row = (struct row){ .first = first, .end = end };
		for (size_t i = first; i < end; i++) {
			row->requests += series_requests(g->series[i]);
			row->cost_pusd += g->series[i]->cost_pusd;
		}
	}
	if (*count > 0)
		qsort(rows, *count, sizeof(*rows), compare_rows);
	return rows;
}

/* The sum of count series, at least one, with the first one's labels; lives in a. NULL without memory. */
static struct series *sum_series(struct arena *a, struct series *const *series, size_t count)
{
	struct series *sum = arena_alloc(a, sizeof(*sum));

	if (sum == NULL)
		return NULL;
	*sum = (struct series){ .set = series[0]->set };
	for (size_t i = 0; i < count; i++)
		series_add(sum, series[i], a);
	return sum;
}

static void write_row(struct buf *out, struct series *sum, enum grouping by, struct quality *q)
{
	bool is_model = by == GROUP_BY_MODEL;

	buf_byte(out, '{');
	write_name(out, sum, by);
	write_numbers(out, sum);
	json_write_key(out, "quality");
	quality_write_row(q, row_labels[by], sum->set->labels.value[row_labels[by]],
			  is_model ? sum->set->labels.value[LABEL_PROVIDER] : SLICE_NONE, out);
	buf_byte(out, '}');
}

/* Returns how many rows were left out. The scratch arena is reset for each row: sums of all rows would be as large as
 * the snapshot. */
static size_t write_rows(struct buf *out, struct snapshot *s, struct arena *scratch, struct quality *q, enum grouping by)
{
	struct grouped g = { 0 };
	struct row *rows = NULL;
	size_t count = 0, written = 0;

	if (!FAILED(snapshot_group(s, by, &g)))
		rows = make_rows(&s->arena, &g, by, &count);
	json_write_key(out, grouping_names[by]);
	buf_byte(out, '[');
	for (; written < count && written < OBSERVE_ROWS_MAX; written++) {
		const struct row *row = &rows[written];
		struct series *sum = sum_series(scratch, g.series + row->first, row->end - row->first);
		if (sum == NULL)
			break;
		if (written > 0)
			buf_byte(out, ',');
		write_row(out, sum, by, q);
		arena_reset(scratch);
	}
	buf_byte(out, ']');
	return count - written;
}

static void write_groups(struct buf *out, struct snapshot *s, struct quality *q)
{
	size_t hidden[GROUPING_COUNT];
	struct arena scratch;

	arena_init(&scratch, SIZE_MAX);
	json_write_key(out, "by");
	buf_byte(out, '{');
	for (int by = 0; by < GROUPING_COUNT; by++)
		hidden[by] = write_rows(out, s, &scratch, q, (enum grouping)by);
	buf_byte(out, '}');
	arena_release(&scratch);
	json_write_key(out, "hidden");
	buf_byte(out, '{');
	for (int by = 0; by < GROUPING_COUNT; by++)
		json_write_count(out, grouping_names[by], hidden[by]);
	buf_byte(out, '}');
}

static void write_totals(struct buf *out, struct snapshot *s, struct quality *q)
{
	struct series sum = { 0 };

	for (uint32_t i = 0; i < s->count; i++)
		if (s->series[i] != NULL)
			series_add(&sum, s->series[i], &s->arena);
	json_write_key(out, "totals");
	buf_byte(out, '{');
	write_numbers(out, &sum);
	json_write_key(out, "quality");
	quality_write_row(q, LABEL_COUNT, SLICE_NONE, SLICE_NONE, out);
	buf_byte(out, '}');
}

/* The tick that is n ticks older than the newest, or the oldest there is. Under the lock, with at least one tick. */
static const struct tick *tick_back(const struct observer *o, size_t n)
{
	size_t held = o->tick_count < TICK_COUNT ? o->tick_count : TICK_COUNT;

	return &o->ticks[(o->tick_count - 1 - (n < held ? n : held - 1)) % TICK_COUNT];
}

static void write_last_minute(struct buf *out, const struct observer *o)
{
	const struct tick *now = tick_back(o, 0), *then = tick_back(o, MINUTE_TICKS);

	json_write_key(out, "last_minute");
	buf_byte(out, '{');
	json_write_number(out, "seconds", (double)(now->mono_ns - then->mono_ns) / 1e9);
	json_write_count(out, "requests", now->totals.requests - then->totals.requests);
	json_write_count(out, "errors", now->totals.errors - then->totals.errors);
	write_cost(out, "cost_usd", now->totals.priced > then->totals.priced,
		   now->totals.cost_pusd - then->totals.cost_pusd);
	json_write_count(out, "input_tokens", now->totals.input_tokens - then->totals.input_tokens);
	json_write_count(out, "output_tokens", now->totals.output_tokens - then->totals.output_tokens);
	buf_byte(out, '}');
}

static void write_history(struct buf *out, const struct observer *o)
{
	json_write_key(out, "history");
	buf_byte(out, '{');
	json_write_count(out, "step_s", HISTORY_STEP_S);
	json_write_key(out, "requests");
	for (size_t back = TICK_COUNT - 1; back > 0; back -= HISTORY_STEP_S)
		buf_printf(out, "%c%llu", back == TICK_COUNT - 1 ? '[' : ',',
			   (unsigned long long)(tick_back(o, back - HISTORY_STEP_S)->totals.requests -
						tick_back(o, back)->totals.requests));
	buf_byte(out, ']');
	json_write_key(out, "cost_usd");
	for (size_t back = TICK_COUNT - 1; back > 0; back -= HISTORY_STEP_S) {
		buf_byte(out, back == TICK_COUNT - 1 ? '[' : ',');
		write_usd(out,
			  tick_back(o, back - HISTORY_STEP_S)->totals.cost_pusd - tick_back(o, back)->totals.cost_pusd);
	}
	buf_text(out, "]}");
}

static void write_recent(struct buf *out, struct observer *o)
{
	pthread_mutex_lock(&o->tick_lock);
	if (o->tick_count > 0) {
		write_last_minute(out, o);
		write_history(out, o);
	}
	pthread_mutex_unlock(&o->tick_lock);
}

void observer_summary(struct observer *o, const struct observe_about *about, struct buf *out)
{
	struct snapshot s;

	buf_byte(out, '{');
	write_text(out, "version", PLIMSOLL_VERSION);
	json_write_count(out, "uptime_s", (clock_mono_ns() - o->start_mono_ns) / NS_PER_SECOND);
	json_write_key(out, "endpoints");
	buf_byte(out, '{');
	write_text(out, "otlp_grpc", about->otlp_grpc_endpoint);
	write_text(out, "otlp_http", about->otlp_http_endpoint);
	buf_byte(out, '}');
	write_text(out, "config", about->config_path);
	write_recent(out, o);
	if (!FAILED(snapshot_take(o, &s))) {
		write_totals(out, &s, o->quality);
		write_groups(out, &s, o->quality);
		snapshot_release(&s);
	}
	buf_byte(out, '}');
}
