/* SPDX-License-Identifier: Apache-2.0
 * net/key_set.h - tokens or keys of which any is good, known by their digests only.
 *
 * Comparing takes the same time whatever is offered: its digest is compared with each, to the last byte. Several of them,
 * from a file, let senders change theirs one after the other. Made and freed on the loop's thread; asked by any.
 */
#ifndef PLIMSOLL_NET_KEY_SET_H
#define PLIMSOLL_NET_KEY_SET_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

struct key_set;

/* literal: one of them, or NULL. filename: a file of them, one a line (blank lines and those that begin with '#' are
 * skipped), read again when it changes; NULL: none. key: names the option in the log, outlives the set.
 * why: the sentence to print. Errors: INVALID, there is none; IO; NOMEM. */
struct status key_set_new(const char *literal, const char *filename, const char *key, struct key_set **out,
			  struct buf *why) MUST_USE;
void key_set_free(struct key_set *k); /* NULL is allowed */

bool key_set_has(struct key_set *k, struct slice offered);

#endif
