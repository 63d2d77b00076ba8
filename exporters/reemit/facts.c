/* SPDX-License-Identifier: Apache-2.0
 * exporters/reemit/facts.c - see the header.
 */
#include "exporters/reemit/facts.h"

#include "agent/span/contract.h"

static const struct {
	enum contract_attribute key;
	enum fact fact;
	double factor; /* to the fact's unit */
} numbers[] = {
	{ CONTRACT_INPUT_TOKENS, FACT_INPUT_TOKENS, 1 },
	{ CONTRACT_TOKENS_INPUT, FACT_OUR_INPUT_TOKENS, 1 },
	{ CONTRACT_OUTPUT_TOKENS, FACT_OUTPUT_TOKENS, 1 },
	{ CONTRACT_CACHE_READ_TOKENS, FACT_CACHE_READ_TOKENS, 1 },
	{ CONTRACT_CACHE_WRITE_TOKENS, FACT_CACHE_WRITE_TOKENS, 1 },
	{ CONTRACT_COST, FACT_COST, 1 },
	{ CONTRACT_COST_TOTAL, FACT_OUR_COST, 1 },
	{ CONTRACT_COST_INPUT, FACT_INPUT_COST, 1 },
	{ CONTRACT_COST_OUTPUT, FACT_OUTPUT_COST, 1 },
	{ CONTRACT_COST_CACHE_READ, FACT_CACHE_READ_COST, 1 },
	{ CONTRACT_COST_CACHE_WRITE, FACT_CACHE_WRITE_COST, 1 },
	{ CONTRACT_TTFT, FACT_TTFT, 1e-3 },
};

static const struct {
	enum contract_attribute key;
	enum fact_text text;
} texts[] = {
	{ CONTRACT_RESPONSE_MODEL, TEXT_MODEL },    { CONTRACT_REQUEST_MODEL, TEXT_REQUEST_MODEL },
	{ CONTRACT_PROVIDER, TEXT_PROVIDER },       { CONTRACT_OPERATION, TEXT_OPERATION },
	{ CONTRACT_PROMPT_NAME, TEXT_PROMPT_NAME }, { CONTRACT_PROMPT_VERSION, TEXT_PROMPT_VERSION },
	{ CONTRACT_FEATURE, TEXT_FEATURE },
};

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static void set(struct span_facts *f, enum fact fact, double value)
{
	f->number[fact] = value;
	f->known |= 1u << fact;
}

static void read_number(struct span_facts *f, const struct attribute *a)
{
	double value = a->value.kind == ANY_INT ? (double)a->value.integer : a->value.real;

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (slice_equal(a->key, contract_keys[numbers[i].key]))
			set(f, numbers[i].fact, value * numbers[i].factor);
}

static void read_text(struct span_facts *f, const struct attribute *a)
{
	if (slice_equal(a->key, contract_keys[CONTRACT_OUTCOME]))
		f->is_call = true; /* enrichment writes it on counted calls, and on nothing else */
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (slice_equal(a->key, contract_keys[texts[i].key]))
			f->text[texts[i].text] = a->value.bytes;
}

void span_facts_read(struct span_facts *f, const struct attribute *a)
{
	if (!slice_starts_with(a->key, SLICE("gen_ai.")) && !slice_starts_with(a->key, SLICE("plimsoll.")))
		return;
	if (a->value.kind == ANY_INT || a->value.kind == ANY_DOUBLE)
		read_number(f, a);
	else if (a->value.kind == ANY_STRING)
		read_text(f, a);
	else if (a->value.kind == ANY_BOOL && slice_equal(a->key, contract_keys[CONTRACT_COUNTED]))
		f->is_wrapper = !a->value.boolean;
}

/* 0 where it is not known: of parts that may be missing. */
static double part(const struct span_facts *f, enum fact fact)
{
	return span_facts_has(f, fact) ? f->number[fact] : 0;
}

static void derive_tokens(struct span_facts *f)
{
	double cached = part(f, FACT_CACHE_READ_TOKENS) + part(f, FACT_CACHE_WRITE_TOKENS);
	double input = part(f, FACT_INPUT_TOKENS);

	if (!span_facts_has(f, FACT_INPUT_TOKENS))
		return;
	set(f, FACT_PLAIN_INPUT_TOKENS, input > cached ? input - cached : 0);
	if (span_facts_has(f, FACT_OUTPUT_TOKENS))
		set(f, FACT_TOTAL_TOKENS, input + f->number[FACT_OUTPUT_TOKENS]);
}

void span_facts_complete(struct span_facts *f)
{
	if (span_facts_has(f, FACT_OUR_INPUT_TOKENS))
		set(f, FACT_INPUT_TOKENS, f->number[FACT_OUR_INPUT_TOKENS]);
	if (span_facts_has(f, FACT_OUR_COST))
		set(f, FACT_COST, f->number[FACT_OUR_COST]);
	if (f->text[TEXT_MODEL].len == 0)
		f->text[TEXT_MODEL] = f->text[TEXT_REQUEST_MODEL];
	derive_tokens(f);
	/* all of the total that is not output: parts that have no attribute of their own are input too */
	if (span_facts_has(f, FACT_COST) && span_facts_has(f, FACT_OUTPUT_COST))
		set(f, FACT_PROMPT_COST, f->number[FACT_COST] - f->number[FACT_OUTPUT_COST]);
}
