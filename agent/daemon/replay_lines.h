/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay_lines.h - the lines of a replay, kept back in their order so that a call's own line can tell how it was
 * judged: by evaluations and feedback that come before it or after it.
 *
 * Past LINES_MAX_BYTES the oldest lines are printed as they are; what comes for them later has only its own line. One thread.
 */
#ifndef PLIMSOLL_DAEMON_REPLAY_LINES_H
#define PLIMSOLL_DAEMON_REPLAY_LINES_H

#include <stdio.h>

#include "agent/base/buf.h"
#include "agent/span/judgement.h"

#define LINES_MAX_BYTES ((size_t)64 << 20)

struct replay_lines;

/* out is borrowed. NULL without memory. */
struct replay_lines *replay_lines_new(FILE *out);
void replay_lines_free(struct replay_lines *l);

/* The line of a counted call. */
void replay_lines_call(struct replay_lines *l, const struct call *c);

/* Any other line, without its end. */
void replay_lines_add(struct replay_lines *l, struct slice line);

/* A judgement with its call, in whose line it will show: scores by their name, votes and ratings as user_rating, of each
 * the one with the latest time. */
void replay_lines_judge(struct replay_lines *l, const struct joined_judgement *j);

/* Prints what is kept back. */
void replay_lines_flush(struct replay_lines *l);

#endif
