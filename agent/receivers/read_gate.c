/* SPDX-License-Identifier: Apache-2.0
 * receivers/read_gate.c - an estimate that rises at once and falls slowly, and a count.
 */
#include "agent/receivers/read_gate.h"

#define EXPECTED_BYTES_MIN (64u << 10) /* a stream's initial HTTP/2 window: the core may hold that much anyway */
#define EXPECTED_FORGETS   64          /* the estimate falls by one part in so many with each message */
#define FRESH_MIN          4

void read_gate_init(struct read_gate *g, struct in_flight in_flight, uint64_t max_bytes, unsigned lanes)
{
	uint64_t fresh_max = (uint64_t)in_flight.limit / (max_bytes / 4 + 1) / lanes;

	*g = (struct read_gate){ .in_flight = in_flight, .expected_bytes = EXPECTED_BYTES_MIN };
	g->fresh_max = fresh_max < FRESH_MIN ? FRESH_MIN : fresh_max > UINT16_MAX ? UINT16_MAX : (unsigned)fresh_max;
}

bool read_gate_enter(struct read_gate *g, struct read_permit *p)
{
	if (g->fresh >= g->fresh_max || !in_flight_take(&g->in_flight, g->expected_bytes))
		return false;
	g->fresh++;
	*p = (struct read_permit){ .bytes = g->expected_bytes, .is_fresh = true };
	return true;
}

void read_gate_linger(struct read_gate *g, struct read_permit *p)
{
	if (p->is_fresh)
		g->fresh--;
	p->is_fresh = false;
}

void read_gate_arrived(struct read_gate *g, struct read_permit *p, uint64_t bytes)
{
	uint64_t faded = g->expected_bytes - g->expected_bytes / EXPECTED_FORGETS;

	if (faded < EXPECTED_BYTES_MIN)
		faded = EXPECTED_BYTES_MIN;
	g->expected_bytes = bytes > faded ? bytes : faded;
	meter_add(g->in_flight.bytes, (int64_t)bytes - (int64_t)p->bytes);
	p->bytes = bytes;
	read_gate_linger(g, p);
}

void read_gate_leave(struct read_gate *g, struct read_permit *p)
{
	read_gate_linger(g, p);
	in_flight_give(&g->in_flight, p->bytes);
	p->bytes = 0;
}
