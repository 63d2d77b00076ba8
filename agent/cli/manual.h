/* SPDX-License-Identifier: Apache-2.0
 * cli/manual.h - documents made from the tables of commands and of options.
 */
#ifndef PLIMSOLL_CLI_MANUAL_H
#define PLIMSOLL_CLI_MANUAL_H

#include "agent/cli/command.h"

/* plimsoll(1), in roff. */
void manual_commands(const struct cli_program *program, struct buf *out);

/* plimsoll.yaml(5), in roff. */
void manual_config(const struct cli_program *program, struct buf *out);

/* A configuration with every key, its default and what it does; it passes `plimsoll check`. */
void manual_sample(const struct cli_program *program, struct buf *out);

/* What kind of value a row takes, in a word or two: "duration", "list". */
const char *manual_type(const struct conf_option *o);

/* "size; default: 64MiB; 1KiB to 1GiB; SIGHUP applies a change": all that a row says but its sentence. */
void manual_facts(const struct conf_option *o, struct buf *out);

/* The kinds of a CONF_KINDS row, n of them. */
const struct config_kind *manual_kinds(const struct cli_program *program, const struct conf_option *o, size_t *n);

#endif
