/* SPDX-License-Identifier: Apache-2.0
 * base/money.h - decimal numbers read from text, and money as integers.
 *
 * A price is worked out in units of 1e-24 USD ("yocto-dollars", 128 bits), which holds every product of a token count
 * and a published price without a remainder. It is rounded once, half to even, to the pico-dollars (1e-12 USD, 64 bits)
 * that a call keeps. Sums of pico-dollars are 128 bits wide. No float before the edge.
 */
#ifndef PLIMSOLL_BASE_MONEY_H
#define PLIMSOLL_BASE_MONEY_H

#include "agent/base/buf.h"
#include "agent/base/slice.h"

#define PUSD_PER_USD INT64_C(1000000000000)
#define YUSD_PER_PUSD INT64_C(1000000000000)
#define DECIMAL_SCALE_MAX 24u

/* digits x 10^-scale; scale at most DECIMAL_SCALE_MAX, and no trailing zeros behind the point. */
struct decimal {
	__int128_t digits;
	uint32_t scale;
};

/* An amount in 1e-24 USD. Range: 1.7e14 USD. */
struct price_exact {
	__int128_t yusd;
};

/* The whole of text as a decimal number ("0.15", "1.25e-06", "-3"). False where it is none, where it has more than
 * DECIMAL_SCALE_MAX digits behind the point, or where it passes 128 bits. */
bool decimal_parse(struct slice text, struct decimal *out);

/* In plain digits, without exponent or trailing zeros: "0.00000125". */
void decimal_format(struct buf *b, struct decimal d);

/* 10^n. n: at most 38. */
__int128_t decimal_power(uint32_t n);

/* *a += b. False, and *a untouched, past the range. */
bool price_exact_add(struct price_exact *a, struct price_exact b);

/* numerator / denominator, rounded half to even. Both at least 0, denominator above 0. */
__int128_t money_divide(__int128_t numerator, __int128_t denominator);

/* To pico-dollars, half to even. amount: at least 0. False where 64 bits do not hold it (above 9.2 million USD). */
bool price_exact_round(struct price_exact amount, int64_t *pusd);

/* "0.25" in USD, what lies below a pico-dollar rounded half to even. False, and *pusd untouched: no amount, negative, or more
 * than 64 bits hold. */
bool pusd_parse(struct slice text, int64_t *pusd);

/* In USD, plain digits: "0.0003083333". */
void price_exact_write(struct buf *b, struct price_exact amount);
void pusd_write(struct buf *b, __int128_t pusd);

/* The nearest double, in USD: for metrics and charts, never to be summed again. */
double pusd_to_usd(__int128_t pusd);

/* The same of one call's amount, fast. Both sides of the division are exact up to 9007 USD, so that it rounds once. */
static inline double call_pusd_to_usd(int64_t pusd)
{
	if (pusd >= -(INT64_C(1) << 53) && pusd <= INT64_C(1) << 53)
		return (double)pusd / (double)PUSD_PER_USD;
	return pusd_to_usd(pusd);
}

#endif
