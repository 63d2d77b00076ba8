/* SPDX-License-Identifier: Apache-2.0
 * canary/arm.h - what one version did, for one feature and model: sums by hour, two weeks of them.
 *
 * Two arms that served in the same hours can be compared hour by hour, so that what moved both of them is no difference.
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

struct arm {
	uint64_t id;                /* of its labels */
	struct slice feature, model, version; /* "name@version"; point into text */
	uint64_t first_s, newest_s; /* unix, event time, of its calls */
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
struct arm *arm_new(struct slice feature, struct slice model, struct slice version);
void arm_free(struct arm *a);
uint64_t arm_id_of(struct slice feature, struct slice model, struct slice version);

/* Counts a call or a judgement of one. What is older than two weeks before the newest call is passed over. gone: the
 * hour that made room, 0: none. False without memory. */
bool arm_add(struct arm *a, const struct sample *s, uint32_t *gone);

/* The hour, if the arm has one; NULL else. */
const struct arm_hour *arm_hour(const struct arm *a, uint32_t hour);

/* One metric of an hour. slot: the place of a named metric in that arm. */
struct moments arm_moments(const struct arm_hour *h, enum canary_metric m, unsigned slot);

/* The slot of a named metric; ARM_NAMES where the arm has none. */
unsigned arm_slot(const struct arm *a, enum canary_metric m, struct slice name);

/* The parts as stored values, and back. */
void arm_record(struct record *r, struct arm *a, struct slice labels[3]);
void arm_hour_record(struct record *r, struct arm_hour *h);

/* Puts in an hour that was read. False without memory. */
bool arm_put(struct arm *a, const struct arm_hour *h);

#endif
