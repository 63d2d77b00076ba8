/* SPDX-License-Identifier: Apache-2.0
 * net/url.c - addresses as they may be shown.
 */
#include "agent/net/url.h"

#include <stdio.h>
#include <string.h>

void url_for_log(const char *url, char *out, size_t size)
{
	const char *scheme_end = strstr(url, "://");
	const char *rest = scheme_end != NULL ? scheme_end + 3 : url;
	size_t authority = strcspn(rest, "/?#");
	const char *host = rest;

	for (size_t i = 0; i < authority; i++)
		if (rest[i] == '@')
			host = rest + i + 1;
	snprintf(out, size, "%.*s%.*s", (int)(rest - url), url, (int)strcspn(host, "?#"), host);
}
