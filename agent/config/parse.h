/* SPDX-License-Identifier: Apache-2.0
 * config/parse.h - fills plain structs from the YAML tree, by option tables.
 */
#ifndef PLIMSOLL_CONFIG_PARSE_H
#define PLIMSOLL_CONFIG_PARSE_H

#include "agent/base/arena.h"
#include "agent/config/config.h"
#include "agent/config/errors.h"
#include "agent/config/yaml_tree.h"

struct parse {
	struct arena *arena;        /* of the values */
	struct conf_errors *errors; /* every mistake is reported; reading goes on */
	struct buf scratch;         /* of one message */
	bool nomem;
	enum config_files files; /* what is asked of those that are named */
	bool is_document; /* no configuration: dollars stand for themselves, and one value will do for a list */
	const struct conf_option *kind_table; /* beside its rows, those of exporter_common_options are known; may be NULL */
	struct exporter_common *common;       /* where these go */
};

/* What a secret holds whose file is another machine's (CONFIG_FILES_ELSEWHERE): this very pointer. */
extern const char parse_secret_elsewhere[];

/* Writes the defaults of the table, and of the sections in it, into the struct. */
void parse_defaults(struct parse *p, const struct conf_option *table, void *section);

/* Reads a mapping (or nothing: null) into the struct, which holds the defaults. at: where a missing key is reported.
 * Rows of CONF_KINDS are left to parse_kinds. */
void parse_section(struct parse *p, const struct conf_option *table, struct conf_mark at, const struct tree_node *node,
		   void *section);

/* Reads a mapping of "kind" or "kind/name" to the kind's own options; what: "exporter", for messages.
 * kinds: kind_count of them. *out, *count: in the arena; entries with mistakes in their name are left out. */
void parse_kinds(struct parse *p, const char *what, const struct config_kind *kinds, size_t kind_count,
		 const struct tree_node *node, struct config_instance **out, size_t *count);

#endif
