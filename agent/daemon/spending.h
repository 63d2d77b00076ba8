/* SPDX-License-Identifier: Apache-2.0
 * daemon/spending.h - budgets joined to the rest of the agent: the store, the prices, the API, /metrics.
 */
#ifndef PLIMSOLL_DAEMON_SPENDING_H
#define PLIMSOLL_DAEMON_SPENDING_H

#include "agent/admin/api.h"
#include "agent/budgets/budgets.h"
#include "agent/daemon/audit.h"
#include "agent/observe/exposition.h"
#include "agent/pricing/price.h"
#include "agent/store/store.h"

struct spending;

/* Loads what the store holds. store and audit are borrowed, prices until spending_reprice. why: what is wrong, to print. */
struct status spending_new(const struct config *config, struct store *store, struct audit *audit,
			   const struct price_book *prices, struct spending **out, struct buf *why) MUST_USE;
void spending_free(struct spending *s); /* once the store is closed: its last commits report back */

struct budgets *spending_budgets(struct spending *s);
struct audit *spending_audit(struct spending *s);

/* Waits until all that was changed before is on the disk, or it is known that it cannot be. Any thread but the store's. */
void spending_settle(struct spending *s);

/* Other prices from now on. Before the old ones are freed. */
void spending_reprice(struct spending *s, const struct price_book *prices);

/* The families plimsoll_budget_*; an observe_source. Any thread. */
void spending_render(void *context, struct exposition *x);

/* Under /api/v1/budgets; the context is the struct spending. */
extern const struct api_route budget_routes[];

#endif
