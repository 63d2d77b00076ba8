/* SPDX-License-Identifier: Apache-2.0
 * dialects/usage.c - one family of counts, and the question whether its input includes what came from the cache.
 */
#include "agent/dialects/usage.h"

/* Instrumentations whose input leaves cached tokens out, against the rule of semantic conventions 1.40. Prefixes. */
static const char *const exclusive_scopes[] = {
	"opentelemetry.instrumentation.botocore", /* 0.66b2: Bedrock's raw inputTokens */
	"openinference.instrumentation.bedrock",  /* 0.1.61: the same */
};

static bool names_total(const struct usage_claim *c)
{
	return tokens_has(&c->tokens, TOKENS_INPUT) || tokens_has(&c->tokens, TOKENS_OUTPUT);
}

bool usage_claimed(const struct usage_claim claims[FAMILY_COUNT])
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (names_total(&claims[f]))
			return true;
	return false;
}

static void fill_details(struct tokens *to, const struct tokens *from)
{
	if (!tokens_has(from, TOKENS_INPUT) || !tokens_has(to, TOKENS_INPUT) ||
	    from->n[TOKENS_INPUT] != to->n[TOKENS_INPUT])
		return;
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (!tokens_has(to, (enum token_class)class) && tokens_has(from, (enum token_class)class))
			tokens_set(to, (enum token_class)class, from->n[class]);
}

static bool scope_excludes_cache(struct slice scope)
{
	for (size_t i = 0; i < sizeof(exclusive_scopes) / sizeof(exclusive_scopes[0]); i++)
		if (slice_starts_with(scope, slice_of(exclusive_scopes[i])))
			return true;
	return false;
}

/* The order of tests: a total that adds up to all four parts is proof; an input smaller than its parts cannot include
 * them; else what is known of the instrumentation; else the rule of the semantic conventions, which is to include. */
static bool input_excludes_cache(const struct tokens *t, uint64_t total, struct slice scope)
{
	uint64_t input = tokens_get(t, TOKENS_INPUT), output = tokens_get(t, TOKENS_OUTPUT);
	uint64_t cached;

	if (__builtin_add_overflow(tokens_get(t, TOKENS_CACHE_READ), tokens_get(t, TOKENS_CACHE_WRITE), &cached))
		return false;
	if (cached == 0)
		return false;
	if (total != 0 && total - cached == input + output && total > cached)
		return true;
	if (input < cached)
		return true;
	return scope_excludes_cache(scope);
}

void usage_resolve(const struct usage_claim claims[FAMILY_COUNT], struct slice scope, struct tokens *out)
{
	int family = 0;

	while (family < FAMILY_COUNT && !names_total(&claims[family]))
		family++;
	if (family == FAMILY_COUNT) {
		*out = (struct tokens){ 0 };
		return;
	}
	*out = claims[family].tokens;
	for (int other = family + 1; other < FAMILY_COUNT; other++)
		fill_details(out, &claims[other].tokens);
	if (tokens_has(out, TOKENS_INPUT) && input_excludes_cache(out, claims[family].total, scope))
		out->n[TOKENS_INPUT] += tokens_get(out, TOKENS_CACHE_READ) + tokens_get(out, TOKENS_CACHE_WRITE);
}
