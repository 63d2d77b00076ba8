/* SPDX-License-Identifier: Apache-2.0
 * cli/price_diff.h - how two price tables differ at one time.
 */
#ifndef PLIMSOLL_CLI_PRICE_DIFF_H
#define PLIMSOLL_CLI_PRICE_DIFF_H

#include "agent/base/buf.h"
#include "agent/pricing/table.h"

struct price_changes {
	unsigned added, removed, changed;
};

/* Appends one line a difference, by provider and model in the tables' order: "+ openai/gpt-9", "- ...", and
 * "~ openai/gpt-4o input_mtok 2.5 -> 3". json: one JSON object a line instead, with change, provider, model and, where
 * a price changed, price_key, old, new. unix_s: whose prices are compared. */
struct price_changes price_diff(const struct table *old, const struct table *new, uint64_t unix_s, bool json,
				struct buf *out);

#endif
