/* SPDX-License-Identifier: Apache-2.0
 * redaction/identities.c - numbers that begin with letters: IBAN, NINO, NIE.
 */
#include "agent/redaction/checksum.h"
#include "agent/redaction/detector_priv.h"

#define IBAN_BYTES_MAX 34

/* Letters and digits, in groups with one blank between each two. Whoever wrote it may have gone on with other words, so
 * each end of a group is tried. */
static size_t try_iban(struct slice text, size_t at)
{
	char packed[IBAN_BYTES_MAX];
	size_t n = 0, found = 0, i = at;

	while (i < text.len && n < IBAN_BYTES_MAX) {
		unsigned class = class_at(text, i);
		if ((class & CLASS_ALNUM) != 0)
			packed[n++] = (char)((class & CLASS_LOWER) != 0 ? text.ptr[i] & ~0x20 : text.ptr[i]);
		else if (text.ptr[i] != ' ' || !is_alnum_at(text, i + 1))
			break;
		i++;
		if (!is_alnum_at(text, i) && checksum_iban(packed, n))
			found = i;
	}
	return found;
}

/* Prefixes that were never given out. */
static bool is_nino_prefix(char a, char b)
{
	static const char *const unused[] = { "BG", "GB", "NK", "KN", "TN", "NT", "ZZ" };

	if (strchr("DFIQUV", a) != NULL || strchr("DFIQUVO", b) != NULL)
		return false;
	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		if (unused[i][0] == a && unused[i][1] == b)
			return false;
	return true;
}

/* "AB123456C", "AB 12 34 56 C" */
static size_t try_nino(struct slice text, size_t at)
{
	size_t i = at + 2;

	if ((class_at(text, at + 1) & CLASS_UPPER) == 0 || !is_nino_prefix(text.ptr[at], text.ptr[at + 1]))
		return 0;
	for (int digits = 0; digits < 6; digits++) {
		if (digits % 2 == 0 && i < text.len && text.ptr[i] == ' ')
			i++;
		if ((class_at(text, i++) & CLASS_DIGIT) == 0)
			return 0;
	}
	if (i < text.len && text.ptr[i] == ' ')
		i++;
	return i < text.len && text.ptr[i] >= 'A' && text.ptr[i] <= 'D' && !is_alnum_at(text, i + 1) ? i + 1 : 0;
}

/* "X1234567L", "X-1234567-L": the letter stands for a digit in the sum. */
static size_t try_nie(struct slice text, size_t at)
{
	uint32_t value = (uint32_t)(text.ptr[at] - 'X');
	size_t i = at + 1;

	if (i < text.len && text.ptr[i] == '-')
		i++;
	for (int digits = 0; digits < 7; digits++, i++) {
		if ((class_at(text, i) & CLASS_DIGIT) == 0)
			return 0;
		value = value * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	if (i < text.len && text.ptr[i] == '-')
		i++;
	return i < text.len && text.ptr[i] == checksum_es_letter(value) && !is_alnum_at(text, i + 1) ? i + 1 : 0;
}

size_t try_identity(const struct detect *d, size_t at, enum detector *which)
{
	unsigned class = class_at(d->text, at);
	char first = d->text.ptr[at];
	size_t end = 0;

	if (wants(d, DETECTOR_IBAN) && (class_at(d->text, at + 2) & CLASS_DIGIT) != 0 &&
	    (class_at(d->text, at + 3) & CLASS_DIGIT) != 0 && (class_at(d->text, at + 1) & CLASS_LETTER) != 0) {
		*which = DETECTOR_IBAN;
		end = try_iban(d->text, at);
	}
	if (end == 0 && wants(d, DETECTOR_UK_NINO) && (class & CLASS_UPPER) != 0) {
		*which = DETECTOR_UK_NINO;
		end = try_nino(d->text, at);
	}
	if (end == 0 && wants(d, DETECTOR_ES_ID) && first >= 'X' && first <= 'Z') {
		*which = DETECTOR_ES_ID;
		end = try_nie(d->text, at);
	}
	return end;
}
