/* SPDX-License-Identifier: Apache-2.0
 * daemon/gate_note.h - a gate's result in the audit: which version, who asked, open or closed and by what.
 */
#ifndef PLIMSOLL_DAEMON_GATE_NOTE_H
#define PLIMSOLL_DAEMON_GATE_NOTE_H

#include "agent/daemon/audit.h"
#include "agent/prompts/history.h"

/* by: empty where nobody said. Any thread. */
void gate_note(struct audit *a, const struct prompt_gate *g, struct slice by);

#endif
