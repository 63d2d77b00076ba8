/* SPDX-License-Identifier: Apache-2.0
 * receivers/in_flight.c - take first, look after: two takers may both be refused, never both let in.
 */
#include "agent/receivers/in_flight.h"

#include "agent/base/pressure.h"

struct in_flight in_flight_of(uint64_t limit_bytes)
{
	int64_t limit = limit_bytes > INT64_MAX ? INT64_MAX : (int64_t)limit_bytes;

	return (struct in_flight){ meter_get(METER_IN_FLIGHT_BYTES, ""), limit };
}

bool in_flight_take(const struct in_flight *f, uint64_t n)
{
	int64_t wanted = (int64_t)n;

	if (pressure_get() != PRESSURE_NONE)
		return false;
	int64_t before = atomic_fetch_add_explicit(&f->bytes->value, wanted, memory_order_relaxed);

	if (before == 0 || before + wanted <= f->limit)
		return true;
	meter_add(f->bytes, -wanted);
	return false;
}

void in_flight_give(const struct in_flight *f, uint64_t n)
{
	meter_add(f->bytes, -(int64_t)n);
}
