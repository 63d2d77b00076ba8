/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_gates.c - the newest gate of each version, for /metrics.
 */
#include <stdio.h>

#include "agent/prompts/registry_priv.h"

/* By time, falling; one of each version. */
struct latest {
	const struct kept_gate *items[REGISTRY_GATE_SERIES];
	size_t count;
};

static bool has_version_of(const struct latest *l, const struct kept_gate *g)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i]->name, g->name) == 0 && strcmp(l->items[i]->version, g->version) == 0)
			return true;
	return false;
}

static void latest_put(struct latest *l, const struct kept_gate *g)
{
	size_t at = l->count;

	if (at == REGISTRY_GATE_SERIES && l->items[at - 1]->at_s >= g->at_s)
		return;
	if (at < REGISTRY_GATE_SERIES)
		l->count++;
	else
		at--;
	for (; at > 0 && l->items[at - 1]->at_s < g->at_s; at--)
		l->items[at] = l->items[at - 1];
	l->items[at] = g;
}

void registry_visit_gates(struct registry *r, void (*visit)(void *context, const struct registry_gate_view *v), void *context)
{
	struct latest latest = { .count = 0 };
	char prompt[PROMPT_NAME_MAX + PROMPT_VERSION_MAX + 2];

	pthread_mutex_lock(&r->lock);
	for (uint32_t i = r->gate_count; i-- > 0;) /* of one version the later ones stand behind the earlier ones */
		if (!has_version_of(&latest, &r->gates[i]))
			latest_put(&latest, &r->gates[i]);
	for (size_t i = 0; i < latest.count; i++) {
		const struct kept_gate *g = latest.items[i];
		int n = snprintf(prompt, sizeof(prompt), "%s@%s", g->name, g->version);
		visit(context, &(struct registry_gate_view){ .prompt = { prompt, (size_t)n }, .open = g->open,
							      .pass_rate = g->pass_rate });
	}
	pthread_mutex_unlock(&r->lock);
}
