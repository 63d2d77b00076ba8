/* SPDX-License-Identifier: Apache-2.0
 * base/deletions.h - keys that the next save is to delete, kept until it is known that the save did not fail.
 *
 * A save that fails is made again with everything there is (all): what the failed ones were to delete is deleted then, else
 * it would be loaded by a later start. Saves may fail for long: up to DELETIONS_BYTES_MAX bytes of keys are kept for that.
 */
#ifndef PLIMSOLL_BASE_DELETIONS_H
#define PLIMSOLL_BASE_DELETIONS_H

#include "agent/base/buf.h"

#define DELETIONS_BYTES_MAX ((size_t)4 << 20)

/* All zeros at first. */
struct deletions {
	struct buf fresh; /* keys, appended since the last save */
	struct buf asked; /* what that save, and those before it that failed, were to delete */
};

/* Of a save that begins: what it is to delete, valid until the next one begins. */
static inline const struct buf *deletions_take(struct deletions *d, bool all)
{
	if (!all || d->asked.len + d->fresh.len > DELETIONS_BYTES_MAX)
		buf_reset(&d->asked);
	buf_slice(&d->asked, buf_view(&d->fresh));
	buf_reset(&d->fresh);
	return &d->asked;
}

/* The same where all keys have one length: gives each to put, without a value. Values are put behind it: a key that is in
 * use again stays. */
static inline void deletions_put(struct deletions *d, size_t key_bytes, bool all,
				 void (*put)(void *context, struct slice key, struct slice value), void *context)
{
	const struct buf *keys = deletions_take(d, all);

	for (size_t at = 0; at + key_bytes <= keys->len; at += key_bytes)
		put(context, (struct slice){ keys->ptr + at, key_bytes }, SLICE_NONE);
}

static inline void deletions_release(struct deletions *d)
{
	buf_release(&d->fresh);
	buf_release(&d->asked);
}

#endif
