/* SPDX-License-Identifier: Apache-2.0
 * daemon/state_dir.c - the conventional place for a user's or the system's state.
 */
#include "agent/daemon/state_dir.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_set(const char *value)
{
	return value != NULL && value[0] == '/';
}

/* Errors are left to whoever opens the folder: it names it. */
static void make_parents(const char *path)
{
	struct buf prefix = BUF_INIT;

	for (const char *at = path; *at != '\0'; at++) {
		if (*at == '/' && at > path)
			mkdir(buf_string(&prefix), 0700);
		buf_byte(&prefix, *at);
	}
	buf_release(&prefix);
}

void state_dir_default(struct buf *out)
{
	const char *state_home = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		buf_text(out, "/var/lib/plimsoll");
	else if (is_set(state_home))
		buf_printf(out, "%s/plimsoll", state_home);
	else if (is_set(home))
		buf_printf(out, "%s/.local/state/plimsoll", home);
	else
		buf_printf(out, "/tmp/plimsoll-%u", (unsigned)geteuid());
	make_parents(buf_string(out));
}
