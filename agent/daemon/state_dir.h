/* SPDX-License-Identifier: Apache-2.0
 * daemon/state_dir.h - where state is kept when the configuration does not say.
 */
#ifndef PLIMSOLL_DAEMON_STATE_DIR_H
#define PLIMSOLL_DAEMON_STATE_DIR_H

#include "agent/base/buf.h"

/* Appends /var/lib/plimsoll for root, else $XDG_STATE_HOME/plimsoll, else ~/.local/state/plimsoll, else a folder below
 * the temporary one. Makes the folders above it. */
void state_dir_default(struct buf *out);

#endif
