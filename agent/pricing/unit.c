/* SPDX-License-Identifier: Apache-2.0
 * pricing/unit.c - the unit table and its part-of relation.
 */
#include "agent/pricing/unit.h"

enum { FAMILY_TOKENS = 1, FAMILY_CHARACTERS, FAMILY_MESSAGES, FAMILY_DURATIONS, FAMILY_PIXELS, FAMILY_DOCUMENT_PAGES,
       FAMILY_RERANK, FAMILY_TOOL_CALLS, FAMILY_REQUESTS };
enum { MODALITY_ANY, MODALITY_TEXT, MODALITY_AUDIO, MODALITY_IMAGE, MODALITY_VIDEO };
enum { EXTRA_ANY, EXTRA_TTL_5M, EXTRA_TTL_1H, EXTRA_ANNOTATED, EXTRA_WEB_SEARCH, EXTRA_SOCIAL_SEARCH,
       EXTRA_STORAGE_SEARCH, EXTRA_CODE_EXECUTION };

#define PACK(family, direction, modality, type, extra)                                                        \
	((uint32_t)FAMILY_##family | (uint32_t)DIRECTION_##direction << 4 | (uint32_t)MODALITY_##modality << 8 | \
	 (uint32_t)TYPE_##type << 12 | (uint32_t)EXTRA_##extra << 16)

const struct unit_info unit_infos[UNIT_COUNT] = {
#define X(id, usage_key, price_key, per, family, direction, modality, type, extra)                                     \
	{ { usage_key, sizeof(usage_key) - 1 }, { price_key, sizeof(price_key) - 1 }, per,                             \
	  PACK(family, direction, modality, type, extra), DIRECTION_##direction, TYPE_##type },
	UNIT_MAP(X)
#undef X
};

enum unit unit_by_usage_key(struct slice key)
{
	enum unit u = 0;

	while (u < UNIT_COUNT && !slice_equal(unit_infos[u].usage_key, key))
		u++;
	return u;
}

enum unit unit_by_price_key(struct slice key)
{
	enum unit u = 0;

	while (u < UNIT_COUNT && !slice_equal(unit_infos[u].price_key, key))
		u++;
	return u;
}

/* All bits of each dimension that is set. */
static uint32_t dimension_mask(uint32_t dimensions)
{
	uint32_t mask = 0;

	for (unsigned shift = 0; shift < 32; shift += 4)
		if ((dimensions >> shift & 0xfu) != 0)
			mask |= 0xfu << shift;
	return mask;
}

static bool is_part(uint32_t part, uint32_t whole)
{
	return part != whole && (part & dimension_mask(whole)) == whole;
}

unit_set unit_parts(enum unit unit)
{
	unit_set set = 0;

	for (enum unit u = 0; u < UNIT_COUNT; u++)
		if (is_part(unit_infos[u].dimensions, unit_infos[unit].dimensions))
			set |= UNIT_BIT(u);
	return set;
}

/* The units that this one is a part of, without itself. */
static unit_set wholes_of(enum unit unit)
{
	unit_set set = 0;

	for (enum unit u = 0; u < UNIT_COUNT; u++)
		if (is_part(unit_infos[unit].dimensions, unit_infos[u].dimensions))
			set |= UNIT_BIT(u);
	return set;
}

bool unit_is_overlap(enum unit unit, unit_set counted)
{
	uint32_t wanted = unit_infos[unit].dimensions;
	unit_set wholes = counted & wholes_of(unit);

	for (unit_set left = wholes; left != 0; left &= left - 1) {
		uint32_t a = unit_infos[__builtin_ctzll(left)].dimensions;
		for (unit_set right = left & (left - 1); right != 0; right &= right - 1) {
			uint32_t b = unit_infos[__builtin_ctzll(right)].dimensions;
			if (!is_part(a, b) && !is_part(b, a) && (a | b) == wanted)
				return true;
		}
	}
	return false;
}
