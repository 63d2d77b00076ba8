/* SPDX-License-Identifier: Apache-2.0
 * base/json_schema_priv.h - what the files of the schema check share.
 */
#ifndef PLIMSOLL_BASE_JSON_SCHEMA_PRIV_H
#define PLIMSOLL_BASE_JSON_SCHEMA_PRIV_H

#include "agent/base/json_equal.h"
#include "agent/base/json_schema.h"

struct schema_check {
	struct slice root; /* of the schema, for $ref */
	struct buf path;   /* of the value, "/items/0" */
	struct buf *why;
	json_pattern_fn match; /* NULL: patterns are taken as kept */
	struct json_work work; /* once nothing is left of it every check fails, in silence */
	unsigned depth;
	bool is_told; /* why nothing can be said, once work has no bytes left */
	bool silent;  /* inside anyOf, oneOf, not: a failure there is no news */
};

struct schema_bound;

/* A keyword's own value, the schema around it, and the value that is checked. */
struct schema_site {
	struct slice keyword, schema, value;
	const struct schema_bound *bound; /* of minimum, maxLength, ...; else NULL */
};

/* Says where and why, unless nobody wants to know. Always false. */
bool schema_broken(struct schema_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum json_kind schema_kind_of(struct slice value);

/* Whether the value keeps to the schema; under a longer path; has all members that the list names. */
bool schema_fits_value(struct schema_check *c, struct slice schema, struct slice value);
bool schema_fits_below(struct schema_check *c, struct slice schema, struct slice value, struct slice name);
bool schema_has_all(struct schema_check *c, struct slice names, struct slice value);

/* One keyword each (json_schema_members.c). */
bool schema_check_properties(struct schema_check *c, const struct schema_site *s);
bool schema_check_pattern_properties(struct schema_check *c, const struct schema_site *s);
bool schema_check_additional(struct schema_check *c, const struct schema_site *s);
bool schema_check_names(struct schema_check *c, const struct schema_site *s);
bool schema_check_dependent_required(struct schema_check *c, const struct schema_site *s);
bool schema_check_dependent_schemas(struct schema_check *c, const struct schema_site *s);
bool schema_check_pattern(struct schema_check *c, const struct schema_site *s);

#endif
