/* SPDX-License-Identifier: Apache-2.0
 * prompts/import_priv.h - what the readers behind import_read share.
 */
#ifndef PLIMSOLL_PROMPTS_IMPORT_PRIV_H
#define PLIMSOLL_PROMPTS_IMPORT_PRIV_H

#include "agent/prompts/import.h"
#include "agent/prompts/platform.h"

struct import {
	const char *path;
	const char *name;  /* of prompts that the file does not name; NULL: none */
	struct slice text; /* the file's, where the places of values are known: not of YAML */
	struct arena arena;
	struct manifest_set *set;
	size_t left_out;
	struct buf *why;
};

/* Adds the version to the set, and notes what of it has no place. item: where it stands. */
void import_take(struct import *in, const struct platform_prompt *p, struct slice item);

/* Counts one that cannot be taken, and says why. */
void import_leave_out(struct import *in, const char *why, struct slice item);

/* A configuration of Promptfoo, or results of it (import_promptfoo.c). False: it is neither. */
bool import_promptfoo(struct import *in, struct slice root);

/* YAML as JSON. path: for mistakes, of which why gets a line each. */
bool import_yaml(const char *path, struct slice text, struct buf *json, struct buf *why);

#endif
