/* SPDX-License-Identifier: Apache-2.0
 * cases/cases_priv.h - the lists that taking (cases.c), writing (cases_json.c) and keeping (cases_state.c) share.
 */
#ifndef PLIMSOLL_CASES_CASES_PRIV_H
#define PLIMSOLL_CASES_CASES_PRIV_H

#include "agent/base/deletions.h"
#include "agent/base/record.h"
#include "agent/cases/cases.h"
#include "agent/cases/texts.h"
#include "agent/span/cohort.h"

#define CASE_LABEL_BYTES 64 /* longer ones are cut */

extern const char *const case_reason_names[CASE_REASON_COUNT];

struct case_label {
	uint8_t length;
	char text[CASE_LABEL_BYTES];
};

struct exemplar {
	uint64_t time_s;
	uint8_t trace_id[16], span_id[8]; /* span_id zeros: not known */
	uint8_t outcome;
	bool has_text; /* as of when it was added or last looked at; not stored */
	double badness; /* what is kept first: cost of expensive calls, time of the others */
	double cost_usd, latency_ms, score; /* NaN: unknown */
	struct case_label model, version;
};

/* The usual spread of a feature's calls: moments of a logarithm that forget slowly. */
struct usual {
	double n, mean, variance;
};

/* One reason's worst calls of one feature; with them what is usual there (in the list of expensive ones). */
struct case_list {
	uint64_t id;
	struct case_label feature;
	uint8_t reason;
	uint64_t newest_s;
	uint32_t count;
	struct exemplar items[CASES_EACH];
	struct usual cost, latency;
	bool dirty;
	double least;         /* of a full list: what is worth no more is not kept */
	uint64_t least_until; /* seconds of newest_s; 0: to be found out */
};

/* What becomes of stored texts. */
enum texts_policy { TEXTS_LEFT_ALONE, TEXTS_DELETED, TEXTS_KEPT };

struct cases {
	struct cohort_memo found; /* the list of expensive calls */
	size_t count;
	struct case_list *lists[CASES_LISTS_MAX];
	struct deletions deleted; /* ids, eight bytes each */
	enum texts_policy policy;
	struct case_texts texts;
	struct case_bar bar;
};

static inline struct slice case_label_slice(const struct case_label *l)
{
	return (struct slice){ l->text, l->length };
}

/* Of the feature's first CASE_LABEL_BYTES; the key of a list in the store. */
uint64_t case_list_id(struct slice feature, enum case_reason reason);

/* NULL: there is none. */
struct case_list *case_list_find(const struct cases *c, struct slice feature, enum case_reason reason);

/* The list, made where it is missing. NULL without memory. */
struct case_list *case_list_get(struct cases *c, struct slice feature, enum case_reason reason);

/* Sets the bar of this feature, and of those that share its place, from what is kept. */
void case_bar_set(struct cases *c, struct slice feature);

#endif
