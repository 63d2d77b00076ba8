/* SPDX-License-Identifier: Apache-2.0
 * gate/pattern.c - compiled for each answer anew: a suite is judged once.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "agent/gate/pattern.h"

#include <pcre2.h>

#define MATCH_LIMIT 1000000u /* steps of one pattern over one answer */

static pcre2_code *compile(struct slice pattern, uint32_t options, struct buf *why)
{
	PCRE2_UCHAR text[120];
	int error;
	PCRE2_SIZE at;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)(pattern.len > 0 ? pattern.ptr : ""), pattern.len,
					 PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | options, &error, &at, NULL);

	if (code == NULL && why != NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		buf_printf(why, "%s, at byte %zu", (const char *)text, at);
	}
	return code;
}

bool pattern_is_good(struct slice pattern, struct buf *why)
{
	pcre2_code *code = compile(pattern, 0, why);
	bool good = code != NULL;

	pcre2_code_free(code);
	return good;
}

static enum pattern_result find(struct slice pattern, uint32_t options, struct slice text)
{
	pcre2_code *code = compile(pattern, options, NULL);

	if (code == NULL)
		return PATTERN_BAD;
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int rc = PCRE2_ERROR_NOMEMORY;
	if (data != NULL && limits != NULL) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		rc = pcre2_match(code, (PCRE2_SPTR)(text.len > 0 ? text.ptr : ""), text.len, 0, 0, data, limits);
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return rc >= 0 ? PATTERN_YES : rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_BAD;
}

enum pattern_result pattern_find(struct slice pattern, struct slice text)
{
	return find(pattern, 0, text);
}

/* The words as a pattern that stands for nothing but them. */
static void write_literal(struct slice words, struct buf *out)
{
	bool was_space = false;

	for (size_t i = 0; i < words.len; i++) {
		unsigned char c = (unsigned char)words.ptr[i];
		bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
		bool is_plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (is_space && !was_space)
			buf_text(out, "\\s+");
		else if (!is_space)
			buf_printf(out, "%s%c", is_plain ? "" : "\\", c);
		was_space = is_space;
	}
}

bool pattern_holds(struct slice text, struct slice wanted)
{
	struct buf pattern = BUF_INIT;

	write_literal(wanted, &pattern);
	bool holds = !buf_failed(&pattern) && find(buf_view(&pattern), PCRE2_CASELESS, text) == PATTERN_YES;
	buf_release(&pattern);
	return holds;
}
