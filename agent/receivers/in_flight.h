/* SPDX-License-Identifier: Apache-2.0
 * receivers/in_flight.h - the byte budget of all requests being worked on, both transports together.
 *
 * The count is the meter plimsoll_agent_in_flight_bytes itself: one atomic that any thread takes from and gives to.
 */
#ifndef PLIMSOLL_RECEIVERS_IN_FLIGHT_H
#define PLIMSOLL_RECEIVERS_IN_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/meter.h"

struct in_flight {
	struct meter *bytes;
	int64_t limit;
};

struct in_flight in_flight_of(uint64_t limit_bytes);

/* Takes n bytes. False, with nothing taken, where that passes the limit or the process is short of memory; but one
 * request alone is always let in, however large: how large a request may be is another limit's business. */
bool in_flight_take(const struct in_flight *f, uint64_t n);

void in_flight_give(const struct in_flight *f, uint64_t n);

#endif
