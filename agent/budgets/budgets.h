/* SPDX-License-Identifier: Apache-2.0
 * budgets/budgets.h - limits on spend: what was spent by whom, and whether the next call may be made.
 *
 * In:     counted, priced calls; questions of gateways and SDKs before a call
 * Out:    decisions with a reservation of what the call is likely to cost; verdicts (VERDICT_BUDGET); pairs for the store
 * Owns:   rules of the configuration, groups (what `by` tells apart) with their last periods, open reservations
 * Time:   spend belongs to the period in which its call ended; decisions and alerts go by the clock (now_s)
 * Thread: any; one lock guards all of it. budgets_spend takes it once a batch.
 *
 * What a kill leaves behind: budgets_spend tells when the spend is on the disk, with the identity of its calls, so that a
 * call that comes again afterwards is known. Reservations are held on the disk as a sum for each group, the escrow. A
 * decision that fits into the escrow that is there already is answered at once; one that does not waits for the disk.
 * After a kill the escrow stays held for one reservation timeout, which is more than what was open, never less.
 */
#ifndef PLIMSOLL_BUDGETS_BUDGETS_H
#define PLIMSOLL_BUDGETS_BUDGETS_H

#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/budgets/amount.h"
#include "agent/budgets/period.h"
#include "agent/config/config.h"
#include "agent/span/call.h"
#include "agent/span/verdict.h"

#define BUDGET_LABEL_BYTES   256u  /* longer values are cut */
#define RESERVATIONS_MAX     20000u
#define BUDGET_MATCHES_MAX   BUDGETS_MAX /* budgets that one call counts for */

/* What holds the pairs. All but context are functions of the store, seen from afar. */
struct budgets_keeper {
	void *context;
	void *(*begin)(void *context); /* a batch; NULL without memory */
	void (*put)(void *batch, struct slice key, struct slice value); /* value.ptr NULL: the key is to be deleted */
	/* Queues the batch and takes it over; done is called on another thread once it is committed, in the order of writes. */
	struct status (*write)(void *context, void *batch, void (*done)(void *done_context, struct status result),
			       void *done_context);
	struct status (*flush)(void *context); /* waits for what was written */
};

/* What these tokens will cost; false: unknown. Called with the lock held. */
typedef bool (*budgets_price)(void *context, const struct call *call, int64_t *pusd);

struct budgets_outlets {
	struct budgets_keeper keeper;
	budgets_price price;
	void *price_context;
};

struct budgets;

/* config is borrowed until the next reload. now_s: unix. Errors: NOMEM; NOTFOUND, a time zone. */
struct status budgets_new(const struct config *config, const struct budgets_outlets *outlets, struct budgets **out) MUST_USE;
void budgets_free(struct budgets *b);

/* A reload: first all that may fail, which changes nothing, then one of the two others, which cannot fail and take the
 * change. Budgets that keep their id and what they tell apart keep what was spent; of the others, what was told is over:
 * emit hears of it, with the lock held. config: as of budgets_new, from budgets_adopt on. Errors: as of budgets_new. */
struct budgets_change;
struct status budgets_prepare(const struct config *config, struct budgets_change **out) MUST_USE;
void budgets_adopt(struct budgets *b, struct budgets_change *change, int64_t now_s, verdict_fn emit, void *context);
void budgets_discard(struct budgets_change *change);

/* One pair of the store, before anything else. Errors: CORRUPT, left out; NOMEM. */
struct status budgets_load(struct budgets *b, struct slice key, struct slice value, int64_t now_s) MUST_USE;

/* Counts the calls; settles their reservations. True where done will be called, from another thread, when the spend is on
 * the disk (or could not be brought there: then it is written again with the next); false where none counts for a budget. */
bool budgets_spend(struct budgets *b, const struct call *calls, size_t count, int64_t now_s,
		   void (*done)(void *context, struct status result), void *context);

/* ---------------------------------------------------------------- decisions */

enum budget_decision { DECISION_ALLOW, DECISION_THROTTLE, DECISION_DENY, DECISION_COUNT };

/* "allow", "throttle", "deny" */
extern const char *const budget_decision_names[DECISION_COUNT];

struct budget_question {
	struct slice labels[BUDGET_DIMENSIONS]; /* empty: not told */
	bool has_tokens;                        /* else a call like the group's others is expected */
	uint64_t input_tokens, max_output_tokens;
	bool has_estimate; /* the asker knows what it will cost */
	int64_t estimate_pusd;
	uint32_t calls;    /* that are asked for at once, each like the others; 0: one */
	bool has_trace_id;
	uint8_t trace_id[16]; /* of the call to come: its span settles the reservation, too */
	bool reserves;        /* false: only asks; a throttle counts it as a call all the same */
};

struct budget_answer {
	enum budget_decision decision;
	const char *reason;      /* a literal sentence; "" with allow */
	char budget[128];        /* the one that decided, or the tightest; empty: no budget is about this call */
	bool is_limited[AMOUNT_KINDS];
	struct amount remaining; /* of that budget and group, before this call; may be negative */
	bool has_estimate;
	__int128_t estimate_pusd;
	double retry_after_s;    /* with deny and throttle; 0: no time will help */
	uint32_t max_age_s;      /* for how long the answer holds for calls like this one */
	int64_t period_ends_s;
	uint64_t reservation;    /* 0: none was made */
	int64_t reserved_until_s;
};

void budgets_decide(struct budgets *b, const struct budget_question *q, int64_t now_s, struct budget_answer *out);

/* Gives a reservation back: the call was not made. False: there is none. */
bool budgets_cancel(struct budgets *b, uint64_t reservation);

/* ---------------------------------------------------------------- looking */

struct budget_view {
	const char *budget;
	const struct budget_config *config;
	enum period_kind kind;
	struct slice labels[BUDGET_DIMENSIONS]; /* empty where the budget does not tell it apart */
	struct period period;
	struct amount limit, spent, forgiven, reserved; /* limit: 0 where there is none */
	uint64_t calls, unpriced;                       /* unpriced: calls that did not fail and whose cost is unknown */
	double forecast_usd;                            /* at the period's end, at this rate; NaN: too early to tell */
	struct period previous;                         /* start 0: none */
	struct amount previous_spent;
	enum budget_decision state; /* what a call that costs next to nothing is told */
	bool is_overflow; /* not one group: spent, forgiven and reserved are sums of those without series of their own */
};
typedef void budgets_visitor(void *context, const struct budget_view *v);

/* Each group that has spent or reserved; period kinds other than request only have groups. The lock is held while visit
 * runs, here and below; between groups, decisions go on. A reload in between ends the walk. */
void budgets_visit(struct budgets *b, int64_t now_s, budgets_visitor *visit, void *context);

/* For series: limits.max_series groups at most, shared out evenly to the budgets, first come first served; then of each
 * budget what is beyond it, as one view. */
void budgets_visit_series(struct budgets *b, int64_t now_s, budgets_visitor *visit, void *context);

/* Of each budget (or only this one) the groups that are nearest to their limit, nearest first. */
#define BUDGETS_TOP_MAX 100u
void budgets_visit_top(struct budgets *b, int64_t now_s, struct slice only, size_t most, budgets_visitor *visit,
		       void *context);

struct budget_counts {
	const char *budget;
	const struct budget_config *config;
	struct amount limit;
	uint64_t decisions[DECISION_COUNT];
	uint64_t unpriced, late, pooled, over_request, overflow;
	uint64_t groups; /* that it has now */
};
void budgets_visit_rules(struct budgets *b, void (*visit)(void *context, const struct budget_counts *c), void *context);

uint64_t budgets_reservations(struct budgets *b);

/* Lets a budget (all its groups) start anew: what was spent in this period counts no more, though it stays known.
 * False: there is no such budget. */
bool budgets_reset(struct budgets *b, struct slice budget, int64_t now_s);

/* ---------------------------------------------------------------- time */

/* About once a second: ends reservations, forgets old groups, and emits what has crossed a threshold or is over. */
void budgets_advance(struct budgets *b, int64_t now_s, verdict_fn emit, void *context);

#endif
