/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry.h - all prompt versions that are known: from manifests, from platforms, from traffic; where each was
 * put; and what its gates said.
 *
 * A version that was released (it had traffic, or was deployed) does not change: a manifest of it with another content is
 * refused, and what is known stays. History goes out as pairs for the store (history.h) and comes back from it.
 * Thread: any; one lock. The outlets are called under it: they must not come back here.
 */
#ifndef PLIMSOLL_PROMPTS_REGISTRY_H
#define PLIMSOLL_PROMPTS_REGISTRY_H

#include "agent/prompts/folder.h"
#include "agent/prompts/history.h"
#include "agent/prompts/prompt_table.h"

#define REGISTRY_VERSIONS_MAX    4096u
#define REGISTRY_DEPLOYMENTS_MAX 200u /* kept of a prompt: what is in force, and the newest */

struct registry;

enum registry_event_kind {
	REGISTRY_ADDED,   /* a manifest of a version that was not known, or had none */
	REGISTRY_CHANGED, /* of one that was not released yet */
	REGISTRY_REFUSED, /* of one that was, with another content */
	REGISTRY_FULL,    /* no room for another version */
};

struct registry_event {
	enum registry_event_kind kind;
	struct slice name, version;
	const char *path; /* of the manifest; NULL: none */
};

struct registry_outlets {
	/* value.ptr NULL: the pair is gone. False: it could not be taken, and registry_save puts it again. */
	bool (*put)(void *context, struct slice key, struct slice value);
	void (*event)(void *context, const struct registry_event *e);     /* NULL: nobody asks */
	void *context;
};

/* Errors: NOMEM. */
struct status registry_new(const struct registry_outlets *outlets, struct registry **out) MUST_USE;
void registry_free(struct registry *r);

/* One pair of the store, before anything else. Errors: CORRUPT; NOMEM. */
struct status registry_load(struct registry *r, struct slice key, struct slice value) MUST_USE;

/* Once, behind the last pair: the keys tell when deployments were made by a clock that may have been set back; what is
 * in force follows from the order in which they were. */
void registry_loaded(struct registry *r);

/* Takes manifests in; the set keeps those that it does not want, to be released by the caller. source: enum
 * prompt_source_kind. Returns how many were refused. */
size_t registry_adopt(struct registry *r, struct manifest_set *set, uint8_t source, uint64_t now_s);

/* Makes a version known of which nothing but its name is told. Errors: NOMEM, the registry is full. */
struct status registry_learn(struct registry *r, struct slice name, struct slice version, uint8_t source,
			     uint64_t now_s) MUST_USE;

/* rules: copied into the next table. NULL: none. They must live until the next call. */
void registry_set_rules(struct registry *r, const struct string_list *rules);

/* Drift of a version from its manifest, newly seen. Texts live until the registry is used again. */
struct registry_drift {
	char prompt[PROMPT_NAME_MAX + PROMPT_VERSION_MAX + 2]; /* "name@version" */
	enum drift_field field;
	uint64_t calls;     /* since the start of the process */
	char expected[128], seen[128];
};

/* Once a second: learns what traffic named, and sums up what lanes counted; calls that tell no time, or one ahead of now_s,
 * were seen now. drift: of each version and field the first of a day, drift_cap at most; *drift_count of them. */
void registry_tick(struct registry *r, uint64_t now_s, struct registry_drift *drift, size_t drift_cap,
		   size_t *drift_count);

/* The table for the lanes where it has changed since the last time, with one reference; else NULL. */
struct prompt_table *registry_table(struct registry *r);

/* Puts what changed: versions with their traffic, and what was not taken before. all: every version and deployment, since
 * something that was taken did not get stored. */
void registry_save(struct registry *r, bool all);

/* An alert fired about a version, "name@version". */
void registry_note_alert(struct registry *r, struct slice prompt, uint64_t at_s);

/* A score from 0 to 1 that an evaluation gave a call of that version, "name@version". */
void registry_note_score(struct registry *r, struct slice prompt, double score);

/* Room for the versions that a deployment tells, which are the registry's and change with it. */
struct prompt_versions {
	char version[PROMPT_VERSION_MAX], previous[PROMPT_VERSION_MAX];
};

/* Puts a version in force. d: kind, name, version, environment, canary_share, by, ticket, reason, at_s are read; number,
 * version and previous are set, these two in the caller's room.
 * Errors: NOTFOUND, the version is not known; INVALID, a text is too long or empty; NOMEM. why: the sentence. */
struct status registry_deploy(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
			      struct buf *why) MUST_USE;

/* Chooses what to go back to in d->environment: d->version where it is given; else, where a canary runs there, the version
 * beside it; else the newest one deployed there before that passed its gate and was healthy: no alert about it fired while
 * it was in force, no canary called it worse there, nobody took it back; else one without a gate's result. Then as
 * registry_deploy; reason says why, in reason_text.
 * Errors: as registry_deploy; NOTFOUND, nothing to go back to: why says of each version what speaks against it. */
struct status registry_rollback(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
				struct buf *reason_text, struct buf *why) MUST_USE;

/* Whether all traffic of the environment is meant to get this version. */
bool registry_is_in_force(struct registry *r, struct slice name, struct slice version, struct slice environment);

/* Two versions of which one was put beside the other, or in its place. */
enum prompt_trial_state { PROMPT_TRIAL_RUNS, PROMPT_TRIAL_REPLACED, PROMPT_TRIAL_ENDED };

struct prompt_trial {
	const struct prompt_deployment *first, *last; /* of `to`, without another one between */
	struct slice from, to;                        /* versions; from is empty where it is not known */
	enum prompt_trial_state state;
	struct slice verdict;                         /* the last one that was noted; may be empty */
	bool is_only_environment;                     /* the prompt was deployed to no other */
};

/* Calls visit, under the lock, with the trial of each prompt and environment that has one: first those that run, then
 * those that are over, the newest of either first. False, without a call: nothing changed since the last time. */
bool registry_visit_trials(struct registry *r, void (*visit)(void *context, const struct prompt_trial *t), void *context);

/* What the canary said of a version in an environment: kept with its newest deployment there, as of when it said so first. */
void registry_note_finding(struct registry *r, struct slice name, struct slice version, struct slice environment,
			   const struct prompt_finding *f);

/* What a deployment would do to a canary. */
enum prompt_promotion {
	PROMPT_PROMOTES_NONE,
	PROMPT_PROMOTES_CANARY, /* all of the traffic to the version that part of it gets */
	PROMPT_GROWS_CANARY,    /* more of it */
	PROMPT_IGNORES_CANARY,  /* all of it to a version that a canary called worse there: finding says when */
};

/* d: name, version, environment and canary_share are read. finding: what was said last, as a sentence. */
enum prompt_promotion registry_promotion(struct registry *r, const struct prompt_deployment *d, struct buf *finding);

/* Calls visit, under the lock, with the newest deployment of "name@version" up to then, in that environment where it is
 * not empty. */
void registry_with_deployment(struct registry *r, struct slice prompt, struct slice environment, uint64_t until_s,
			      void (*visit)(void *context, const struct prompt_deployment *d), void *context);

/* What became of the command that was run for it. */
void registry_command(struct registry *r, struct slice name, uint64_t at_s, uint32_t number, uint8_t state,
		      int64_t exit_status);

/* Keeps what a gate said; g->at_s is moved behind its last result. A version that is not known is made known by it.
 * Errors: INVALID; TOOBIG; NOMEM; FULL, it could not be put. */
struct status registry_gate(struct registry *r, struct prompt_gate *g, struct buf *why) MUST_USE;

/* Takes back what registry_gate kept, since it did not get stored: of a gate's result only the store holds the whole. */
void registry_forget_gate(struct registry *r, const struct prompt_gate *g);

/* Key under which the newest gate result of a version is kept; false: none is. */
bool registry_gate_key(struct registry *r, struct slice name, struct slice version, struct buf *key);

/* {"prompts":[...]}: of each its versions, without what they tell the model. */
void registry_write_list(struct registry *r, struct buf *out);

/* The prompts that were seen last, at most so many, and of each the REGISTRY_TOP_VERSIONS versions that were: as in the
 * list, and with "gate" (the newest one), "drift" and "seen_in":[{"environment","last_seen","calls"}]. "more_versions" says
 * how many are left out. */
#define REGISTRY_TOP_MAX      100u
#define REGISTRY_TOP_VERSIONS 8u
void registry_write_top(struct registry *r, size_t most, struct buf *out);

/* One prompt with all that is known. False: there is none of this name. */
bool registry_write_one(struct registry *r, struct slice name, struct buf *out);

/* Calls visit with the newest gate of each version, newest first, at most REGISTRY_GATE_SERIES of them: for /metrics. */
#define REGISTRY_GATE_SERIES 200u
struct registry_gate_view {
	struct slice prompt; /* "name@version" */
	bool open;
	double pass_rate; /* NaN: not told */
};
void registry_visit_gates(struct registry *r, void (*visit)(void *context, const struct registry_gate_view *v), void *context);

/* Calls visit with every version that drifted, for /metrics. */
void registry_visit_drift(struct registry *r,
			  void (*visit)(void *context, struct slice prompt, enum drift_field field, uint64_t calls),
			  void *context);

#endif
