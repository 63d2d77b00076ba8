/* SPDX-License-Identifier: Apache-2.0
 * observe/scrape.c - /metrics: one table of families, each written series by series from a snapshot.
 */
#include <stdlib.h>

#include "agent/observe/group.h"

#define PIECE_BYTES 16384

struct scrape {
	struct observer *observer;
	struct exposition x;
	struct snapshot snapshot;
	struct buf labels; /* scratch: a set's labels and what one family adds */
	unsigned row;      /* of the table of families; behind it comes what is not one family of series */
	uint32_t next;     /* series of that row */
	struct attribution_cursor attribution; /* behind the rows; then comes the rest */
	const struct metric_family *family; /* of that row */
	const struct metric_family *begun;  /* the family that has been begun */
	bool done;
};

static const struct histogram_view view_seconds = { HISTOGRAM_SECONDS, 0, 1, 14 };
static const struct histogram_view view_token_usage = { HISTOGRAM_TOKENS, 0, 2, 14 };   /* 1, 4, 16 .. 67108864 */
static const struct histogram_view view_output_tokens = { HISTOGRAM_TOKENS, 4, 1, 14 }; /* 16, 32 .. 131072 */
static const struct histogram_view view_usd = { HISTOGRAM_USD, 0, 1, 13 };
static const struct histogram_view view_rate = { HISTOGRAM_RATE, 0, 1, 14 };

/* The set's labels with one more behind them, until the next use of the scratch buffer. */
static struct slice with_label(struct scrape *s, const struct series *series, const char *name, const char *value)
{
	buf_reset(&s->labels);
	buf_slice(&s->labels, series->set->text);
	exposition_label(&s->labels, name, slice_of(value));
	return buf_view(&s->labels);
}

static struct slice with_context(struct scrape *s, const struct series *series, int context)
{
	if (series_is_overflow(series))
		return series->set->text;
	return with_label(s, series, "context", context == CONTEXT_UNKNOWN ? "unknown" : context_names[context]);
}

/* The writer of the current row's samples; begins the family with the first of them, so that none stands empty. */
static struct exposition *begin(struct scrape *s)
{
	if (s->begun != s->family)
		exposition_family(&s->x, s->family);
	s->begun = s->family;
	return &s->x;
}

static void write_histogram(struct scrape *s, struct slice labels, const struct histogram_view *view,
			    const struct histogram *h)
{
	if (h != NULL)
		exposition_histogram(begin(s), labels, view, h);
}

static void write_requests(struct scrape *s, const struct series *series)
{
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (series->outcomes[i] > 0)
			exposition_u64(begin(s), with_label(s, series, "outcome", outcome_names[i]),
				       series->outcomes[i]);
}

static void write_tokens(struct scrape *s, const struct series *series)
{
	for (int i = 0; i < TOKEN_CLASS_COUNT; i++)
		if (series->tokens_known >> i & 1u)
			exposition_u64(begin(s), with_label(s, series, "type", token_class_names[i]),
				       series->tokens[i]);
}

static void write_usd(struct scrape *s, const struct series *series, __int128_t pusd)
{
	exposition_decimal(begin(s), series->set->text, (struct decimal){ pusd, 12 });
}

static void write_cost(struct scrape *s, const struct series *series)
{
	if (series_is_priced(series))
		write_usd(s, series, series->cost_pusd);
}

static void write_reported_cost(struct scrape *s, const struct series *series)
{
	if (series->reported > 0)
		write_usd(s, series, series->reported_pusd);
}

static void write_cost_difference(struct scrape *s, const struct series *series)
{
	if (series->compared > 0)
		write_usd(s, series, series->difference_pusd);
}

static void write_cost_per_success(struct scrape *s, const struct series *series)
{
	__int128_t pusd;

	if (series_cost_per_success(series, &pusd))
		write_usd(s, series, pusd);
}

static void write_cache_savings(struct scrape *s, const struct series *series)
{
	if (series->cached > 0)
		write_usd(s, series, series->cache_savings_pusd);
}

static void write_cache_losses(struct scrape *s, const struct series *series)
{
	if (series->cache_losses_pusd > 0)
		write_usd(s, series, series->cache_losses_pusd);
}

static void write_request_cost(struct scrape *s, const struct series *series)
{
	write_histogram(s, series->set->text, &view_usd, series->cost);
}

static void write_durations(struct scrape *s, const struct series *series)
{
	for (int i = 0; i <= CONTEXT_COUNT; i++)
		if (series->duration[i] != NULL)
			write_histogram(s, with_context(s, series, i), &view_seconds, series->duration[i]);
}

static void write_ttft(struct scrape *s, const struct series *series)
{
	for (int i = 0; i <= CONTEXT_COUNT; i++)
		if (series->ttft[i] != NULL)
			write_histogram(s, with_context(s, series, i), &view_seconds, series->ttft[i]);
}

static void write_token_usage(struct scrape *s, const struct series *series)
{
	if (series->input != NULL)
		write_histogram(s, with_label(s, series, "gen_ai_token_type", "input"), &view_token_usage,
				series->input);
	if (series->output != NULL)
		write_histogram(s, with_label(s, series, "gen_ai_token_type", "output"), &view_token_usage,
				series->output);
}

static void write_output_tokens(struct scrape *s, const struct series *series)
{
	write_histogram(s, series->set->text, &view_output_tokens, series->output);
}

static void write_rate(struct scrape *s, const struct series *series)
{
	write_histogram(s, series->set->text, &view_rate, series->rate);
}

/* One family each; write adds one series' samples. */
static const struct row {
	struct metric_family family;
	void (*write)(struct scrape *s, const struct series *series);
} rows[] = {
	{ { "plimsoll_requests", METRIC_COUNTER, "Model calls" }, write_requests },
	{ { "plimsoll_tokens", METRIC_COUNTER,
	    "Tokens by type; input includes the cache and modality types, output includes reasoning: do not add up "
	    "types" },
	  write_tokens },
	{ { "plimsoll_cost_usd", METRIC_COUNTER, "Cost of the priced model calls in US dollars" }, write_cost },
	{ { "plimsoll_reported_cost_usd", METRIC_COUNTER, "Cost in US dollars as the spans themselves claim it" },
	  write_reported_cost },
	{ { "plimsoll_reported_cost_difference_usd", METRIC_GAUGE,
	    "Reported minus computed cost in US dollars, summed over the model calls that have both" },
	  write_cost_difference },
	{ { "plimsoll_cost_per_success_usd", METRIC_GAUGE,
	    "Cost in US dollars of all priced calls, failed ones too, for each of them that ended ok" },
	  write_cost_per_success },
	{ { "plimsoll_cache_savings_usd", METRIC_COUNTER,
	    "US dollars that input read from a cache would have cost more as plain input; what writing to the cache cost "
	    "is not taken off" },
	  write_cache_savings },
	{ { "plimsoll_cache_losses_usd", METRIC_COUNTER,
	    "US dollars that input read from a cache cost more than as plain input" },
	  write_cache_losses },
	{ { "plimsoll_request_cost_usd", METRIC_HISTOGRAM, "Cost of one priced model call in US dollars" },
	  write_request_cost },
	{ { "gen_ai_client_operation_duration_seconds", METRIC_HISTOGRAM, "Duration of one model call" },
	  write_durations },
	{ { "gen_ai_client_operation_time_to_first_chunk_seconds", METRIC_HISTOGRAM,
	    "Time from the request to the first chunk of a streamed answer (time to first token)" },
	  write_ttft },
	{ { "gen_ai_client_token_usage", METRIC_HISTOGRAM, "Input and output tokens of one model call" },
	  write_token_usage },
	{ { "plimsoll_output_tokens", METRIC_HISTOGRAM, "Output tokens of one model call, in finer buckets" },
	  write_output_tokens },
	{ { "plimsoll_output_tokens_per_second", METRIC_HISTOGRAM, "Output tokens per second after the first token" },
	  write_rate },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct scrape *scrape_new(struct observer *o, enum exposition_format format)
{
	struct scrape *s = calloc(1, sizeof(*s));

	if (s == NULL || FAILED(snapshot_take(o, &s->snapshot))) {
		free(s);
		return NULL;
	}
	s->observer = o;
	s->x.format = format;
	return s;
}

void scrape_free(struct scrape *s)
{
	if (s == NULL)
		return;
	buf_release(&s->labels);
	snapshot_release(&s->snapshot);
	free(s);
}

/* Writes series of the current family until the piece is full, or the family is. */
static void write_row(struct scrape *s, size_t full)
{
	s->family = &rows[s->row].family;
	for (; s->next < s->snapshot.count && s->x.out->len < full; s->next++)
		if (s->snapshot.series[s->next] != NULL)
			rows[s->row].write(s, s->snapshot.series[s->next]);
	if (s->next < s->snapshot.count)
		return;
	s->row++;
	s->next = 0;
}

static struct slice model_labels(struct scrape *s, const struct series *series)
{
	if (series_is_overflow(series))
		return series->set->text;
	buf_reset(&s->labels);
	exposition_label(&s->labels, "provider", series->set->labels.value[LABEL_PROVIDER]);
	exposition_label(&s->labels, "model", series->set->labels.value[LABEL_MODEL]);
	return buf_view(&s->labels);
}

/* By provider and model alone: what a price is missing for. */
static void write_unpriced(struct scrape *s)
{
	static const struct metric_family family = { "plimsoll_unpriced_requests", METRIC_COUNTER,
						     "Model calls without a known price; their cost is in no sum" };
	struct grouped g;

	if (FAILED(snapshot_group(&s->snapshot, GROUP_BY_MODEL, &g)))
		return;
	s->family = &family;
	for (size_t first = 0, end; first < g.count; first = end) {
		uint64_t unpriced = 0;
		end = group_end(&g, GROUP_BY_MODEL, first);
		for (size_t i = first; i < end; i++)
			unpriced += g.series[i]->unpriced;
		if (unpriced > 0)
			exposition_u64(begin(s), model_labels(s, g.series[first]), unpriced);
	}
}

static void write_rest(struct scrape *s)
{
	write_unpriced(s);
	quality_render(s->observer->quality, &s->x);
	for (unsigned i = 0; i < s->observer->source_count; i++)
		s->observer->sources[i].render(s->observer->sources[i].context, &s->x);
	meters_render(&s->x);
	process_render(&s->x, s->observer->start_unix_s);
	exposition_finish(&s->x);
	s->done = true;
}

bool scrape_next(struct scrape *s, struct buf *out)
{
	if (s->done)
		return false;
	s->x.out = out;
	size_t full = out->len + PIECE_BYTES;
	while (s->row < ROW_COUNT && out->len < full && !buf_failed(out))
		write_row(s, full);
	if (s->row < ROW_COUNT)
		return true;
	if (!attribution_render(&s->snapshot.attribution, &s->x, &s->attribution, full))
		write_rest(s);
	return true;
}
