/* SPDX-License-Identifier: Apache-2.0
 * observe/labels.h - label sets: who is counted apart from whom.
 *
 * A label set is provider, model, feature and prompt of a call, made clean: never empty, valid UTF-8, no longer than
 * limits.max_label_bytes. Each distinct one is kept once for all shards, so that they can be capped and merged; the set
 * at index 0 takes what comes beyond the cap. Sets never change and live as long as the registry, so a pointer may be
 * read from any thread.
 */
#ifndef PLIMSOLL_OBSERVE_LABELS_H
#define PLIMSOLL_OBSERVE_LABELS_H

#include <pthread.h>

#include "agent/base/arena.h"
#include "agent/base/status.h"
#include "agent/span/call.h"

#define LABEL_BYTES_MAX 1024 /* what max_label_bytes may be at most */

enum label { LABEL_PROVIDER, LABEL_MODEL, LABEL_FEATURE, LABEL_PROMPT, LABEL_COUNT };

struct labels {
	struct slice value[LABEL_COUNT];
};

struct label_set {
	uint64_t hash;
	uint32_t index;
	struct labels labels; /* all empty in the overflow set */
	struct slice text;    /* `provider="openai",...` as the exposition formats want it */
};

/* Open addressing over pointers to sets. Owned by its shard or registry. */
struct label_slot {
	uint64_t hash;
	const struct label_set *set;
};

struct label_table {
	struct label_slot *slots;
	size_t size, count;
};

/* How the sets of one registry are written: labels that all of them have, the names of the others (those without a name
 * are left out), and what stands for all sets beyond the cap. */
struct label_schema {
	const char *common;
	const char *names[LABEL_COUNT];
	const char *overflow;
};

/* Provider, model, feature and prompt. */
extern const struct label_schema call_label_schema;

struct label_registry {
	const struct label_schema *schema;
	pthread_mutex_t lock;
	struct arena arena;
	struct label_table table;
	const struct label_set *overflow;
	uint32_t count, cap; /* sets beside the overflow one */
	size_t max_bytes;    /* of a label value */
};

/* What the call says, "unknown" for what it does not; prompts are "name@version", else "unversioned". Values borrow
 * from the call or from joined and are not yet clean, but no longer than max_bytes + 1. */
void labels_of_call(const struct call *c, size_t max_bytes, char joined[LABEL_BYTES_MAX + 1], struct labels *out);

/* Cuts and repairs: text holds the clean values where they differ. */
void labels_clean(const struct labels *raw, size_t max_bytes, char text[LABEL_COUNT][LABEL_BYTES_MAX],
		  struct labels *out);

uint64_t labels_hash(const struct labels *l);
bool labels_equal(const struct labels *a, const struct labels *b);

const struct label_set *label_table_find(const struct label_table *t, uint64_t hash, const struct labels *labels);

/* For a set that is not in the table. Without memory the set is left out: it will be looked up the long way again. */
void label_table_insert(struct label_table *t, const struct label_set *set);

/* schema: kept. Errors: NOMEM. */
struct status label_registry_init(struct label_registry *r, const struct label_schema *schema, uint32_t cap,
				  size_t max_bytes) MUST_USE;
void label_registry_release(struct label_registry *r);

/* The set with these clean labels, made where it is new and the cap allows; else the overflow set. Any thread. */
const struct label_set *label_registry_get(struct label_registry *r, const struct labels *clean, uint64_t hash);

/* How many sets there are, the overflow set included: all indexes are below. Any thread. */
uint32_t label_registry_count(struct label_registry *r);

#endif
