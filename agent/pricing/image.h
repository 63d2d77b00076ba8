/* SPDX-License-Identifier: Apache-2.0
 * pricing/image.h - a price table as one block of memory, without pointers: what the loaders write, what the build
 * embeds in the program, and what is read at run time.
 *
 * All tables keep the order of the file they were made from, since the first match wins. Texts that are matched are in
 * lower case. Texts and rows are reached by index, so that the block can lie anywhere; it is written and read by the
 * same program version on the same machine type, and never leaves it.
 */
#ifndef PLIMSOLL_PRICING_IMAGE_H
#define PLIMSOLL_PRICING_IMAGE_H

#include "agent/base/slice.h"

#define IMAGE_MAGIC UINT64_C(0x3130454349525050) /* "PPRICE01" */
#define IMAGE_NONE UINT32_MAX
#define PRICE_KEYS_MAX 16 /* prices of one row, after its variants were applied */

struct image_text {
	uint32_t at, len; /* in the text section */
};

/* size: rows of the same depth-first tree that belong to this clause, itself included. */
enum clause_kind {
	CLAUSE_EQUALS,
	CLAUSE_STARTS_WITH,
	CLAUSE_ENDS_WITH,
	CLAUSE_CONTAINS,
	CLAUSE_REGEX,
	CLAUSE_OR,
	CLAUSE_AND
};
struct image_clause {
	uint32_t kind, size;
	struct image_text text; /* not of OR and AND */
};

struct image_provider {
	struct image_text id;
	struct image_text api_pattern;        /* regular expression from the start of the URL; empty: none */
	uint32_t provider_match, model_match; /* clause, or IMAGE_NONE */
	uint32_t first_model, model_count;
	uint32_t first_fallback, fallback_count; /* providers whose models serve where this one has none */
};

struct image_model {
	struct image_text id;
	struct image_text label; /* "openai/gpt-4o@genai-prices-0.2.3 (2026-11-21)": what call.cost.price says */
	uint32_t match;          /* clause */
	uint32_t first_row, row_count; /* price rows: the last that holds, else the first */
	uint32_t first_variant, variant_count;
	struct image_text alias_provider, alias_model; /* overrides: look this up instead; empty: not an alias */
	uint64_t factor_digits;  /* overrides: multiplies every price; 1 with scale 0 elsewhere */
	uint32_t factor_scale;
};

enum constraint_kind { CONSTRAINT_NONE, CONSTRAINT_START_DATE, CONSTRAINT_HOURS };

/* A price row of a model, or a variant of it (then with the context that it needs). */
struct image_row {
	uint32_t constraint;
	uint32_t start_s, end_s; /* HOURS: seconds of the UTC day, end excluded, wrapping where end < start */
	uint32_t first_price, price_count;
	uint32_t first_when, when_count;
	uint64_t start_unix_s;   /* START_DATE */
};

struct image_when {
	struct image_text key, value;
};

/* USD per unit_infos[unit].per: digits x 10^-scale. */
struct image_price {
	uint64_t digits;
	uint32_t first_tier;
	uint8_t unit, scale;
	uint16_t tier_count;
};

/* Above start input tokens, this price instead. In rising order. */
struct image_tier {
	uint64_t start, digits;
	uint32_t scale;
};

#define IMAGE_SECTION_MAP(X)                       \
	X(providers, struct image_provider)        \
	X(models, struct image_model)              \
	X(clauses, struct image_clause)            \
	X(rows, struct image_row)                  \
	X(whens, struct image_when)                \
	X(prices, struct image_price)              \
	X(tiers, struct image_tier)                \
	X(fallbacks, uint32_t)                     \
	X(text, char)

enum image_section {
#define X(name, type) IMAGE_##name,
	IMAGE_SECTION_MAP(X)
#undef X
	IMAGE_SECTION_COUNT
};

struct image_header {
	uint64_t magic, size_bytes;
	uint64_t date_unix_s; /* of the table */
	struct image_text source, version;
	struct {
		uint32_t at, count; /* offset in bytes, multiple of 16 */
	} sections[IMAGE_SECTION_COUNT];
};

/* Where the parts of a block lie. Borrows it. */
struct image {
	const struct image_header *header;
#define X(name, type) const type *name;
	IMAGE_SECTION_MAP(X)
#undef X
};

/* block: 16-byte aligned. False where it is not a block of this version. */
bool image_open(struct image *image, const void *block, size_t size);

static inline struct slice image_slice(const struct image *image, struct image_text text)
{
	return (struct slice){ image->text + text.at, text.len };
}

static inline uint32_t image_count(const struct image *image, enum image_section section)
{
	return image->header->sections[section].count;
}

#endif
