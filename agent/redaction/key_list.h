/* SPDX-License-Identifier: Apache-2.0
 * redaction/key_list.h - a set of attribute keys: whole ones, and beginnings up to a dot.
 *
 * Never by a part of a word: a rule for "token" says nothing about gen_ai.usage.total_tokens.
 */
#ifndef PLIMSOLL_REDACTION_KEY_LIST_H
#define PLIMSOLL_REDACTION_KEY_LIST_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/option.h"

struct key_list {
	struct slice *keys; /* open addressing by hash; count 0: no list */
	size_t mask, count;
	struct slice *beginnings; /* "gen_ai.usage." */
	size_t beginning_count;
};

/* Keys are borrowed. why: an entry that is neither, after name. Errors: INVALID; NOMEM. */
struct status key_list_init(struct key_list *l, const struct string_list *keys, const char *name, struct buf *why) MUST_USE;
void key_list_release(struct key_list *l);

bool key_list_has(const struct key_list *l, struct slice key);

#endif
