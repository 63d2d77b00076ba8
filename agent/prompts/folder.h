/* SPDX-License-Identifier: Apache-2.0
 * prompts/folder.h - all manifests below a folder: *.yaml, *.yml and *.json, in the order of their paths.
 *
 * Names that begin with a dot are passed over, and links are followed, so that a git checkout and a mounted ConfigMap
 * (whose files are links through `..data`) read the same. A folder that links lead to again is read once.
 */
#ifndef PLIMSOLL_PROMPTS_FOLDER_H
#define PLIMSOLL_PROMPTS_FOLDER_H

#include "agent/prompts/manifest.h"

#define FOLDER_FILES_MAX 4096u
#define FOLDER_DEPTH_MAX 8u

struct manifest_set {
	struct manifest **items; /* each NULL once somebody took it */
	size_t count, cap;
	size_t mistakes; /* files left out */
};

/* Reads all that can be read; errors gets a line for every mistake, "file:line:column: what". A version that is there
 * twice is a mistake of the second file. Errors: IO, the folder cannot be read; NOMEM. What was read is in the set even
 * then. */
struct status folder_read(const char *directory, struct manifest_set *out, struct buf *errors) MUST_USE;

/* Adds one; takes it over. Errors: EXISTS, with a line in errors; NOMEM. It is freed then. */
struct status manifest_set_add(struct manifest_set *set, struct manifest *m, struct buf *errors) MUST_USE;
void manifest_set_release(struct manifest_set *set);

/* A number that differs when a file came, went or changed: names, sizes and times of all of them. 0: cannot be read. */
uint64_t folder_stamp(const char *directory);

#endif
