/* SPDX-License-Identifier: Apache-2.0
 * cases/texts.h - the words of the calls that are cases, by trace and span, bounded by bytes.
 *
 * They come redacted, and before it is known whether their call becomes a case: such a text waits CASE_TEXT_WAIT_S, longer
 * than counting holds a call. Past the bound the oldest go, those first that belong to no case. One thread.
 */
#ifndef PLIMSOLL_CASES_TEXTS_H
#define PLIMSOLL_CASES_TEXTS_H

#include "agent/base/buf.h"
#include "agent/base/deletions.h"
#include "agent/base/meter.h"
#include "agent/base/status.h"
#include "agent/span/call_text.h"

#define CASE_TEXT_WAIT_S 180u
#define CASE_TEXTS_MAX   4096u
#define CASE_TEXT_KEY_BYTES 24u /* trace and span id */

struct case_text {
	struct case_text *next; /* in its bucket */
	struct told_call call;
	uint64_t came_s;
	bool is_used;  /* by a case, as of the last look at all of them */
	bool is_saved; /* the store has it */
	size_t size_bytes;
	char bytes[];
};

#define CASE_TEXT_BUCKETS 1024u

struct case_texts {
	size_t max_bytes, held_bytes, count;
	struct case_text *buckets[CASE_TEXT_BUCKETS];
	struct deletions deleted; /* keys */
	struct meter *given_up; /* texts that made room */
};

void case_texts_release(struct case_texts *t);

/* Copies; the same call told again replaces what was there. Without memory, or larger than the bound, nothing is kept. */
void case_texts_add(struct case_texts *t, const struct told_call *call, uint64_t now_s);

/* span_id NULL or zeros: any call of that trace, the latest. NULL: none. */
struct case_text *case_texts_find(const struct case_texts *t, const uint8_t trace_id[16], const uint8_t *span_id);

/* Drops what is not used and waits no longer. */
void case_texts_sweep(struct case_texts *t, uint64_t now_s);

void case_texts_key(const struct case_text *t, uint8_t key[CASE_TEXT_KEY_BYTES]);

/* One stored pair; key has CASE_TEXT_KEY_BYTES. Errors: CORRUPT. */
struct status case_texts_load(struct case_texts *t, struct slice key, struct slice value) MUST_USE;
void case_text_write(struct case_text *t, struct buf *value);

#endif
