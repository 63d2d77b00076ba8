/* SPDX-License-Identifier: Apache-2.0
 * store/directory.h - the storage directory: made, found writable, and locked against a second agent.
 */
#ifndef PLIMSOLL_STORE_DIRECTORY_H
#define PLIMSOLL_STORE_DIRECTORY_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

/* Makes the directory (and those above it) with mode 0700 where it is missing and takes its lock, which the process
 * holds until *lock_fd is closed. why: on failure the sentence to print.
 * Errors: EXISTS, another process holds the lock; FULL, no space; IO. */
struct status directory_lock(const char *directory, int *lock_fd, struct buf *why) MUST_USE;

/* Makes the directory (and those above it) with mode 0700 where it is missing. why, errors: as directory_lock. */
struct status directory_make(const char *directory, struct buf *why) MUST_USE;

#endif
