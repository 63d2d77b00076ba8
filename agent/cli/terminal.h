/* SPDX-License-Identifier: Apache-2.0
 * cli/terminal.h - the terminal on standard output.
 */
#ifndef PLIMSOLL_CLI_TERMINAL_H
#define PLIMSOLL_CLI_TERMINAL_H

#include <stdbool.h>

struct terminal {
	bool is_one;  /* else a file or a pipe: 1000 lines of 132 columns */
	bool colours; /* it is, and NO_COLOR is not set */
	unsigned lines, columns;
};

struct terminal terminal_look(void);

#endif
