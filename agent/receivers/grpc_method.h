/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_method.h - the methods that the gRPC receiver serves: one table, from path to what answers it.
 */
#ifndef PLIMSOLL_RECEIVERS_GRPC_METHOD_H
#define PLIMSOLL_RECEIVERS_GRPC_METHOD_H

#include "agent/receivers/grpc_call.h"

struct method {
	const char *path;
	enum signal signal; /* SIGNAL_COUNT: none */

	/* Answers a request. body: plain bytes. answer: filled; what it borrows may live in the lane's scratch. False: c->reply
	 * is pending, and the answer follows. */
	bool (*run)(struct call *c, struct slice body, struct answer *answer);
};

/* NULL where nothing has that path. */
const struct method *method_find(struct slice path);

/* The answer that c->reply stands for. scratch: emptied, then used; the answer borrows from it. */
void method_answer(struct call *c, struct buf *scratch, struct answer *answer);

/* The answer to a call that failed before it reached its method. */
void method_refuse(struct grpc_lane *l, enum signal signal, struct status why, struct answer *answer);

/* grpc.health.v1.Health/Check */
bool health_check(struct call *c, struct slice body, struct answer *answer);

#endif
