/* SPDX-License-Identifier: Apache-2.0
 * cli/usage.h - help texts, made from the tables.
 */
#ifndef PLIMSOLL_CLI_USAGE_H
#define PLIMSOLL_CLI_USAGE_H

#include <stdio.h>

#include "agent/cli/command.h"

/* The sentence that says what the program is. */
extern const char usage_tagline[];

void usage_print_program(const struct cli_program *program, FILE *out);
void usage_print_command(const struct command *c, FILE *out);

/* "-c, --config FILE" into text: as help and the manual show an option. */
void usage_option_form(const struct cli_option *o, char *text, size_t size);

#endif
