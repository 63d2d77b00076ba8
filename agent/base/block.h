/* SPDX-License-Identifier: Apache-2.0
 * base/block.h - memory for large buffers that come and go all the time, such as requests on their way out.
 *
 * malloc gives large blocks back to the system and takes them anew, and the system clears every page of them first: at
 * a steady load that costs more than filling them. So a few that were freed are kept for the next ones of about their
 * size, BLOCK_KEPT_BYTES of all of them together. Any thread.
 */
#ifndef PLIMSOLL_BASE_BLOCK_H
#define PLIMSOLL_BASE_BLOCK_H

#include <stddef.h>

#define BLOCK_KEPT_BYTES ((size_t)8 << 20) /* at the most */

/* n bytes or more, as room says; not cleared. NULL without memory. */
void *block_alloc(size_t n, size_t *room);

/* room: as block_alloc said. */
void block_free(void *block, size_t room);

#endif
