/* SPDX-License-Identifier: Apache-2.0
 * prompts/manifest.h - what one version of a prompt is, as its owner wrote it down: YAML or JSON, one file a version.
 *
 * Mistakes are told with file, line, column and the nearest key. A manifest owns its texts and is read-only once read.
 */
#ifndef PLIMSOLL_PROMPTS_MANIFEST_H
#define PLIMSOLL_PROMPTS_MANIFEST_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/status.h"
#include "agent/config/errors.h"
#include "agent/config/option.h"

#define MANIFEST_BYTES_MAX (1u << 20)

struct manifest {
	struct arena arena;
	const char *path; /* of its file, or what else told of it */
	struct conf_mark name_mark, version_mark;
	const char *name, *version; /* never NULL */
	const char *model;          /* NULL, here and below: not said */
	double temperature;         /* NaN: not said */
	int64_t max_output_tokens;  /* 0: not said */
	struct {
		const char *collection;
		int64_t top_k;    /* 0: not said */
		double min_score; /* NaN: not said */
	} retrieval;
	struct {
		bool require_citations, refuse_if_not_in_context;
	} policy;
	const char *template, *messages, *tools; /* the latter two as JSON */
	const char *eval_set, *owner, *approved_by, *ticket;
	const char *environment; /* only of a manifest that a platform told of: where it was put; never in a file */
	uint64_t content_hash;   /* of the fields that change what the model does; stable */
};

/* Which keys there are, and what they are for; ends at name == NULL. */
extern const struct conf_option manifest_options[];

/* file: for messages; copied. errors: a line for each mistake. Errors: INVALID; NOMEM. */
struct status manifest_read(const char *file, struct slice text, struct manifest **out, struct buf *errors) MUST_USE;

/* As manifest_read, from a file. Errors: also IO, TOOBIG. */
struct status manifest_load(const char *path, struct manifest **out, struct buf *errors) MUST_USE;
void manifest_free(struct manifest *m);

/* The fields one by one, in the order in which they are shown. */
struct manifest_field {
	const char *name; /* dotted: "retrieval.top_k" */
	enum conf_type type;
	size_t offset;
	bool is_content; /* changes what the model is told or how it is asked */
};
extern const struct manifest_field manifest_fields[]; /* ends at name == NULL */

/* Appends the field's value as text; false, and nothing appended, where the manifest does not say it. */
bool manifest_field_text(const struct manifest *m, const struct manifest_field *f, struct buf *out);

/* As JSON that manifest_read takes; only what is said. */
void manifest_write_json(const struct manifest *m, struct buf *out);

/* As YAML for a file. */
void manifest_write_yaml(const struct manifest *m, struct buf *out);

/* Appends what the model is told first, with its variables: the template, or the system's message. False: not said. */
bool manifest_system_text(const struct manifest *m, struct buf *out);

#endif
