/* SPDX-License-Identifier: Apache-2.0
 * daemon/redacted_words.h - the words of one call, read from its span or log record as redaction leaves it.
 *
 * Redacted first, as a request that leaves would be, then read and cut: no secret is half cut off and so missed. All keys are
 * looked into, also those that the configuration allows to pass, and whether or not anything else is redacted.
 */
#ifndef PLIMSOLL_DAEMON_REDACTED_WORDS_H
#define PLIMSOLL_DAEMON_REDACTED_WORDS_H

#include "agent/dialects/reader.h"
#include "agent/redaction/redaction.h"

/* The rules: read-only, any thread. */
struct words_rules {
	struct redaction_config config;
	struct redactor *redactor;
};

/* config: borrowed for the life of *r. why: as redactor_new. */
struct status words_rules_init(struct words_rules *r, const struct redaction_config *config, struct buf *why) MUST_USE;
void words_rules_release(struct words_rules *r);

/* What one thread needs. */
struct words_reader {
	struct redaction_lane *redaction;
	struct arena arena;
};

struct status words_reader_init(struct words_reader *w, const struct words_rules *rules) MUST_USE;
void words_reader_release(struct words_reader *w);

/* From here on dialect reads into the arena of w. *out lives until the next one is read. Errors: NOTFOUND, the span is no
 * call or carries no question; NOMEM; MALFORMED. */
struct status words_of_span(struct words_reader *w, struct dialect_reader *dialect, const struct span_view *span,
			    struct call_text *out) MUST_USE;
struct status words_of_log(struct words_reader *w, struct dialect_reader *dialect, const struct log_view *log,
			   struct call_text *out) MUST_USE;

#endif
