/* SPDX-License-Identifier: Apache-2.0
 * redaction/numbers.c - what is written in digits: cards, telephones, IPv4, national ids.
 *
 * A number is a row of groups of digits with one separator between each two. What was given out as one number may be
 * followed by another ("4111 1111 1111 1111 12/27"), so each end of a group is tried, the farthest first.
 */
#include "agent/redaction/checksum.h"
#include "agent/redaction/detector_priv.h"

#define GROUPS_MAX 8
#define DIGITS_MAX 24

struct number {
	struct slice text;
	size_t at;
	unsigned groups;
	struct {
		size_t end;       /* in text */
		uint8_t digits;   /* in it */
		uint8_t total;    /* up to its end */
		char separator;   /* before it; 0 before the first */
	} group[GROUPS_MAX];
	uint8_t digit[DIGITS_MAX];
};

static bool is_digit_at(struct slice text, size_t at)
{
	return (class_at(text, at) & CLASS_DIGIT) != 0;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '/';
}

/* Where a group begins behind `at`; 0: none does. */
static size_t next_group(struct slice text, size_t at)
{
	return at + 1 < text.len && is_separator(text.ptr[at]) && is_digit_at(text, at + 1) ? at + 1 : 0;
}

static void read_number(struct number *n, struct slice text, size_t at)
{
	unsigned total = 0;
	size_t next = at;

	*n = (struct number){ .text = text, .at = at };
	for (unsigned g = 0; g < GROUPS_MAX; g++) {
		size_t end = run_end(text, next, CLASS_DIGIT);
		if (total + (end - next) > DIGITS_MAX)
			return;
		for (size_t i = next; i < end; i++)
			n->digit[total++] = (uint8_t)(text.ptr[i] - '0');
		n->group[g].end = end;
		n->group[g].digits = (uint8_t)(end - next);
		n->group[g].total = (uint8_t)total;
		n->group[g].separator = g > 0 ? text.ptr[next - 1] : '\0';
		n->groups = g + 1;
		next = next_group(text, end);
		if (next == 0)
			return;
	}
}

/* The first `groups` groups are written so: digits of each, and one of these separators between all of them. */
static bool has_layout(const struct number *n, unsigned groups, const char *layout, const char *separators)
{
	for (unsigned g = 0; g < groups; g++) {
		if (layout[g] == '\0' || n->group[g].digits != layout[g] - '0')
			return false;
		if (g > 0 && (n->group[g].separator != n->group[1].separator ||
			      strchr(separators, n->group[g].separator) == NULL))
			return false;
	}
	return layout[groups] == '\0';
}

static bool is_plain(unsigned groups)
{
	return groups == 1;
}

#define CONTEXT_BYTES 40

/* One of these words (lower case) stands shortly before. */
static bool follows_word(const struct number *n, const char *const *words)
{
	size_t from = n->at > CONTEXT_BYTES ? n->at - CONTEXT_BYTES : 0;
	char before[CONTEXT_BYTES];

	for (size_t i = from; i < n->at; i++)
		before[i - from] = (char)((class_at(n->text, i) & CLASS_UPPER) != 0 ? n->text.ptr[i] | 0x20 : n->text.ptr[i]);
	for (; *words != NULL; words++)
		if (slice_find((struct slice){ before, n->at - from }, slice_of(*words)) >= 0)
			return true;
	return false;
}

/* Each: the first `groups` groups, with `total` digits, are such a number. */
static bool is_card(const struct number *n, unsigned groups, unsigned total)
{
	static const char *const layouts[] = { "4444", "44443", "465", "464" };
	bool written = is_plain(groups);

	for (size_t i = 0; !written && i < sizeof(layouts) / sizeof(layouts[0]); i++)
		written = has_layout(n, groups, layouts[i], " -");
	return written && checksum_card(n->digit, total);
}

static bool is_ipv4(const struct number *n, unsigned groups, unsigned total)
{
	unsigned first = 0, start = 0;

	if (groups != 4 || total > 12 || (n->groups > 4 && n->group[4].separator == '.'))
		return false;
	for (unsigned g = 0; g < 4; g++) {
		unsigned value = 0;
		if (n->group[g].digits > 3 || (g > 0 && n->group[g].separator != '.'))
			return false;
		for (; start < n->group[g].total; start++)
			value = value * 10 + n->digit[start];
		if (value > 255)
			return false;
		first = g == 0 ? value : first;
	}
	return first != 0 && first != 127;
}

static bool is_us_ssn(const struct number *n, unsigned groups, unsigned total)
{
	static const char *const words[] = { "ssn", "social security", "social-security", NULL };

	if (total != 9 || !checksum_us_ssn(n->digit))
		return false;
	return has_layout(n, groups, "324", " -") || (is_plain(groups) && follows_word(n, words));
}

static bool is_nl_bsn(const struct number *n, unsigned groups, unsigned total)
{
	static const char *const words[] = { "bsn", "burgerservice", "sofi", NULL };
	bool written = is_plain(groups) || has_layout(n, groups, "333", " .-") || has_layout(n, groups, "423", " .-");

	return total == 9 && written && follows_word(n, words) && checksum_nl_bsn(n->digit);
}

static bool is_de_tax_id(const struct number *n, unsigned groups, unsigned total)
{
	return total == 11 && (is_plain(groups) || has_layout(n, groups, "2333", " /")) && checksum_de_tax_id(n->digit);
}

static bool is_br_cpf(const struct number *n, unsigned groups, unsigned total)
{
	bool usual = groups == 4 && n->group[0].digits == 3 && n->group[1].digits == 3 && n->group[2].digits == 3 &&
		     n->group[3].digits == 2;

	return total == 11 && (usual || is_plain(groups)) && checksum_br_cpf(n->digit);
}

static bool is_fr_nir(const struct number *n, unsigned groups, unsigned total)
{
	bool written = is_plain(groups) || has_layout(n, groups, "1222332", " .-") || has_layout(n, groups, "122233", " .-") ||
		       (groups == 2 && n->group[1].digits == 2);

	return total == 15 && written && checksum_fr_nir(n->digit);
}

static bool has_one_separator(const struct number *n, unsigned groups)
{
	for (unsigned g = 2; g < groups; g++)
		if (n->group[g].separator != n->group[1].separator)
			return false;
	return true;
}

/* "0532 0130 00", "0800 1200 1600": the end of a bank account, an identifier, hours of the day. */
static bool has_groups_of_four(const struct number *n)
{
	return n->group[0].digits == 4 && n->group[1].digits == 4;
}

/* North American, or national with its leading 0; without separators any number would look like one. */
static bool is_phone(const struct number *n, unsigned groups, unsigned total)
{
	bool long_distance = groups == 4 && n->digit[0] == 1 && n->group[0].digits == 1;
	const uint8_t *area = n->digit + (long_distance ? 1 : 0);

	if (groups < 2 || !has_one_separator(n, groups))
		return false;
	if (has_layout(n, groups, "334", "-. ") || (long_distance && has_layout(n, groups, "1334", "-. ")))
		return area[0] >= 2 && area[3] >= 2;
	return n->digit[0] == 0 && n->digit[1] != 0 && total >= 9 && total <= 12 && n->group[0].digits >= 2 &&
	       n->group[0].digits <= 6 && !has_groups_of_four(n);
}

static const struct {
	enum detector detector;
	bool (*fits)(const struct number *n, unsigned groups, unsigned total);
} kinds[] = {
	{ DETECTOR_CARD, is_card },           { DETECTOR_FR_NIR, is_fr_nir }, { DETECTOR_DE_TAX_ID, is_de_tax_id },
	{ DETECTOR_BR_CPF, is_br_cpf },       { DETECTOR_US_SSN, is_us_ssn }, { DETECTOR_NL_BSN, is_nl_bsn },
	{ DETECTOR_IPV4, is_ipv4 },           { DETECTOR_PHONE, is_phone },
};

/* Eight digits and their letter. */
static size_t try_dni(const struct number *n)
{
	uint32_t value = 0;
	size_t at = n->group[0].end;

	if (n->group[0].digits != 8)
		return 0;
	for (int i = 0; i < 8; i++)
		value = value * 10 + n->digit[i];
	if (at < n->text.len && (n->text.ptr[at] == '-' || n->text.ptr[at] == ' '))
		at++;
	bool checks = at < n->text.len && n->text.ptr[at] == checksum_es_letter(value);
	return checks && !is_alnum_at(n->text, at + 1) ? at + 1 : 0;
}

/* A fraction, or more of a number than any kind has. */
static bool is_inside_number(struct slice text, size_t at)
{
	return at >= 2 && text.ptr[at - 1] == '.' && is_digit_at(text, at - 2);
}

size_t try_number(const struct detect *d, size_t at, enum detector *which, size_t *skip)
{
	struct number n;

	*skip = run_end(d->text, at, CLASS_ALNUM);
	if (is_inside_number(d->text, at))
		return 0;
	read_number(&n, d->text, at);
	if (n.groups == 0)
		return 0;
	*which = DETECTOR_ES_ID;
	size_t dni = wants(d, DETECTOR_ES_ID) ? try_dni(&n) : 0;
	if (dni > 0)
		return dni;
	for (unsigned groups = n.groups; groups > 0; groups--) {
		size_t end = n.group[groups - 1].end;
		if (n.group[groups - 1].total < 4 || is_alnum_at(d->text, end))
			continue;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (wants(d, kinds[i].detector) && kinds[i].fits(&n, groups, n.group[groups - 1].total)) {
				*which = kinds[i].detector;
				return end;
			}
	}
	return 0;
}

/* "+49 30 1234567", "+1 (415) 555-2671", "(415) 555-2671". */
size_t try_phone(struct slice text, size_t at)
{
	bool international = text.ptr[at] == '+';
	unsigned digits = 0, between = 0;
	size_t end = 0, i = at + 1;

	if (!is_digit_at(text, i) || (international && text.ptr[i] == '0'))
		return 0;
	for (; i < text.len && digits <= 15 && between <= 3; i++) {
		char c = text.ptr[i];
		if (is_digit_at(text, i)) {
			digits++;
			between = 0;
			end = i + 1;
		} else if (is_separator(c) || c == '(' || c == ')') {
			between++;
		} else {
			break;
		}
	}
	if (is_alnum_at(text, end) || digits > 15)
		return 0;
	if (international)
		return digits >= 8 ? end : 0;
	return digits == 10 && at + 4 < text.len && text.ptr[at + 4] == ')' && text.ptr[at + 1] >= '2' ? end : 0;
}
