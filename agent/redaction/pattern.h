/* SPDX-License-Identifier: Apache-2.0
 * redaction/pattern.h - patterns of the user (PCRE2 with its JIT), kept from stalling whoever runs them.
 *
 * A text is searched in windows, so that what a pattern costs grows with its length and not with its square; each
 * search has PCRE2's match limit, and each text a budget of CPU time that grows with its length. A pattern that is
 * slow on a few texts made to be bad is refused when it is compiled. Bytes are matched, not characters.
 */
#ifndef PLIMSOLL_REDACTION_PATTERN_H
#define PLIMSOLL_REDACTION_PATTERN_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

struct pattern;
struct pattern_scratch; /* one thread's */

/* why: what is wrong, without a name. Errors: INVALID; NOMEM. */
struct status pattern_new(const char *text, struct pattern **out, struct buf *why) MUST_USE;
void pattern_free(struct pattern *p);

struct pattern_scratch *pattern_scratch_new(void);
void pattern_scratch_free(struct pattern_scratch *s);

/* CPU time that all patterns together may take on one text of this length, counted from now. */
void pattern_scratch_begin(struct pattern_scratch *s, size_t length);

typedef void (*pattern_visit)(void *context, size_t start, size_t end);

/* Calls visit for each match in order. False where the text could not be searched to its end. */
bool pattern_search(const struct pattern *p, struct pattern_scratch *s, struct slice text, pattern_visit visit,
		    void *context) MUST_USE;

#endif
