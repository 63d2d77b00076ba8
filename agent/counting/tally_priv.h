/* SPDX-License-Identifier: Apache-2.0
 * counting/tally_priv.h - what the tally keeps, for the file that adds up and the one that saves.
 */
#ifndef PLIMSOLL_COUNTING_TALLY_PRIV_H
#define PLIMSOLL_COUNTING_TALLY_PRIV_H

#include "agent/counting/tally.h"

struct series {
	uint64_t key;           /* 0: free */
	uint64_t start_unix_ns; /* 0: of deltas */
	uint64_t time_unix_ns, count;
	double sum;
};

struct group {
	uint64_t key; /* 0: free */
	uint32_t teller;
	bool has_response_model, has_cost, input_excludes_cache, output_excludes_thought;
	uint64_t since_s, end_unix_ns;
	uint64_t timed, asked, answered; /* recordings: of durations, of input and of output counts */
	double tokens[TOKEN_CLASS_COUNT];
	uint32_t known;
	double seconds, usd;
	struct buf record;
};

struct teller {
	uint32_t name; /* hash of a service or a scope; 0: free */
	uint64_t seen_s;
};

struct tally {
	struct series series[TALLY_SERIES];
	struct group groups[TALLY_GROUPS];
	struct teller tellers[TALLY_TELLERS];
	uint64_t forgotten_unix_ns; /* until then some cumulative series was told that has given way; 0: none has */
	bool is_dirty;         /* series or groups */
	bool tellers_are_dirty;
};

/* All under the lock of struct counting. */

/* Spans or log records tell of this service's calls, or of this scope's. */
void tally_told(struct tally *t, uint32_t name, uint64_t now_s);
void tally_free(struct tally *t);

/* As counting_save and counting_load; the key's first four bytes are TALLY_KEY. */
#define TALLY_KEY (UINT32_MAX - 2)
void tally_save(struct tally *t, bool all, counting_put put, void *context);
struct status tally_load(struct tally *t, struct slice key, struct slice value) MUST_USE;

#endif
