/* SPDX-License-Identifier: Apache-2.0
 * What was imported last, and what was said about it. Group tear-down: release_import.
 */
#ifndef PLIMSOLL_TESTS_PROMPTS_IMPORTED_H
#define PLIMSOLL_TESTS_PROMPTS_IMPORTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agent/prompts/import.h"

static struct manifest_set set;
static const char *source;
static size_t left_out;
static struct buf why;

/* As import_read, in place of what was imported before. */
static inline struct status import_again(const char *path, struct slice text, const char *name)
{
	manifest_set_release(&set);
	buf_reset(&why);
	return import_read(path, text, name, &set, &source, &left_out, &why);
}

static inline void assert_said(const char *words)
{
	if (strstr(buf_string(&why), words) == NULL)
		fail_msg("'%s' is not in '%s'", words, buf_string(&why));
}

static inline int release_import(void **state)
{
	(void)state;
	manifest_set_release(&set);
	buf_release(&why);
	return 0;
}

#endif
