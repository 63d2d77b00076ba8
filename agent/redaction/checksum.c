/* SPDX-License-Identifier: Apache-2.0
 * redaction/checksum.c - sums over digits.
 */
#include "agent/redaction/checksum.h"

static uint64_t number_of(const uint8_t *digits, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * 10 + digits[i];
	return value;
}

/* The networks' ranges of the first four digits (four suffice for these), and the lengths of their numbers. */
static const struct {
	uint16_t first, last;
	uint8_t shortest, longest;
} networks[] = {
	{ 4000, 4999, 16, 16 }, { 4000, 4999, 19, 19 }, /* Visa */
	{ 5100, 5599, 16, 16 }, { 2221, 2720, 16, 16 }, /* Mastercard */
	{ 3400, 3499, 15, 15 }, { 3700, 3799, 15, 15 }, /* American Express */
	{ 6011, 6011, 16, 19 }, { 6440, 6599, 16, 19 }, /* Discover */
	{ 3528, 3589, 16, 19 }, /* JCB */
	{ 3000, 3059, 14, 14 }, { 3600, 3699, 14, 14 }, { 3800, 3999, 14, 14 }, /* Diners */
	{ 6200, 6299, 16, 19 }, /* UnionPay */
	{ 5000, 5099, 16, 19 }, { 5600, 5899, 16, 19 }, { 6300, 6399, 16, 19 }, { 6700, 6799, 16, 19 }, /* Maestro */
};

static bool is_network(const uint8_t *digits, size_t n)
{
	uint64_t first = number_of(digits, 4);

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (first >= networks[i].first && first <= networks[i].last && n >= networks[i].shortest &&
		    n <= networks[i].longest)
			return true;
	return false;
}

bool checksum_card(const uint8_t *digits, size_t n)
{
	unsigned sum = 0;

	if (n < 14 || n > 19 || !is_network(digits, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned d = digits[n - 1 - i];
		sum += i % 2 == 0 ? d : d < 5 ? 2 * d : 2 * d - 9;
	}
	return sum % 10 == 0;
}

static const struct {
	char country[3];
	uint8_t length;
} ibans[] = {
	{ "AD", 24 }, { "AE", 23 }, { "AL", 28 }, { "AT", 20 }, { "AZ", 28 }, { "BA", 20 }, { "BE", 16 }, { "BG", 22 },
	{ "BH", 22 }, { "BR", 29 }, { "BY", 28 }, { "CH", 21 }, { "CR", 22 }, { "CY", 28 }, { "CZ", 24 }, { "DE", 22 },
	{ "DK", 18 }, { "DO", 28 }, { "EE", 20 }, { "EG", 29 }, { "ES", 24 }, { "FI", 18 }, { "FO", 18 }, { "FR", 27 },
	{ "GB", 22 }, { "GE", 22 }, { "GI", 23 }, { "GL", 18 }, { "GR", 27 }, { "GT", 28 }, { "HR", 21 }, { "HU", 28 },
	{ "IE", 22 }, { "IL", 23 }, { "IQ", 23 }, { "IS", 26 }, { "IT", 27 }, { "JO", 30 }, { "KW", 30 }, { "KZ", 20 },
	{ "LB", 28 }, { "LC", 32 }, { "LI", 21 }, { "LT", 20 }, { "LU", 20 }, { "LV", 21 }, { "LY", 25 }, { "MC", 27 },
	{ "MD", 24 }, { "ME", 22 }, { "MK", 19 }, { "MR", 27 }, { "MT", 31 }, { "MU", 30 }, { "NL", 18 }, { "NO", 15 },
	{ "PK", 24 }, { "PL", 28 }, { "PS", 29 }, { "PT", 25 }, { "QA", 29 }, { "RO", 24 }, { "RS", 22 }, { "SA", 24 },
	{ "SC", 31 }, { "SE", 24 }, { "SI", 19 }, { "SK", 24 }, { "SM", 27 }, { "ST", 25 }, { "SV", 28 }, { "TL", 23 },
	{ "TN", 24 }, { "TR", 26 }, { "UA", 29 }, { "VA", 22 }, { "VG", 24 }, { "XK", 20 },
};

static bool has_length_of_country(const char *text, size_t n)
{
	for (size_t i = 0; i < sizeof(ibans) / sizeof(ibans[0]); i++)
		if (memcmp(ibans[i].country, text, 2) == 0)
			return ibans[i].length == n;
	return false;
}

/* The first four characters stand last in the sum; letters count from 10. */
bool checksum_iban(const char *text, size_t n)
{
	unsigned rest = 0;

	if (n < 15 || !has_length_of_country(text, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text[(i + 4) % n];
		if (c >= '0' && c <= '9')
			rest = (rest * 10 + (unsigned)(c - '0')) % 97;
		else
			rest = (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
	}
	return rest == 1;
}

bool checksum_us_ssn(const uint8_t *digits)
{
	uint64_t area = number_of(digits, 3);

	return area != 0 && area != 666 && area < 900 && number_of(digits + 3, 2) != 0 && number_of(digits + 5, 4) != 0;
}

bool checksum_nl_bsn(const uint8_t *digits)
{
	int sum = -digits[8];

	for (int i = 0; i < 8; i++)
		sum += (9 - i) * digits[i];
	return sum % 11 == 0 && number_of(digits, 9) != 0;
}

bool checksum_de_tax_id(const uint8_t *digits)
{
	unsigned seen[10] = { 0 }, repeated = 0, product = 10;

	for (int i = 0; i < 10; i++) {
		unsigned sum = (digits[i] + product) % 10;
		product = (sum == 0 ? 10 : sum) * 2 % 11;
		seen[digits[i]]++;
	}
	for (int i = 0; i < 10; i++) {
		if (seen[i] > 3)
			return false;
		repeated += seen[i] > 1;
	}
	return digits[0] != 0 && repeated == 1 && (11 - product) % 10 == digits[10];
}

bool checksum_fr_nir(const uint8_t *digits)
{
	unsigned month = digits[3] * 10u + digits[4];
	bool has_month = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;

	return (digits[0] == 1 || digits[0] == 2) && has_month &&
	       97 - number_of(digits, 13) % 97 == number_of(digits + 13, 2);
}

/* Of the first n digits, weights n + 1 down to 2. */
static unsigned cpf_digit(const uint8_t *digits, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += digits[i] * (n + 1 - i);
	return sum * 10 % 11 % 10;
}

bool checksum_br_cpf(const uint8_t *digits)
{
	bool is_uniform = true;

	for (int i = 1; i < 11; i++)
		is_uniform &= digits[i] == digits[0];
	return !is_uniform && cpf_digit(digits, 9) == digits[9] && cpf_digit(digits, 10) == digits[10];
}

char checksum_es_letter(uint32_t number)
{
	return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23];
}
