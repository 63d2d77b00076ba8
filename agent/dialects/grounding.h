/* SPDX-License-Identifier: Apache-2.0
 * dialects/grounding.h - proxies for how far an answer rests on what was retrieved, without a judge.
 */
#ifndef PLIMSOLL_DIALECTS_GROUNDING_H
#define PLIMSOLL_DIALECTS_GROUNDING_H

#include "agent/dialects/reading.h"

/* Sets citation_share and overlap_share where the span carries both the answer and retrieved text; else nothing. */
void grounding_measure(struct slice answer, const struct reading *r, struct call *c);

#endif
