/* SPDX-License-Identifier: Apache-2.0
 * budgets/ledger.h - what the files of this folder share: rules, groups, reservations. The caller holds the lock.
 */
#ifndef PLIMSOLL_BUDGETS_LEDGER_H
#define PLIMSOLL_BUDGETS_LEDGER_H

#include <pthread.h>

#include "agent/base/deletions.h"
#include "agent/budgets/budgets.h"

#define PERIODS_KEPT    3 /* the newest ones: late spans find theirs */
#define GROUP_BUCKETS   4096u
#define RULES_MAX       BUDGET_MATCHES_MAX
#define JOURNAL_KEEP_S  120 /* longer than the time for which counted spans are saved less often than spend */

/* Calls that may be let through now, of a budget that is used up. */
struct throttle {
	double tokens;
	int64_t at_s; /* 0: never asked */
};

/* Groups of a budget that have crossed the same threshold. */
struct crowd {
	size_t named;  /* have an alert of their own, CROWD_NAMED at most */
	size_t others; /* share one */
	bool is_told;
	int64_t period_start_s; /* of that one, or of the last one */
};
#define CROWD_NAMED       20u
#define CROWD_OF_FORECAST BUDGET_SOFT_MAX /* behind those of the thresholds */
#define CROWDS            (BUDGET_SOFT_MAX + 1)

/* A single call above its own limit, to be told: the first one of each hour. */
struct single {
	int64_t at_s, told_at_s; /* 0: none */
	int unit;
	__int128_t value;
	uint8_t trace_id[16];
};

/* A budget of the configuration. */
struct rule {
	const struct config_instance *instance;
	const struct budget_config *config;
	enum period_kind kind;
	struct zone *zone;
	struct amount limit;
	double soft[BUDGET_SOFT_MAX]; /* shares of the limit, rising */
	size_t soft_count;
	uint32_t by;             /* bit 1 << enum budget_dimension */
	struct period current;   /* the last one that was asked for: nearly always the right one */
	size_t group_count;
	size_t series_count, series_max; /* groups with series of their own on /metrics */
	struct budget_counts counts;
	struct throttle throttle; /* of calls without a group */
	struct crowd crowds[CROWDS];
	struct single single;
};

struct spell {
	struct period period; /* start 0: unused */
	struct amount spent, forgiven;
	uint64_t calls, unpriced;
};

/* What was told of a group in its current period. */
struct told {
	int64_t period_start_s;
	uint64_t soft_at_s[BUDGET_SOFT_MAX]; /* when that threshold's alert was raised; 0: it was not */
	uint8_t soft_unit[BUDGET_SOFT_MAX]; /* what it was about, or one of the two below */
	uint64_t forecast_at_s;
	bool forecast_in_crowd; /* not kept: it is found out again */
};
#define TOLD_BY_HIGHER AMOUNT_KINDS       /* a higher threshold was crossed at once */
#define TOLD_IN_CROWD  (AMOUNT_KINDS + 1) /* with others, see crowd.c */

struct group {
	struct group *next; /* same bucket */
	struct rule *rule;
	uint64_t id;        /* its key in the store */
	struct slice labels[BUDGET_DIMENSIONS]; /* point into text */
	struct spell spells[PERIODS_KEPT];
	struct told told;
	struct amount open;   /* of reservations */
	struct amount escrow; /* held on the disk, or about to be */
	uint64_t escrow_write; /* the write that brings it there */
	struct amount left;   /* held by a process that is gone */
	int64_t left_until_s;
	uint64_t mean_pusd, mean_tokens; /* of late; 0: none seen */
	bool has_mean_cost;
	double rate_pusd_per_s; /* of late, by arrival */
	int64_t rate_at_s;
	struct throttle throttle;
	bool has_series; /* of its own */
	bool dirty;
	struct group *next_dirty;
	char text[];
};

struct reservation {
	struct reservation *next_id, *next_trace; /* same bucket */
	struct reservation *older, *newer;        /* by time of ending */
	uint64_t id;
	bool has_trace_id;
	uint8_t trace_id[16];
	int64_t until_s;
	uint32_t calls; /* whose spans have not come */
	size_t count;
	struct {
		struct group *group;
		struct amount amount;
	} held[BUDGET_MATCHES_MAX];
};

#define RESERVATION_BUCKETS 4096u

struct journal_entry {
	uint64_t seq;
	int64_t at_s;
};

struct budgets {
	pthread_mutex_t lock;
	const struct config *config;
	struct budgets_outlets outlets;
	struct rule *rules; /* RULES_MAX */
	size_t rule_count;
	uint64_t generation; /* of the rules: reloads so far */
	uint64_t drops;      /* groups that went so far */
	struct group *buckets[GROUP_BUCKETS];
	struct group *dirty; /* changed since they were written last */
	uint64_t next_group_id;

	struct reservation *by_id[RESERVATION_BUCKETS], *by_trace[RESERVATION_BUCKETS];
	struct reservation *oldest, *newest;
	size_t reservation_count;
	int64_t clock_s; /* as it was seen last */

	/* writes, counted: they are committed in order */
	uint64_t written, committed, failed;
	bool is_incomplete;   /* a write failed: the next one holds everything */
	struct deletions deleted; /* numbers of groups that are gone; none is ever given again */

	/* identities of calls that are spent on the disk */
	uint64_t next_journal;
	struct journal_entry *journal; /* oldest first */
	size_t journal_count, journal_cap;
	uint64_t *known; /* of a former process: a set by open addressing, 0 is a free place */
	size_t known_cap, known_count;
	int64_t known_until_s;
};

/* ---------------------------------------------------------------- rules (rules.c) */
struct status rules_new(const struct config *config, struct rule **out, size_t *count) MUST_USE;
void rules_free(struct rule *rules, size_t count);
struct rule *rule_named(struct budgets *b, struct slice id);
bool rule_fits(const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS]);
struct period rule_period(struct rule *r, int64_t unix_s);

/* ---------------------------------------------------------------- groups (groups.c) */

/* The group of these labels; NULL: there is none yet. */
struct group *group_find(const struct budgets *b, const struct rule *r, const struct slice labels[BUDGET_DIMENSIONS]);

/* The same, made where it is missing, or the pool where the budget has too many already; NULL without memory. */
struct group *group_get(struct budgets *b, struct rule *r, const struct slice labels[BUDGET_DIMENSIONS]);

/* A group as it was saved. */
struct group *group_make(struct budgets *b, struct rule *r, const struct slice labels[BUDGET_DIMENSIONS], uint64_t id);
void group_drop(struct budgets *b, struct group *g);
void group_touch(struct budgets *b, struct group *g); /* it has to be written */
void group_take_series(struct group *g); /* where its rule has one left */

/* Visits all groups, with the lock held, but lets others have it now and then: a decision does not wait for a walk over
 * a hundred thousand groups. The visit drops none. False: a reload came in between, and the rest was left out. */
bool groups_each_giving_way(struct budgets *b, void (*visit)(void *context, struct group *g), void *context);

/* The same in one go; the visit may drop the group. */
void groups_each(struct budgets *b, void (*visit)(void *context, struct group *g), void *context);

/* The spell of that period; NULL: it is older than all that are kept. */
struct spell *group_spell(struct group *g, struct period p);
const struct spell *group_spell_find(const struct group *g, int64_t start_s);

/* How much of the limit is used, in the unit that is nearest to its end; unit may be NULL. */
double spell_share(const struct rule *r, const struct spell *s, int *unit);

/* What is left of the limit now; unlimited units are meaningless. */
struct amount group_remaining(struct group *g, int64_t now_s);
struct amount group_left(const struct group *g, int64_t now_s);
struct amount group_held(const struct group *g, int64_t now_s); /* by open reservations, and by those of a former process */
double group_rate(const struct group *g, int64_t now_s);

/* What it will have spent at the end of the period, in the unit as it is kept (pico-dollars, tokens, calls); NaN: too
 * early to tell. */
double group_forecast(struct group *g, int64_t now_s, int unit);

/* ---------------------------------------------------------------- who is told (advance.c) */

struct audience {
	int64_t now_s;
	verdict_fn emit;
	void *context;
};

/* What was told of the group is over. */
void group_end_told(struct budgets *b, struct group *g, const struct audience *to);

/* ---------------------------------------------------------------- crowds (crowd.c) */

/* Counts what was told of the group among its rule's, by: +1 or -1. Whoever changes g->told or g->rule counts it out
 * before and in after. */
void crowd_count(struct group *g, int by);

/* Tells of crowds that have come and that are gone. */
void crowds_advance(struct budgets *b, const struct audience *to);

/* What was told of the budget's crowds is over. */
void crowds_end(struct rule *r, const struct audience *to);

/* ---------------------------------------------------------------- reservations (reservations.c) */
/* calls: whose spans settle it, one after the other; 0: one. */
struct reservation *reservation_new(struct budgets *b, int64_t until_s, const uint8_t *trace_id, uint32_t calls);
void reservation_hold(struct reservation *r, struct group *g, const struct amount *amount);
void reservation_settle(struct budgets *b, struct reservation *r); /* one of its calls is over; the last one ends it */
void reservation_end(struct budgets *b, struct reservation *r);
struct reservation *reservation_named(const struct budgets *b, uint64_t id);
struct reservation *reservation_of_trace(const struct budgets *b, const uint8_t trace_id[16]);

/* Ends those whose time is over; where the clock was set back, the others, and what a former process held, end as much
 * earlier. */
void reservations_expire(struct budgets *b, int64_t now_s);
void reservations_drop_group(struct budgets *b, const struct group *g);

/* ---------------------------------------------------------------- keeping (keep.c) */

/* Writes what is dirty, and the identities. done may be NULL; false: nothing could be queued, done is not called. */
bool keep(struct budgets *b, const uint64_t *identities, size_t count, int64_t now_s,
	  void (*done)(void *context, struct status result), void *context) MUST_USE;
bool escrow_is_kept(const struct budgets *b, const struct group *g);

/* Whether a former process has spent this call already; it is asked once. */
bool known_take(struct budgets *b, uint64_t identity);

#endif
