/* SPDX-License-Identifier: Apache-2.0
 * config/read_file.h - a whole small file.
 */
#ifndef PLIMSOLL_CONFIG_READ_FILE_H
#define PLIMSOLL_CONFIG_READ_FILE_H

#include "agent/base/buf.h"
#include "agent/base/status.h"

/* Appends the content, at most limit_bytes.
 * Errors: IO, errno says why; TOOBIG; NOMEM. out may then hold a part. */
struct status read_file(const char *path, size_t limit_bytes, struct buf *out) MUST_USE;

#endif
