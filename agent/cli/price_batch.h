/* SPDX-License-Identifier: Apache-2.0
 * cli/price_batch.h - JSON lines in, the same lines with their prices out.
 *
 * A line: provider_id or provider_api_url or neither, model_ref, timestamp (RFC 3339; without it: now), price_context
 * (string to string), usage (usage key to a number, or to a string for an exact decimal). What comes back: the line's
 * own members, and provider, model, input_price, output_price, total_price, components; or error. Prices are plain
 * decimal strings in USD. Names are taken as written, as the genai-prices reference takes them.
 */
#ifndef PLIMSOLL_CLI_PRICE_BATCH_H
#define PLIMSOLL_CLI_PRICE_BATCH_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/pricing/price.h"

/* Prices one line; appends one line of JSON without its line end. False where the line is not a request of that form:
 * then out says so, with the error "invalid_request". arena: reset by the caller between lines. */
bool price_batch_line(struct pricer *p, struct slice line, struct arena *arena, struct buf *out);

/* Appends what was found as members, behind a comma: "provider", ..., or "error". */
void price_answer_write(const struct price_answer *answer, struct buf *out);

#endif
