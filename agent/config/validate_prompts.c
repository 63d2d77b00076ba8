/* SPDX-License-Identifier: Apache-2.0
 * config/validate_prompts.c - rules of prompts, checked before anybody depends on them.
 */
#include "agent/config/prompt_rule.h"
#include "agent/config/validate.h"

void validate_prompts(struct conf_errors *e, const struct tree_node *root, const struct prompts_config *prompts)
{
	const struct tree_node *rules = tree_path(root, "prompts.rules");
	struct conf_mark at = rules != NULL ? rules->mark : (struct conf_mark){ 0, 0 };
	const struct tree_item *item = rules != NULL && rules->kind == TREE_LIST ? rules->first : NULL;

	for (size_t i = 0; i < prompts->rules.count; i++) {
		struct prompt_rule rule;
		const char *why = prompt_rule_read(slice_of(prompts->rules.items[i]), &rule);
		if (why != NULL)
			conf_error(e, item != NULL ? item->value->mark : at, "rules: '%.80s': %s",
				   prompts->rules.items[i], why);
		item = item != NULL ? item->next : NULL;
	}
	if (prompts->rules.count > PROMPT_RULES_MAX)
		conf_error(e, at, "rules: more than %u", PROMPT_RULES_MAX);
}
