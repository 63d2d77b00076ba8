/* SPDX-License-Identifier: Apache-2.0
 * prompts/template.h - whether a text was made from a template: its variables, written {{name}}, stand for any text.
 *
 * The text must begin with what stands before the first variable, end with what stands behind the last, and hold what is
 * between them in order. Blanks around text and template do not matter.
 */
#ifndef PLIMSOLL_PROMPTS_TEMPLATE_H
#define PLIMSOLL_PROMPTS_TEMPLATE_H

#include "agent/base/arena.h"
#include "agent/base/slice.h"
#include "agent/base/status.h"

/* Fewer bytes around the variables say too little: such a template is never recognised by its text. */
#define TEMPLATE_LITERAL_MIN 16u

struct template {
	struct slice *parts; /* what stands before, between and behind variables; the first and last may be empty */
	uint32_t part_count; /* variables + 1 */
	size_t literal_bytes;
};

/* parts borrow text. Errors: NOMEM. */
struct status template_parse(struct slice text, struct arena *a, struct template *out) MUST_USE;

/* Allocates nothing; takes the length of the text times its parts at most. */
bool template_matches(const struct template *t, struct slice text);

#endif
