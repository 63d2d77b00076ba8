/* SPDX-License-Identifier: Apache-2.0
 * config/prompt_rule.c - see the header.
 */
#include "agent/config/prompt_rule.h"

static const char *const label_names[PROMPT_RULE_LABEL_COUNT] = {
#define X(id, name) [PROMPT_RULE_##id] = name,
	PROMPT_RULE_LABEL_MAP(X)
#undef X
};

static const char *read_condition(struct slice word, struct prompt_rule *out)
{
	ptrdiff_t at = slice_find(word, SLICE("="));
	struct prompt_condition c = { .label = PROMPT_RULE_LABEL_COUNT };

	if (at <= 0 || (size_t)at + 1 == word.len)
		return "a condition is label=value, such as feature=checkout";
	for (int i = 0; i < PROMPT_RULE_LABEL_COUNT; i++)
		if (slice_equal(slice_of(label_names[i]), slice_head(word, (size_t)at)))
			c.label = (enum prompt_rule_label)i;
	if (c.label == PROMPT_RULE_LABEL_COUNT)
		return "labels are feature, workflow, user_segment, tenant, service, environment, release, model, provider, "
		       "operation, scope; another attribute becomes one of them under `dimensions`";
	if (out->count == PROMPT_RULE_CONDITIONS_MAX)
		return "more than 8 conditions";
	c.value = slice_skip(word, (size_t)at + 1);
	c.is_prefix = slice_ends_with(c.value, SLICE("*"));
	if (c.is_prefix)
		c.value.len--;
	out->conditions[out->count++] = c;
	return NULL;
}

static const char *read_prompt(struct slice prompt, struct prompt_rule *out)
{
	size_t at = prompt.len;

	while (at > 0 && prompt.ptr[at - 1] != '@')
		at--;
	out->name = at > 0 ? slice_head(prompt, at - 1) : prompt;
	out->version = at > 0 ? slice_skip(prompt, at) : SLICE_NONE;
	if (out->name.len == 0 || (at > 0 && out->version.len == 0))
		return "behind the arrow stands a prompt: name or name@version";
	return NULL;
}

const char *prompt_rule_read(struct slice text, struct prompt_rule *out)
{
	ptrdiff_t arrow = slice_find(text, SLICE("->"));
	const char *why = NULL;

	*out = (struct prompt_rule){ .count = 0 };
	if (arrow < 0)
		return "a rule reads 'label=value ... -> name@version'";
	struct slice rest = slice_trim(slice_head(text, (size_t)arrow));
	while (rest.len > 0 && why == NULL) {
		const char *blank = memchr(rest.ptr, ' ', rest.len);
		size_t n = blank != NULL ? (size_t)(blank - rest.ptr) : rest.len;
		why = read_condition(slice_head(rest, n), out);
		rest = slice_trim(slice_skip(rest, n));
	}
	if (why == NULL && out->count == 0)
		why = "a rule without a condition would take every call";
	return why != NULL ? why : read_prompt(slice_trim(slice_skip(text, (size_t)arrow + 2)), out);
}

bool prompt_rule_holds(const struct prompt_rule *rule, const struct slice *labels)
{
	for (uint32_t i = 0; i < rule->count; i++) {
		const struct prompt_condition *c = &rule->conditions[i];
		if (c->is_prefix ? !slice_starts_with(labels[c->label], c->value) :
				   !slice_equal(labels[c->label], c->value))
			return false;
	}
	return true;
}
