/* SPDX-License-Identifier: Apache-2.0
 * base/money.c - decimals to and from text, and the one rounding.
 */
#include "agent/base/money.h"

#include <assert.h>

#define YUSD_SCALE 24u
#define PUSD_SCALE 12u
#define EXPONENT_MAX 1000 /* texts with larger exponents hold no number that we can keep */

__int128_t decimal_power(uint32_t n)
{
	static const uint64_t low[] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
	};
	__int128_t power = 1;

	assert(n <= 38);
	for (; n >= 9; n -= 9)
		power *= (__int128_t)low[9];
	return power * (__int128_t)low[n];
}

static bool push_digit(__int128_t *digits, int digit)
{
	__int128_t longer;

	if (__builtin_mul_overflow(*digits, (__int128_t)10, &longer) ||
	    __builtin_add_overflow(longer, (__int128_t)digit, &longer))
		return false;
	*digits = longer;
	return true;
}

/* Digits with at most one point; *scale counts those behind it. Zeros at the end are kept back until another digit
 * follows, so that "1.000000000000000000000000000000" is no overflow. */
static bool parse_digits(struct slice *s, __int128_t *digits, int *scale)
{
	bool behind_point = false, any = false;
	int zeros = 0;

	for (; s->len > 0; *s = slice_skip(*s, 1)) {
		char c = s->ptr[0];
		if (c == '.' && !behind_point) {
			behind_point = true;
			for (; zeros > 0; zeros--)
				if (!push_digit(digits, 0))
					return false;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		any = true;
		if (c == '0') {
			zeros++;
			continue;
		}
		for (; zeros > 0; zeros--, *scale += behind_point)
			if (!push_digit(digits, 0))
				return false;
		if (!push_digit(digits, c - '0'))
			return false;
		*scale += behind_point;
	}
	if (!behind_point)
		*scale -= *digits != 0 ? zeros : 0;
	return any;
}

static bool parse_exponent(struct slice s, int *exponent)
{
	int64_t value;

	*exponent = 0;
	if (s.len == 0)
		return true;
	if (s.ptr[0] != 'e' && s.ptr[0] != 'E')
		return false;
	s = slice_skip(s, 1);
	if (s.len > 0 && s.ptr[0] == '+')
		s = slice_skip(s, 1);
	if (!slice_to_i64(s, &value) || value > EXPONENT_MAX || value < -EXPONENT_MAX)
		return false;
	*exponent = (int)value;
	return true;
}

bool decimal_parse(struct slice text, struct decimal *out)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	__int128_t digits = 0;
	int scale = 0, exponent;

	if (negative)
		text = slice_skip(text, 1);
	if (!parse_digits(&text, &digits, &scale) || !parse_exponent(text, &exponent))
		return false;
	if (digits == 0) {
		*out = (struct decimal){ 0, 0 };
		return true;
	}
	for (scale -= exponent; scale < 0; scale++)
		if (!push_digit(&digits, 0))
			return false;
	for (; scale > 0 && digits % 10 == 0; scale--)
		digits /= 10;
	if (scale > (int)DECIMAL_SCALE_MAX)
		return false;
	*out = (struct decimal){ negative ? -digits : digits, (uint32_t)scale };
	return true;
}

void decimal_format(struct buf *b, struct decimal d)
{
	char text[48]; /* sign, 39 digits, point */
	char *at = text + sizeof(text);
	__uint128_t rest = d.digits < 0 ? -(__uint128_t)d.digits : (__uint128_t)d.digits;
	uint32_t scale = d.scale;

	for (; scale > 0 && rest % 10 == 0; scale--)
		rest /= 10;
	uint32_t behind = scale;
	do {
		*--at = (char)('0' + (int)(rest % 10));
		rest /= 10;
		if (behind > 0 && --behind == 0)
			*--at = '.';
	} while (rest > 0 || behind > 0 || *at == '.');
	if (d.digits < 0)
		*--at = '-';
	buf_append(b, at, (size_t)(text + sizeof(text) - at));
}

bool price_exact_add(struct price_exact *a, struct price_exact b)
{
	__int128_t sum;

	if (__builtin_add_overflow(a->yusd, b.yusd, &sum))
		return false;
	a->yusd = sum;
	return true;
}

static __int128_t round_half_even(__uint128_t quotient, __uint128_t remainder, __uint128_t denominator)
{
	__uint128_t rest = denominator - remainder;
	bool up = remainder > rest || (remainder == rest && (quotient & 1) != 0);

	return (__int128_t)(quotient + up);
}

__int128_t money_divide(__int128_t numerator, __int128_t denominator)
{
	__uint128_t n = (__uint128_t)numerator, d = (__uint128_t)denominator;

	assert(numerator >= 0 && denominator > 0);
	return round_half_even(n / d, n % d, d);
}

bool price_exact_round(struct price_exact amount, int64_t *pusd)
{
	/* 1e12 is 2^12 x 5^12. Without the twelve low bits, what a call costs (below 0.07 USD) fits 64 bits, and 64-bit
	 * division by a constant is a multiplication. */
	const uint64_t five_12 = 244140625;
	__uint128_t value = (__uint128_t)amount.yusd, shifted = value >> 12, quotient;

	assert(amount.yusd >= 0);
	if (shifted >> 64 == 0)
		quotient = (uint64_t)shifted / five_12;
	else
		quotient = shifted / five_12;
	__int128_t rounded = round_half_even(quotient, value - quotient * (__uint128_t)YUSD_PER_PUSD,
					     (__uint128_t)YUSD_PER_PUSD);
	if (rounded > INT64_MAX)
		return false;
	*pusd = (int64_t)rounded;
	return true;
}

bool pusd_parse(struct slice text, int64_t *pusd)
{
	struct decimal d;
	struct price_exact amount;

	if (!decimal_parse(text, &d) || d.digits < 0 ||
	    __builtin_mul_overflow(d.digits, decimal_power(YUSD_SCALE - d.scale), &amount.yusd))
		return false;
	return price_exact_round(amount, pusd);
}

void price_exact_write(struct buf *b, struct price_exact amount)
{
	decimal_format(b, (struct decimal){ amount.yusd, YUSD_SCALE });
}

void pusd_write(struct buf *b, __int128_t pusd)
{
	decimal_format(b, (struct decimal){ pusd, PUSD_SCALE });
}

double pusd_to_usd(__int128_t pusd)
{
	return (double)((long double)pusd / (long double)PUSD_PER_USD);
}
