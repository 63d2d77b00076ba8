/* SPDX-License-Identifier: Apache-2.0
 * observe/observe.h - complete calls in, counters and histograms out.
 *
 * In:     every counted call, on the thread that received it
 * Out:    /metrics in both formats, and the JSON summary behind the page
 * Owns:   one shard per lane, locked once per batch; a merged copy is made for each reader
 *
 * Calls are counted by provider, model, feature and prompt, durations also by context. Label values are made valid
 * UTF-8 and cut at limits.max_label_bytes. At most limits.max_series label sets are held over all shards; calls beyond
 * go to one series labelled otel_metric_overflow="true" and are counted in plimsoll_agent_series_overflow_total.
 * Cost and requests are counted by each dimension of attribution too, under the same cap a dimension
 * (observe/attribution.h).
 */
#ifndef PLIMSOLL_OBSERVE_OBSERVE_H
#define PLIMSOLL_OBSERVE_OBSERVE_H

#include "agent/base/buf.h"
#include "agent/config/config.h"
#include "agent/observe/exposition.h"
#include "agent/observe/quality.h"
#include "agent/span/call.h"

struct observer;
struct observe_shard;

/* lanes: threads that will observe, at least 1. Copies what it needs of the config. NULL without memory. */
struct observer *observer_new(const struct config *config, unsigned lanes);

/* No thread may use it or its shards any more. */
void observer_free(struct observer *o);

/* The shard of one lane, below the lanes given at creation. Any thread; it stays the same. */
struct observe_shard *observer_shard(struct observer *o, unsigned lane);

/* Around the calls of one batch: takes and gives back the shard's lock. Keep it short, readers wait. */
void observe_begin(struct observe_shard *s);
void observe_end(struct observe_shard *s);

/* Counts one counted call. Only between begin and end. Allocates only for a label set, or the first value of one of its
 * histograms; without memory that part is not counted. c is borrowed for the call. */
void observe_call(struct observe_shard *s, const struct call *c);

/* Begins to load what counting this call, soon, is going to look at. */
void observe_ahead(const struct observe_shard *s, const struct call *c);

/* Families that other stages add to /metrics: begins each family that has samples, and writes them. Called on the
 * scraping thread, which is not the loop's: bring what you need under a lock of your own. */
typedef void (*observe_source)(void *context, struct exposition *x);

/* Before the first scrape. Sources come in the order in which they were added. */
#define OBSERVE_SOURCES_MAX 8
void observer_add_source(struct observer *o, observe_source render, void *context);

/* What is said about the calls goes here. Any thread. */
struct quality *observer_quality(struct observer *o);

/* Keeps the totals of the last five minutes, which begin with none at the start: called by the loop each second.
 * mono_ns: clock_mono_ns(). */
void observer_tick(struct observer *o, uint64_t mono_ns);

/* One scrape, given in pieces so that a large one is never in memory as a whole. NULL without memory. Any thread. */
struct scrape;
struct scrape *scrape_new(struct observer *o, enum exposition_format format);

/* Appends the next piece, a few KiB, to out. False when all was given. */
bool scrape_next(struct scrape *s, struct buf *out);
void scrape_free(struct scrape *s);

/* What the summary cannot know itself. Strings are borrowed for the call. */
struct observe_about {
	const char
		*otlp_grpc_endpoint; /* "http://localhost:4317", to paste into an SDK's settings; NULL: not listening */
	const char *otlp_http_endpoint;
	const char *config_path; /* NULL: defaults */
};

/* Appends the JSON object that the page and `plimsoll top` show. Costs are decimal strings in USD, null where no
 * request was priced; times are seconds; what is unknown is null. Any thread.
 *
 * {"version","uptime_s","endpoints":{"otlp_grpc","otlp_http"},"config","totals":ROW,
 *  "last_minute":{"seconds","requests","errors","cost_usd","input_tokens","output_tokens"},
 *  "history":{"step_s","requests":[...],"cost_usd":[...]},            oldest first, the last five minutes
 *  "by":{"feature":[ROW...],"prompt":[ROW...],"model":[ROW...]},      dearest first, at most OBSERVE_ROWS_MAX each
 *  "hidden":{"feature","prompt","model"}}                             how many rows that cut off
 * ROW: {"name","provider"(model only),"overflow"(true, in the row of what is beyond the cap),"requests","errors",
 *  "unpriced","cost_usd","cost_per_request_usd","cost_per_success_usd"(of all priced calls, for each of them that ended
 *  ok),"cache_savings_usd","input_tokens","output_tokens","latency_p50_s","latency_p95_s","ttft_p50_s","ttft_p95_s",
 *  "output_tokens_per_second","quality"(quality_write_row)} */
#define OBSERVE_ROWS_MAX 200
void observer_summary(struct observer *o, const struct observe_about *about, struct buf *out);

#endif
