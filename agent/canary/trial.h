/* SPDX-License-Identifier: Apache-2.0
 * canary/trial.h - two versions that are compared because somebody put one beside the other, or in its place.
 *
 * What is deployed where says which versions they are, in which environment, and from when on calls count.
 */
#ifndef PLIMSOLL_CANARY_TRIAL_H
#define PLIMSOLL_CANARY_TRIAL_H

#include "agent/canary/compare.h"

#define CANARY_TRIALS_MAX 64u

/* X(id, word). */
#define CANARY_TRIAL_MAP(X)                                                    \
	X(RUNS, "running")      /* part of the traffic is meant for the newer version */ \
	X(REPLACED, "replaced") /* all of it is */                             \
	X(ENDED, "taken back")  /* none of it is any longer */

enum canary_trial_state {
#define X(id, word) CANARY_TRIAL_##id,
	CANARY_TRIAL_MAP(X)
#undef X
	CANARY_TRIAL_STATES
};

extern const char *const canary_trial_names[CANARY_TRIAL_STATES];

struct canary_trial {
	struct slice name, environment;
	struct slice from, to;  /* "name@version"; from may be empty: nobody knows what served before */
	enum canary_trial_state state;
	uint32_t number;        /* of the deployment it began with: tells trials of one prompt apart */
	uint64_t since_s;       /* unix: its time */
	double share;           /* of the traffic that `to` is meant to get; 1: all */
	uint64_t share_since_s; /* unix: since when */
	struct slice by;        /* who deployed it last */
	bool takes_unnamed;     /* calls that name no environment are of this one: the prompt was deployed to no other */
	enum canary_verdict verdict; /* as it was told last */
};

/* How much of the traffic the newer version got, since it was told its share. */
struct canary_share {
	uint64_t calls, of;   /* of: of all versions of the prompt in the environment */
	double actual;        /* NaN: no calls */
	bool differs;         /* by more than chance explains, however often one looks */
};

/* What is said of a pair as a whole. */
struct canary_summary {
	enum canary_verdict verdict;
	double calls_from, calls_to; /* that were compared */
	struct buf reason;           /* a sentence: what is worse, or what is missing; the caller's to release */
	double calls_needed; /* about so many more of both until it is decided; 0: decided, or not known */
};

/* What a trial came to: called when its verdict changes. */
struct canary_finding {
	const struct canary_trial *trial;
	const struct canary_summary *summary;
	struct slice from; /* the version that it was compared with, "name@version" */
	uint64_t at_s;     /* unix */
};
typedef void (*canary_finding_fn)(void *context, const struct canary_finding *f);

#endif
