/* SPDX-License-Identifier: Apache-2.0
 * receivers/read_gate.h - how many gRPC messages may be on their way in at a time.
 *
 * The core tells a message's size only once it holds all of it, so memory is bounded by asking for few at a time:
 * - Each message that was asked for reserves, in the in-flight budget, the size of the largest message of late.
 * - Small messages lie complete in the core's 64 KiB windows and are read at once, so few readers serve any number of
 *   clients. The limit leaves room for each to bring a quarter of the largest message allowed: a wave of larger
 * messages than any before then still fits the budget. Readers that linger stop counting, or slow clients would block
 * all others. What gets past both, the resource quota ends: connections then lose calls, and memory stays bounded.
 *
 * Owned by one lane's thread; the budget behind it is shared.
 */
#ifndef PLIMSOLL_RECEIVERS_READ_GATE_H
#define PLIMSOLL_RECEIVERS_READ_GATE_H

#include "agent/receivers/in_flight.h"

struct read_gate {
	struct in_flight in_flight;
	uint64_t expected_bytes; /* reserved for each message that is asked for */
	unsigned fresh, fresh_max;
};

/* One reader's share. */
struct read_permit {
	uint64_t bytes;
	bool is_fresh;
};

/* max_bytes: of one message. lanes: how many gates share the budget. */
void read_gate_init(struct read_gate *g, struct in_flight in_flight, uint64_t max_bytes, unsigned lanes);

/* False where the reader has to wait. */
bool read_gate_enter(struct read_gate *g, struct read_permit *p);

/* The reader takes long. */
void read_gate_linger(struct read_gate *g, struct read_permit *p);

/* The message has come: from now on the permit is for its true size. */
void read_gate_arrived(struct read_gate *g, struct read_permit *p, uint64_t bytes);

/* The message is gone, or never came. Does nothing to a permit that was left before. */
void read_gate_leave(struct read_gate *g, struct read_permit *p);

#endif
