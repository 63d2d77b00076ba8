/* SPDX-License-Identifier: Apache-2.0
 * prompts/use.h - what receiving threads count of prompt versions. Everything here is atomic; nothing is ever freed while
 * a receiving thread may hold it.
 */
#ifndef PLIMSOLL_PROMPTS_USE_H
#define PLIMSOLL_PROMPTS_USE_H

#include <stdatomic.h>

#include "agent/base/slice.h"
#include "agent/span/call.h"

enum use_counter {
	USE_CALLS,
	USE_TOLD,    /* whose span or text told the version */
	USE_FAILED,
	USE_FLAWED,
	USE_INPUT_TOKENS,
	USE_OUTPUT_TOKENS,
	USE_PRICED,
	USE_COST_PUSD,
	USE_LATENCY_MS,
	USE_SCORED,  /* carry a score from 0 to 1 on their own span */
	USE_SCORES,  /* these added up, in units of 1 / USE_SCORE_ONE */
	USE_COUNTERS
};

#define USE_SCORE_ONE 1e9

/* Calls of a version in one environment and release, since the registry took them last. */
struct prompt_use {
	_Atomic uint64_t counters[USE_COUNTERS];
	_Atomic uint64_t first_seen_s, last_seen_s; /* 0: none yet */
};

/* What calls in a row add to one of these, before it goes to the counters that all lanes share. Begins as zeros. */
struct prompt_use_sum {
	struct prompt_use *use;
	uint64_t counters[USE_COUNTERS];
	uint64_t first_s, last_s;
};

void prompt_use_sum_add(struct prompt_use_sum *sum, const struct call *c);

/* Hands the sum over; zeros are left. */
void prompt_use_sum_end(struct prompt_use_sum *sum);

void prompt_use_count(struct prompt_use *u, const struct call *c);

/* Fields of a manifest that spans tell, too. */
#define DRIFT_FIELD_MAP(X)                        \
	X(MODEL, "model")                         \
	X(TEMPERATURE, "temperature")             \
	X(MAX_OUTPUT_TOKENS, "max_output_tokens") \
	X(COLLECTION, "retrieval.collection")     \
	X(TOP_K, "retrieval.top_k")               \
	X(MIN_SCORE, "retrieval.min_score")

enum drift_field {
#define X(id, name) DRIFT_##id,
	DRIFT_FIELD_MAP(X)
#undef X
	DRIFT_FIELDS
};

extern const char *const drift_field_names[DRIFT_FIELDS];

#define DRIFT_TEXT_BYTES 96u

/* A text that was seen where the manifest says another one. */
struct prompt_drift_text {
	_Atomic uint32_t state;       /* 0: free to write, 1: being written, 2: the reader's */
	char text[DRIFT_TEXT_BYTES]; /* NUL-terminated */
};

/* Calls of a version that were not made as its manifest says, and what was seen instead: of numbers the newest one. */
struct prompt_drift {
	_Atomic uint64_t counts[DRIFT_FIELDS];
	_Atomic double seen[DRIFT_FIELDS]; /* of numbers */
	struct prompt_drift_text model, collection;
};

/* Where the field's text is kept; NULL: it is a number. */
static inline struct prompt_drift_text *prompt_drift_text_of(struct prompt_drift *d, enum drift_field field)
{
	return field == DRIFT_MODEL ? &d->model : field == DRIFT_COLLECTION ? &d->collection : NULL;
}

/* What the manifest says, of what can be compared. */
struct prompt_promise {
	struct slice model, collection; /* empty: not said */
	double temperature;       /* NaN: not said */
	uint64_t max_output_tokens, top_k; /* 0: not said */
	double min_score;         /* NaN: not said */
};

/* Counts what of the call breaks the promise. Returns whether anything does. Any thread. */
bool prompt_drift_check(struct prompt_drift *d, const struct prompt_promise *p, const struct call *c);

#endif
