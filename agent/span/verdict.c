/* SPDX-License-Identifier: Apache-2.0
 * span/verdict.c - names of the words in verdict.h.
 */
#include "agent/span/verdict.h"

const char *const verdict_kind_names[VERDICT_KIND_COUNT] = {
#define X(id, name) name,
	VERDICT_KIND_MAP(X)
#undef X
};
