/* SPDX-License-Identifier: Apache-2.0
 * prompts/webhook.h - what platforms tell when a prompt version is made or promoted there, and whether it was them.
 *
 * Langfuse: `x-langfuse-signature: t=<unix seconds>,v1=<hex>`, HMAC-SHA-256 of "<t>.<body>" (langfuse 3.x,
 * packages/shared: encryption/signature.ts, domain/webhooks.ts). It sends again until it is answered 2xx.
 * Braintrust: an environment alert ("Set up alerts", event_type environment_update) tells details.environment.slug,
 * details.prompt.slug, details.new_version and details.action (update, delete), no content and no signature: the secret
 * stands in the URL, or in a bearer's header; or whoever relays it signs in Langfuse's form, or as `sha256=<hex>` over
 * the body alone, in `x-braintrust-signature`.
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
#define WEBHOOK_MEMORY        256u

/* Takes the same time wherever a byte differs. */
bool webhook_is_signed(struct slice header, struct slice secret, struct slice body, uint64_t now_s);

/* Signatures with a time that were taken, as long as that time is believed: a recorded request would put back what was
 * in force before. Owned by one thread at a time; starts as zeros. */
struct webhook_memory {
	struct {
		uint64_t at_s; /* 0: free */
		unsigned char digest[32];
	} taken[WEBHOOK_MEMORY];
	uint32_t next; /* the oldest makes room */
};

/* A signature without a time is never remembered: the same body may rightly come again. */
void webhook_remember(struct webhook_memory *m, struct slice header, uint64_t now_s);
bool webhook_is_repeated(const struct webhook_memory *m, struct slice header, uint64_t now_s);

/* Whether a token, as it came or behind "Bearer ", is the secret. Takes the same time wherever a byte differs. */
bool webhook_is_token(struct slice given, struct slice secret);

struct webhook_news {
	const char *ignored;  /* why there is nothing to know in it, a literal; NULL: what follows is said */
	struct slice name, version; /* in the arena or the body, as those below */
	struct manifest *manifest;  /* the reader's to free or hand on. NULL: the platform told no content */
	struct slice environments[WEBHOOK_LABELS_MAX]; /* where it was put */
	uint32_t environment_count;
	struct slice by; /* empty: not told */
};

/* source: enum prompt_source_kind. Errors: MALFORMED, with why. */
struct status webhook_read(uint8_t source, struct slice body, struct arena *a, struct webhook_news *out,
			   struct buf *why) MUST_USE;

#endif
