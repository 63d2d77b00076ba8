/* SPDX-License-Identifier: Apache-2.0
 * canary/arm.h - what one version did, for one feature, model and environment: sums by hour, two weeks of them.
 *
 * Two arms that served in the same hours can be compared hour by hour, so that what moved both of them is no difference.
 * Where a deployment began in the middle of an hour, what came after it is summed up apart, too.
 */
#ifndef PLIMSOLL_CANARY_ARM_H
#define PLIMSOLL_CANARY_ARM_H

#include "agent/base/record.h"
#include "agent/canary/metric.h"
#include "agent/canary/moments.h"
#include "agent/span/sample.h"

#define ARM_HOURS      336
#define ARM_NAMES      6  /* scores and signals by name; further ones are not compared */
#define ARM_NAME_BYTES 48 /* longer names are cut */

struct arm_hour {
	uint32_t hour;     /* unix time / 3600; 0: empty */
	uint32_t requests; /* all */
	uint32_t answered; /* of them, those that did not fail */
	uint32_t bad[CANARY_RATE_COUNT];
	struct moments logs[CANARY_LOG_COUNT];
	struct moments named[ARM_NAMES];
	bool dirty;
};

struct arm_labels {
	struct slice feature, model;
	struct slice version;     /* "name@version" */
	struct slice environment; /* empty: its calls name none */
};

struct arm {
	uint64_t id;                /* of its labels */
	struct arm_labels labels;   /* point into text */
	uint64_t first_s, newest_s; /* unix, event time, of its calls */
	uint64_t since_s;           /* unix: when its trial began; 0: there is none */
	struct arm_hour begun;      /* of the hour in which that lies, what came from then on */
	uint64_t share_since_s;     /* unix: when the trial was told its share */
	uint64_t share_calls;       /* from then on */
	uint64_t told;              /* id of the version that people were told it is worse than; 0: none */
	uint32_t name_count;
	struct arm_name {
		uint8_t metric; /* enum canary_metric, one of the last three */
		uint8_t length;
		char text[ARM_NAME_BYTES];
	} names[ARM_NAMES];
	uint8_t bad_trace[CANARY_RATE_COUNT][16]; /* the newest call of each; zeros: none */
	bool dirty;
	struct arm_hour *hours[ARM_HOURS]; /* at hour modulo; NULL: not needed yet */
	char text[];
};

/* Strings are copied. NULL without memory. */
struct arm *arm_new(const struct arm_labels *labels);
void arm_free(struct arm *a);
uint64_t arm_id_of(const struct arm_labels *labels);

/* A trial began at since_s, and was told its share at share_since_s: what comes from then on is counted apart. Nothing
 * changes where both are known already. */
void arm_begin(struct arm *a, uint64_t since_s, uint64_t share_since_s);

/* Counts a call or a judgement of one. What is older than two weeks before the newest call is passed over. gone: the
 * hour that made room, 0: none. False without memory. */
bool arm_add(struct arm *a, const struct sample *s, uint32_t *gone);

/* Of the hour, what came at or after since_s (0, or where the arm's trial began); NULL: nothing. */
const struct arm_hour *arm_hour(const struct arm *a, uint32_t hour, uint64_t since_s);

/* Calls at or after since_s, as for arm_hour. */
uint64_t arm_calls(const struct arm *a, uint64_t since_s);

/* One metric of an hour. slot: the place of a named metric in that arm. */
struct moments arm_moments(const struct arm_hour *h, enum canary_metric m, unsigned slot);

/* The slot of a named metric; ARM_NAMES where the arm has none. */
unsigned arm_slot(const struct arm *a, enum canary_metric m, struct slice name);

/* The parts as stored values, and back. */
void arm_record(struct record *r, struct arm *a, struct arm_labels *labels);
void arm_hour_record(struct record *r, struct arm_hour *h);

/* Puts in an hour that was read. False without memory. */
bool arm_put(struct arm *a, const struct arm_hour *h);

#endif
