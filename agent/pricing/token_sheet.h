/* SPDX-License-Identifier: Apache-2.0
 * pricing/token_sheet.h - the common case made fast: whole tokens at whole pico-dollars.
 *
 * Nearly every published price has at most six decimals per million tokens, so one token costs a whole number of
 * pico-dollars, and a call is priced in 64 bits without a remainder. A token sheet holds such prices by token class,
 * prepared from a sheet. It answers only where it surely gives what sheet_bill gives, and else says so.
 */
#ifndef PLIMSOLL_PRICING_TOKEN_SHEET_H
#define PLIMSOLL_PRICING_TOKEN_SHEET_H

#include "agent/pricing/sheet.h"
#include "agent/span/call.h"

#define TOKEN_TIERS_MAX 2u
#define TOKEN_OVERLAPS_MAX 8u

/* Sets of token classes are bits 1 << class. */
struct token_price {
	uint8_t part; /* enum price_part */
	uint8_t tier_count;
	uint16_t inner; /* classes with a price of their own that are parts of this one */
	uint16_t parts; /* all classes that are parts of this one */
	int64_t pusd;   /* one token */
	struct {
		uint64_t start;
		int64_t pusd;
	} tiers[TOKEN_TIERS_MAX];
};

struct token_sheet {
	bool usable; /* false: every call goes by the sheet */
	bool is_tiered;
	uint16_t priced;     /* classes that have a price */
	uint16_t with_parts; /* of them, those that have parts */
	uint32_t overlap_count;
	uint16_t overlaps[TOKEN_OVERLAPS_MAX]; /* two classes each, whose common tokens have a price of their own */
	struct token_price prices[TOKEN_CLASS_COUNT];
};

/* The unit that a token class is reported under. */
enum unit unit_of_class(enum token_class class);

/* Prepares t from s, which need not stay. */
void token_sheet_init(struct token_sheet *t, const struct sheet *s);

/* Sets cost, but for its price text. False, with cost untouched, where the sheet must be asked: the counts contradict
 * each other, are huge, or may overlap. Allocates nothing. */
bool token_sheet_bill(const struct token_sheet *t, const struct tokens *tokens, struct cost *cost);

#endif
