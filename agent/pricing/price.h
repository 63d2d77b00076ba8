/* SPDX-License-Identifier: Apache-2.0
 * pricing/price.h - turn token counts into money.
 *
 * In:     a normalised call (provider, models, tokens by class, service tier, start time)
 * Out:    call->cost; a model without a price, and a usage that contradicts itself, have no cost and say so
 * Owns:   the price book (overrides, a loaded file, the embedded table), read-only after it was made: any thread may
 *         read it. Each thread has a pricer of its own, which remembers what it found.
 */
#ifndef PLIMSOLL_PRICING_PRICE_H
#define PLIMSOLL_PRICING_PRICE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/pricing/sheet.h"
#include "agent/pricing/table.h"
#include "agent/span/call.h"

struct config;
struct price_book;
struct pricer;

/* ---------------------------------------------------------------- the book */

enum price_source { PRICE_OVERRIDE, PRICE_FILE, PRICE_EMBEDDED, PRICE_SOURCE_COUNT };

/* "override", "file", "embedded" */
extern const char *const price_source_names[PRICE_SOURCE_COUNT];

/* Reads the files that the configuration names (none where c is NULL), and the embedded table.
 * On failure *out is untouched and errors gets one line a file ("file:line:column: reason"): keep the old book.
 * Errors: INVALID, IO, NOMEM. */
struct status price_book_new(const struct config *c, struct price_book **out, struct buf *errors) MUST_USE;

/* The same with the files named here; each may be NULL. */
struct status price_book_open(const char *file, const char *override_file, struct price_book **out,
			      struct buf *errors) MUST_USE;

/* No pricer may use it any more, and no call's cost.price may be read any more. NULL is allowed. */
void price_book_free(struct price_book *b);

/* Whether a file of the book was changed, replaced or removed since it was read. */
bool price_book_is_stale(const struct price_book *b);

/* One line for people: "genai-prices 0.2.3 (2026-11-21, embedded); ...". */
void price_book_describe(const struct price_book *b, struct buf *out);

/* The table that most calls are priced by: the loaded file, else the embedded one. Slices live as long as the book. */
void price_book_table(const struct price_book *b, struct slice *source, struct slice *version, uint64_t *date_unix_s);

/* Calls visit for every provider that the user's own files name; one may come more than once. */
void price_book_own_providers(const struct price_book *b, void (*visit)(void *context, struct slice provider), void *context);

/* Sets METER_PRICE_TABLE_TIME in place of the last report's, and logs a warning where the table is older than 30 days (an
 * error from 90). On one thread. */
void price_book_report(const struct price_book *b, uint64_t now_unix_s);

/* ---------------------------------------------------------------- pricing a call */

/* NULL without memory. The book must outlive it. */
struct pricer *pricer_new(const struct price_book *b);
void pricer_free(struct pricer *p);

/* Sets call->cost from what the call says. The answer model is looked up first, then the requested one. cost.known
 * stays false where neither has a price, where no token count is known, and where the counts contradict each other.
 * Sets call->model_pinned too (pricing/model_pin.h), since what it needs is remembered here.
 * Allocates only when a combination of provider, models and service tier is seen first; forgets the longest unseen. */
void price_call(struct pricer *p, struct call *call);

/* ---------------------------------------------------------------- pricing anything */

#define PRICE_CONTEXTS_MAX 8

enum price_error { PRICE_OK, PRICE_PROVIDER_NOT_FOUND, PRICE_MODEL_NOT_FOUND, PRICE_INVALID_USAGE };

/* "" "provider_not_found" "model_not_found" "invalid_usage" */
extern const char *const price_error_names[];

struct price_request {
	struct slice provider, api_url; /* ptr NULL: not known */
	struct slice model;
	bool as_written; /* ask the tables with exactly these names: no telemetry names, no rewritten forms; and answer as
			    they do: usage that has no price costs nothing */
	uint64_t unix_s;
	struct price_context contexts[PRICE_CONTEXTS_MAX];
	size_t context_count;
	struct price_usage usage;
	bool usage_invalid; /* a count could not be read: an error of its own, whatever the model */
};

struct price_answer {
	enum price_error error;
	const char *why;        /* literal, with PRICE_INVALID_USAGE */
	struct slice provider, model; /* ids in the table; empty where not found. The provider is the one asked for */
	struct slice price;     /* "openai/gpt-4o@genai-prices-0.2.3 (2026-11-21)": the row that was used */
	enum price_source source;
	uint32_t usage_scale;   /* of the components' counts */
	struct sheet sheet;     /* the prices that held */
	struct price_bill bill;
};

/* A service tier as the answer named it, under the keys that the tables ask for ("batch" is a way of processing, "fast"
 * a speed). out: room for three. Returns how many. */
size_t price_tier_contexts(struct slice tier, struct price_context *out);

/* Looks up and bills. Remembers nothing; allocates nothing. */
void price_ask(struct pricer *p, const struct price_request *request, struct price_answer *answer);

#endif
