/* SPDX-License-Identifier: Apache-2.0
 * canary/missing.c - why there is nothing to compare: what was asked for, and what was seen.
 */
#include "agent/canary/canary_priv.h"

#define SEEN_MAX 6u

static void write_wish(struct buf *out, const struct canary_wish *w)
{
	const struct {
		const char *what;
		struct slice value;
	} filters[] = { { "in environment", w->environment }, { "of feature", w->feature }, { "by model", w->model } };

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (filters[i].value.len > 0)
			buf_printf(out, " %s '%.*s'", filters[i].what, SLICE_ARG(slice_head(filters[i].value, 60)));
}

/* "1.4.0 in production (triage, gpt-4o)" */
static void write_arm(struct buf *out, const struct arm *a)
{
	buf_printf(out, "%.*s", SLICE_ARG(slice_skip(a->labels.version, canary_name_of(a).len + 1)));
	if (a->labels.environment.len > 0)
		buf_printf(out, " in %.*s", SLICE_ARG(a->labels.environment));
	buf_printf(out, " (%.*s, %.*s)", SLICE_ARG(a->labels.feature), SLICE_ARG(a->labels.model));
}

static size_t write_seen(const struct canary *c, struct slice name, struct buf *out)
{
	size_t seen = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (!slice_equal(canary_name_of(c->arms[i]), name))
			continue;
		if (seen++ >= SEEN_MAX)
			continue;
		buf_text(out, seen > 1 ? ", " : "");
		write_arm(out, c->arms[i]);
	}
	if (seen > SEEN_MAX)
		buf_printf(out, " and %zu more", seen - SEEN_MAX);
	return seen;
}

void canary_write_missing(const struct canary *c, const struct canary_wish *wish, struct buf *out)
{
	struct buf seen = BUF_INIT;

	if (write_seen(c, wish->name, &seen) == 0) {
		buf_printf(out, "no calls of a prompt '%.*s' were seen; `plimsoll canary` lists what can be compared",
			   SLICE_ARG(slice_head(wish->name, 60)));
	} else {
		buf_printf(out, "no two versions of '%.*s' to compare", SLICE_ARG(wish->name));
		if (wish->from.len > 0)
			buf_printf(out, ", from %.*s", SLICE_ARG(slice_head(wish->from, 60)));
		if (wish->to.len > 0)
			buf_printf(out, ", to %.*s", SLICE_ARG(slice_head(wish->to, 60)));
		write_wish(out, wish);
		buf_printf(out, "; seen were %.*s", SLICE_ARG(buf_view(&seen)));
	}
	buf_release(&seen);
}
