/* SPDX-License-Identifier: Apache-2.0
 * span/fingerprint.c - see the header.
 */
#include "agent/span/fingerprint.h"

#include "agent/base/hash.h"

uint64_t fingerprint_of(struct slice whole)
{
	struct slice text = slice_trim(whole);
	uint64_t hash = 0;
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && !is_digit(text.ptr[i]))
			continue;
		if (i > start)
			hash = hash_mix(hash, hash_stable(text.ptr + start, i - start));
		while (i < text.len && is_digit(text.ptr[i]))
			i++;
		start = i;
		if (i == text.len)
			break;
	}
	return hash != 0 ? hash : 1;
}
