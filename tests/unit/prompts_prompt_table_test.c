/* SPDX-License-Identifier: Apache-2.0
 * A call without a version gets the one that its text, its release, its environment or a rule tells; else none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/config/prompt_rule.h"
#include "agent/prompts/prompt_table.h"
#include "agent/prompts/template.h"
#include "agent/span/fingerprint.h"

static struct manifest *manifests[4];
static struct prompt_drift drift[4];
static struct prompt_use use;
static struct prompt_news news;

static struct manifest *make(const char *text)
{
	struct buf errors = BUF_INIT;
	struct manifest *m = NULL;

	assert_false(FAILED(manifest_read("m", slice_of(text), &m, &errors)));
	return m;
}

static struct prompt_table *make_table(const struct prompt_table_deployed *deployed, uint32_t deployed_count)
{
	static const char *rules[] = { "feature=chat service=web* -> chatty@7", "feature=search -> answer" };
	static const struct string_list rule_list = { rules, 2 };
	const struct prompt_table_version versions[] = {
		{ SLICE("answer"), SLICE("1"), manifests[0], &drift[0] },
		{ SLICE("answer"), SLICE("2"), manifests[1], &drift[1] },
		{ SLICE("greet"), SLICE("1"), manifests[2], &drift[2] },
		{ SLICE("answer"), SLICE("3"), manifests[3], &drift[3] },
	};
	const struct prompt_table_place places[] = {
		{ 0, SLICE("production"), SLICE("r1"), &use, true },
		{ 0, SLICE("production"), SLICE("mixed"), &use, true },
		{ 1, SLICE("production"), SLICE("mixed"), &use, true },
		{ 1, SLICE("production"), SLICE("r1"), &use, false },
	};
	const struct prompt_table_input in = { versions, 4, places, 4, deployed, deployed_count, &rule_list, &news };
	struct prompt_table *table = NULL;

	assert_false(FAILED(prompt_table_new(&in, &table)));
	return table;
}

static struct call call_with_text(const struct prompt_table *t, const char *text)
{
	struct call c = { .role = ROLE_LLM, .counted = true, .end_unix_ns = 5000000000 };

	c.prompt_fingerprint = fingerprint_of(slice_of(text));
	c.prompt_template = prompt_table_match(t, slice_of(text));
	return c;
}

static void assert_prompt(const struct call *c, const char *name, const char *version)
{
	assert_true(slice_equal(c->prompt_name, slice_of(name)));
	assert_true(slice_equal(c->prompt_version, slice_of(version)));
}

static int set_up(void **state)
{
	(void)state;
	manifests[0] = make("name: answer\nversion: 1\nmodel: gpt-4o\ntemperature: 0.2\ntemplate: You answer as kindly as you can.\n");
	manifests[1] = make("name: answer\nversion: 2\ntemplate: You answer questions of {{who}} about {{what}}, in short.\n");
	manifests[2] = make("name: greet\nversion: 1\ntemplate: '{{x}}'\n");
	manifests[3] = make("name: answer\nversion: 3\ntemperature: 0.9\ntemplate: You answer as kindly as you can.\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		manifest_free(manifests[i]);
	return 0;
}

static void text_with_its_variables_filled_in_tells(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = call_with_text(t, "You answer questions of Ana about ships, in short.\n");

	(void)state;
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", "2");
	c = call_with_text(t, "You answer questions of Ana about ships, at length.");
	prompt_table_apply(t, &c);
	assert_prompt(&c, "", "");
	prompt_table_unref(t);
}

static void text_that_two_versions_share_tells_the_deployed_one(void **state)
{
	const struct prompt_table_deployed deployed[] = { { 3, SLICE("production") } };
	struct prompt_table *t = make_table(deployed, 1);
	struct call c = call_with_text(t, "You answer as kindly as you can.");

	(void)state;
	c.environment = SLICE("production");
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", "3");
	c = call_with_text(t, "You answer as kindly as you can.");
	c.environment = SLICE("staging");
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", ""); /* the name is certain, the version is not */
	prompt_table_unref(t);
}

static void variable_alone_says_nothing(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = call_with_text(t, "anything at all");

	(void)state;
	prompt_table_apply(t, &c);
	assert_prompt(&c, "", "");
	prompt_table_unref(t);
}

static void release_tells_the_version_it_served_alone(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = { .role = ROLE_LLM, .prompt_name = SLICE("answer"), .release = SLICE("r1") };

	(void)state;
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", "1");
	c = (struct call){ .role = ROLE_LLM, .prompt_name = SLICE("answer"), .release = SLICE("mixed") };
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", "");
	prompt_table_unref(t);
}

static void rule_names_a_prompt_and_the_environment_its_version(void **state)
{
	const struct prompt_table_deployed deployed[] = { { 1, SLICE("production") } };
	struct prompt_table *t = make_table(deployed, 1);
	struct call c = { .role = ROLE_LLM, .feature = SLICE("chat"), .service = SLICE("web-1") };

	(void)state;
	prompt_table_apply(t, &c);
	assert_prompt(&c, "chatty", "7");
	c = (struct call){ .role = ROLE_LLM, .feature = SLICE("search"), .environment = SLICE("production") };
	prompt_table_apply(t, &c);
	assert_prompt(&c, "answer", "2");
	prompt_table_unref(t);
}

static void span_that_says_its_version_is_believed(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = call_with_text(t, "You answer as kindly as you can.");

	(void)state;
	c.prompt_name = SLICE("mine");
	c.prompt_version = SLICE("0");
	prompt_table_apply(t, &c);
	assert_prompt(&c, "mine", "0");
	prompt_table_unref(t);
}

static void known_place_is_counted_and_an_unknown_one_is_news(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
			  .prompt_version = SLICE("1"),
			  .environment = SLICE("production"), .release = SLICE("r1"), .end_unix_ns = 7000000000 };

	(void)state;
	prompt_table_count(t, &c);
	assert_int_equal(use.counters[USE_CALLS], 1);
	c.release = SLICE("r2");
	prompt_table_count(t, &c);
	prompt_table_count(t, &c);
	assert_int_equal(use.counters[USE_CALLS], 1);
	size_t noted = 0;
	for (size_t i = 0; i < NEWS_SLOTS; i++)
		if (news.slots[i].state == 2) {
			noted++;
			assert_int_equal(news.slots[i].use.counters[USE_CALLS], 2);
		}
	assert_int_equal(noted, 1);
	prompt_table_unref(t);
}

static void a_request_is_handed_over_at_its_end_and_counts_as_its_calls_would(void **state)
{
	static struct prompt_counting counting;
	struct prompt_table *t = make_table(NULL, 0);
	struct cohort cohort = { .id = 7 };
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
			  .prompt_version = SLICE("1"),
			  .environment = SLICE("production"), .release = SLICE("r1"), .cohort = &cohort };

	(void)state;
	memset(&use, 0, sizeof(use));
	for (unsigned i = 0; i < 3; i++) {
		/* not in order: 8, 10, 7 */
		c.end_unix_ns = UINT64_C(7000000000) + (i * 2 + 1) % 5 * UINT64_C(1000000000);
		c.outcome = i == 1 ? OUTCOME_TIMEOUT : OUTCOME_OK;
		tokens_set(&c.tokens, TOKENS_INPUT, 100 + i);
		prompt_table_count_one(t, &counting, &c);
	}
	assert_int_equal(use.counters[USE_CALLS], 0);
	prompt_table_count_end(&counting);
	prompt_table_count_end(&counting); /* once is enough */
	assert_int_equal(use.counters[USE_CALLS], 3);
	assert_int_equal(use.counters[USE_FAILED], 1);
	assert_int_equal(use.counters[USE_INPUT_TOKENS], 303);
	assert_int_equal(use.first_seen_s, 7);
	assert_int_equal(use.last_seen_s, 10);
	prompt_table_unref(t);
}

static void drift_is_what_differs_from_the_manifest(void **state)
{
	struct prompt_table *t = make_table(NULL, 0);
	struct call c = { .role = ROLE_LLM, .counted = true, .prompt_name = SLICE("answer"),
			  .prompt_version = SLICE("1"),
			  .request_model = SLICE("gpt-4o"), .response_model = SLICE("gpt-4o-2024-08-06"),
			  .has_temperature = true, .temperature = (double)0.2f };

	(void)state;
	prompt_table_count(t, &c);
	assert_int_equal(drift[0].counts[DRIFT_TEMPERATURE], 0);
	assert_int_equal(drift[0].counts[DRIFT_MODEL], 0);
	c.temperature = 0.7;
	c.request_model = SLICE("gpt-4o-mini");
	prompt_table_count(t, &c);
	assert_int_equal(drift[0].counts[DRIFT_TEMPERATURE], 1);
	assert_true(drift[0].seen[DRIFT_TEMPERATURE] == 0.7);
	assert_int_equal(drift[0].counts[DRIFT_MODEL], 1);
	assert_int_equal(drift[0].counts[DRIFT_MAX_OUTPUT_TOKENS], 0); /* the manifest does not say it */
	prompt_table_unref(t);
}

static bool matches(const char *template, const char *text)
{
	struct arena a;
	struct template t;

	arena_init(&a, 1 << 20);
	assert_false(FAILED(template_parse(slice_of(template), &a, &t)));
	bool result = template_matches(&t, slice_of(text));
	arena_release(&a);
	return result;
}

#define BIG_TEXTS 80u

/* Texts of nearly a MiB, each another one: the table may not hold all of them. */
static void table_is_made_of_more_text_than_it_may_hold(void **state)
{
	struct prompt_table_version versions[BIG_TEXTS];
	struct manifest big[BIG_TEXTS];
	char names[BIG_TEXTS][8];
	struct prompt_table *t = NULL;
	char *text = malloc(MANIFEST_BYTES_MAX);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', MANIFEST_BYTES_MAX);
	strcpy(text + MANIFEST_BYTES_MAX - 20, " of {{customer}}.");
	for (unsigned i = 0; i < BIG_TEXTS; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		big[i] = (struct manifest){ .name = "big", .version = names[i], .template = text + i };
		versions[i] = (struct prompt_table_version){ SLICE("big"), slice_of(names[i]), &big[i], &drift[0] };
	}
	const struct prompt_table_input in = { .versions = versions, .version_count = BIG_TEXTS };
	assert_false(FAILED(prompt_table_new(&in, &t)));
	struct call c = call_with_text(t, text + 3); /* as it stands, its fingerprint tells */
	prompt_table_apply(t, &c);
	assert_prompt(&c, "big", "3");
	prompt_table_unref(t);
	free(text);
}

static void template_parts_stand_in_order(void **state)
{
	(void)state;
	assert_true(matches("a {{x}} b {{y}} c", "a 1 b 2 c"));
	assert_true(matches("a {{x}} b {{y}} c", "a {{x}} b {{y}} c"));
	assert_true(matches("{{x}}end", "the end"));
	assert_true(matches("ab{{x}}b", "abb"));
	assert_false(matches("ab{{x}}b", "ab"));
	assert_false(matches("a {{x}} b {{y}} c", "a 2 c b"));
	assert_false(matches("a", "ab"));
	assert_true(matches("open {{x", "open {{x"));
}

static void fingerprint_looks_past_blanks_and_digits(void **state)
{
	(void)state;
	assert_int_equal(fingerprint_of(SLICE("It is 2026.\n")), fingerprint_of(SLICE("  It is 7.")));
	assert_int_not_equal(fingerprint_of(SLICE("It is on.")), fingerprint_of(SLICE("It is off.")));
	assert_int_not_equal(fingerprint_of(SLICE("")), 0);
}

static void rules_say_what_is_wrong_with_them(void **state)
{
	struct prompt_rule rule;

	(void)state;
	assert_null(prompt_rule_read(SLICE("feature=a model=gpt* -> p@1"), &rule));
	assert_int_equal(rule.count, 2);
	assert_non_null(prompt_rule_read(SLICE("feature=a"), &rule));
	assert_non_null(prompt_rule_read(SLICE("-> p"), &rule));
	assert_non_null(prompt_rule_read(SLICE("colour=a -> p"), &rule));
	assert_non_null(prompt_rule_read(SLICE("feature=a -> p@"), &rule));
	assert_non_null(prompt_rule_read(SLICE("feature=a ->"), &rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_with_its_variables_filled_in_tells),
		cmocka_unit_test(text_that_two_versions_share_tells_the_deployed_one),
		cmocka_unit_test(variable_alone_says_nothing),
		cmocka_unit_test(release_tells_the_version_it_served_alone),
		cmocka_unit_test(rule_names_a_prompt_and_the_environment_its_version),
		cmocka_unit_test(span_that_says_its_version_is_believed),
		cmocka_unit_test(known_place_is_counted_and_an_unknown_one_is_news),
		cmocka_unit_test(a_request_is_handed_over_at_its_end_and_counts_as_its_calls_would),
		cmocka_unit_test(drift_is_what_differs_from_the_manifest),
		cmocka_unit_test(table_is_made_of_more_text_than_it_may_hold),
		cmocka_unit_test(template_parts_stand_in_order),
		cmocka_unit_test(fingerprint_looks_past_blanks_and_digits),
		cmocka_unit_test(rules_say_what_is_wrong_with_them),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
