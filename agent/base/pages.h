/* SPDX-License-Identifier: Apache-2.0
 * base/pages.h - memory for tables that are made large and filled little: zeros, resident where they were touched.
 *
 * calloc clears blocks of up to some 128 KiB itself, and with that makes all of them resident. Any thread.
 */
#ifndef PLIMSOLL_BASE_PAGES_H
#define PLIMSOLL_BASE_PAGES_H

#include <stddef.h>

/* bytes of zeros, aligned to a page. NULL without memory. */
void *pages_new(size_t bytes);

/* bytes: as they were asked for. pages may be NULL. */
void pages_free(void *pages, size_t bytes);

#endif
