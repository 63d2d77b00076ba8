/* SPDX-License-Identifier: Apache-2.0
 * gate/suite_check.h - patterns and schemas of a suite before anything is judged by them: one that is broken would let every
 * answer pass, or none.
 */
#ifndef PLIMSOLL_GATE_SUITE_CHECK_H
#define PLIMSOLL_GATE_SUITE_CHECK_H

#include "agent/config/yaml_tree.h"

/* node: of a case, or of what holds for all; NULL or no map: nothing to check. Mistakes go to errors, with their place. */
void suite_check(const struct tree_node *node, struct conf_errors *errors);

#endif
