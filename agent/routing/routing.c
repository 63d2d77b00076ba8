/* SPDX-License-Identifier: Apache-2.0
 * routing/routing.c - asks each exporter's conditions of each item, and lays together what goes the same way.
 */
#include "agent/routing/routing.h"

#include <stdlib.h>

#include "agent/otlp/condition.h"
#include "agent/otlp/items.h"
#include "agent/routing/llm_spans.h"
#include "agent/routing/record_lines.h"

struct route {
	size_t exporter;
	struct condition *conditions;
	size_t count;
};

struct router {
	struct route *routes;
	size_t count;
	uint64_t routed, by_default; /* exporters with match; those of routing.default */
	uint64_t llm_only; /* those that want model calls and what is above them, and no other span */
};

static bool is_default(const struct config *c, const char *id)
{
	const struct string_list *ids = &c->routing.default_exporters;

	for (size_t i = 0; i < ids->count; i++)
		if (strcmp(ids->items[i], id) == 0)
			return true;
	return false;
}

static struct status add_route(struct router *r, size_t exporter, const struct string_map *match)
{
	struct route *route = &r->routes[r->count];

	*route = (struct route){ .exporter = exporter, .conditions = calloc(match->count, sizeof(*route->conditions)) };
	if (route->conditions == NULL)
		return FAIL(NOMEM, "no memory for a route");
	r->count++;
	for (; route->count < match->count; route->count++)
		route->conditions[route->count] = (struct condition){ slice_of(match->items[route->count].key),
								      slice_of(match->items[route->count].value) };
	r->routed |= UINT64_C(1) << exporter;
	return OK;
}

static struct status set_up(struct router *r, const struct config *config)
{
	for (size_t i = 0; i < config->exporter_count && i < 64; i++) {
		const struct config_instance *e = &config->exporters[i];
		if (e->common.spans == SPANS_LLM)
			r->llm_only |= UINT64_C(1) << i;
		if (e->common.match.count > 0)
			TRY(add_route(r, i, &e->common.match));
		else if (is_default(config, e->id))
			r->by_default |= UINT64_C(1) << i;
	}
	return OK;
}

struct status router_new(const struct config *config, struct router **out)
{
	struct router *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r != NULL)
		r->routes = calloc(config->exporter_count + 1, sizeof(*r->routes));
	struct status s = r != NULL && r->routes != NULL ? set_up(r, config) : FAIL(NOMEM, "no memory for the routes");
	if (FAILED(s) || (r->routed | r->by_default | r->llm_only) == 0)
		router_free(r);
	else
		*out = r;
	return s;
}

void router_free(struct router *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		free(r->routes[i].conditions);
	free(r->routes);
	free(r);
}

/* What is asked for attributes: an item of a request, or a line of records. */
struct subject {
	enum signal signal;
	const struct request_item *item; /* NULL: a line */
	const struct record_line *line;
};

static bool holds(const struct condition *c, const struct subject *s)
{
	struct any_value value;
	struct slice text;

	if (s->item != NULL)
		return items_attribute(s->signal, s->item, c->key, &value) && condition_holds(c, &value);
	return record_line_find(s->line, c->key, &text) && condition_holds_text(c, text);
}

static uint64_t exporters_for(const struct router *r, const struct subject *s)
{
	uint64_t matched = 0;

	for (size_t i = 0; i < r->count; i++) {
		bool all = true;
		for (size_t n = 0; all && n < r->routes[i].count; n++)
			all = holds(&r->routes[i].conditions[n], s);
		if (all)
			matched |= UINT64_C(1) << r->routes[i].exporter;
	}
	return ~(r->routed | r->by_default) | matched | (matched == 0 ? r->by_default : 0);
}

/* The items of a request, whom each is for, and how to write some of them. */
struct splitting {
	struct request_items items; /* of OTLP */
	struct record_lines lines;  /* of records */
	bool is_records;
	size_t count;
	uint64_t *exporters;
	uint8_t *chosen;
};

static struct status leave_other_spans_out(const struct router *r, struct arena *a, struct splitting *s)
{
	bool *marks = arena_array(a, s->count, sizeof(*marks));

	if (marks == NULL)
		return FAIL(NOMEM, "no room to look for model calls");
	TRY(llm_spans_mark(&s->items, a, marks));
	for (size_t i = 0; i < s->count; i++)
		if (!marks[i])
			s->exporters[i] &= ~r->llm_only;
	return OK;
}

static struct status read_subjects(const struct router *r, enum payload_kind kind, struct slice bytes, struct arena *a,
				   struct splitting *s)
{
	static const enum signal signals[] = { [PAYLOAD_TRACES] = SIGNAL_TRACES,
					       [PAYLOAD_METRICS] = SIGNAL_METRICS,
					       [PAYLOAD_LOGS] = SIGNAL_LOGS };

	s->is_records = kind != PAYLOAD_TRACES && kind != PAYLOAD_METRICS && kind != PAYLOAD_LOGS;
	TRY(s->is_records ? record_lines_read(bytes, a, &s->lines) : items_read(bytes, a, &s->items));
	s->count = s->is_records ? s->lines.count : s->items.count;
	s->exporters = arena_array(a, s->count, sizeof(*s->exporters));
	s->chosen = arena_array(a, s->count, 1);
	if (s->exporters == NULL || s->chosen == NULL)
		return FAIL(NOMEM, "no room to route the request");
	for (size_t i = 0; i < s->count; i++) {
		struct subject subject = { .item = s->is_records ? NULL : &s->items.items[i] };
		if (s->is_records)
			subject.line = &s->lines.lines[i];
		else
			subject.signal = signals[kind];
		s->exporters[i] = exporters_for(r, &subject);
	}
	return kind == PAYLOAD_TRACES && r->llm_only != 0 ? leave_other_spans_out(r, a, s) : OK;
}

static bool get_the_same(const struct splitting *s, unsigned one, unsigned other)
{
	for (size_t i = 0; i < s->count; i++)
		if ((s->exporters[i] >> one & 1u) != (s->exporters[i] >> other & 1u))
			return false;
	return true;
}

static struct status write_part(struct splitting *s, unsigned exporter, struct slice whole, uint32_t whole_items,
				struct arena *a, struct route_part *part)
{
	size_t chosen = 0;

	for (size_t i = 0; i < s->count; i++) {
		s->chosen[i] = s->exporters[i] >> exporter & 1u;
		chosen += s->chosen[i];
	}
	part->bytes = SLICE_NONE;
	part->items = (uint32_t)chosen;
	if (chosen == 0)
		return OK;
	if (chosen == s->count) {
		part->bytes = whole;
		part->items = whole_items;
		return OK;
	}
	return s->is_records ? record_lines_write(&s->lines, s->chosen, a, &part->bytes) :
			       items_write(&s->items, s->chosen, 1, a, &part->bytes);
}

struct status router_split(const struct router *r, enum payload_kind kind, struct slice bytes, uint32_t items,
			   uint64_t exporters, struct arena *a, struct route_part *parts, size_t *count)
{
	struct splitting s = { 0 };

	*count = 0;
	TRY(read_subjects(r, kind, bytes, a, &s));
	for (uint64_t left = exporters; left != 0;) {
		unsigned first = (unsigned)__builtin_ctzll(left);
		struct route_part *part = &parts[*count];
		part->exporters = 0;
		for (uint64_t others = left; others != 0; others &= others - 1)
			if (get_the_same(&s, first, (unsigned)__builtin_ctzll(others)))
				part->exporters |= others & -others;
		left &= ~part->exporters;
		TRY(write_part(&s, first, bytes, items, a, part));
		*count += part->bytes.len > 0;
	}
	return OK;
}
