/* SPDX-License-Identifier: Apache-2.0
 * base/hash.h - a fast 64-bit hash for tables inside the process. Not for files, not for secrets.
 *
 * The seed of hash_bytes is drawn at start, so that a sender cannot choose keys that all collide.
 * hash_stable has a fixed seed: for values that are compared after a restart.
 */
#ifndef PLIMSOLL_BASE_HASH_H
#define PLIMSOLL_BASE_HASH_H

#include "agent/base/slice.h"

/* Draws the seed; call once in main before any thread starts. Without it the seed is fixed, as tests like it. */
void hash_seed_init(void);

uint64_t hash_bytes(const void *bytes, size_t n);
uint64_t hash_stable(const void *bytes, size_t n);

static inline uint64_t hash_slice(struct slice s)
{
	return hash_bytes(s.ptr, s.len);
}

/* One hash of two; order matters. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)(a ^ UINT64_C(0xa0761d6478bd642f)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
