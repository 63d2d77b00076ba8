/* SPDX-License-Identifier: Apache-2.0
 * prompts/word_diff.h - what changed between two texts, word by word.
 *
 * The longest common subsequence of words and of the blanks between them. What is the same at both ends is cut off first;
 * where more than WORD_DIFF_MAX words are left on a side, the rest is told as one deletion and one insertion.
 */
#ifndef PLIMSOLL_PROMPTS_WORD_DIFF_H
#define PLIMSOLL_PROMPTS_WORD_DIFF_H

#include "agent/base/slice.h"
#include "agent/base/status.h"

#define WORD_DIFF_MAX 3000u

enum word_op { WORD_KEPT, WORD_DELETED, WORD_INSERTED };

/* Calls visit with runs of text in order; deletions come before insertions of one place. Errors: NOMEM. */
struct status word_diff(struct slice before, struct slice after,
			void (*visit)(void *context, enum word_op op, struct slice text), void *context) MUST_USE;

#endif
