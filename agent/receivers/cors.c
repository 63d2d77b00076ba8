/* SPDX-License-Identifier: Apache-2.0
 * receivers/cors.c - the origin is said back as it came, never as "*": beacons of pages carry credentials, and browsers
 * take no "*" for those. Which origins were allowed is for caches to know, too (Vary).
 */
#include "agent/receivers/cors.h"

#include <stdio.h>

/* Those that pages send without asking, and those of every OTLP request. */
static const struct slice usual_headers[] = {
	{ "accept", 6 },
	{ "accept-language", 15 },
	{ "content-language", 16 },
	{ "content-type", 12 },
	{ "x-requested-with", 16 },
};

static struct slice header(struct MHD_Connection *connection, const char *name)
{
	return slice_trim(slice_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name)));
}

/* pattern: with one '*' at most, which stands for any text. */
static bool matches(struct slice pattern, struct slice text)
{
	ptrdiff_t star = slice_find(pattern, SLICE("*"));

	if (star < 0)
		return slice_equal_nocase(pattern, text);
	struct slice head = slice_head(pattern, (size_t)star), tail = slice_skip(pattern, (size_t)star + 1);
	return text.len >= head.len + tail.len && slice_equal_nocase(slice_head(text, head.len), head) &&
	       slice_equal_nocase(slice_skip(text, text.len - tail.len), tail);
}

bool cors_allows_origin(const struct cors_config *c, struct slice origin)
{
	for (size_t i = 0; i < c->allowed_origins.count; i++)
		if (origin.len > 0 && matches(slice_of(c->allowed_origins.items[i]), origin))
			return true;
	return false;
}

static bool allows_header(const struct cors_config *c, struct slice name)
{
	for (size_t i = 0; i < sizeof(usual_headers) / sizeof(usual_headers[0]); i++)
		if (slice_equal_nocase(name, usual_headers[i]))
			return true;
	for (size_t i = 0; i < c->allowed_headers.count; i++)
		if (matches(slice_of(c->allowed_headers.items[i]), name))
			return true;
	return name.len == 0;
}

bool cors_allows_headers(const struct cors_config *c, struct slice names)
{
	while (names.len > 0) {
		ptrdiff_t comma = slice_find(names, SLICE(","));
		size_t n = comma < 0 ? names.len : (size_t)comma;
		if (!allows_header(c, slice_trim(slice_head(names, n))))
			return false;
		names = slice_skip(names, n + 1);
	}
	return true;
}

bool cors_is_preflight(const struct cors_config *c, struct MHD_Connection *connection, const char *method)
{
	return c->allowed_origins.count > 0 && strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0 &&
	       header(connection, "Origin").len > 0 && header(connection, "Access-Control-Request-Method").len > 0;
}

static void allow_origin(struct MHD_Connection *connection, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Access-Control-Allow-Origin",
				MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin"));
	MHD_add_response_header(response, "Access-Control-Allow-Credentials", "true");
}

void cors_answer_preflight(const struct cors_config *c, struct MHD_Connection *connection, struct MHD_Response *response)
{
	const char *names = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Access-Control-Request-Headers");
	char seconds[24];

	MHD_add_response_header(response, "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	if (!cors_allows_origin(c, header(connection, "Origin")) || !cors_allows_headers(c, slice_of(names)) ||
	    !slice_equal(header(connection, "Access-Control-Request-Method"), SLICE("POST")))
		return;
	allow_origin(connection, response);
	MHD_add_response_header(response, "Access-Control-Allow-Methods", "POST");
	if (names != NULL)
		MHD_add_response_header(response, "Access-Control-Allow-Headers", names);
	if (c->max_age_s == 0)
		return;
	snprintf(seconds, sizeof(seconds), "%lld", (long long)c->max_age_s);
	MHD_add_response_header(response, "Access-Control-Max-Age", seconds);
}

void cors_add_headers(const struct cors_config *c, struct MHD_Connection *connection, struct MHD_Response *response)
{
	if (c->allowed_origins.count == 0)
		return;
	MHD_add_response_header(response, "Vary", "Origin");
	if (!cors_allows_origin(c, header(connection, "Origin")))
		return;
	allow_origin(connection, response);
	MHD_add_response_header(response, "Access-Control-Expose-Headers", "Retry-After");
}
