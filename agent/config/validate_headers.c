/* SPDX-License-Identifier: Apache-2.0
 * config/validate_headers.c - rows named headers: names and values as RFC 9110 section 5 has them.
 */
#include <ctype.h>

#include "agent/config/validate.h"

static bool is_token(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("!#$%&'*+-.^_`|~", *c) == NULL)
			return false;
	return name[0] != '\0';
}

/* A line end would begin another header: one that stands at the end of a variable is easily overlooked. */
static bool has_control(const char *value)
{
	for (; *value != '\0'; value++)
		if (iscntrl((unsigned char)*value) && *value != '\t')
			return true;
	return false;
}

static void check_header(struct conf_errors *e, struct conf_mark at, const struct string_pair *header)
{
	if (!is_token(header->key))
		conf_error(e, at, "headers: '%.60s' is no name of a header; letters, digits and !#$%%&'*+-.^_`|~ make one",
			   header->key);
	else if (has_control(header->value))
		conf_error(e, at, "headers: the value of '%.60s' holds a line end or another control character", header->key);
}

void validate_headers(struct conf_errors *e, const struct conf_option *table, struct conf_mark at,
		      const struct tree_node *node, const void *section)
{
	for (const struct conf_option *o = table; o->name != NULL; o++) {
		const struct string_map *headers = (const void *)((const char *)section + o->offset);
		if (o->type != CONF_MAP || strcmp(o->name, "headers") != 0)
			continue;
		const struct tree_item *given = tree_find(node, o->name);
		for (size_t i = 0; i < headers->count; i++)
			check_header(e, given != NULL ? given->value->mark : at, &headers->items[i]);
	}
}
