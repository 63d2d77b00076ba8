/* SPDX-License-Identifier: Apache-2.0
 * pricing/token_sheet.c - 64-bit billing of whole tokens.
 */
#include "agent/pricing/token_sheet.h"

#define PUSD_MAX (INT64_C(1) << 50)  /* of one token: 1,100 USD */
#define COUNT_MAX (UINT64_C(1) << 60)

_Static_assert(TOKEN_CLASS_COUNT <= 16, "sets of classes are 16 bits");

static const uint8_t class_units[TOKEN_CLASS_COUNT] = {
	[TOKENS_INPUT] = UNIT_INPUT_TOKENS,
	[TOKENS_OUTPUT] = UNIT_OUTPUT_TOKENS,
	[TOKENS_CACHE_READ] = UNIT_CACHE_READ_TOKENS,
	[TOKENS_CACHE_WRITE] = UNIT_CACHE_WRITE_TOKENS,
	[TOKENS_CACHE_WRITE_1H] = UNIT_CACHE_WRITE_1H_TOKENS,
	[TOKENS_REASONING] = UNIT_OUTPUT_REASONING_TOKENS,
	[TOKENS_AUDIO_IN] = UNIT_INPUT_AUDIO_TOKENS,
	[TOKENS_AUDIO_OUT] = UNIT_OUTPUT_AUDIO_TOKENS,
	[TOKENS_IMAGE_IN] = UNIT_INPUT_IMAGE_TOKENS,
	[TOKENS_IMAGE_OUT] = UNIT_OUTPUT_IMAGE_TOKENS,
};

_Static_assert(TOKENS_INPUT == 0 && TOKENS_OUTPUT == 1 && TOKENS_CACHE_WRITE < TOKENS_CACHE_WRITE_1H,
	       "wholes before their parts");

enum unit unit_of_class(enum token_class class)
{
	return (enum unit)class_units[class];
}

/* ---------------------------------------------------------------- preparing */

static uint16_t classes_of(unit_set units)
{
	uint16_t set = 0;

	for (unsigned c = 0; c < TOKEN_CLASS_COUNT; c++)
		if ((units & UNIT_BIT(class_units[c])) != 0)
			set |= (uint16_t)(1u << c);
	return set;
}

static enum token_class class_of(enum unit unit)
{
	enum token_class c = 0;

	while (c < TOKEN_CLASS_COUNT && class_units[c] != unit)
		c++;
	return c;
}

static bool whole_pusd(struct price_rate rate, int64_t *pusd)
{
	if (rate.divisor != 1 || rate.yusd % YUSD_PER_PUSD != 0 || rate.yusd / YUSD_PER_PUSD > PUSD_MAX)
		return false;
	*pusd = (int64_t)(rate.yusd / YUSD_PER_PUSD);
	return true;
}

static bool put_price(struct token_sheet *t, const struct sheet *s, const struct sheet_price *p, enum token_class class)
{
	struct token_price *out = &t->prices[class];

	*out = (struct token_price){
		.part = p->part,
		.tier_count = (uint8_t)p->tier_count,
		.parts = classes_of(p->parts),
		.inner = classes_of(p->parts & s->priced),
	};
	t->priced |= (uint16_t)(1u << class);
	if (out->parts != 0)
		t->with_parts |= (uint16_t)(1u << class);
	if (p->tier_count > TOKEN_TIERS_MAX || !whole_pusd(p->rate, &out->pusd))
		return false;
	for (uint32_t i = 0; i < p->tier_count; i++) {
		out->tiers[i].start = p->tiers[i].start;
		if (!whole_pusd(sheet_tier_rate(s, p, &p->tiers[i]), &out->tiers[i].pusd))
			return false;
	}
	return true;
}

/* A price for tokens that two classes share (cached audio): calls do not say how many those are. */
static bool put_overlaps(struct token_sheet *t, enum unit unit)
{
	for (unsigned a = 0; a < TOKEN_CLASS_COUNT; a++) {
		for (unsigned b = 0; b < a; b++) {
			if (!unit_is_overlap(unit, UNIT_BIT(class_units[a]) | UNIT_BIT(class_units[b])))
				continue;
			if (t->overlap_count == TOKEN_OVERLAPS_MAX)
				return false;
			t->overlaps[t->overlap_count++] = (uint16_t)(1u << a | 1u << b);
		}
	}
	return true;
}

static bool prepare(struct token_sheet *t, const struct sheet *s, const struct sheet_price *p)
{
	enum token_class class = class_of((enum unit)p->unit);

	if (p->unit == UNIT_REQUESTS)
		return false;
	if (class < TOKEN_CLASS_COUNT)
		return put_price(t, s, p, class);
	return classes_of(p->parts) == 0 && put_overlaps(t, (enum unit)p->unit);
}

void token_sheet_init(struct token_sheet *t, const struct sheet *s)
{
	memset(t, 0, sizeof(*t));
	t->is_tiered = s->is_tiered;
	t->usable = true;
	for (uint32_t i = 0; i < s->count && t->usable; i++)
		t->usable = prepare(t, s, &s->prices[i]);
}

/* ---------------------------------------------------------------- billing */

/* Where a whole is not counted but its parts may be, or two counts may overlap, the sheet must look closer. */
static bool is_plain(const struct token_sheet *t, uint32_t known)
{
	if (!t->usable || (t->is_tiered && (known & 1u << TOKENS_INPUT) == 0))
		return false;
	for (uint32_t missing = t->with_parts & ~known; missing != 0; missing &= missing - 1)
		if ((t->prices[__builtin_ctz(missing)].parts & known) != 0)
			return false;
	for (uint32_t i = 0; i < t->overlap_count; i++)
		if ((known & t->overlaps[i]) == t->overlaps[i])
			return false;
	return true;
}

static inline int64_t rate_for(const struct token_price *p, uint64_t input)
{
	int64_t pusd = p->pusd;

	for (uint32_t i = 0; i < p->tier_count && input > p->tiers[i].start; i++)
		pusd = p->tiers[i].pusd;
	return pusd;
}

/* Every class comes behind those that it is a part of, so going down from the last one meets parts before wholes. */
bool token_sheet_bill(const struct token_sheet *t, const struct tokens *tokens, struct cost *cost)
{
	int64_t counts[TOKEN_CLASS_COUNT], parts[PART_COUNT] = { 0 }, total = 0, amount;

	if (!is_plain(t, tokens->known))
		return false;
	uint64_t input = tokens->n[TOKENS_INPUT]; /* is known where prices depend on it */
	for (uint32_t rest = t->priced & tokens->known; rest != 0;) {
		unsigned class = 31u - (unsigned)__builtin_clz(rest);
		const struct token_price *p = &t->prices[class];
		rest ^= 1u << class;
		if (tokens->n[class] > COUNT_MAX)
			return false;
		counts[class] = (int64_t)tokens->n[class];
		for (uint32_t inner = p->inner & tokens->known; inner != 0; inner &= inner - 1)
			counts[class] -= counts[__builtin_ctz(inner)];
		if (counts[class] < 0 || __builtin_mul_overflow(counts[class], rate_for(p, input), &amount) ||
		    __builtin_add_overflow(total, amount, &total))
			return false;
		parts[p->part] += amount;
	}
	cost->uncached_pusd = 0;
	uint32_t both = 1u << TOKENS_CACHE_READ | 1u << TOKENS_INPUT;
	if ((t->priced & tokens->known & both) == both && counts[TOKENS_CACHE_READ] > 0 &&
	    __builtin_mul_overflow(counts[TOKENS_CACHE_READ], rate_for(&t->prices[TOKENS_INPUT], input),
				   &cost->uncached_pusd))
		return false;
	cost->total_pusd = total;
	cost->input_pusd = parts[PART_INPUT];
	cost->cache_read_pusd = parts[PART_CACHE_READ];
	cost->cache_write_pusd = parts[PART_CACHE_WRITE];
	cost->output_pusd = parts[PART_OUTPUT];
	return true;
}
