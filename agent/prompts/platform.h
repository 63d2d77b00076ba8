/* SPDX-License-Identifier: Apache-2.0
 * prompts/platform.h - prompt versions as platforms write them down in JSON, turned into manifests.
 */
#ifndef PLIMSOLL_PROMPTS_PLATFORM_H
#define PLIMSOLL_PROMPTS_PLATFORM_H

#include "agent/base/arena.h"
#include "agent/base/buf.h"
#include "agent/base/json.h"
#include "agent/prompts/manifest.h"

/* What platforms tell of a version. Raw slices are JSON values, empty where not told. */
struct platform_prompt {
	struct slice name, version; /* text */
	struct slice model;         /* text */
	struct slice temperature, max_output_tokens; /* numbers as written */
	struct slice template;      /* text */
	struct slice messages, tools; /* JSON */
	struct slice owner;         /* text */
	struct slice lost;          /* names of what was said and has no place in a manifest: "labels, config.top_p" */
};

/* Adds the name to what is lost. */
void platform_lose(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice name);

/* Adds each member of the object that says something and is not in taken, which ends at NULL. */
void platform_lose_others(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice object,
			  const char *const *taken);

/* Model, temperature, token limit and tools by the names that vendors have for them; what else stands there is lost. */
void platform_parameters(struct platform_prompt *p, struct arena *a, const char *prefix, struct slice object);

/* The value where it is of that kind; else empty. */
struct slice platform_container(struct slice raw, enum json_kind wanted);

/* The manifest of it. source: for messages. Errors: as manifest_read. */
struct status platform_manifest(const char *source, const struct platform_prompt *p, struct manifest **out,
				struct buf *errors) MUST_USE;

/* A prompt of Langfuse: {name, version, type, prompt, config}. False: it is none. */
bool platform_langfuse(struct slice object, struct arena *a, struct platform_prompt *out);

/* A prompt of Braintrust: {slug, version or _xact_id, prompt_data}. */
bool platform_braintrust(struct slice object, struct arena *a, struct platform_prompt *out);

/* A prompt of LangSmith: a serialised ChatPromptTemplate with its metadata, or a commit {repo, commit_hash, manifest};
 * bound to a model, or not. Variables in one pair of braces get two. False: it does not say its name or its version; name
 * and version hold what it says. */
bool platform_langsmith(struct slice object, struct arena *a, struct platform_prompt *out);

/* The text of a string member, unescaped, or of a number as it is written; empty where it is neither. */
struct slice platform_text(struct slice object, const char *name, struct arena *a);

#endif
