/* SPDX-License-Identifier: Apache-2.0
 * config/matcher.h - which alerts a rule is about, as people write it: "feature=checkout metric=latency*".
 *
 * Matchers are joined by blanks or commas and must all hold. `*` in a value stands for any text, also none. A value with
 * a blank or comma is in quotes. A label that an alert does not have is empty there.
 */
#ifndef PLIMSOLL_CONFIG_MATCHER_H
#define PLIMSOLL_CONFIG_MATCHER_H

#include "agent/base/slice.h"

#define MATCH_LABEL_MAP(X)              \
	X(KIND, "kind")                 \
	X(METRIC, "metric")             \
	X(NAME, "name")                 \
	X(FEATURE, "feature")           \
	X(MODEL, "model")               \
	X(PROMPT, "prompt_version")     \
	X(WORKFLOW, "workflow")         \
	X(USER_SEGMENT, "user_segment") \
	X(SEVERITY, "severity")

enum match_label {
#define X(id, name) MATCH_##id,
	MATCH_LABEL_MAP(X)
#undef X
	MATCH_LABEL_COUNT
};

extern const char *const match_label_names[MATCH_LABEL_COUNT];

/* The labels of one alert. */
struct match_labels {
	struct slice of[MATCH_LABEL_COUNT];
};

#define MATCHERS_MAX 8

struct matchers {
	struct matcher {
		enum match_label label;
		bool negated;
		struct slice pattern;
	} items[MATCHERS_MAX];
	size_t count;
};

/* Adds the matchers in the text, which is borrowed. Returns NULL, or what is wrong with it (a literal). At least one
 * matcher is wanted. */
const char *matchers_read(struct slice text, struct matchers *out);

bool matchers_hold(const struct matchers *m, const struct match_labels *labels);

/* "SOURCE hides TARGET by feature, model": while an alert fires that fits the source, nobody is told of one that fits
 * the target and has the same labels. */
struct hiding_rule {
	struct matchers source, target;
	uint32_t by; /* bit 1u << label */
};

/* As matchers_read. "by" is wanted: a rule without it would silence the whole fleet. */
const char *hiding_rule_read(struct slice text, struct hiding_rule *out);

bool hiding_rule_hides(const struct hiding_rule *rule, const struct match_labels *source,
		       const struct match_labels *target);

#endif
