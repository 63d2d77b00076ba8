/* SPDX-License-Identifier: Apache-2.0
 * prompts/diff.h - what changed between two versions of a prompt: fields, and texts by words.
 */
#ifndef PLIMSOLL_PROMPTS_DIFF_H
#define PLIMSOLL_PROMPTS_DIFF_H

#include "agent/prompts/manifest.h"

/* Appends a report for people, on a terminal (base/plain.h); without colours, [-what went-] and {+what came+}. Returns
 * whether anything differs. */
bool manifest_diff_text(const struct manifest *a, const struct manifest *b, bool colour, struct buf *out);

/* {"fields":[{"field":"temperature","a":"0.2","b":"0.4"}],"text":[{"op":"kept","text":"..."}]} */
bool manifest_diff_json(const struct manifest *a, const struct manifest *b, struct buf *out);

#endif
