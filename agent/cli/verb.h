/* SPDX-License-Identifier: Apache-2.0
 * cli/verb.h - commands whose first operand is a verb that asks the agent: `plimsoll alerts show ID`.
 *
 *     struct verb_call call;
 *     int code = verb_read(&command_alerts, verbs, argc, argv, &call);
 *     return code == CLI_GO_ON ? verb_run(&call) : code;
 */
#ifndef PLIMSOLL_CLI_VERB_H
#define PLIMSOLL_CLI_VERB_H

#include "agent/cli/client.h"

/* The table of options of such a command begins with VERB_OPTION_ROWS; its own follow from VERB_OPTIONS on. */
enum { VERB_OPTION_AGENT, VERB_OPTION_OUTPUT, VERB_OPTIONS };

#define VERB_OPTION_ROWS                           \
	[VERB_OPTION_AGENT] = CLIENT_AGENT_OPTION, \
	[VERB_OPTION_OUTPUT] = { "output", 'o', "FORMAT", "text, or json for programs." }

/* What a verb works with. */
struct verb_call {
	const struct command *self;
	const struct verb *verb;
	struct cli_args args;
	char **operands; /* behind the verb: as many as it wants */
	int operand_count;
	bool json; /* --output json */
	struct client client; /* opened by the first of verb_get and its kin */
	struct buf answer;
};

/* Tables of verbs end at name == NULL; the first is the one of a command line without a verb. */
struct verb {
	const char *name;
	const char *wants; /* its operands, in words: "an alert's id"; NULL: none */
	int operands;
	bool takes_more; /* operands than that */
	int (*run)(struct verb_call *c); /* gives the exit status */
};

/* Finds the verb, and checks the number of its operands. Returns CLI_GO_ON; or, having printed help or the mistake, the
 * exit code to end with. */
int verb_read(const struct command *self, const struct verb *verbs, int argc, char **argv, struct verb_call *out) MUST_USE;

/* Runs the verb that was read, once; releases the answer. Returns the exit status. */
int verb_run(struct verb_call *c);

/* As client_get, client_post and client_delete, of the agent of --agent; the body is appended to c->answer. */
int verb_get(struct verb_call *c, const char *path) MUST_USE;
int verb_post(struct verb_call *c, const char *path, struct slice json) MUST_USE;
int verb_delete(struct verb_call *c, const char *path) MUST_USE;

/* Gets the one of this name, percent-encoded, behind a path that ends in a slash. */
int verb_get_one(struct verb_call *c, const char *path, const char *name) MUST_USE;

/* Prints c->answer as it came. */
void verb_print_json(const struct verb_call *c);

#endif
