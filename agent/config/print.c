/* SPDX-License-Identifier: Apache-2.0
 * config/print.c - a configuration as a file that would load to the same, but for secrets.
 */
#include "agent/config/config.h"
#include "agent/config/scalar.h"

static void print_section(const struct config *c, const struct conf_option *table, const void *section, unsigned depth,
			  struct buf *out);

static void indent(unsigned depth, struct buf *out)
{
	for (unsigned i = 0; i < depth; i++)
		buf_text(out, "  ");
}

static void print_list(const struct string_list *list, struct buf *out)
{
	buf_byte(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			buf_text(out, ", ");
		scalar_print_string(list->items[i], out);
	}
	buf_text(out, "]\n");
}

/* Names may be seen, values may be secrets. */
static void print_map(const struct string_map *map, unsigned depth, struct buf *out)
{
	buf_text(out, map->count > 0 ? "\n" : "{}\n");
	for (size_t i = 0; i < map->count; i++) {
		indent(depth + 1, out);
		scalar_print_string(map->items[i].key, out);
		buf_text(out, ": <redacted>\n");
	}
}

static void print_instance(const struct config *c, const char *id, const struct conf_option *table, const void *options,
			   unsigned depth, struct buf *out)
{
	indent(depth, out);
	scalar_print_string(id, out);
	buf_text(out, ":\n");
	print_section(c, table, options, depth + 1, out);
}

static void print_channels(const struct config *c, unsigned depth, struct buf *out)
{
	buf_text(out, c->alerts.channel_count > 0 ? "\n" : "{}\n");
	for (size_t i = 0; i < c->alerts.channel_count; i++)
		print_instance(c, c->alerts.channels[i].name, channel_kinds[c->alerts.channels[i].type].options,
			       &c->alerts.channels[i], depth + 1, out);
}

static void print_kinds(const struct config *c, const struct conf_option *o, unsigned depth, struct buf *out)
{
	const struct config_instances exporters = { c->exporters, c->exporter_count };
	const struct config_instances *all = o->kinds == slo_kinds    ? &c->slos :
					     o->kinds == budget_kinds ? &c->budgets.limits :
									&exporters;

	if (o->kinds == channel_kinds) {
		print_channels(c, depth, out);
		return;
	}
	buf_text(out, all->count > 0 ? "\n" : "{}\n");
	for (size_t i = 0; i < all->count; i++) {
		print_instance(c, all->items[i].id, all->items[i].table, all->items[i].options, depth + 1, out);
		if (all == &exporters)
			print_section(c, exporter_common_options, &all->items[i].common, depth + 2, out);
	}
}

/* A protocol that is off has no key; text that was not given has neither. */
static bool is_left_out(const struct config *c, const struct conf_option *o, const void *value)
{
	if (o->type == CONF_SECTION)
		return (slice_equal(slice_of(o->name), SLICE("grpc")) && !c->grpc.enabled) ||
		       (slice_equal(slice_of(o->name), SLICE("http")) && !c->http.enabled);
	return (o->type == CONF_STRING || o->type == CONF_SECRET) && *(const char *const *)value == NULL;
}

static void print_value(const struct config *c, const struct conf_option *o, const void *value, unsigned depth,
			struct buf *out)
{
	switch (o->type) {
	case CONF_SECTION:
		buf_byte(out, '\n');
		print_section(c, o->section, value, depth + 1, out);
		break;
	case CONF_KINDS:
		print_kinds(c, o, depth, out);
		break;
	case CONF_LIST:
		print_list(value, out);
		break;
	case CONF_MAP:
		print_map(value, depth, out);
		break;
	default:
		scalar_print(o, value, out);
		buf_byte(out, '\n');
	}
}

static void print_section(const struct config *c, const struct conf_option *table, const void *section, unsigned depth,
			  struct buf *out)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		const void *value = (const char *)section + o->offset;
		if (is_left_out(c, o, value))
			continue;
		indent(depth, out);
		buf_printf(out, "%s: ", o->name);
		if (o->type == CONF_SECTION)
			out->len--; /* nothing stands behind the colon */
		print_value(c, o, value, depth, out);
	}
}

void config_print(const struct config *c, struct buf *out)
{
	print_section(c, config_options, c, 0, out);
}
