/* SPDX-License-Identifier: Apache-2.0
 * config/load.c - from a path to a whole configuration: read, parse, check.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent/config/parse.h"
#include "agent/base/file.h"
#include "agent/config/validate.h"

#define FILE_BYTES_MAX   (1024u * 1024u)
#define TREE_BYTES_MAX   (16u * 1024u * 1024u)
#define VALUES_BYTES_MAX (16u * 1024u * 1024u)

static size_t count_kinds(const struct config_kind *kinds)
{
	size_t n = 0;

	while (kinds[n].name != NULL)
		n++;
	return n;
}

static enum channel_type channel_type(const char *kind)
{
	int type = 0;

	while (strcmp(channel_kinds[type].name, kind) != 0)
		type++;
	return (enum channel_type)type;
}

static void load_channels(struct parse *p, const struct tree_node *root, struct alerts_config *alerts)
{
	struct config_instance *found;
	size_t count;

	parse_kinds(p, "channel", channel_kinds, count_kinds(channel_kinds), tree_path(root, "alerts.channels"), &found,
		    &count);
	if (count == 0)
		return;
	alerts->channels = arena_array(p->arena, count, sizeof(*alerts->channels));
	if (alerts->channels == NULL) {
		p->nomem = true;
		return;
	}
	alerts->channel_count = count;
	for (size_t i = 0; i < count; i++) {
		alerts->channels[i] = *(const struct channel_config *)found[i].options;
		alerts->channels[i].name = found[i].id;
		alerts->channels[i].type = channel_type(found[i].kind);
	}
}

/* Without a receivers section both protocols are on; with one, those that it names. */
static void switch_protocols(const struct tree_node *root, struct config *c)
{
	bool all = tree_find(root, "receivers") == NULL;

	c->grpc.enabled = all || tree_path(root, "receivers.otlp.protocols.grpc") != NULL;
	c->http.enabled = all || tree_path(root, "receivers.otlp.protocols.http") != NULL;
}

static void parse_tree(struct parse *p, const struct tree_node *root, const struct config_kind *kinds,
		       size_t kind_count, struct config *c)
{
	parse_section(p, config_options, root->mark, root, c);
	parse_kinds(p, "exporter", kinds, kind_count, tree_path(root, "exporters"), &c->exporters, &c->exporter_count);
	load_channels(p, root, &c->alerts);
	validate_alerts(p->errors, root, &c->alerts);
	validate_prompts(p->errors, root, &c->prompts);
	parse_kinds(p, "objective", slo_kinds, count_kinds(slo_kinds), tree_path(root, "slos"), &c->slos.items,
		    &c->slos.count);
	parse_kinds(p, "budget", budget_kinds, count_kinds(budget_kinds), tree_path(root, "budgets.limits"),
		    &c->budgets.limits.items, &c->budgets.limits.count);
	switch_protocols(root, c);
	validate_config(p->errors, root, c);
}

/* Every mistake goes to p->errors. */
static struct status load_text(struct parse *p, struct slice text, const struct config_kind *kinds, size_t kind_count,
			       struct config *c)
{
	const struct tree_node *root = NULL;
	struct arena tree;

	arena_init(&tree, TREE_BYTES_MAX);
	struct status s = yaml_tree_read(text, &tree, p->errors, &root);
	if (s.code != STATUS_NOMEM && root != NULL)
		parse_tree(p, root, kinds, kind_count, c);
	arena_release(&tree);
	if (s.code == STATUS_NOMEM || p->nomem)
		return FAIL(NOMEM, "the configuration needs more memory than it may have");
	return p->errors->count == 0 ? OK : FAIL(INVALID, "the configuration has mistakes");
}

static struct status load_file(struct parse *p, const struct config_kind *kinds, size_t kind_count, struct config *c)
{
	struct buf text = BUF_INIT;
	struct conf_mark whole = { 0, 0 };
	struct status s = file_read(p->errors->file, FILE_BYTES_MAX, &text);

	if (s.code == STATUS_IO)
		conf_error(p->errors, whole, "cannot read: %s", strerror(errno));
	else if (s.code == STATUS_TOOBIG)
		conf_error(p->errors, whole, "larger than %u bytes, so it is hardly a configuration", FILE_BYTES_MAX);
	if (!FAILED(s))
		s = load_text(p, buf_view(&text), kinds, kind_count, c);
	buf_release(&text);
	return s.code == STATUS_TOOBIG ? FAIL(INVALID, "the file is too large") : s;
}

struct status config_load_as(enum config_files files, const char *path, const struct config_kind *kinds,
			     size_t kind_count, struct config **out, struct buf *errors)
{
	struct conf_errors found = { .file = path };
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return FAIL(NOMEM, "no memory for the configuration");
	arena_init(&c->arena, VALUES_BYTES_MAX);
	struct parse p = { .arena = &c->arena, .errors = &found, .files = files };
	parse_defaults(&p, config_options, c);
	switch_protocols(NULL, c);
	c->path = path != NULL ? arena_dup(&c->arena, slice_of(path)).ptr : NULL;
	struct status s = p.nomem ? FAIL(NOMEM, "no memory for the configuration") : OK;
	if (!FAILED(s) && path != NULL)
		s = load_file(&p, kinds, kind_count, c);
	buf_release(&p.scratch);
	conf_errors_finish(&found, errors);
	if (FAILED(s))
		config_free(c);
	else
		*out = c;
	return s;
}

struct status config_load(const char *path, const struct config_kind *kinds, size_t kind_count, struct config **out,
			  struct buf *errors)
{
	return config_load_as(CONFIG_FILES_OF_SECRETS, path, kinds, kind_count, out, errors);
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	arena_release(&c->arena);
	free(c);
}
