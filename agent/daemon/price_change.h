/* SPDX-License-Identifier: Apache-2.0
 * daemon/price_change.h - a new price table is no news for the baselines of cost.
 */
#ifndef PLIMSOLL_DAEMON_PRICE_CHANGE_H
#define PLIMSOLL_DAEMON_PRICE_CHANGE_H

#include "agent/daemon/judge.h"
#include "agent/pricing/price.h"

/* Lets the baselines learn the cost of those models anew whose price is another one from now on. The loop thread's;
 * without memory nothing happens, and the step is judged as any other. */
void price_change_tell(struct judge *j, const struct price_book *before, const struct price_book *after);

#endif
