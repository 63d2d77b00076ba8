/* SPDX-License-Identifier: Apache-2.0
 * dialects/usage.c - one family of counts, and the question whether its input includes what came from the cache.
 */
#include "agent/dialects/usage.h"

enum cache_habit { INCLUDES, EXCLUDES, ADDS_UP };

static bool names_total(const struct usage_claim *c)
{
	return tokens_has(&c->tokens, TOKENS_INPUT) || tokens_has(&c->tokens, TOKENS_OUTPUT);
}

static bool claims(const struct usage_claim all[FAMILY_COUNT], unsigned families, int f)
{
	return (families >> f & 1u) != 0 && names_total(&all[f]);
}

bool usage_claimed(const struct usage_claim all[FAMILY_COUNT], unsigned families)
{
	for (int f = 0; families >> f != 0; f++)
		if (claims(all, families, f))
			return true;
	return false;
}

static enum cache_habit habit_of(int family, const struct usage_habit *habit)
{
	switch (family) {
	case FAMILY_GEN_AI:
	case FAMILY_GEN_AI_OLD:
	case FAMILY_OPENINFERENCE:
	case FAMILY_AI_SDK:
	case FAMILY_BARE:
		return habit->input_excludes_cache ? EXCLUDES : INCLUDES;
	case FAMILY_LANGFUSE:
		return ADDS_UP;
	case FAMILY_RAW_APART:
		return EXCLUDES;
	default:
		return INCLUDES;
	}
}

/* The order of tests: a total that adds up to all four parts is proof; an input smaller than its parts cannot include
 * them; else the habit, which by the rule of the semantic conventions is to include. */
static bool input_excludes_cache(const struct tokens *t, uint64_t total, enum cache_habit habit)
{
	uint64_t input = tokens_get(t, TOKENS_INPUT), output = tokens_get(t, TOKENS_OUTPUT);
	uint64_t cached;

	if (__builtin_add_overflow(tokens_get(t, TOKENS_CACHE_READ), tokens_get(t, TOKENS_CACHE_WRITE), &cached))
		return false;
	if (cached == 0)
		return false;
	if (total > cached && total - cached == input + output)
		return true;
	return input < cached || habit == EXCLUDES;
}

static uint64_t sum(const struct tokens *t, const enum token_class *classes, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(all, tokens_get(t, classes[i]), &all))
			return UINT64_MAX;
	return all;
}

/* Every class apart: input and output are what none of the other classes holds. Where the total says otherwise (users
 * fill this object by hand), reasoning or the cache are inside already. */
static void add_up(struct tokens *t, uint64_t total)
{
	static const enum token_class in[] = { TOKENS_INPUT, TOKENS_CACHE_READ, TOKENS_CACHE_WRITE, TOKENS_AUDIO_IN,
					       TOKENS_IMAGE_IN };
	static const enum token_class out[] = { TOKENS_OUTPUT, TOKENS_REASONING, TOKENS_AUDIO_OUT, TOKENS_IMAGE_OUT };
	uint64_t all_in = sum(t, in, 5), all_out = sum(t, out, 4);
	uint64_t input = tokens_get(t, TOKENS_INPUT), output = tokens_get(t, TOKENS_OUTPUT);

	if (total != 0 && all_in + all_out != total) {
		if (all_in + output == total)
			all_out = output;
		else if (input + output == total)
			all_in = input, all_out = output;
		else if (input + all_out == total)
			all_in = input;
	}
	if (tokens_has(t, TOKENS_INPUT))
		t->n[TOKENS_INPUT] = all_in;
	if (tokens_has(t, TOKENS_OUTPUT))
		t->n[TOKENS_OUTPUT] = all_out;
}

/* Gemini's own counts leave thoughts out of the output: where the total adds up with them beside it only, they are. */
static void include_reasoning(struct usage_claim *c)
{
	uint64_t reasoning = tokens_get(&c->tokens, TOKENS_REASONING), cached = tokens_get(&c->tokens, TOKENS_CACHE_READ);
	uint64_t said = tokens_get(&c->tokens, TOKENS_INPUT) + tokens_get(&c->tokens, TOKENS_OUTPUT);

	if (reasoning > 0 && reasoning != cached && c->total > reasoning && c->total - reasoning == said)
		tokens_set(&c->tokens, TOKENS_OUTPUT, tokens_get(&c->tokens, TOKENS_OUTPUT) + reasoning);
}

/* Instrumentations pass Gemini's output on without its thoughts and may not tell of these, but pass its total on too. */
static void include_rest(struct usage_claim *c)
{
	uint64_t output = tokens_get(&c->tokens, TOKENS_OUTPUT), cached = tokens_get(&c->tokens, TOKENS_CACHE_READ);
	uint64_t said;

	if (!tokens_has(&c->tokens, TOKENS_OUTPUT) ||
	    __builtin_add_overflow(tokens_get(&c->tokens, TOKENS_INPUT), output, &said) || c->total <= said)
		return;
	if (c->total - said != cached)
		tokens_set(&c->tokens, TOKENS_OUTPUT, output + (c->total - said));
}

static void settle(struct usage_claim *c, enum cache_habit habit, bool output_lacks_thoughts)
{
	if (c->written > tokens_get(&c->tokens, TOKENS_CACHE_WRITE))
		tokens_set(&c->tokens, TOKENS_CACHE_WRITE, c->written);
	if (!tokens_has(&c->tokens, TOKENS_INPUT))
		return;
	if (habit == ADDS_UP)
		add_up(&c->tokens, c->total);
	if (!tokens_has(&c->tokens, TOKENS_REASONING) && output_lacks_thoughts)
		include_rest(c);
	else if (habit != ADDS_UP && tokens_has(&c->tokens, TOKENS_REASONING))
		include_reasoning(c);
	if (habit != ADDS_UP && input_excludes_cache(&c->tokens, c->total, habit))
		c->tokens.n[TOKENS_INPUT] +=
			tokens_get(&c->tokens, TOKENS_CACHE_READ) + tokens_get(&c->tokens, TOKENS_CACHE_WRITE);
}

void usage_fill_details(struct tokens *to, const struct tokens *from)
{
	if (!tokens_has(from, TOKENS_INPUT) || !tokens_has(to, TOKENS_INPUT) ||
	    from->n[TOKENS_INPUT] != to->n[TOKENS_INPUT])
		return;
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (!tokens_has(to, (enum token_class)class) && tokens_has(from, (enum token_class)class))
			tokens_set(to, (enum token_class)class, from->n[class]);
}

/* Old and new names of the conventions mixed on one span are one family. */
static void join_old_names(struct usage_claim all[FAMILY_COUNT], unsigned families)
{
	static const enum token_class classes[] = { TOKENS_INPUT, TOKENS_OUTPUT, TOKENS_CACHE_READ };
	struct usage_claim *now = &all[FAMILY_GEN_AI];
	const struct usage_claim *old = &all[FAMILY_GEN_AI_OLD];

	if (!claims(all, families, FAMILY_GEN_AI) || (families >> FAMILY_GEN_AI_OLD & 1u) == 0)
		return;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!tokens_has(&now->tokens, classes[i]) && tokens_has(&old->tokens, classes[i]))
			tokens_set(&now->tokens, classes[i], old->tokens.n[classes[i]]);
}

/* The Vercel AI SDK writes one count under both names, and the details and the total under its own. */
static void join_ai_sdk(struct usage_claim all[FAMILY_COUNT], unsigned families)
{
	if (!claims(all, families, FAMILY_GEN_AI) || !claims(all, families, FAMILY_AI_SDK))
		return;
	usage_fill_details(&all[FAMILY_GEN_AI].tokens, &all[FAMILY_AI_SDK].tokens);
	if (all[FAMILY_GEN_AI].total == 0)
		all[FAMILY_GEN_AI].total = all[FAMILY_AI_SDK].total;
}

/* The conventions' details may stand beside counts under other names. */
static void borrow_details(struct usage_claim all[FAMILY_COUNT], unsigned families, int chosen)
{
	struct usage_claim *now = &all[FAMILY_GEN_AI];

	if (chosen == FAMILY_GEN_AI || (families >> FAMILY_GEN_AI & 1u) == 0)
		return;
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (tokens_has(&now->tokens, (enum token_class)class) &&
		    !tokens_has(&all[chosen].tokens, (enum token_class)class))
			tokens_set(&all[chosen].tokens, (enum token_class)class, now->tokens.n[class]);
}

/* AutoGen, for one, writes 0 of a stream whose usage nobody asked for: a model that was asked took in something. */
static bool counts_nothing(const struct usage_claim *c)
{
	for (int class = 0; class < TOKEN_CLASS_COUNT; class++)
		if (tokens_get(&c->tokens, (enum token_class)class) != 0)
			return false;
	return c->written == 0;
}

void usage_resolve(struct usage_claim all[FAMILY_COUNT], unsigned families, const struct usage_habit *habit,
		   struct tokens *out)
{
	int chosen = 0;

	while (chosen < FAMILY_COUNT && (!claims(all, families, chosen) || counts_nothing(&all[chosen])))
		chosen++;
	if (chosen == FAMILY_COUNT) {
		out->known = 0;
		out->estimated = false;
		return;
	}
	join_old_names(all, families);
	join_ai_sdk(all, families);
	borrow_details(all, families, chosen);
	settle(&all[chosen], habit_of(chosen, habit), habit->output_lacks_thoughts);
	*out = all[chosen].tokens;
	for (int other = chosen + 1; families >> other != 0; other++)
		if (claims(all, families, other)) {
			settle(&all[other], habit_of(other, habit), habit->output_lacks_thoughts);
			usage_fill_details(out, &all[other].tokens);
		}
}
