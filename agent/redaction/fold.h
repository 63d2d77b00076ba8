/* SPDX-License-Identifier: Apache-2.0
 * redaction/fold.h - one character as it was meant, however it was written: escapes of JSON and of URLs, and the blanks
 * and dashes that typesetters (and models) put into numbers.
 */
#ifndef PLIMSOLL_REDACTION_FOLD_H
#define PLIMSOLL_REDACTION_FOLD_H

#include "agent/base/slice.h"

/* Writes the character at `at` to out and returns its bytes; length: what it takes of the text. Whatever is no escape is
 * the byte itself. */
typedef size_t (*fold_read)(struct slice text, size_t at, char out[4], size_t *length);

/* Escapes of a string of JSON. */
size_t fold_json(struct slice text, size_t at, char out[4], size_t *length);

/* Those, "%40" (RFC 3986, section 2.1), and as ' ' and '-' the other blanks and dashes of Unicode between digits. */
size_t fold_any(struct slice text, size_t at, char out[4], size_t *length);

/* Whether fold_any would change anything of it. */
bool fold_changes(struct slice text);

#endif
