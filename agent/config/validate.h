/* SPDX-License-Identifier: Apache-2.0
 * config/validate.h - what rows cannot say alone: values that must fit each other, addresses, habits from the
 * Collector.
 */
#ifndef PLIMSOLL_CONFIG_VALIDATE_H
#define PLIMSOLL_CONFIG_VALIDATE_H

#include "agent/config/config.h"
#include "agent/config/errors.h"
#include "agent/config/yaml_tree.h"

/* What to do instead of a key that a Collector configuration has in that section and we do not; NULL for any other. */
const char *validate_collector_key(const struct conf_option *table, struct slice key);

/* The same for a kind of exporter, or a back end that a preset knows. */
const char *validate_collector_exporter(struct slice kind);

/* Rows named endpoint hold "host:port", a URL or a name that gRPC resolves; rows named url, or ..._url, an HTTP URL.
 * at: of the section's key, for values that the file does not give. */
void validate_addresses(struct conf_errors *e, const struct conf_option *table, struct conf_mark at,
			const struct tree_node *node, const void *section);

/* Whether it is such a row. */
bool validate_is_address(const struct conf_option *o);

/* Rows named headers hold what can be sent as such. at: as above. */
void validate_headers(struct conf_errors *e, const struct conf_option *table, struct conf_mark at,
		      const struct tree_node *node, const void *section);

/* What a table's own check says of a section that was read without mistakes. */
void validate_section(struct conf_errors *e, const struct conf_option *table, struct conf_mark at, const void *section);

/* The whole: at least one protocol, and no two listeners on one address. root: for places; may be NULL. */
void validate_config(struct conf_errors *e, const struct tree_node *root, const struct config *c);

/* Matchers, rules and templates of alerts, and their URLs. root: as above. */
void validate_alerts(struct conf_errors *e, const struct tree_node *root, const struct alerts_config *alerts);

/* Rules of prompts. root: as above. */
void validate_prompts(struct conf_errors *e, const struct tree_node *root, const struct prompts_config *prompts);

/* NULL, or what is wrong with an http:// or https:// URL (a literal). */
const char *validate_http_url(const char *text);

#endif
