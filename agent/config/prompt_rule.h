/* SPDX-License-Identifier: Apache-2.0
 * config/prompt_rule.h - which prompt a call belongs to, where its span does not say it: "feature=checkout -> answer@1.4.0".
 *
 * Conditions are joined by blanks and must all hold. A value that ends in `*` stands for any text that begins like that.
 * Without a version the rule only names the prompt.
 */
#ifndef PLIMSOLL_CONFIG_PROMPT_RULE_H
#define PLIMSOLL_CONFIG_PROMPT_RULE_H

#include "agent/base/slice.h"

#define PROMPT_RULE_LABEL_MAP(X)        \
	X(FEATURE, "feature")           \
	X(WORKFLOW, "workflow")         \
	X(USER_SEGMENT, "user_segment") \
	X(TENANT, "tenant")             \
	X(SERVICE, "service")           \
	X(ENVIRONMENT, "environment")   \
	X(RELEASE, "release")           \
	X(MODEL, "model")               \
	X(PROVIDER, "provider")         \
	X(OPERATION, "operation")       \
	X(SCOPE, "scope")

enum prompt_rule_label {
#define X(id, name) PROMPT_RULE_##id,
	PROMPT_RULE_LABEL_MAP(X)
#undef X
	PROMPT_RULE_LABEL_COUNT
};

#define PROMPT_RULE_CONDITIONS_MAX 8u
#define PROMPT_RULES_MAX           64u

struct prompt_rule {
	struct prompt_condition {
		enum prompt_rule_label label;
		struct slice value; /* without its '*' */
		bool is_prefix;
	} conditions[PROMPT_RULE_CONDITIONS_MAX];
	uint32_t count;
	struct slice name, version; /* version empty: not said */
};

/* text is borrowed. Returns NULL, or what is wrong with it (a literal). */
const char *prompt_rule_read(struct slice text, struct prompt_rule *out);

/* labels: of a call, PROMPT_RULE_LABEL_COUNT of them. */
bool prompt_rule_holds(const struct prompt_rule *rule, const struct slice *labels);

#endif
