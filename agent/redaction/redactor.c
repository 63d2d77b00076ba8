/* SPDX-License-Identifier: Apache-2.0
 * redaction/redactor.c - compiles the configuration: which rules there are and what each of them does.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/redaction/redaction_priv.h"

static const char *const action_names[] = { "mask", "hash", "drop" };

#define MISTAKE FAIL(INVALID, "the redaction section has mistakes")

/* Index of the rule with this name, or -1. */
static int find_rule(const struct redactor *r, const char *name)
{
	for (unsigned i = 0; i < RULE_PATTERNS + r->pattern_count; i++)
		if (r->rules[i].name != NULL && strcmp(r->rules[i].name, name) == 0)
			return (int)i;
	return -1;
}

static struct status add_rule(struct redactor *r, unsigned index, const char *name)
{
	char labels[128];
	int n = snprintf(labels, sizeof(labels), "detector=\"%s\"", name);
	char *mask = malloc(strlen(name) + 3);

	if (mask == NULL || n < 0 || (size_t)n >= sizeof(labels)) {
		free(mask);
		return FAIL(NOMEM, "no memory for a rule");
	}
	sprintf(mask, "[%s]", name);
	r->rules[index] = (struct redaction_rule){
		.name = name,
		.mask = slice_of(mask),
		.action = (enum redaction_action)r->config->action,
		.found = meter_get(METER_REDACTED, labels),
	};
	return OK;
}

static struct status add_built_in(struct redactor *r)
{
	for (unsigned i = 0; i < DETECTOR_COUNT; i++)
		TRY(add_rule(r, i, detector_names[i]));
	TRY(add_rule(r, RULE_DENIED, "denied"));
	return add_rule(r, RULE_UNSCANNED, "unscanned");
}

static bool is_good_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= 40 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

static struct status add_pattern(struct redactor *r, const struct string_pair *pair, struct buf *why)
{
	if (!is_good_name(pair->key) || find_rule(r, pair->key) >= 0) {
		buf_printf(why, "redaction.patterns: '%.60s' %s\n", pair->key,
			   is_good_name(pair->key) ? "is the name of a detector, or twice there" :
						     "is no name: up to 40 letters, digits, '_' and '-'");
		return MISTAKE;
	}
	buf_printf(why, "redaction.patterns.%s: ", pair->key);
	size_t before = why->len;
	struct status s = pattern_new(pair->value, &r->patterns[r->pattern_count], why);
	if (FAILED(s)) {
		buf_byte(why, '\n');
		return s;
	}
	why->len = before - strlen("redaction.patterns.: ") - strlen(pair->key);
	TRY(add_rule(r, RULE_PATTERNS + (unsigned)r->pattern_count, pair->key));
	r->pattern_count++;
	return OK;
}

static struct status add_patterns(struct redactor *r, struct buf *why)
{
	const struct string_map *patterns = &r->config->patterns;

	if (patterns->count > PATTERNS_MAX) {
		buf_printf(why, "redaction.patterns: %zu of them; %u are the most\n", patterns->count, PATTERNS_MAX);
		return MISTAKE;
	}
	for (size_t i = 0; i < patterns->count; i++)
		TRY(add_pattern(r, &patterns->items[i], why));
	return OK;
}

static struct status switch_detectors(struct redactor *r, struct buf *why)
{
	const struct string_list *wanted = &r->config->detectors;

	for (size_t i = 0; i < wanted->count; i++) {
		int rule = find_rule(r, wanted->items[i]);
		if (rule < 0 || rule >= DETECTOR_COUNT) {
			buf_printf(why, "redaction.detectors: there is no '%.60s'; there are:", wanted->items[i]);
			for (int d = 0; d < DETECTOR_COUNT; d++)
				buf_printf(why, " %s", detector_names[d]);
			buf_byte(why, '\n');
			return MISTAKE;
		}
		r->detectors |= 1u << rule;
	}
	return OK;
}

static struct status set_actions(struct redactor *r, struct buf *why)
{
	const struct string_map *actions = &r->config->actions;

	for (size_t i = 0; i < actions->count; i++) {
		int rule = find_rule(r, actions->items[i].key), action = 0;
		while (action < 3 && strcmp(action_names[action], actions->items[i].value) != 0)
			action++;
		if (rule < 0 || action == 3) {
			buf_printf(why, "redaction.actions: '%.60s: %.60s' is no detector or pattern with mask, hash or drop\n",
				   actions->items[i].key, actions->items[i].value);
			return MISTAKE;
		}
		r->rules[rule].action = (enum redaction_action)action;
	}
	for (unsigned i = 0; i < RULE_PATTERNS + r->pattern_count; i++)
		if (r->rules[i].action == REDACTION_HASH && r->config->hash_key == NULL) {
			buf_text(why, "redaction.hash_key: wanted, since an action is hash\n");
			return MISTAKE;
		}
	return OK;
}

static struct status set_up(struct redactor *r, struct buf *why)
{
	TRY(add_built_in(r));
	TRY(add_patterns(r, why));
	TRY(switch_detectors(r, why));
	TRY(set_actions(r, why));
	TRY(key_list_init(&r->allowed, &r->config->allow_keys, "allow_keys", why));
	return key_list_init(&r->denied, &r->config->deny_keys, "deny_keys", why);
}

struct status redactor_new(const struct redaction_config *config, struct redactor **out, struct buf *why)
{
	struct redactor *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return FAIL(NOMEM, "no memory for redaction");
	r->config = config;
	struct status s = set_up(r, why);
	if (FAILED(s))
		redactor_free(r);
	else
		*out = r;
	return s;
}

void redactor_free(struct redactor *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->pattern_count; i++)
		pattern_free(r->patterns[i]);
	for (unsigned i = 0; i < RULE_MAX; i++)
		free((char *)r->rules[i].mask.ptr);
	key_list_release(&r->allowed);
	key_list_release(&r->denied);
	free(r);
}

struct redaction_lane *redaction_lane_new(const struct redactor *r)
{
	struct redaction_lane *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->redactor = r;
	l->patterns = pattern_scratch_new();
	if (l->patterns == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void redaction_lane_free(struct redaction_lane *l)
{
	if (l == NULL)
		return;
	pattern_scratch_free(l->patterns);
	for (int i = 0; i < SCAN_LEVELS_MAX; i++) {
		buf_release(&l->levels[i].text);
		buf_release(&l->levels[i].map);
	}
	free(l->findings);
	free(l);
}
