/* SPDX-License-Identifier: Apache-2.0
 * bench_price - what pricing a call costs, against a loop of the same shape that prices nothing.
 *
 *     bench_price [ROUNDS]
 *
 * A hundred calls of nine models (three of them with caches, tiers or service tiers, one without a price) are priced
 * again and again on one core. Prints one line of JSON: calls per second of both loops, and the difference a call.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/pricing/price.h"

#define CALLS 100u
#define REPEATS 25 /* the best one counts: others had to share the machine */

static const struct {
	const char *provider, *request_model, *response_model, *tier;
} mix[] = {
	{ "openai", "gpt-4o", "gpt-4o-2024-11-20", "" },
	{ "openai", "gpt-5.4", "gpt-5.4-2026-03-05", "flex" },
	{ "openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "default" },
	{ "anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "" },
	{ "anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", "" },
	{ "gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro", "" },
	{ "aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", "" },
	{ "mistral_ai", "mistral-large-latest", "mistral-large-2411", "" },
	{ "openai", "my-private-model", "my-private-model", "" },
};

static void make_call(struct call *c, unsigned i)
{
	unsigned m = i % (sizeof(mix) / sizeof(mix[0]));

	*c = (struct call){
		.provider = slice_of(mix[m].provider),
		.request_model = slice_of(mix[m].request_model),
		.response_model = slice_of(mix[m].response_model),
		.service_tier = slice_of(mix[m].tier),
		.start_unix_ns = UINT64_C(1795348800) * NS_PER_SECOND + i * NS_PER_MS,
	};
	tokens_set(&c->tokens, TOKENS_INPUT, 900 + i * 37 % 5000);
	tokens_set(&c->tokens, TOKENS_OUTPUT, 100 + i * 13 % 900);
	if (m % 2 == 1)
		tokens_set(&c->tokens, TOKENS_CACHE_READ, 300 + i % 400);
	if (m == 3 || m == 6)
		tokens_set(&c->tokens, TOKENS_CACHE_WRITE, 50 + i % 100);
	if (m == 1)
		tokens_set(&c->tokens, TOKENS_REASONING, 60);
}

/* The empty loop's body: touches what price_call touches of the call, and keeps the compiler from removing it. */
static __attribute__((noinline)) void price_nothing(struct pricer *p, struct call *call)
{
	__asm__ volatile("" : : "r"(p), "r"(call) : "memory");
	call->cost.known = false;
}

typedef void pricing(struct pricer *, struct call *);

static double seconds_of(pricing *work, struct pricer *p, struct call *calls, unsigned rounds)
{
	double best = 1e9;

	for (int repeat = 0; repeat < REPEATS; repeat++) {
		uint64_t start = clock_process_cpu_ns();
		for (unsigned round = 0; round < rounds; round++)
			for (unsigned i = 0; i < CALLS; i++)
				work(p, &calls[i]);
		double seconds = (double)(clock_process_cpu_ns() - start) / 1e9;
		best = seconds < best ? seconds : best;
	}
	return best;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
	struct price_book *book = NULL;
	struct buf errors = BUF_INIT;
	struct call *calls = calloc(CALLS, sizeof(*calls));

	uint64_t start = clock_mono_ns();
	if (calls == NULL || rounds == 0 || FAILED(price_book_new(NULL, &book, &errors)))
		return 1;
	double open_ms = (double)(clock_mono_ns() - start) / 1e6;
	struct pricer *pricer = pricer_new(book);
	if (pricer == NULL)
		return 1;
	for (unsigned i = 0; i < CALLS; i++)
		make_call(&calls[i], i);

	double n = (double)rounds * CALLS;
	double priced = seconds_of(price_call, pricer, calls, rounds),
	       empty = seconds_of(price_nothing, pricer, calls, rounds);
	printf("{\"bench\":\"price\",\"n\":%.0f,\"calls_per_second\":%.0f,\"empty_loop_per_second\":%.0f,"
	       "\"ns_per_call_over_empty\":%.1f,\"open_ms\":%.2f}\n",
	       n, n / priced, n / empty, (priced - empty) / n * 1e9, open_ms);
	pricer_free(pricer);
	price_book_free(book);
	free(calls);
	return 0;
}
