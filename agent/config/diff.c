/* SPDX-License-Identifier: Apache-2.0
 * config/diff.c - which changes a running agent cannot take over.
 */
#include "agent/config/config.h"
#include "agent/config/scalar.h"

#define PATH_BYTES 256

/* Where the walk is: the dotted name so far. */
struct place {
	char path[PATH_BYTES];
	struct buf *out;
	size_t start; /* of our text in out */
};

/* Longer names are cut, in a line for the log. */
static size_t enter(struct place *p, const char *name)
{
	size_t before = strlen(p->path), left = sizeof(p->path) - before;
	size_t n = strlen(name), dot = before > 0 ? 1 : 0;

	if (left <= dot + 1)
		return before;
	if (n > left - dot - 1)
		n = left - dot - 1;
	if (dot == 1)
		p->path[before] = '.';
	memcpy(p->path + before + dot, name, n);
	p->path[before + dot + n] = '\0';
	return before;
}

static void leave(struct place *p, size_t before)
{
	p->path[before] = '\0';
}

static void name_change(struct place *p)
{
	buf_printf(p->out, "%s%s", p->out->len > p->start ? ", " : "", p->path);
}

static bool same_list(const struct string_list *a, const struct string_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool same_map(const struct string_map *a, const struct string_map *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].key, b->items[i].key) != 0 || strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	return true;
}

static bool same_value(const struct conf_option *o, const void *old, const void *new)
{
	if (o->type == CONF_LIST)
		return same_list(old, new);
	if (o->type == CONF_MAP)
		return same_map(old, new);
	return scalar_equal(o, old, new);
}

static void diff_section(struct place *p, const struct conf_option *table, const void *old, const void *new)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		const void *old_value = (const char *)old + o->offset, *new_value = (const char *)new + o->offset;
		if (o->reloads || o->type == CONF_KINDS) /* channels and objectives reload; diff_exporters does the rest */
			continue;
		size_t before = enter(p, o->name);
		if (o->type == CONF_SECTION)
			diff_section(p, o->section, old_value, new_value);
		else if (!same_value(o, old_value, new_value))
			name_change(p);
		leave(p, before);
	}
}

static void diff_protocol(struct place *p, const char *path, bool old_enabled, bool new_enabled)
{
	size_t before = enter(p, path);

	if (old_enabled != new_enabled)
		name_change(p);
	leave(p, before);
}

static const struct config_instance *find_exporter(const struct config *c, const char *id)
{
	for (size_t i = 0; i < c->exporter_count; i++)
		if (strcmp(c->exporters[i].id, id) == 0)
			return &c->exporters[i];
	return NULL;
}

/* Exporters that are in both are compared; one that came or went is named itself. */
static void diff_exporter(struct place *p, const struct config_instance *old, const struct config_instance *new)
{
	size_t before = enter(p, "exporters");

	enter(p, old != NULL ? old->id : new->id);
	if (old == NULL || new == NULL) {
		name_change(p);
	} else {
		diff_section(p, new->table, old->options, new->options);
		diff_section(p, exporter_common_options, &old->common, &new->common);
	}
	leave(p, before);
}

static void diff_exporters(struct place *p, const struct config *old, const struct config *new)
{
	for (size_t i = 0; i < old->exporter_count; i++)
		diff_exporter(p, &old->exporters[i], find_exporter(new, old->exporters[i].id));
	for (size_t i = 0; i < new->exporter_count; i++)
		if (find_exporter(old, new->exporters[i].id) == NULL)
			diff_exporter(p, NULL, &new->exporters[i]);
}

void config_diff_reload(const struct config *old, const struct config *new, struct buf *needs_restart)
{
	struct place p = { .out = needs_restart, .start = needs_restart->len };

	diff_protocol(&p, "receivers.otlp.protocols.grpc", old->grpc.enabled, new->grpc.enabled);
	diff_protocol(&p, "receivers.otlp.protocols.http", old->http.enabled, new->http.enabled);
	diff_section(&p, config_options, old, new);
	diff_exporters(&p, old, new);
}
