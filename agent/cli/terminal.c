/* SPDX-License-Identifier: Apache-2.0
 * cli/terminal.c - asks the terminal.
 */
#include "agent/cli/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct terminal terminal_look(void)
{
	const char *plain = getenv("NO_COLOR");
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO))
		return (struct terminal){ .lines = 1000, .columns = 132 };
	struct terminal t = { .is_one = true, .colours = plain == NULL || plain[0] == '\0', .lines = 24, .columns = 80 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
		t.lines = size.ws_row;
		t.columns = size.ws_col;
	}
	return t;
}
