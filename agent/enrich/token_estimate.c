/* SPDX-License-Identifier: Apache-2.0
 * enrich/token_estimate.c - one pass over the text, one addition a run. Weights in hundredths of a token.
 */
#include "agent/enrich/token_estimate.h"

#define MESSAGE_OVERHEAD 3u /* tokens that a chat adds around a message, and before the answer (OpenAI) */

/* What a code point is, as far as the vocabulary treats it alike. */
enum script {
	SPACE, LINE_END, DIGIT, LOWER, UPPER, SIGN, /* ASCII */
	LATIN, GREEK, CYRILLIC, HEBREW, ARABIC, INDIC, THAI, HANGUL, KANA, HAN, FULL_WIDTH, EMOJI, JOINER, SYMBOL, LETTER,
};

/* By first code point; each holds up to the next row. Letters beyond ASCII. */
static const struct {
	uint32_t first;
	enum script script;
} ranges[] = {
	{ 0x80, SYMBOL },      { 0xC0, LATIN },       { 0x2B0, LETTER },    { 0x370, GREEK },      { 0x400, CYRILLIC },
	{ 0x530, LETTER },     { 0x590, HEBREW },     { 0x600, ARABIC },    { 0x780, LETTER },     { 0x900, INDIC },
	{ 0xE00, THAI },       { 0x1100, HANGUL },    { 0x1200, LETTER },   { 0x1E00, LATIN },     { 0x1F00, GREEK },
	{ 0x2000, SYMBOL },    { 0x200D, JOINER },    { 0x200E, SYMBOL },   { 0x2600, EMOJI },     { 0x27C0, SYMBOL },
	{ 0x2E80, HAN },       { 0x3000, FULL_WIDTH }, { 0x3040, KANA },    { 0x3100, HAN },       { 0xA000, LETTER },
	{ 0xAC00, HANGUL },    { 0xD7B0, LETTER },    { 0xF900, HAN },      { 0xFB00, LETTER },    { 0xFB50, ARABIC },
	{ 0xFE00, JOINER },    { 0xFE10, FULL_WIDTH }, { 0xFE70, ARABIC },  { 0xFF00, FULL_WIDTH }, { 0xFFF0, SYMBOL },
	{ 0x1F000, EMOJI },    { 0x20000, HAN },      { 0x30000, LETTER },
};

/* Runs whose weight is a line: start plus so much a code point. */
static const struct {
	uint16_t start, each;
} lines[] = {
	[LATIN] = { 45, 25 },  [GREEK] = { 50, 40 }, [CYRILLIC] = { 78, 13 },  [HEBREW] = { 40, 35 }, [ARABIC] = { 0, 40 },
	[INDIC] = { 0, 40 },   [THAI] = { 0, 40 },   [HANGUL] = { 109, 37 },   [KANA] = { 0, 73 },    [HAN] = { 0, 78 },
	[FULL_WIDTH] = { 0, 63 }, [EMOJI] = { 0, 230 }, [JOINER] = { 0, 100 }, [SYMBOL] = { 0, 74 },  [LETTER] = { 0, 100 },
};

static const uint16_t word_weights[] = { 0, 100, 100, 100, 100, 100, 100, 100, 115, 143, 120, 183, 181, 150, 192, 224, 257 };
static const uint16_t upper_weights[] = { 0, 100, 185, 127, 146, 172, 148 };
static const uint16_t sign_weights[] = { 0, 88, 98, 95, 140 };

#define LAST(table) (sizeof(table) / sizeof((table)[0]) - 1)

struct reader {
	const unsigned char *at, *end;
};

/* Code point at p and its length; a byte that is no UTF-8 is itself. */
static uint32_t peek(const struct reader *r, unsigned *len)
{
	const unsigned char *p = r->at;
	size_t left = (size_t)(r->end - p);

	*len = 1;
	if (p[0] < 0xC0)
		return p[0];
	if (p[0] < 0xE0 && left >= 2) {
		*len = 2;
		return (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
	}
	if (p[0] >= 0xE0 && p[0] < 0xF0 && left >= 3) {
		*len = 3;
		return (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
	}
	if (p[0] >= 0xF0 && left >= 4) {
		*len = 4;
		return (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
	}
	return p[0];
}

static enum script script_beyond_ascii(uint32_t c)
{
	size_t i = 0;

	while (i + 1 < sizeof(ranges) / sizeof(ranges[0]) && ranges[i + 1].first <= c)
		i++;
	return ranges[i].script;
}

static enum script script_at(const struct reader *r, unsigned *len)
{
	uint32_t c = peek(r, len);

	if (c >= 0x80)
		return script_beyond_ascii(c);
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	if (c == '\n' || c == '\r')
		return LINE_END;
	return c == ' ' || c == '\t' ? SPACE : SIGN;
}

/* Reads on while the script is a or b; returns code points. */
static unsigned run_of(struct reader *r, enum script a, enum script b)
{
	unsigned n = 0, len;

	while (r->at < r->end) {
		enum script s = script_at(r, &len);
		if (s != a && s != b)
			break;
		r->at += len;
		n++;
	}
	return n;
}

static unsigned weigh_space(struct reader *r)
{
	const unsigned char *start = r->at;
	unsigned len, after_break = 0, weight = 0;
	bool has_break = false;

	run_of(r, SPACE, LINE_END);
	for (const unsigned char *p = start; p < r->at; p++) {
		bool is_break = *p == '\n' || *p == '\r';
		has_break |= is_break;
		after_break = is_break ? 0 : after_break + 1;
	}
	if (has_break)
		weight += 50;
	bool before_digit = r->at < r->end && script_at(r, &len) == DIGIT;
	if (after_break >= 2 || (after_break == 1 && before_digit))
		weight += 120;
	return weight;
}

static unsigned weigh_word(unsigned n)
{
	return n <= LAST(word_weights) ? word_weights[n]
				       : word_weights[LAST(word_weights)] + 72 * (n - (unsigned)LAST(word_weights));
}

/* Letters of one word: capitals in a row are a run of their own, one capital belongs to what follows. */
static unsigned weigh_letters(struct reader *r)
{
	unsigned len, upper = run_of(r, UPPER, UPPER);

	if (upper >= 2)
		return upper_weights[upper <= LAST(upper_weights) ? upper : LAST(upper_weights)];
	unsigned n = upper + run_of(r, LOWER, LOWER);
	if (r->at < r->end && script_at(r, &len) == LATIN) /* a word with letters beyond ASCII */
		while (r->at < r->end && (script_at(r, &len) == LATIN || script_at(r, &len) == LOWER)) {
			r->at += len;
			n++;
			if (r->at == r->end || (script_at(r, &len) != LATIN && script_at(r, &len) != LOWER))
				return 45 + 25 * n;
		}
	return weigh_word(n);
}

static unsigned weigh_signs(struct reader *r)
{
	unsigned len, n = run_of(r, SIGN, SIGN);

	if (n == 1 && r->at < r->end) {
		enum script next = script_at(r, &len);
		if (next == LOWER || next == UPPER || next == LATIN || next == CYRILLIC)
			return 45;
	}
	return n <= LAST(sign_weights) ? sign_weights[n]
				       : sign_weights[LAST(sign_weights)] + 11 * (n - (unsigned)LAST(sign_weights));
}

static unsigned weigh_run(struct reader *r)
{
	unsigned len;
	enum script s = script_at(r, &len);

	switch (s) {
	case SPACE:
	case LINE_END:
		return weigh_space(r);
	case DIGIT:
		return 118 * ((run_of(r, DIGIT, DIGIT) + 2) / 3);
	case LOWER:
	case UPPER:
		return weigh_letters(r);
	case SIGN:
		return weigh_signs(r);
	case LATIN:
		return lines[LATIN].start + lines[LATIN].each * run_of(r, LATIN, LOWER);
	default:
		return lines[s].start + lines[s].each * run_of(r, s, s);
	}
}

uint64_t token_estimate(struct slice text)
{
	struct reader r = { (const unsigned char *)text.ptr, (const unsigned char *)text.ptr + text.len };
	uint64_t hundredths = 0;

	while (r.at < r.end)
		hundredths += weigh_run(&r);
	uint64_t tokens = (hundredths + 50) / 100;
	return text.len > 0 && tokens == 0 ? 1 : tokens;
}

void token_estimate_call(struct call *c)
{
	bool needs_input = c->role != ROLE_RERANK && !tokens_has(&c->tokens, TOKENS_INPUT) && c->input_text.len > 0;
	bool needs_output = c->role == ROLE_LLM && !tokens_has(&c->tokens, TOKENS_OUTPUT) && c->output_text.len > 0;

	if (!c->counted || c->from_cache || c->status_error || c->error_type.len > 0)
		return;
	if (needs_input)
		tokens_set(&c->tokens, TOKENS_INPUT,
			   token_estimate(c->input_text) + (c->role == ROLE_LLM ? 2 * MESSAGE_OVERHEAD : 0));
	if (needs_output)
		tokens_set(&c->tokens, TOKENS_OUTPUT, token_estimate(c->output_text));
	c->tokens.estimated |= needs_input || needs_output;
}
