/* SPDX-License-Identifier: Apache-2.0
 * pricing/load_priv.h - what the loaders of the three formats share.
 *
 * Every function returns false once something was wrong; the first failure is written to errors, the rest is silent.
 */
#ifndef PLIMSOLL_PRICING_LOAD_PRIV_H
#define PLIMSOLL_PRICING_LOAD_PRIV_H

#include "agent/base/json.h"
#include "agent/base/money.h"
#include "agent/pricing/image_writer.h"
#include "agent/pricing/load.h"
#include "agent/pricing/unit.h"

#define TIERS_MAX 16u

struct loader {
	struct json j;
	struct image_writer w;
	struct arena arena;      /* unescaped strings */
	struct slice file_units; /* v3: the file's own unit registry, as text */
	struct buf fallbacks;    /* struct image_text: names of fallback providers, until all are known */
	const char *file;
	struct buf *errors;
};

/* The value of a price: a number, perhaps others above some input size. */
struct price_value {
	uint64_t digits;
	uint32_t scale;
	uint32_t tier_count;
	struct image_tier tiers[TIERS_MAX];
};

/* Writes "file:line:column: reason" for the place reached; always false. */
bool loader_fail(struct loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A string, unescaped; lives as long as the loader. */
bool loader_text(struct loader *l, struct slice *out);

/* Digits and scale of a price or factor as the image keeps them. False (without a message) where it is negative or
 * does not fit. */
bool price_digits(struct decimal d, uint64_t *digits, uint32_t *scale);

/* Appends one price to the row that is being written. */
void loader_push_price(struct loader *l, enum unit unit, const struct price_value *value);

/* False, with a message, where PCRE2 does not compile the pattern. */
bool load_check_regex(struct loader *l, struct slice pattern);

/* The members of one object: clause, prices (one object, or rows with constraints), variants. */
bool load_clause(struct loader *l, uint32_t *index);
bool load_rows(struct loader *l, struct image_model *model);
bool load_variants(struct loader *l, struct image_model *model);

bool load_genai_providers(struct loader *l);
bool load_litellm(struct loader *l);
bool load_overrides(struct loader *l);

#endif
