/* SPDX-License-Identifier: Apache-2.0
 * exporters/file/rotate.h - moves a full file out of the way and deletes the oldest of those moved before.
 *
 * records.jsonl becomes records-2026-11-21T16-14-17.123.jsonl (UTC, the Collector's form): the names sort by time and
 * before the current file, which is the order in which replay reads a folder.
 */
#ifndef PLIMSOLL_EXPORTERS_FILE_ROTATE_H
#define PLIMSOLL_EXPORTERS_FILE_ROTATE_H

#include <limits.h>
#include <stdint.h>

/* backup: where it was moved to. max_backups: of the moved files, the newest that are kept; 0: all. Returns 0 or errno;
 * then the file is where it was. That an old file cannot be deleted is logged, not an error: writing can go on. */
int rotate_file(const char *path, int64_t max_backups, char backup[PATH_MAX]);

#endif
