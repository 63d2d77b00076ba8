/* SPDX-License-Identifier: Apache-2.0
 * base/hash.c - multiply-and-fold over 16 bytes at a time, after the construction of wyhash (Wang Yi, public domain).
 */
#include "agent/base/hash.h"

#include <sys/random.h>

#include "agent/base/clock.h"

#define FIXED_SEED UINT64_C(0x9e3779b97f4a7c15)

static uint64_t process_seed = FIXED_SEED;

void hash_seed_init(void)
{
	if (getrandom(&process_seed, sizeof(process_seed), 0) != (ssize_t)sizeof(process_seed))
		process_seed = clock_unix_ns() ^ clock_mono_ns();
}

static uint64_t read_8(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static uint64_t read_4(const unsigned char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The n bytes (less than 8) as a little-endian number, by loads that overlap: a copy of n bytes would be a call. */
static uint64_t read_few(const unsigned char *p, size_t n)
{
	if (n >= 4)
		return read_4(p) | read_4(p + n - 4) << (n - 4) * 8;
	if (n == 0)
		return 0;
	return p[0] | (uint64_t)p[n / 2] << n / 2 * 8 | (uint64_t)p[n - 1] << (n - 1) * 8;
}

/* The last n bytes (1 to 8) before end as a little-endian number. At least 8 bytes lie there. */
static uint64_t read_last(const unsigned char *end, size_t n)
{
	return read_8(end - 8) >> (8 - n) * 8;
}

static inline uint64_t hash_with(uint64_t seed, const unsigned char *p, size_t n)
{
	uint64_t h = hash_mix(seed, n);

	if (n < 8)
		return hash_mix(h ^ read_few(p, n), 0);
	for (; n > 16; p += 16, n -= 16)
		h = hash_mix(h ^ read_8(p), read_8(p + 8));
	if (n <= 8)
		return hash_mix(h ^ read_last(p + n, n), 0);
	return hash_mix(h ^ read_8(p), read_last(p + n, n - 8));
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	return hash_with(process_seed, bytes, n);
}

uint64_t hash_stable(const void *bytes, size_t n)
{
	return hash_with(FIXED_SEED, bytes, n);
}
