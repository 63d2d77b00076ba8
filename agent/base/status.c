/* SPDX-License-Identifier: Apache-2.0
 * base/status.c - names and texts of the status codes.
 */
#include "agent/base/status.h"

#include <assert.h>
#include <stddef.h>

static const struct {
	const char *name, *text;
} codes[] = {
#define X(name, text) { #name, text },
	STATUS_MAP(X)
#undef X
};

const char *status_text(enum status_code code)
{
	assert((size_t)code < sizeof(codes) / sizeof(codes[0]));
	return codes[code].text;
}

const char *status_name(enum status_code code)
{
	assert((size_t)code < sizeof(codes) / sizeof(codes[0]));
	return codes[code].name;
}
