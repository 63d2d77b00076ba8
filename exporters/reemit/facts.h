/* SPDX-License-Identifier: Apache-2.0
 * exporters/reemit/facts.h - what an enriched span says of its call, in one place, whatever a back end calls it.
 *
 * Read from the attributes that enrichment writes (span/contract.h) and from the span's own of the same keys.
 */
#ifndef PLIMSOLL_EXPORTERS_REEMIT_FACTS_H
#define PLIMSOLL_EXPORTERS_REEMIT_FACTS_H

#include "agent/otlp/value.h"

/* Numbers: tokens as counts, money in USD, times in seconds. Derived ones are known where their parts are. */
enum fact {
	FACT_INPUT_TOKENS, /* cached ones included */
	FACT_OUTPUT_TOKENS,
	FACT_CACHE_READ_TOKENS,
	FACT_CACHE_WRITE_TOKENS,
	FACT_PLAIN_INPUT_TOKENS, /* input that no cache was involved in */
	FACT_TOTAL_TOKENS,       /* input and output */
	FACT_COST,
	FACT_INPUT_COST, /* of plain input */
	FACT_OUTPUT_COST,
	FACT_CACHE_READ_COST,
	FACT_CACHE_WRITE_COST,
	FACT_PROMPT_COST, /* of all input */
	FACT_TTFT,
	/* read only: what overrides the span's own value, which may mean something else */
	FACT_OUR_INPUT_TOKENS,
	FACT_OUR_COST,
	FACT_COUNT
};

enum fact_text {
	TEXT_MODEL,
	TEXT_REQUEST_MODEL,
	TEXT_PROVIDER,
	TEXT_OPERATION,
	TEXT_PROMPT_NAME,
	TEXT_PROMPT_VERSION,
	TEXT_FEATURE,
	TEXT_COUNT
};

struct span_facts {
	bool is_call;    /* a counted model call */
	bool is_wrapper; /* repeats the usage of calls inside it */
	uint32_t known;  /* bit 1u << enum fact */
	double number[FACT_COUNT];
	struct slice text[TEXT_COUNT]; /* empty: not told */
	uint64_t start_unix_ns;
};

/* Takes note of one attribute. */
void span_facts_read(struct span_facts *f, const struct attribute *a);

/* Computes what is derived; after the last attribute. */
void span_facts_complete(struct span_facts *f);

static inline bool span_facts_has(const struct span_facts *f, enum fact fact)
{
	return (f->known >> fact & 1u) != 0;
}

#endif
