/* SPDX-License-Identifier: Apache-2.0
 * Each field of a manifest that spans tell, too: what differs is counted with what was seen; what is not told is no
 * drift.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/prompts/use.h"

static struct prompt_drift drift;

static const struct prompt_promise promise = {
	.model = { "gpt-4o", 6 }, .collection = { "docs", 4 }, .temperature = 0.2,
	.max_output_tokens = 500, .top_k = 5, .min_score = 0.6,
};
static const struct prompt_promise nothing_said = { .temperature = NAN, .min_score = NAN };

static int set_up(void **state)
{
	(void)state;
	drift = (struct prompt_drift){ .model = { .text = "" } };
	return 0;
}

static struct call as_promised(void)
{
	return (struct call){ .role = ROLE_LLM, .request_model = SLICE("gpt-4o"), .has_temperature = true,
			      .temperature = 0.2, .max_output_tokens = 500 };
}

/* A search that found so many documents, the last of them with that score. */
static struct call search(struct retrieval *found, uint32_t documents, double worst)
{
	*found = (struct retrieval){ .documents = documents, .scored = documents, .best_score = 0.9, .worst_score = worst };
	return (struct call){ .role = ROLE_RETRIEVAL, .retrieval_top_k = 5, .retrieval_collection = SLICE("docs"),
			      .retrieval = found };
}

/* Only that field, once. */
static void assert_drift(const struct call *c, enum drift_field field)
{
	assert_true(prompt_drift_check(&drift, &promise, c));
	for (int f = 0; f < DRIFT_FIELDS; f++)
		assert_int_equal(drift.counts[f], f == (int)field);
	assert_false(prompt_drift_check(&drift, &nothing_said, c));
}

static void what_is_as_promised_is_no_drift(void **state)
{
	struct retrieval found;
	struct call c = as_promised(), s = search(&found, 5, 0.6), silent = { .role = ROLE_LLM };

	(void)state;
	assert_false(prompt_drift_check(&drift, &promise, &c));
	assert_false(prompt_drift_check(&drift, &promise, &s));
	assert_false(prompt_drift_check(&drift, &promise, &silent));
}

static void another_model_is_drift_unless_the_right_one_answered(void **state)
{
	struct call c = as_promised();

	(void)state;
	c.request_model = SLICE("router");
	c.response_model = SLICE("gpt-4o");
	assert_false(prompt_drift_check(&drift, &promise, &c));
	c.response_model = SLICE("gpt-4.1");
	assert_drift(&c, DRIFT_MODEL);
	assert_string_equal(drift.model.text, "gpt-4.1");
}

static void another_temperature_is_drift(void **state)
{
	struct call c = as_promised();

	(void)state;
	c.temperature = (double)0.2f; /* of 32 bits on the way */
	assert_false(prompt_drift_check(&drift, &promise, &c));
	c.temperature = 0;
	assert_drift(&c, DRIFT_TEMPERATURE);
	assert_true(drift.seen[DRIFT_TEMPERATURE] == 0);
}

static void another_token_limit_is_drift(void **state)
{
	struct call c = as_promised();

	(void)state;
	c.max_output_tokens = 4096;
	assert_drift(&c, DRIFT_MAX_OUTPUT_TOKENS);
	assert_true(drift.seen[DRIFT_MAX_OUTPUT_TOKENS] == 4096);
}

static void another_top_k_is_drift(void **state)
{
	struct retrieval found;
	struct call s = search(&found, 5, 0.7);

	(void)state;
	s.retrieval_top_k = 20;
	assert_drift(&s, DRIFT_TOP_K);
	assert_true(drift.seen[DRIFT_TOP_K] == 20);
}

static void more_documents_than_top_k_are_drift_and_fewer_are_none(void **state)
{
	struct retrieval found;
	struct call s = search(&found, 3, 0.7);

	(void)state;
	s.retrieval_top_k = 0; /* not told */
	assert_false(prompt_drift_check(&drift, &promise, &s));
	s = search(&found, 8, 0.7);
	s.retrieval_top_k = 0;
	assert_drift(&s, DRIFT_TOP_K);
	assert_true(drift.seen[DRIFT_TOP_K] == 8);
}

static void a_document_below_the_minimum_score_is_drift(void **state)
{
	struct retrieval found;
	struct call s = search(&found, 5, 0.41);

	(void)state;
	assert_drift(&s, DRIFT_MIN_SCORE);
	assert_true(drift.seen[DRIFT_MIN_SCORE] == 0.41);
	s = search(&found, 5, 0.41);
	found.scored = 0; /* not told */
	assert_false(prompt_drift_check(&drift, &promise, &s));
}

static void another_collection_is_drift_and_its_name_is_kept_until_it_is_read(void **state)
{
	struct retrieval found;
	struct call s = search(&found, 5, 0.7);

	(void)state;
	s.retrieval_collection = SLICE("drafts");
	assert_drift(&s, DRIFT_COLLECTION);
	s.retrieval_collection = SLICE("a name of more than ninety-six bytes, which is cut: 0123456789 0123456789 0123456789 "
				       "0123456789 0123456789");
	prompt_drift_check(&drift, &promise, &s);
	assert_string_equal(drift.collection.text, "drafts");
	drift.collection.state = 0; /* it was read */
	prompt_drift_check(&drift, &promise, &s);
	assert_int_equal(strlen(drift.collection.text), DRIFT_TEXT_BYTES - 1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_as_promised_is_no_drift),
		TEST(another_model_is_drift_unless_the_right_one_answered),
		TEST(another_temperature_is_drift),
		TEST(another_token_limit_is_drift),
		TEST(another_top_k_is_drift),
		TEST(more_documents_than_top_k_are_drift_and_fewer_are_none),
		TEST(a_document_below_the_minimum_score_is_drift),
		TEST(another_collection_is_drift_and_its_name_is_kept_until_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
