/* SPDX-License-Identifier: Apache-2.0
 * config/matcher.c - words to matchers, and matchers against labels.
 */
#include "agent/config/matcher.h"

const char *const match_label_names[MATCH_LABEL_COUNT] = {
#define X(id, name) name,
	MATCH_LABEL_MAP(X)
#undef X
};

/* The text up to the next blank or comma that is in no quotes; rest moves behind it. Empty at the end. */
static struct slice next_word(struct slice *rest)
{
	size_t start = 0, end;
	bool quoted = false;

	while (start < rest->len && strchr(" \t,", rest->ptr[start]) != NULL)
		start++;
	for (end = start; end < rest->len && (quoted || strchr(" \t,", rest->ptr[end]) == NULL); end++)
		if (rest->ptr[end] == '"' && (quoted || (end > start && rest->ptr[end - 1] == '=')))
			quoted = !quoted;
	struct slice word = { rest->ptr + start, end - start };
	*rest = slice_skip(*rest, end);
	return word;
}

static bool find_label(struct slice name, enum match_label *out)
{
	for (int i = 0; i < MATCH_LABEL_COUNT; i++) {
		if (slice_equal(slice_of(match_label_names[i]), name)) {
			*out = (enum match_label)i;
			return true;
		}
	}
	return false;
}

#define LABELS_ARE \
	"the labels are kind, metric, name, feature, model, prompt_version, workflow, user_segment and severity"

/* What stands in quotes, if the value is in quotes. */
static const char *read_value(struct slice value, struct slice *pattern)
{
	*pattern = value;
	if (value.len == 0 || value.ptr[0] != '"')
		return NULL;
	if (value.len < 2 || value.ptr[value.len - 1] != '"')
		return "a value that begins with a quote ends with one: feature=\"my shop\"";
	*pattern = (struct slice){ value.ptr + 1, value.len - 2 };
	return NULL;
}

static const char *read_one(struct slice word, struct matcher *out)
{
	ptrdiff_t equals = slice_find(word, SLICE("="));

	if (equals <= 0)
		return "a matcher is label=value or label!=value; a value with a blank or comma is in quotes: feature=\"my shop\"";
	struct slice name = slice_head(word, (size_t)equals);
	out->negated = slice_ends_with(name, SLICE("!"));
	name.len -= out->negated;
	if (!find_label(name, &out->label))
		return LABELS_ARE;
	return read_value(slice_skip(word, (size_t)equals + 1), &out->pattern);
}

const char *matchers_read(struct slice text, struct matchers *out)
{
	const char *why = NULL;

	for (struct slice word = next_word(&text); word.len > 0 && why == NULL; word = next_word(&text)) {
		if (out->count == MATCHERS_MAX)
			return "more than 8 matchers";
		why = read_one(word, &out->items[out->count]);
		out->count += why == NULL;
	}
	return why == NULL && out->count == 0 ? "no matcher: label=value is wanted" : why;
}

/* One star is remembered: text after it is tried at every place. */
static bool glob(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

bool matchers_hold(const struct matchers *m, const struct match_labels *labels)
{
	for (size_t i = 0; i < m->count; i++)
		if (glob(m->items[i].pattern, labels->of[m->items[i].label]) == m->items[i].negated)
			return false;
	return true;
}

/* ---------------------------------------------------------------- hiding */
static const char *read_labels(struct slice text, uint32_t *by)
{
	enum match_label label;

	for (struct slice word = next_word(&text); word.len > 0; word = next_word(&text)) {
		if (!find_label(word, &label))
			return LABELS_ARE;
		*by |= UINT32_C(1) << label;
	}
	return *by != 0 ? NULL : "'by' wants the labels that both must share, such as feature";
}

const char *hiding_rule_read(struct slice text, struct hiding_rule *out)
{
	static const char form[] = "the form is: MATCHERS hides MATCHERS by LABEL, LABEL";
	ptrdiff_t hides = slice_find(text, SLICE(" hides "));

	if (hides < 0)
		return form;
	struct slice rest = slice_skip(text, (size_t)hides + strlen(" hides "));
	ptrdiff_t by = slice_find(rest, SLICE(" by "));
	if (by < 0)
		return form;
	*out = (struct hiding_rule){ .by = 0 };
	const char *why = matchers_read(slice_head(text, (size_t)hides), &out->source);
	if (why == NULL)
		why = matchers_read(slice_head(rest, (size_t)by), &out->target);
	return why != NULL ? why : read_labels(slice_skip(rest, (size_t)by + strlen(" by ")), &out->by);
}

static bool same(struct slice a, struct slice b)
{
	return slice_equal(a, b) || slice_equal(a, SLICE("*")) || slice_equal(b, SLICE("*"));
}

bool hiding_rule_hides(const struct hiding_rule *rule, const struct match_labels *source,
		       const struct match_labels *target)
{
	if (!matchers_hold(&rule->source, source) || !matchers_hold(&rule->target, target))
		return false;
	if (matchers_hold(&rule->source, target)) /* neither of two sources hides the other */
		return false;
	for (unsigned i = 0; i < MATCH_LABEL_COUNT; i++)
		if ((rule->by >> i & 1u) != 0 && !same(source->of[i], target->of[i]))
			return false;
	return true;
}
