/* SPDX-License-Identifier: Apache-2.0
 * pricing/book.h - lookup across the tables of a book, with the names that telemetry uses.
 */
#ifndef PLIMSOLL_PRICING_BOOK_H
#define PLIMSOLL_PRICING_BOOK_H

#include "agent/pricing/price.h"

/* What prices a model. */
struct price_hit {
	struct found found;
	enum price_source source;
	uint64_t factor_digits; /* of an override's multiplier; 1 with scale 0 where there is none */
	uint32_t factor_scale;
	struct slice label;     /* as cost.price; lives as long as the book */
};

#define PRICE_MODELS_MAX 2

struct price_names {
	struct slice provider, url; /* ptr NULL where not known */
	bool as_written; /* see struct price_request */
	size_t model_count;
	struct slice models[PRICE_MODELS_MAX]; /* the first that is found counts */
};

enum find_result price_book_find(const struct price_book *b, struct scratch *s, const struct price_names *names,
				 struct price_hit *hit);

#endif
