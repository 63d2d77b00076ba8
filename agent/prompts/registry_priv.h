/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_priv.h - what the files of the registry share.
 */
#ifndef PLIMSOLL_PROMPTS_REGISTRY_PRIV_H
#define PLIMSOLL_PROMPTS_REGISTRY_PRIV_H

#include <pthread.h>

#include "agent/prompts/registry.h"

#define NEWS_KEPT_TICKS 10u

struct place {
	char environment[NEWS_PLACE_MAX + 1], release[NEWS_PLACE_MAX + 1];
	struct prompt_place sums; /* its texts are not used */
	struct prompt_use *use;   /* NULL: the place of what has no place of its own */
};

struct entry {
	char name[PROMPT_NAME_MAX + 1], version[PROMPT_VERSION_MAX + 1];
	uint8_t source;
	struct manifest *manifest; /* NULL: none is known */
	uint64_t first_seen_s, last_seen_s;
	uint64_t alerts, first_alert_s, last_alert_s;
	uint64_t judged;
	double score_sum;
	uint64_t refused_hash; /* of the manifest that was refused last, told once */
	uint32_t place_count;
	struct place places[PROMPT_PLACES_MAX];
	struct prompt_drift *drift;
	uint64_t drift_told_day[DRIFT_FIELDS]; /* days after 1970 */
	uint64_t drift_told_calls[DRIFT_FIELDS];
	bool dirty;
};

struct kept_deployment {
	struct prompt_deployment d; /* the first member */
	struct buf texts; /* what its slices point to */
	bool dirty;       /* it could not be put */
};

struct kept_gate {
	char name[PROMPT_NAME_MAX + 1], version[PROMPT_VERSION_MAX + 1];
	uint64_t at_s, cases;
	double pass_rate;
	bool open;
};

struct registry {
	pthread_mutex_t lock;
	struct registry_outlets outlets;
	struct entry **entries;
	uint32_t entry_count, entry_cap;
	struct kept_deployment *deployments; /* in the order in which they were made */
	uint32_t deployment_count, deployment_cap, next_number;
	struct kept_gate *gates; /* likewise */
	uint32_t gate_count, gate_cap;
	const struct string_list *rules;
	struct prompt_news *news;
	bool stale; /* the table is older than what is known */
	bool table_failed; /* the last one could not be made, which was told */
	bool trials_stale; /* deployments changed since trials were visited */
	bool full_told;
	struct buf key, value; /* of one pair */
};

struct slice entry_name(const struct entry *e);
struct slice entry_version(const struct entry *e);

/* Cut to size, with a zero behind it. */
void registry_copy_text(char *to, size_t size, struct slice from);

/* One more place in which the version was seen. NULL: no room, or no memory. */
struct place *registry_add_place(struct entry *e, struct slice environment, struct slice release, bool is_counted);

/* NULL: not known. */
struct entry *registry_find(const struct registry *r, struct slice name, struct slice version);
struct entry *registry_find_prompt(const struct registry *r, struct slice prompt);

/* Finds or adds; NULL: no room. */
struct entry *registry_entry(struct registry *r, struct slice name, struct slice version, uint8_t source, uint64_t now_s);

/* Keeps a copy. NULL without memory. */
struct kept_deployment *registry_keep_deployment(struct registry *r, const struct prompt_deployment *d);
struct kept_gate *registry_keep_gate(struct registry *r, const struct prompt_gate *g);

/* The newest deployment of all of an environment's traffic that holds, and the canary beside it. NULL: none. */
const struct prompt_deployment *registry_in_force(const struct registry *r, struct slice name, struct slice environment);
const struct prompt_deployment *registry_canary(const struct registry *r, struct slice name, struct slice environment);

/* Whether it is one of these two. d: one of the registry's. */
bool registry_is_current(const struct registry *r, const struct prompt_deployment *d);

/* The newest result; NULL: none. */
const struct kept_gate *registry_last_gate(const struct registry *r, struct slice name, struct slice version);

/* Gives it other contents. False, and nothing changed, without memory. */
bool registry_change_deployment(struct kept_deployment *kept, const struct prompt_deployment *d);

void registry_put_deployment(struct registry *r, struct kept_deployment *kept);

/* Puts it in force, with the lock held; as registry_deploy. */
struct status registry_put_in_force(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
				    struct buf *why) MUST_USE;

/* Whether it holds, and is of this prompt in this environment. */
bool registry_deployment_is_of(const struct prompt_deployment *d, struct slice name, struct slice environment);

/* The newest verdict of a canary on a version in an environment. NULL: none. */
const struct prompt_finding *registry_last_finding(const struct registry *r, struct slice name, struct slice version,
						   struct slice environment);

#endif
