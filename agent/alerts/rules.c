/* SPDX-License-Identifier: Apache-2.0
 * alerts/rules.c - lists of matchers.
 */
#include "agent/alerts/rules.h"

#include <stdlib.h>

/* Requests that fail have no length, no quality and another latency; that they fail says it all. */
static const char *const built_in[] = {
	"kind=shift metric=error_rate hides kind=shift metric=latency* by feature",
	"kind=shift metric=error_rate hides kind=shift metric=ttft by feature",
	"kind=shift metric=error_rate hides kind=shift metric=tpot by feature",
	"kind=shift metric=error_rate hides kind=shift metric=timeout_rate by feature",
	"kind=shift metric=error_rate hides kind=shift metric=output_tokens by feature",
	"kind=shift metric=error_rate hides kind=latency_p99 by feature",
	"kind=shift metric=cost hides metric=cost_tail by feature",
	"kind=shift metric=latency hides metric=latency_tail by feature",
};

#define BUILT_IN_COUNT (sizeof(built_in) / sizeof(built_in[0]))

static struct status wrong(struct buf *why, const char *key, const char *text, const char *reason)
{
	if (why != NULL)
		buf_printf(why, "alerts.%s: '%.80s': %s", key, text, reason);
	return FAIL(INVALID, reason);
}

static struct status read_list(const struct string_list *list, const char *key, struct matchers **out, size_t *count,
			       struct buf *why)
{
	*out = calloc(list->count + 1, sizeof(**out));
	if (*out == NULL)
		return FAIL(NOMEM, "no memory for the rules of alerts");
	for (size_t i = 0; i < list->count; i++) {
		const char *reason = matchers_read(slice_of(list->items[i]), &(*out)[i]);
		if (reason != NULL)
			return wrong(why, key, list->items[i], reason);
		++*count;
	}
	return OK;
}

static struct status read_hiding(const struct string_list *list, struct rules *r, struct buf *why)
{
	r->hiding = calloc(BUILT_IN_COUNT + list->count, sizeof(*r->hiding));
	if (r->hiding == NULL)
		return FAIL(NOMEM, "no memory for the rules of alerts");
	for (size_t i = 0; i < BUILT_IN_COUNT + list->count; i++) {
		const char *text = i < BUILT_IN_COUNT ? built_in[i] : list->items[i - BUILT_IN_COUNT];
		const char *reason = hiding_rule_read(slice_of(text), &r->hiding[r->hiding_count]);
		if (reason != NULL)
			return wrong(why, "inhibit", text, reason);
		r->hiding_count++;
	}
	return OK;
}

static struct status read_all(const struct alerts_config *config, struct rules *out, struct buf *why)
{
	TRY(read_list(&config->silences, "silences", &out->silences, &out->silence_count, why));
	TRY(read_list(&config->shadow, "shadow", &out->shadow, &out->shadow_count, why));
	return read_hiding(&config->inhibit, out, why);
}

struct status rules_read(const struct alerts_config *config, struct rules *out, struct buf *why)
{
	*out = (struct rules){ 0 };
	struct status s = read_all(config, out, why);
	if (FAILED(s))
		rules_release(out);
	return s;
}

void rules_release(struct rules *r)
{
	free(r->silences);
	free(r->shadow);
	free(r->hiding);
	*r = (struct rules){ 0 };
}

static bool any_holds(const struct matchers *items, size_t count, const struct match_labels *labels)
{
	for (size_t i = 0; i < count; i++)
		if (matchers_hold(&items[i], labels))
			return true;
	return false;
}

bool rules_silence(const struct rules *r, const struct match_labels *labels)
{
	return any_holds(r->silences, r->silence_count, labels);
}

bool rules_shadow(const struct rules *r, const struct match_labels *labels)
{
	return any_holds(r->shadow, r->shadow_count, labels);
}

bool rules_may_hide(const struct rules *r, const struct match_labels *source)
{
	for (size_t i = 0; i < r->hiding_count; i++)
		if (matchers_hold(&r->hiding[i].source, source))
			return true;
	return false;
}

bool rules_may_be_hidden(const struct rules *r, const struct match_labels *target)
{
	for (size_t i = 0; i < r->hiding_count; i++)
		if (matchers_hold(&r->hiding[i].target, target))
			return true;
	return false;
}

bool rules_hide(const struct rules *r, const struct match_labels *source, const struct match_labels *target)
{
	for (size_t i = 0; i < r->hiding_count; i++)
		if (hiding_rule_hides(&r->hiding[i], source, target))
			return true;
	return false;
}
