/* SPDX-License-Identifier: Apache-2.0
 * dialects/conversation.h - the words of one call, for the few that become evaluation cases: what the user asked, what led
 * up to it, what was answered. Not for every span: it searches the attributes once more and copies.
 */
#ifndef PLIMSOLL_DIALECTS_CONVERSATION_H
#define PLIMSOLL_DIALECTS_CONVERSATION_H

#include "agent/dialects/content.h"
#include "agent/span/call_text.h"

/* What r noted of this span, and its attributes and events once more: NULL events and no count of a log record.
 * Slices of *out live in the arena. Without memory texts are missing. */
void conversation_read(const struct reading *r, struct arena *a, struct attributes attributes,
		       const struct event_view *events, size_t event_count, struct call_text *out);

#endif
