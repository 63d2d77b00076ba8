/* SPDX-License-Identifier: Apache-2.0
 * base/file.h - a whole file as bytes.
 */
#ifndef PLIMSOLL_BASE_FILE_H
#define PLIMSOLL_BASE_FILE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

/* Appends the file's contents to out. path "-" is standard input.
 * Errors: IO, it cannot be opened or read (errno says why); TOOBIG, more than cap_bytes; NOMEM. */
struct status file_read(const char *path, size_t cap_bytes, struct buf *out) MUST_USE;

#endif
