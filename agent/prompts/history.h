/* SPDX-License-Identifier: Apache-2.0
 * prompts/history.h - what is kept of prompt versions: the versions themselves, where each was put and taken back from,
 * and what its gates said. In the table `prompts`.
 *
 * Keys sort: a letter for what it is, then texts that each end in a NUL, then numbers, big-endian.
 *     v NAME 0 VERSION 0                    struct prompt_version
 *     d NAME 0 at_s:8 number:4              struct prompt_deployment, oldest first
 *     g NAME 0 VERSION 0 at_s:8             struct prompt_gate, oldest first
 * Slices borrow from the value that was read, or from whoever writes it. Nothing here is shared between threads.
 */
#ifndef PLIMSOLL_PROMPTS_HISTORY_H
#define PLIMSOLL_PROMPTS_HISTORY_H

#include "agent/base/buf.h"
#include "agent/base/record.h"
#include "agent/base/slice.h"

#define PROMPT_NAME_MAX     200u
#define PROMPT_VERSION_MAX  100u
#define PROMPT_PLACES_MAX   16u         /* environments and releases that a version is remembered to have served */
#define PROMPT_GATES_MAX    10u         /* results kept of a version; the oldest go */
#define PROMPT_GATE_MAX     (512u << 10)

/* Where a version came from. */
#define PROMPT_SOURCE_MAP(X)       \
	X(TRAFFIC, "traffic")      \
	X(MANIFEST, "manifest")    \
	X(LANGFUSE, "langfuse")    \
	X(BRAINTRUST, "braintrust")

enum prompt_source_kind {
#define X(id, name) PROMPT_FROM_##id,
	PROMPT_SOURCE_MAP(X)
#undef X
	PROMPT_SOURCE_COUNT
};

extern const char *const prompt_source_names[PROMPT_SOURCE_COUNT];

/* Traffic of a version in one environment and release; both may be empty: not told. */
struct prompt_place {
	struct slice environment, release;
	uint64_t first_seen_s, last_seen_s; /* unix */
	uint64_t calls, failed, flawed;     /* failed: no answer; flawed: refused, cut, empty, broken JSON */
	uint64_t told; /* calls whose span or text told the version; of the others it was assumed */
	uint64_t input_tokens, output_tokens;
	uint64_t priced;     /* calls whose cost is known */
	uint64_t cost_pusd;  /* of these */
	uint64_t latency_ms; /* sum over all calls */
};

struct prompt_version {
	struct slice name, version;
	uint8_t source;                     /* enum prompt_source_kind */
	uint64_t content_hash;              /* of what the model is told and how it is asked; 0: no manifest is known */
	struct slice manifest;              /* JSON; empty: none is known */
	uint64_t first_seen_s, last_seen_s; /* unix; in a manifest or in traffic, whichever came first and last */
	uint64_t alerts;                    /* that fired about it: of those that speak of its traffic as a whole */
	uint64_t first_alert_s, last_alert_s; /* unix; meaningless where alerts is 0 */
	uint64_t judged; /* scores that evaluations gave its calls, 0..1 */
	double score_sum;
	uint32_t place_count;
	struct prompt_place places[PROMPT_PLACES_MAX];
};

enum prompt_deployment_kind { PROMPT_DEPLOY, PROMPT_ROLLBACK };

/* What became of prompts.deploy_command. */
enum prompt_command_state { PROMPT_COMMAND_NONE, PROMPT_COMMAND_RUNS, PROMPT_COMMAND_DONE };

/* What the canary said of a version while it was deployed. */
struct prompt_finding {
	struct slice verdict;       /* "worse", ...; empty: nothing yet */
	struct slice reason;
	uint64_t at_s;
	uint64_t calls, calls_of_other; /* that it took: of the version, and of the one it was compared with */
};

struct prompt_deployment {
	uint8_t kind; /* enum prompt_deployment_kind */
	uint64_t at_s;
	uint32_t number; /* tells deployments of one second apart */
	struct slice name, version, environment;
	struct slice previous;     /* the version that was in force there before; empty: none is known */
	double canary_share;       /* of the traffic that shall get it, 0..1; 1: all of it */
	struct slice by, ticket;   /* ticket: empty where none was given */
	struct slice reason;       /* ROLLBACK: why this version; DEPLOY: what its canary said, or that it was forced */
	uint8_t command;           /* enum prompt_command_state */
	int64_t command_exit;      /* DONE: exit status, 128 + n after signal n, -1: could not be started */
	struct prompt_finding finding;
};

/* A deployment whose command failed changed nothing. */
static inline bool prompt_deployment_holds(const struct prompt_deployment *d)
{
	return d->command != PROMPT_COMMAND_DONE || d->command_exit == 0;
}

struct prompt_gate {
	struct slice name, version;
	uint64_t at_s;
	bool open;          /* all limits were kept */
	double pass_rate;   /* NaN: not told */
	uint64_t cases;
	struct slice json;  /* as `plimsoll gate --output json` printed it */
};

/* One function for both ways, as base/record.h describes. */
void prompt_version_record(struct record *r, struct prompt_version *v);
void prompt_deployment_record(struct record *r, struct prompt_deployment *d);
void prompt_gate_record(struct record *r, struct prompt_gate *g);

/* Append the key of each. */
void prompt_version_key(struct slice name, struct slice version, struct buf *key);
void prompt_deployment_key(const struct prompt_deployment *d, struct buf *key);
void prompt_gate_key(const struct prompt_gate *g, struct buf *key);

/* Whether both can be part of a key: not empty, not too long, without control characters. */
bool prompt_name_is_good(struct slice name);
bool prompt_version_is_good(struct slice version);

#endif
