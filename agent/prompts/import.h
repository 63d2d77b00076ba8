/* SPDX-License-Identifier: Apache-2.0
 * prompts/import.h - prompt versions out of exports of other tools. What a file is, it shows itself.
 *
 * Langfuse: a prompt, a list of them, or {"data":[...]} as its API v2 answers. LangSmith: a serialised prompt, a commit, or
 * a list of them. Promptfoo: a configuration (YAML or JSON) or results of `promptfoo eval -o`; it knows no versions, so a
 * version is the fingerprint of the text.
 */
#ifndef PLIMSOLL_PROMPTS_IMPORT_H
#define PLIMSOLL_PROMPTS_IMPORT_H

#include "agent/prompts/folder.h"

/* source: a literal, "langfuse". left_out: prompts that cannot be taken, such as those in files of their own; why holds a
 * line for each. Errors: MALFORMED, it is none of these; NOMEM. */
struct status import_read(const char *path, struct slice text, struct manifest_set *out, const char **source,
			  size_t *left_out, struct buf *why) MUST_USE;

#endif
