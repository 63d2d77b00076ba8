/* SPDX-License-Identifier: Apache-2.0
 * Damage that a fuzzer does to something stored: from a place on, some bytes go and others come.
 */
#ifndef PLIMSOLL_TESTS_DAMAGE_H
#define PLIMSOLL_TESTS_DAMAGE_H

#include "agent/base/buf.h"

#define DAMAGE_BYTES 3u /* the least that data holds: the place, and how many go */

/* Appends what becomes of the sound bytes. data: at least DAMAGE_BYTES, then what comes. */
static void damage(const uint8_t *data, size_t size, struct slice sound, struct buf *out)
{
	size_t place = (data[0] | (size_t)data[1] << 8) % (sound.len + 1);

	buf_slice(out, slice_head(sound, place));
	buf_append(out, data + DAMAGE_BYTES, size - DAMAGE_BYTES);
	if (sound.len > 0)
		buf_slice(out, slice_skip(slice_skip(sound, place), data[2]));
}

#endif
