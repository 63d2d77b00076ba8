/* SPDX-License-Identifier: Apache-2.0
 * net/password_file.h - users and the hashes of their passwords, as htpasswd(1) writes them.
 *
 * Hashes are those of crypt(3) that are meant to be slow: bcrypt, SHA-512, SHA-256, yescrypt. So that a sender does not pay
 * for them with every request, what was right is remembered (as a keyed digest) until the file changes; and so that
 * somebody who guesses cannot keep the receiving threads busy, only a few guesses are looked at in a second.
 * Made and freed on the loop's thread; asked by any.
 */
#ifndef PLIMSOLL_NET_PASSWORD_FILE_H
#define PLIMSOLL_NET_PASSWORD_FILE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

#define PASSWORD_GUESSES_PER_SECOND 5

struct password_file;

/* filename, inline_text: lines of user:hash; either may be NULL. The file is read again when it changes. key: names the
 * option in the log, outlives this. why: the sentence to print, without hashes. Errors: INVALID, IO, NOMEM. */
struct status password_file_new(const char *filename, const char *inline_text, const char *key,
				struct password_file **out, struct buf *why) MUST_USE;
void password_file_free(struct password_file *p); /* NULL is allowed */

/* pair: "user:password". Errors: UNAUTHENTICATED; UNAVAILABLE, too many guesses of late. */
struct status password_file_check(struct password_file *p, struct slice pair) MUST_USE;

#endif
