/* SPDX-License-Identifier: Apache-2.0
 * daemon/budget_question.h - what a gateway or an SDK asks over HTTP, as a question to the budgets.
 */
#ifndef PLIMSOLL_DAEMON_BUDGET_QUESTION_H
#define PLIMSOLL_DAEMON_BUDGET_QUESTION_H

#include "agent/admin/api.h"
#include "agent/base/arena.h"
#include "agent/budgets/budgets.h"

/* Parameters of the path, or members of a JSON body: the body goes first. The arena holds what was escaped. */
struct budget_fields {
	const struct api_request *request;
	struct arena arena;
};

/* Empty where it is not there, or null. Borrows from the request and the arena. */
struct slice budget_field(struct budget_fields *f, const char *name);

/* Fills q but for .reserves. False: the reply says which field is wrong, or unknown, and what was probably meant. */
bool budget_question_read(struct budget_fields *f, struct budget_question *q, struct api_reply *reply);

#endif
