/* SPDX-License-Identifier: Apache-2.0
 * base/pressure.h - how near the process is to its memory limit: one word that any thread may read.
 *
 * Set by the daemon's memory guard; read by receivers, which take no new work under pressure.
 */
#ifndef PLIMSOLL_BASE_PRESSURE_H
#define PLIMSOLL_BASE_PRESSURE_H

#include <stdatomic.h>

enum pressure {
	PRESSURE_NONE,
	PRESSURE_SOFT, /* new work is refused, senders come again */
	PRESSURE_HARD  /* and what waits in memory is dropped, oldest first */
};

extern _Atomic int pressure_now;

static inline enum pressure pressure_get(void)
{
	return (enum pressure)atomic_load_explicit(&pressure_now, memory_order_relaxed);
}

static inline void pressure_set(enum pressure p)
{
	atomic_store_explicit(&pressure_now, (int)p, memory_order_relaxed);
}

#endif
