/* SPDX-License-Identifier: Apache-2.0
 * alerts/rules.h - the configured reasons to tell nobody: standing silences, probation, and alerts that hide others.
 */
#ifndef PLIMSOLL_ALERTS_RULES_H
#define PLIMSOLL_ALERTS_RULES_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/config/matcher.h"

struct rules {
	struct matchers *silences, *shadow;
	size_t silence_count, shadow_count;
	struct hiding_rule *hiding; /* the built-in ones first */
	size_t hiding_count;
};

/* Borrows the configuration's strings. why: the rule that is none. Errors: INVALID, NOMEM; out is empty then. */
struct status rules_read(const struct alerts_config *config, struct rules *out, struct buf *why) MUST_USE;
void rules_release(struct rules *r);

bool rules_silence(const struct rules *r, const struct match_labels *labels);
bool rules_shadow(const struct rules *r, const struct match_labels *labels);
/* Whether rules_hide may be true of one that fires, or of one that may be hidden: of few, and only these are compared. */
bool rules_may_hide(const struct rules *r, const struct match_labels *source);
bool rules_may_be_hidden(const struct rules *r, const struct match_labels *target);

bool rules_hide(const struct rules *r, const struct match_labels *source, const struct match_labels *target);

#endif
