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

/* What a command reads, file by file; NULL behind the last. before: NULL, or the one before. */
const struct cli_file *usage_next_file(const struct command *c, const struct cli_file *before);

/* Each key of a table that takes a value, under its dotted name. */
typedef void usage_visitor(void *context, const char *name, const struct conf_option *o);
void usage_visit_keys(const struct conf_option *keys, usage_visitor *visit, void *context);

/* "-c, --config FILE" into text: as help and the manual show an option. */
void usage_option_form(const struct cli_option *o, char *text, size_t size);

#endif
