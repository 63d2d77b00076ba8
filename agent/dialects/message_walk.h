/* SPDX-License-Identifier: Apache-2.0
 * dialects/message_walk.h - walks messages in JSON, whichever vendor's or framework's shape they have.
 */
#ifndef PLIMSOLL_DIALECTS_MESSAGE_WALK_H
#define PLIMSOLL_DIALECTS_MESSAGE_WALK_H

#include "agent/base/buf.h"
#include "agent/base/json.h"
#include "agent/dialects/reading.h"

struct message_walk {
	struct buf *text;    /* appended: all text parts, in order */
	struct arena *arena; /* for texts with escapes */
	bool only_system;    /* look at the first message only, and at what stands beside the messages */
	/* results */
	size_t system_start, system_end; /* of the system's message in text; equal: there is none */
	uint32_t tool_calls; /* all; the first TOOL_CALLS_MAX names are kept */
	struct slice tool_names[TOOL_CALLS_MAX];
	bool refused;
};

/* Text that is no JSON is one message's text. Results are what was found up to where the JSON breaks. */
void message_walk_run(struct message_walk *w, struct slice text);

#endif
