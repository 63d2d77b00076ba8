/* SPDX-License-Identifier: Apache-2.0
 * redaction/detector.c - goes from word to word and tries at each beginning what may begin so.
 */
#include "agent/redaction/detector_priv.h"

const char *const detector_names[DETECTOR_COUNT] = {
#define X(id, name, what) name,
	DETECTOR_MAP(X)
#undef X
};

/* n neighbours from a character on. */
#define TWO(c, class) [(c)] = (class), [(c) + 1] = (class)
#define SIX(c, class) TWO(c, class), TWO((c) + 2, class), TWO((c) + 4, class)
#define TEN(c, class) SIX(c, class), TWO((c) + 6, class), TWO((c) + 8, class)
#define TWENTY(c, class) TEN(c, class), TEN((c) + 10, class)
#define SIXTEEN(c, class) TEN(c, class), SIX((c) + 10, class)
#define SIXTY_FOUR(c, class) SIXTEEN(c, class), SIXTEEN((c) + 16, class), SIXTEEN((c) + 32, class), SIXTEEN((c) + 48, class)

const uint8_t char_classes[256] = {
	TEN('0', CLASS_DIGIT | CLASS_HEX),
	SIX('A', CLASS_UPPER | CLASS_HEX),
	TWENTY('G', CLASS_UPPER),
	SIX('a', CLASS_LOWER | CLASS_HEX),
	TWENTY('g', CLASS_LOWER),
	['-'] = CLASS_DASH | CLASS_LOCAL | CLASS_SPECIAL,
	['_'] = CLASS_DASH | CLASS_LOCAL,
	['.'] = CLASS_LOCAL | CLASS_TOKEN,
	['%'] = CLASS_LOCAL,
	['\''] = CLASS_LOCAL,
	['+'] = CLASS_LOCAL | CLASS_TOKEN | CLASS_SPECIAL,
	['~'] = CLASS_TOKEN,
	['/'] = CLASS_TOKEN,
	['='] = CLASS_TOKEN,
	['@'] = CLASS_SPECIAL,
	['('] = CLASS_SPECIAL,
	[':'] = CLASS_SPECIAL,
	SIXTY_FOUR(0x80, CLASS_LOCAL), /* of addresses in other scripts */
	SIXTY_FOUR(0xc0, CLASS_LOCAL),
};

static size_t report(struct detect *d, size_t start, size_t end, enum detector which)
{
	d->visit(d->context, &(struct detection){ start, end, which });
	d->found_end = end;
	return end;
}

/* An address may have begun before this place: its first words were passed over. */
static size_t at_sign(struct detect *d, size_t at)
{
	size_t start, end = 0;

	if (wants(d, DETECTOR_EMAIL))
		end = try_email(d->text, at, d->found_end, &start);
	return end > 0 ? report(d, start, end, DETECTOR_EMAIL) : at + 1;
}

static size_t at_colon(struct detect *d, size_t at)
{
	size_t start, end = 0;

	if (wants(d, DETECTOR_PASSWORD))
		end = try_url_password(d->text, at, &start);
	if (end > 0)
		return report(d, start, end, DETECTOR_PASSWORD);
	if (wants(d, DETECTOR_IPV6))
		end = try_ipv6(d->text, at, d->found_end, &start);
	return end > 0 ? report(d, start, end, DETECTOR_IPV6) : at + 1;
}

static size_t at_special(struct detect *d, size_t at)
{
	size_t end = 0;

	switch (d->text.ptr[at]) {
	case '@':
		return at_sign(d, at);
	case ':':
		return at_colon(d, at);
	case '-':
		if (wants(d, DETECTOR_PRIVATE_KEY))
			end = try_private_key(d->text, at);
		return end > 0 ? report(d, at, end, DETECTOR_PRIVATE_KEY) : at + 1;
	default:
		if (wants(d, DETECTOR_PHONE) && (at == 0 || !is_alnum_at(d->text, at - 1)))
			end = try_phone(d->text, at);
		return end > 0 ? report(d, at, end, DETECTOR_PHONE) : at + 1;
	}
}

static size_t at_digit(struct detect *d, size_t at)
{
	enum detector which;
	size_t skip, end = try_number(d, at, &which, &skip);

	return end > 0 ? report(d, at, end, which) : skip;
}

static size_t at_letter(struct detect *d, size_t at)
{
	enum detector which;
	size_t end = try_token(d, at, &which);

	if (end == 0)
		end = try_identity(d, at, &which);
	return end > 0 ? report(d, at, end, which) : run_end(d->text, at, CLASS_ALNUM);
}

void detect(uint32_t enabled, struct slice text, detection_visit visit, void *context)
{
	struct detect d = { .text = text, .enabled = enabled, .visit = visit, .context = context };

	for (size_t at = 0; at < text.len;) {
		unsigned class = char_classes[(unsigned char)text.ptr[at]];
		if ((class & CLASS_LETTER) != 0)
			at = at_letter(&d, at);
		else if ((class & CLASS_DIGIT) != 0)
			at = at_digit(&d, at);
		else if ((class & CLASS_SPECIAL) != 0)
			at = at_special(&d, at);
		else
			at++;
	}
}
