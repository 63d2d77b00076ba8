/* SPDX-License-Identifier: Apache-2.0
 * net/authenticator.c - the ways, one after the other.
 */
#include "agent/net/authenticator.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "agent/net/key_set.h"
#include "agent/net/password_file.h"

#define PAIR_BASE64_BYTES 1024

struct authenticator {
	struct server_auth_config config;
	struct key_set *bearer, *header; /* NULL: not a way in */
	struct password_file *basic;
	struct buf challenge;
	struct buf keys[3]; /* names of the options */
};

enum way { WAY_BEARER, WAY_BASIC, WAY_HEADER };

/* ------------------------------------------------------------------ life */

static const char *key_of(struct authenticator *a, enum way way, const char *key, const char *option)
{
	buf_printf(&a->keys[way], "%s.auth.%s", key, option);
	return buf_string(&a->keys[way]);
}

static void add_challenge(struct authenticator *a, const char *scheme)
{
	buf_printf(&a->challenge, "%s%s realm=\"plimsoll\"", a->challenge.len > 0 ? ", " : "", scheme);
}

static struct status open_ways(struct authenticator *a, const char *key, struct buf *why)
{
	const struct server_auth_config *c = &a->config;

	if (c->bearer.token != NULL || c->bearer.filename != NULL) {
		TRY(key_set_new(c->bearer.token, c->bearer.filename, key_of(a, WAY_BEARER, key, "bearer"), &a->bearer,
				why));
		add_challenge(a, c->bearer.scheme);
	}
	if (c->basic.file != NULL || c->basic.inline_text != NULL) {
		TRY(password_file_new(c->basic.file, c->basic.inline_text, key_of(a, WAY_BASIC, key, "basic.htpasswd"),
				      &a->basic, why));
		add_challenge(a, "Basic");
	}
	if (c->header.name != NULL) {
		TRY(key_set_new(c->header.key, c->header.filename, key_of(a, WAY_HEADER, key, "header"), &a->header,
				why));
		add_challenge(a, "ApiKey");
	}
	buf_string(&a->challenge);
	return buf_failed(&a->challenge) ? FAIL(NOMEM, "no memory for authentication") : OK;
}

struct status authenticator_new(const struct server_auth_config *config, const char *key, struct authenticator **out,
				struct buf *why)
{
	*out = NULL;
	if (!server_auth_is_on(config))
		return OK;
	struct authenticator *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return FAIL(NOMEM, "no memory for authentication");
	a->config = *config;
	struct status s = open_ways(a, key, why);
	if (FAILED(s))
		authenticator_free(a);
	else
		*out = a;
	return s;
}

void authenticator_free(struct authenticator *a)
{
	if (a == NULL)
		return;
	key_set_free(a->bearer);
	key_set_free(a->header);
	password_file_free(a->basic);
	buf_release(&a->challenge);
	for (int i = 0; i < 3; i++)
		buf_release(&a->keys[i]);
	free(a);
}

const char *authenticator_challenge(const struct authenticator *a)
{
	return a->challenge.ptr;
}

/* ------------------------------------------------------------------ asking */

/* What stands behind the scheme's name, where the header begins with it. */
static bool credentials_of(struct slice authorization, struct slice scheme, struct slice *out)
{
	struct slice text = slice_trim(authorization);

	if (text.len <= scheme.len || !slice_equal_nocase(slice_head(text, scheme.len), scheme))
		return false;
	if (scheme.len > 0 && text.ptr[scheme.len] != ' ')
		return false;
	*out = slice_trim(slice_skip(text, scheme.len));
	return true;
}

static struct status check_basic(struct password_file *p, struct slice base64)
{
	unsigned char pair[PAIR_BASE64_BYTES];

	if (base64.len == 0 || base64.len % 4 != 0 || base64.len > sizeof(pair))
		return FAIL(UNAUTHENTICATED, "the user and the password are no base64");
	int n = EVP_DecodeBlock(pair, (const unsigned char *)base64.ptr, (int)base64.len);
	for (size_t i = base64.len; n > 0 && i > base64.len - 2 && base64.ptr[i - 1] == '='; i--)
		n--;
	if (n <= 0)
		return FAIL(UNAUTHENTICATED, "the user and the password are no base64");
	struct status s = password_file_check(p, (struct slice){ (const char *)pair, (size_t)n });
	OPENSSL_cleanse(pair, sizeof(pair));
	return s;
}

struct status authenticator_check(struct authenticator *a, header_lookup *header, void *context)
{
	struct slice given;

	if (a == NULL)
		return OK;
	struct slice authorization = header(context, "authorization");
	if (a->header != NULL && key_set_has(a->header, slice_trim(header(context, a->config.header.name))))
		return OK;
	if (a->bearer != NULL && credentials_of(authorization, slice_of(a->config.bearer.scheme), &given) &&
	    key_set_has(a->bearer, given))
		return OK;
	if (a->basic != NULL && credentials_of(authorization, SLICE("Basic"), &given))
		return check_basic(a->basic, given);
	return FAIL(UNAUTHENTICATED, "not authenticated: send the credentials that the receiver's auth section asks for");
}
