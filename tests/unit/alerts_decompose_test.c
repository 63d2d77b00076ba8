/* SPDX-License-Identifier: Apache-2.0
 * A change of cost is split without a remainder, and into what really changed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/alerts/decompose.h"

/* requests calls of one kind. Prices: 1 and 2 micro-dollars a token in and out, a tenth for cached ones. */
static struct cost_sums calls(double requests, double input, double cached, double output, double price)
{
	struct cost_sums s = { .requests = requests,
			       .input_tokens = requests * input,
			       .cached_tokens = requests * cached,
			       .output_tokens = requests * output,
			       .cached_cost_usd = requests * cached * 1e-7 * price,
			       .output_cost_usd = requests * output * 2e-6 * price };

	s.cost_usd = requests * (input - cached) * 1e-6 * price + s.cached_cost_usd + s.output_cost_usd;
	return s;
}

static double sum_of(const struct decomposition *d)
{
	double sum = 0;

	for (int f = 0; f < FACTOR_COUNT; f++)
		sum += d->parts_usd[f];
	return sum;
}

static void check_only(const struct decomposition *d, enum factor which)
{
	for (int f = 0; f < FACTOR_COUNT; f++)
		assert_true(f == (int)which ? fabs(d->parts_usd[f]) > 1e-9 : fabs(d->parts_usd[f]) < 1e-15);
	assert_true(fabs(sum_of(d) - (d->after_usd - d->before_usd)) < 1e-15);
}

static void what_alone_has_changed_has_all_of_it(void **state)
{
	const struct cost_sums base = calls(100, 1000, 200, 300, 1);
	struct decomposition d;

	(void)state;
	decompose_request(&(struct cost_model){ base, calls(7, 1500, 300, 300, 1) }, 1, &d);
	check_only(&d, FACTOR_INPUT);
	decompose_request(&(struct cost_model){ base, calls(7, 1000, 200, 900, 1) }, 1, &d);
	check_only(&d, FACTOR_OUTPUT);
	decompose_request(&(struct cost_model){ base, calls(7, 1000, 800, 300, 1) }, 1, &d);
	check_only(&d, FACTOR_CACHE);
	decompose_request(&(struct cost_model){ base, calls(7, 1000, 200, 300, 2) }, 1, &d);
	check_only(&d, FACTOR_PRICE);
	decompose_day(&(struct cost_model){ base, calls(300, 1000, 200, 300, 1) }, 1, 1, 1, &d);
	check_only(&d, FACTOR_VOLUME);
}

static void a_dearer_model_that_takes_over_is_the_mix(void **state)
{
	const struct cost_model models[] = {
		{ calls(90, 1000, 0, 300, 1), calls(10, 1000, 0, 300, 1) },
		{ calls(10, 1000, 0, 300, 5), calls(90, 1000, 0, 300, 5) },
	};
	struct decomposition d;

	(void)state;
	decompose_request(models, 2, &d);
	check_only(&d, FACTOR_MIX);
}

static void a_model_that_comes_or_goes_is_the_mix_too(void **state)
{
	const struct cost_sums none = { .requests = 0 };
	const struct cost_model models[] = {
		{ calls(100, 1000, 0, 300, 1), none },
		{ none, calls(40, 1200, 100, 350, 5) },
	};
	struct decomposition d;

	(void)state;
	decompose_request(models, 2, &d);
	check_only(&d, FACTOR_MIX);
}

static void the_parts_of_any_change_sum_up_to_it(void **state)
{
	struct cost_model models[5];
	struct decomposition d;

	(void)state;
	srand(1);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 5; i++) {
			double input = rand() % 5000, cached = input * (rand() % 100) / 100;
			models[i].before = calls(rand() % 3 * 50, input, cached, rand() % 900, 1 + rand() % 9);
			models[i].after = calls(1 + rand() % 90, input + rand() % 99, cached, rand() % 900,
						1 + rand() % 9);
			models[i].after.cost_usd += rand() % 2 * 0.5; /* what no token explains */
		}
		models[0].before = calls(10, 100, 0, 10, 1);
		decompose_request(models, 5, &d);
		assert_true(fabs(sum_of(&d) - (d.after_usd - d.before_usd)) < 1e-12);
		assert_true(d.parts_usd[FACTOR_VOLUME] == 0);
		decompose_day(models, 5, 2, 0.125, &d);
		assert_true(fabs(sum_of(&d) - (d.after_usd - d.before_usd)) < 1e-9 * fabs(d.after_usd + d.before_usd));
		double cost = 0;
		for (int i = 0; i < 5; i++)
			cost += models[i].after.cost_usd;
		assert_true(fabs(d.after_usd - cost / 0.125) < 1e-9 * d.after_usd);
	}
}

static void costs_without_parts_are_a_matter_of_price(void **state)
{
	struct cost_sums before = { .requests = 10, .cost_usd = 1 }, after = { .requests = 10, .cost_usd = 3 };
	struct decomposition d;

	(void)state;
	decompose_request(&(struct cost_model){ before, after }, 1, &d);
	check_only(&d, FACTOR_PRICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_alone_has_changed_has_all_of_it),
		cmocka_unit_test(a_dearer_model_that_takes_over_is_the_mix),
		cmocka_unit_test(a_model_that_comes_or_goes_is_the_mix_too),
		cmocka_unit_test(the_parts_of_any_change_sum_up_to_it),
		cmocka_unit_test(costs_without_parts_are_a_matter_of_price),
	};

	return cmocka_run_group_tests_name("alerts/decompose", tests, NULL, NULL);
}
