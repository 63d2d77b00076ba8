/* SPDX-License-Identifier: Apache-2.0
 * budgets/amount.h - what is limited: money, tokens and calls side by side, as exact integers.
 */
#ifndef PLIMSOLL_BUDGETS_AMOUNT_H
#define PLIMSOLL_BUDGETS_AMOUNT_H

#include <stdbool.h>

#include "agent/base/record.h"

enum amount_kind { AMOUNT_PUSD, AMOUNT_TOKENS, AMOUNT_REQUESTS, AMOUNT_KINDS };

struct amount {
	__int128_t n[AMOUNT_KINDS];
};

static inline void amount_add(struct amount *a, const struct amount *b)
{
	for (int i = 0; i < AMOUNT_KINDS; i++)
		a->n[i] += b->n[i];
}

static inline void amount_subtract(struct amount *a, const struct amount *b)
{
	for (int i = 0; i < AMOUNT_KINDS; i++)
		a->n[i] -= b->n[i];
}

/* Whether all of b fits into a. */
static inline bool amount_covers(const struct amount *a, const struct amount *b)
{
	for (int i = 0; i < AMOUNT_KINDS; i++)
		if (a->n[i] < b->n[i])
			return false;
	return true;
}

#define AMOUNT_BITS 100 /* of what is stored: more than all calls of a century spend, and sums of it do not overflow */

/* As a stored value, and back. None is negative: reading one that is, or has more bits, fails. */
static inline void amount_record(struct record *r, struct amount *a)
{
	for (int i = 0; i < AMOUNT_KINDS; i++) {
		uint64_t high = (uint64_t)(a->n[i] >> 64), low = (uint64_t)a->n[i];
		record_uint(r, &high);
		record_uint(r, &low);
		r->failed |= high >> (AMOUNT_BITS - 64) != 0;
		a->n[i] = (__int128_t)((__uint128_t)high << 64 | low);
	}
}

#endif
