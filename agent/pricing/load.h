/* SPDX-License-Identifier: Apache-2.0
 * pricing/load.h - a price file's text becomes a table's block.
 *
 * Three formats, told apart by their content:
 *   genai-prices   an array of providers (v2), or an object with units and providers (v3)
 *   LiteLLM        an object of objects, some of which hold litellm_provider
 *   overrides      an object with the member "overrides" (ours; see pricing/data/README.md)
 * A file is taken as a whole or not at all.
 */
#ifndef PLIMSOLL_PRICING_LOAD_H
#define PLIMSOLL_PRICING_LOAD_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

enum price_format { PRICE_FORMAT_GENAI, PRICE_FORMAT_LITELLM, PRICE_FORMAT_OVERRIDES };

/* "genai-prices", "litellm", "overrides" */
extern const char *const price_format_names[];

/* What the table calls itself. */
struct price_origin {
	const char *file;       /* for messages */
	struct slice source;    /* "genai-prices"; empty: the format's name */
	struct slice version;   /* "0.2.3"; empty: the date */
	uint64_t date_unix_s;
};

/* Reads text and writes the block (pricing/image.h) to image. errors gets "file:line:column: reason" on failure.
 * Errors: MALFORMED, it is no JSON, or none of the formats; INVALID, a member has an impossible value; NOMEM; TOOBIG.
 */
struct status price_load(struct slice text, const struct price_origin *origin, struct buf *image,
			 enum price_format *format, struct buf *errors) MUST_USE;

#endif
