/* SPDX-License-Identifier: Apache-2.0
 * gate/check.h - whether one answer keeps to what its case asks: deterministic, no model is asked.
 */
#ifndef PLIMSOLL_GATE_CHECK_H
#define PLIMSOLL_GATE_CHECK_H

#include "agent/gate/results.h"
#include "agent/gate/suite.h"

/* Whether the answer passes: its tool judged it so, or judged nothing, and every check of the case holds. A limit on
 * something that the results do not tell does not hold; what neither the tool nor a check says anything of does not pass.
 * c: NULL, the case is in no suite; then the tool's word is all.
 * why: the first reason where it does not pass. */
bool answer_passes(const struct suite_case *c, const struct result *r, struct buf *why);

#endif
