/* SPDX-License-Identifier: Apache-2.0
 * prompts/webhook.h - what platforms tell when a prompt version is made or promoted there, and whether it was them.
 *
 * Langfuse: `x-langfuse-signature: t=<unix seconds>,v1=<hex>`, HMAC-SHA-256 of "<t>.<body>" (langfuse 3.x, "Webhooks").
 * Braintrust: its environment alerts carry no signature of their own; whoever relays them signs the body in the same form,
 * or as `sha256=<hex>` over the body alone, in `x-braintrust-signature`.
 */
#ifndef PLIMSOLL_PROMPTS_WEBHOOK_H
#define PLIMSOLL_PROMPTS_WEBHOOK_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"
#include "agent/prompts/manifest.h"

#define WEBHOOK_AGE_MAX_S     300u /* of a signed time, either way: a recorded request is not taken again later */
#define WEBHOOK_LABELS_MAX    8u

/* Takes the same time wherever a byte differs. */
bool webhook_is_signed(struct slice header, struct slice secret, struct slice body, uint64_t now_s);

struct webhook_news {
	struct manifest *manifest; /* the version; the reader's to free or hand on. NULL: nothing to know */
	struct slice environments[WEBHOOK_LABELS_MAX]; /* where it was put; in the arena or the body */
	uint32_t environment_count;
	struct slice by; /* empty: not told */
};

/* source: enum prompt_source_kind. Errors: MALFORMED, with why. */
struct status webhook_read(uint8_t source, struct slice body, struct arena *a, struct webhook_news *out,
			   struct buf *why) MUST_USE;

#endif
