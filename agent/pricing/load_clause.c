/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_clause.c - match clauses of the genai-prices format, flattened depth first.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "agent/pricing/load_priv.h"

bool load_check_regex(struct loader *l, struct slice pattern)
{
	int code;
	PCRE2_SIZE at;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, 0, &code, &at, NULL);
	PCRE2_UCHAR why[120];

	if (compiled != NULL) {
		pcre2_code_free(compiled);
		return true;
	}
	pcre2_get_error_message(code, why, sizeof(why));
	return loader_fail(l, "bad regular expression '%.*s': %s", SLICE_ARG(pattern), (const char *)why);
}

static bool clause_kind(struct loader *l, struct slice word, uint32_t *kind)
{
	static const struct slice words[] = {
		[CLAUSE_EQUALS] = { "equals", 6 },     [CLAUSE_STARTS_WITH] = { "starts_with", 11 },
		[CLAUSE_ENDS_WITH] = { "ends_with", 9 }, [CLAUSE_CONTAINS] = { "contains", 8 },
		[CLAUSE_REGEX] = { "regex", 5 },       [CLAUSE_OR] = { "or", 2 },
		[CLAUSE_AND] = { "and", 3 },
	};

	for (*kind = 0; *kind < sizeof(words) / sizeof(words[0]); ++*kind)
		if (slice_equal(words[*kind], word))
			return true;
	return loader_fail(l, "unknown match clause '%.*s'", SLICE_ARG(word));
}

static bool load_clause_text(struct loader *l, struct image_clause *clause)
{
	struct slice text;

	if (!loader_text(l, &text))
		return false;
	if (clause->kind == CLAUSE_REGEX && !load_check_regex(l, text))
		return false;
	clause->text = image_writer_text(&l->w, text, clause->kind != CLAUSE_REGEX);
	return true;
}

bool load_clause(struct loader *l, uint32_t *index) /* recursion is bounded by JSON_DEPTH_MAX */
{
	struct image_clause clause = { .size = 1 };
	struct json_string key;
	uint32_t child;

	if (!json_object(&l->j) || !json_member(&l->j, &key))
		return loader_fail(l, "a match clause is an object with one member");
	if (!clause_kind(l, key.raw, &clause.kind))
		return false;
	*index = image_writer_count(&l->w, IMAGE_clauses);
	if (clause.kind < CLAUSE_OR && !load_clause_text(l, &clause))
		return false;
	image_writer_push(&l->w, IMAGE_clauses, &clause);
	if (clause.kind >= CLAUSE_OR) {
		if (!json_array(&l->j))
			return false;
		while (json_element(&l->j))
			if (!load_clause(l, &child))
				return false;
	}
	struct image_clause *written = image_writer_at(&l->w, IMAGE_clauses, *index);
	if (written != NULL)
		written->size = image_writer_count(&l->w, IMAGE_clauses) - *index;
	if (json_member(&l->j, &key))
		return loader_fail(l, "a match clause has more than one member");
	return l->j.why == NULL;
}
