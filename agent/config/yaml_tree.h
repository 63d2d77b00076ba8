/* SPDX-License-Identifier: Apache-2.0
 * config/yaml_tree.h - a YAML document as a tree that remembers where each value stood.
 *
 * Scalars stay text; the option table knows what they mean. Anchors, aliases and merge keys ("<<") work, and an alias
 * shares its node instead of copying it, so a small file cannot become a large tree. Keys given twice, tags of other
 * types, a second document, and more than TREE_NODES_MAX values or TREE_DEPTH_MAX levels are errors.
 */
#ifndef PLIMSOLL_CONFIG_YAML_TREE_H
#define PLIMSOLL_CONFIG_YAML_TREE_H

#include "agent/base/arena.h"
#include "agent/base/status.h"
#include "agent/config/errors.h"

#define TREE_NODES_MAX 100000
#define TREE_DEPTH_MAX 32

enum tree_kind { TREE_NULL, TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree_node {
	enum tree_kind kind;
	struct conf_mark mark;
	struct slice text;       /* SCALAR: without a NUL inside, with one behind */
	bool is_quoted;          /* SCALAR: text, whatever it reads as */
	struct tree_item *first; /* LIST and MAP, in the file's order */
	struct tree_item **last;
	size_t count;
};

struct tree_item {
	const struct tree_node *key; /* MAP: a scalar; LIST: NULL */
	const struct tree_node *value;
	struct tree_item *next;
};

/* Reads one document; JSON, too, with all that it may hold (json_for_yaml.h). An empty one is a TREE_NULL root.
 * Errors: INVALID, with at least one line in errors; NOMEM. */
struct status yaml_tree_read(struct slice text, struct arena *arena, struct conf_errors *errors,
			     const struct tree_node **root) MUST_USE;

/* The entry of that key in a map; NULL where there is none, or node is NULL or no map. */
const struct tree_item *tree_find(const struct tree_node *node, const char *key);

/* Appends the value as JSON text, each alias written out. Past about max_bytes of it out is failed. */
void tree_write_json(const struct tree_node *node, size_t max_bytes, struct buf *out);

/* More than that a text without a bomb of aliases does not come to: six bytes for an escaped one, and some aliases. */
static inline size_t tree_json_bytes(struct slice text)
{
	return 6 * text.len + ((size_t)1 << 20);
}

/* The value at a dotted path of keys, or NULL. */
const struct tree_node *tree_path(const struct tree_node *root, const char *path);

#endif
