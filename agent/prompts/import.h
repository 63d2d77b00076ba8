/* SPDX-License-Identifier: Apache-2.0
 * prompts/import.h - prompt versions out of exports of other tools. What a file is, it shows itself.
 *
 * Langfuse: a prompt, a list of them, or {"data":[...]} as its API v2 answers. LangSmith: a serialised prompt, a commit, or
 * a list of them. Promptfoo: a configuration (YAML or JSON) with the texts that it refers to, or results of `promptfoo eval
 * -o FILE.json`; it knows no versions, so a version is the fingerprint of the text. Recorded examples: tests/exports.
 */
#ifndef PLIMSOLL_PROMPTS_IMPORT_H
#define PLIMSOLL_PROMPTS_IMPORT_H

#include "agent/prompts/folder.h"

/* name: of prompts that the file does not name; NULL: they are left out, or get their tool's name. source: a literal,
 * "langfuse". left_out: prompts that cannot be taken. why: a line with the place for each of them, and for each version of
 * which something has no place in a manifest. Errors: MALFORMED, it is none of these; NOMEM. */
struct status import_read(const char *path, struct slice text, const char *name, struct manifest_set *out,
			  const char **source, size_t *left_out, struct buf *why) MUST_USE;

#endif
