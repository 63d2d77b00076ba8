/* SPDX-License-Identifier: Apache-2.0
 * redaction/detector_priv.h - the pass of detector.c and those who try a place in the text for it.
 *
 * Each try_... looks at text from `at` on, where a word begins, and returns the end of what it found, or 0.
 */
#ifndef PLIMSOLL_REDACTION_DETECTOR_PRIV_H
#define PLIMSOLL_REDACTION_DETECTOR_PRIV_H

#include "agent/redaction/detector.h"

#define CLASS_DIGIT 1u
#define CLASS_UPPER 2u
#define CLASS_LOWER 4u
#define CLASS_LETTER (CLASS_UPPER | CLASS_LOWER)
#define CLASS_ALNUM (CLASS_DIGIT | CLASS_LETTER)
#define CLASS_HEX 8u
#define CLASS_DASH 16u   /* - _ */
#define CLASS_LOCAL 32u  /* in the local part of an address, beside letters and digits */
#define CLASS_TOKEN 64u  /* . ~ + / = as in bearer tokens */
#define CLASS_SPECIAL 128u /* begins something outside of words: @ + ( - : */

extern const uint8_t char_classes[256];

static inline unsigned class_at(struct slice text, size_t at)
{
	return at < text.len ? char_classes[(unsigned char)text.ptr[at]] : 0;
}

static inline bool is_alnum_at(struct slice text, size_t at)
{
	return (class_at(text, at) & CLASS_ALNUM) != 0;
}

/* End of the run of bytes of these classes. */
static inline size_t run_end(struct slice text, size_t at, unsigned classes)
{
	while (at < text.len && (char_classes[(unsigned char)text.ptr[at]] & classes) != 0)
		at++;
	return at;
}

struct detect {
	struct slice text;
	uint32_t enabled;
	size_t found_end;     /* of the last find */
	size_t no_token_until; /* a run of token characters up to here was looked at and is none */
	detection_visit visit;
	void *context;
};

static inline bool wants(const struct detect *d, enum detector which)
{
	return (d->enabled >> which & 1u) != 0;
}

/* Keys and tokens (tokens.c): which: set with the result. */
size_t try_token(struct detect *d, size_t at, enum detector *which);
size_t try_private_key(struct slice text, size_t at);

/* E-mail around the '@' at `at` (addresses.c); start: where it begins, not before from. */
size_t try_email(struct slice text, size_t at, size_t from, size_t *start);
size_t try_ipv6(struct slice text, size_t colon, size_t from, size_t *start);

/* "user:password" between the "://" at colon and an '@'; start: where it begins. */
size_t try_url_password(struct slice text, size_t colon, size_t *start);

/* What begins with a digit, '+' or '(' (numbers.c). skip: where to go on when nothing is found. */
size_t try_number(const struct detect *d, size_t at, enum detector *which, size_t *skip);
size_t try_phone(struct slice text, size_t at);

/* What begins with letters (identities.c). */
size_t try_identity(const struct detect *d, size_t at, enum detector *which);

#endif
