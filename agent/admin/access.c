/* SPDX-License-Identifier: Apache-2.0
 * admin/access.c - see the header.
 *
 * A peer on loopback needs no token, but a browser on this machine is such a peer, too, and runs other people's pages:
 * hence the Host header must be this machine's (a page that points a name of its own at 127.0.0.1 sends that name), and
 * the body's type must be one that no page can send elsewhere without asking first.
 */
#include "agent/admin/access.h"

#include <netinet/in.h>
#include <openssl/crypto.h>

#include "agent/admin/negotiate.h"

bool carries_token(struct slice authorization, const char *token)
{
	static const struct slice scheme = { "Bearer ", 7 };
	struct slice given = slice_trim(authorization), wanted = slice_of(token);

	if (wanted.len == 0 || !slice_equal_nocase(slice_head(given, scheme.len), scheme))
		return false;
	given = slice_trim(slice_skip(given, scheme.len));
	return given.len == wanted.len && CRYPTO_memcmp(given.ptr, wanted.ptr, wanted.len) == 0;
}

/* Content-Type is JSON, whatever its parameters. */
static bool is_json_type(struct slice content_type)
{
	const char *end = content_type.len > 0 ? memchr(content_type.ptr, ';', content_type.len) : NULL;
	size_t n = end != NULL ? (size_t)(end - content_type.ptr) : content_type.len;

	return slice_equal_nocase(slice_trim(slice_head(content_type, n)), SLICE("application/json"));
}

static bool peer_is_here(const struct request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct listen_address peer = { .length = 0 };

	if (info == NULL || info->client_addr == NULL)
		return false;
	switch (info->client_addr->sa_family) {
	case AF_INET:
		memcpy(&peer.sockaddr, info->client_addr, sizeof(struct sockaddr_in));
		return listen_is_local(&peer);
	case AF_INET6:
		memcpy(&peer.sockaddr, info->client_addr, sizeof(struct sockaddr_in6));
		return listen_is_local(&peer);
	default:
		return false;
	}
}

/* No web page reaches a unix socket, so its Host header says nothing. */
static bool is_trusted(const struct request *r)
{
	if (r->admin->unix_path != NULL)
		return true;
	return peer_is_here(r) &&
	       host_is_local(request_header(r, MHD_HTTP_HEADER_HOST), slice_of(r->admin->configured_host));
}

unsigned access_refused(const struct request *r, bool has_body, const char **why)
{
	const char *token = r->admin->token;

	if (!is_trusted(r) && (token == NULL || token[0] == '\0')) {
		*why = "changes come from this machine only; set admin.token to allow others, with a bearer token";
		return MHD_HTTP_FORBIDDEN;
	}
	if (!is_trusted(r) && !carries_token(request_header(r, MHD_HTTP_HEADER_AUTHORIZATION), token)) {
		*why = "this needs the header 'Authorization: Bearer <admin.token>'";
		return MHD_HTTP_UNAUTHORIZED;
	}
	if (has_body && !is_json_type(request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE))) {
		*why = "send the header 'Content-Type: application/json'";
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	}
	return 0;
}
