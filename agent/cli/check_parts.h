/* SPDX-License-Identifier: Apache-2.0
 * cli/check_parts.h - what no option table can say of a configuration: whether those who use its parts would take them.
 */
#ifndef PLIMSOLL_CLI_CHECK_PARTS_H
#define PLIMSOLL_CLI_CHECK_PARTS_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/config.h"

/* Asks each of them, as the agent would at its start. here: also of what this machine has, its files and users.
 * errors gets a line for each that refuses, with the file's name. Errors: INVALID. */
struct status check_parts(const struct config *c, bool here, struct buf *errors) MUST_USE;

#endif
