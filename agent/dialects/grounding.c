/* SPDX-License-Identifier: Apache-2.0
 * dialects/grounding.c - words of the answer that occur in the retrieved text, sentences that cite.
 *
 * Both are proxies: a paraphrase has little overlap, a wrong answer may have much. Words of fewer than four bytes say
 * nothing and are left out. Retrieved words are kept as bits of their hashes: a stranger is taken for known about once in
 * a few hundred, for texts of a few thousand different words.
 */
#include "agent/dialects/grounding.h"

#include "agent/base/hash.h"

#define BITS 65536u
#define WORD_BYTES_MIN 4u
#define TEXT_BYTES_MAX 65536u

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* The next word's hash without case; false at the end. */
static bool next_word(struct slice *text, uint32_t *hash)
{
	while (text->len > 0) {
		size_t n = 0;
		uint64_t h = 0;
		while (text->len > 0 && !is_word_byte(text->ptr[0]))
			*text = slice_skip(*text, 1);
		for (; n < text->len && is_word_byte(text->ptr[n]); n++)
			h = hash_mix(h, (unsigned char)(text->ptr[n] | 0x20));
		*text = slice_skip(*text, n);
		if (n >= WORD_BYTES_MIN) {
			*hash = (uint32_t)(h % BITS);
			return true;
		}
	}
	return false;
}

/* "[1]", "[doc-2]", "(source: ...)": a bracket with something in it. */
static bool cites(struct slice sentence)
{
	ptrdiff_t open = slice_find(sentence, SLICE("["));
	ptrdiff_t close = slice_find(sentence, SLICE("]"));

	return (open >= 0 && close > open + 1) || slice_find(sentence, SLICE("(source")) >= 0;
}

static double share_that_cites(struct slice answer)
{
	unsigned sentences = 0, citing = 0;

	while (answer.len > 0) {
		size_t n = 0;
		while (n < answer.len && answer.ptr[n] != '.' && answer.ptr[n] != '!' && answer.ptr[n] != '?' &&
		       answer.ptr[n] != '\n')
			n++;
		size_t end = n; /* a citation may follow the full stop */
		while (end < answer.len && (end == n || answer.ptr[end] == ' '))
			end++;
		if (end < answer.len && answer.ptr[end] == '[')
			while (end < answer.len && answer.ptr[end - 1] != ']')
				end++;
		struct slice sentence = slice_trim(slice_head(answer, end));
		if (sentence.len > 1) {
			sentences++;
			citing += cites(sentence);
		}
		answer = slice_skip(answer, end > 0 ? end : 1);
	}
	return sentences > 0 ? (double)citing / sentences : 0;
}

void grounding_measure(struct slice answer, const struct reading *r, struct call *c)
{
	uint64_t seen[BITS / 64];
	uint32_t hash;
	unsigned words = 0, known = 0;

	if (r->retrieved_text_count == 0 || answer.len == 0)
		return;
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < r->retrieved_text_count; i++)
		for (struct slice text = slice_head(r->retrieved_text[i], TEXT_BYTES_MAX); next_word(&text, &hash);)
			seen[hash / 64] |= UINT64_C(1) << (hash % 64);
	for (struct slice text = slice_head(answer, TEXT_BYTES_MAX); next_word(&text, &hash); words++)
		known += (unsigned)(seen[hash / 64] >> (hash % 64) & 1u);
	if (words == 0)
		return;
	c->has_citations = true;
	c->overlap_share = (double)known / words;
	c->citation_share = share_that_cites(answer);
}
