/* SPDX-License-Identifier: Apache-2.0
 * baselines/model_watch.h - who answers behind the model names that production asks for.
 *
 * A request model is known with the last few models that answered for it. An answer from another one is news (the
 * vendor has moved an alias, or a router has), once the name has been known for an hour; where more than a few answer
 * within a day, the name is that of a router among them, and no change of one. That production asks for a
 * floating alias at all is a notice, at most once in notice_every_s per name; 0: never.
 */
#ifndef PLIMSOLL_BASELINES_MODEL_WATCH_H
#define PLIMSOLL_BASELINES_MODEL_WATCH_H

#include "agent/base/record.h"
#include "agent/span/cohort.h"
#include "agent/span/sample.h"
#include "agent/span/verdict.h"

#define MODEL_NAME_MAX     127
#define MODELS_MAX         128 /* request models; beyond that the one that was silent for longest is forgotten */
#define MODEL_ANSWERS_MAX  4
#define MODEL_WATCH_METRIC "model"

struct model_name {
	uint8_t len;
	char text[MODEL_NAME_MAX];
};

struct asked_model {
	struct model_name name;
	struct model_name answers[MODEL_ANSWERS_MAX]; /* newest first */
	int64_t came_s[MODEL_ANSWERS_MAX];            /* when each became the newest; after a restart last_s */
	uint8_t answer_count;
	bool dirty;
	int64_t first_s, last_s;
	int64_t noticed_s; /* when it was last told that it floats; 0: never */
};

struct model_watch {
	struct asked_model *items[MODELS_MAX];
	uint32_t count;
	struct cohort_memo found; /* the request model of a cohort */
};

void model_watch_release(struct model_watch *w);

/* What the answer of one call says of its model; without memory nothing. */
void model_watch_take(struct model_watch *w, const struct sample *s, int64_t now_s, int64_t notice_every_s,
		      verdict_fn emit, void *context);

/* One entry as a stored value, and back. */
void asked_model_record(struct record *r, struct asked_model *m);

/* A new entry to load into; the place of place is free. NULL without memory or room. */
struct asked_model *model_watch_place(struct model_watch *w, uint32_t place);

#endif
