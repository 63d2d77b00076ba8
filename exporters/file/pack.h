/* SPDX-License-Identifier: Apache-2.0
 * exporters/file/pack.h - a full file becomes a smaller one.
 */
#ifndef PLIMSOLL_EXPORTERS_FILE_PACK_H
#define PLIMSOLL_EXPORTERS_FILE_PACK_H

#include <uv.h>

/* Compresses the file to path.gz, which is for its owner alone, and deletes it; on a thread of the loop's pool. Where
 * that fails the file stays as it is, and the log says why. */
void pack_backup(uv_loop_t *loop, const char *path);

#endif
