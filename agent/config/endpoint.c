/* SPDX-License-Identifier: Apache-2.0
 * config/endpoint.c - URLs, "host:port" and "unix:/path" taken apart.
 */
#include "agent/config/config.h"

const char *endpoint_unix_path(const char *endpoint)
{
	if (strncmp(endpoint, "unix:", 5) != 0)
		return NULL;
	return strncmp(endpoint, "unix:///", 8) == 0 ? endpoint + 7 : endpoint + 5;
}

struct slice url_user(struct slice url)
{
	ptrdiff_t scheme = slice_find(url, SLICE("://"));
	struct slice rest = slice_skip(url, scheme < 0 ? url.len : (size_t)scheme + 3), authority = rest;

	for (authority.len = 0; authority.len < rest.len && strchr("/?#", rest.ptr[authority.len]) == NULL;)
		authority.len++;
	const char *at = authority.len > 0 ? memrchr(authority.ptr, '@', authority.len) : NULL;
	return slice_head(authority, at != NULL ? (size_t)(at - authority.ptr) : 0);
}

void url_print(struct slice url, struct buf *out)
{
	struct slice user = url_user(url);

	if (user.len == 0) {
		buf_slice(out, url);
		return;
	}
	buf_append(out, url.ptr, (size_t)(user.ptr - url.ptr));
	buf_text(out, "<redacted>");
	buf_slice(out, slice_skip(url, (size_t)(user.ptr - url.ptr) + user.len));
}

bool socket_mode_read(const char *text, unsigned *mode)
{
	unsigned value = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '7')
			return false;
		value = value * 8 + (unsigned)(*text - '0');
		if (value > 0777)
			return false;
	}
	*mode = value;
	return true;
}

static bool is_host(struct slice host, bool bracketed)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if ((unsigned char)c <= 0x20 || c == 0x7f || strchr("[]/@?#", c) != NULL || (c == ':' && !bracketed))
			return false;
	}
	return true;
}

struct status endpoint_split(const char *endpoint, char *host, size_t host_size, uint16_t *port)
{
	struct slice text = slice_of(endpoint);
	bool bracketed = text.len > 0 && text.ptr[0] == '[';
	const char *colon = memrchr(text.ptr, ':', text.len);
	uint64_t number;

	if (colon == NULL)
		return FAIL(INVALID, "has no port; write host:port");
	struct slice name = slice_head(text, (size_t)(colon - text.ptr));
	if (bracketed && (name.len < 3 || name.ptr[name.len - 1] != ']'))
		return FAIL(INVALID, "has no port behind the ']'; write [address]:port");
	if (bracketed)
		name = slice_head(slice_skip(name, 1), name.len - 2);
	if (!is_host(name, bracketed))
		return FAIL(INVALID, "is not host:port; an IPv6 address goes in brackets");
	if (slice_equal(name, SLICE("*"))) /* the resolver takes it for this machine's loopback */
		return FAIL(INVALID, "has * for a host; to listen on every address write 0.0.0.0:port or [::]:port");
	if (!slice_to_u64(slice_of(colon + 1), &number) || number > UINT16_MAX)
		return FAIL(INVALID, "has a port that is not a number from 0 to 65535");
	if (name.len >= host_size)
		return FAIL(TOOBIG, "has a host that is too long");
	memcpy(host, name.ptr, name.len);
	host[name.len] = '\0';
	*port = (uint16_t)number;
	return OK;
}
