/* SPDX-License-Identifier: Apache-2.0
 * gate/scores.h - the worst of the scores that an answer got.
 *
 * Tools write them as an object of numbers, of truths, or of objects with avg, score or value in them; or as a list of
 * objects with key, score and comment (LangSmith). What is no number and no truth does not count.
 */
#ifndef PLIMSOLL_GATE_SCORES_H
#define PLIMSOLL_GATE_SCORES_H

#include "agent/base/arena.h"

struct worst_score {
	double score; /* NaN: none yet */
	struct slice name, comment; /* of that score, in the arena; empty: not told */
};

/* value: raw JSON. */
void worst_score_add(struct worst_score *w, struct slice name, struct slice value, struct arena *a);

/* scores: raw JSON, an object or a list; anything else, and nothing, adds none. */
void worst_score_add_all(struct worst_score *w, struct slice scores, struct arena *a);

#endif
