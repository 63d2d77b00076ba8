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

/* The bytes of a text shorter than 8, by loads that overlap: texts of one length are equal where this is. */
static inline uint64_t hash_few_bytes(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t first, last;

	if (s.len == 0)
		return 0;
	if (s.len < 4)
		return p[0] | (uint64_t)p[s.len / 2] << 8 | (uint64_t)p[s.len - 1] << 16;
	memcpy(&first, p, sizeof(first));
	memcpy(&last, p + s.len - 4, sizeof(last));
	return first | (uint64_t)last << 32;
}

/* h with a text's length and the bytes where names differ: for small memories that compare what they find there, at a
 * third of what hash_slice costs. A sender can choose texts that collide. */
static inline uint64_t hash_glance(uint64_t h, struct slice s)
{
	uint64_t first, middle, last;

	if (s.len < 8)
		return hash_mix(h, hash_few_bytes(s) ^ s.len << 56);
	memcpy(&first, s.ptr, 8);
	memcpy(&middle, s.ptr + s.len / 2 - 4, 8);
	memcpy(&last, s.ptr + s.len - 8, 8);
	return hash_mix(h ^ first ^ middle, last + s.len);
}

#endif
