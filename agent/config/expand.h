/* SPDX-License-Identifier: Apache-2.0
 * config/expand.h - environment variables in values, as the OpenTelemetry Collector writes them.
 *
 * ${env:NAME} and ${NAME}, each also with :-default (used where the variable is unset or empty); $$ is a dollar. What
 * a variable holds is not expanded again. Unlike in the Collector an unset variable without a default is an error: an
 * empty token or endpoint is never what was meant.
 */
#ifndef PLIMSOLL_CONFIG_EXPAND_H
#define PLIMSOLL_CONFIG_EXPAND_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"

#define EXPANDED_BYTES_MAX (64u * 1024u)

/* The text with its variables replaced: text itself where it has no dollar, else a copy in the arena, with a NUL
 * behind. False: why says what is wrong (it never holds a variable's value). */
bool expand(struct slice text, struct arena *arena, struct slice *out, struct buf *why);

#endif
