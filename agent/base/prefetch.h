/* SPDX-License-Identifier: Apache-2.0
 * base/prefetch.h - memory that is needed soon, asked for while something else is worked on.
 *
 * A batch is more than the caches next to the processor hold, and other threads have written or read most of it: a
 * stage that goes through it would wait at each step. Addresses may lie anywhere: nothing is accessed.
 */
#ifndef PLIMSOLL_BASE_PREFETCH_H
#define PLIMSOLL_BASE_PREFETCH_H

#include <stddef.h>

#include "agent/base/compiler.h"

#define CACHE_LINE_BYTES 64u

static ALWAYS_INLINE void prefetch_to_read(const void *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += CACHE_LINE_BYTES)
		__builtin_prefetch((const char *)memory + at, 0);
}

static ALWAYS_INLINE void prefetch_to_write(const void *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += CACHE_LINE_BYTES)
		__builtin_prefetch((const char *)memory + at, 1);
}

#endif
