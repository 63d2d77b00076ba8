/* SPDX-License-Identifier: Apache-2.0
 * base/status.c - names of the status codes.
 */
#include "agent/base/status.h"

#include <assert.h>
#include <stddef.h>

static const char *const names[] = {
#define X(name) #name,
	STATUS_MAP(X)
#undef X
};

const char *status_name(enum status_code code)
{
	assert((size_t)code < sizeof(names) / sizeof(names[0]));
	return names[code];
}
