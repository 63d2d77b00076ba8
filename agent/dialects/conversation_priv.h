/* SPDX-License-Identifier: Apache-2.0
 * dialects/conversation_priv.h - who said what: gathered by conversation.c, found in JSON by conversation_json.c.
 */
#ifndef PLIMSOLL_DIALECTS_CONVERSATION_PRIV_H
#define PLIMSOLL_DIALECTS_CONVERSATION_PRIV_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"

#define MESSAGES_MAX 64u /* the last ones */

enum speaker { SPEAKER_OTHER, SPEAKER_USER, SPEAKER_MODEL, SPEAKER_SYSTEM };

struct message {
	enum speaker speaker;
	struct slice text;
};

struct conversation {
	struct arena *arena;
	struct message items[MESSAGES_MAX];
	size_t count;
	struct slice asked; /* a question that stands in no message; empty: none */
};

/* Whoever vendors and frameworks mean by this role, or type of message. */
enum speaker speaker_of(struct slice role);

/* Text that is empty is passed over. */
void conversation_add(struct conversation *c, enum speaker speaker, struct slice text);

/* Adds the messages in this JSON, of whichever vendor's or framework's shape, or sets asked. False: it is no JSON. */
bool conversation_add_json(struct conversation *c, struct slice text);

/* All text in the JSON of an answer or a message, as message_walk.h has it, without the system's; empty where there is
 * none. */
struct slice conversation_text_in(struct slice json, struct arena *a);

#endif
