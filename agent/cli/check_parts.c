/* SPDX-License-Identifier: Apache-2.0
 * cli/check_parts.c - a table of who is asked.
 */
#include "agent/cli/check_parts.h"

#include <pwd.h>

#include "agent/alerts/signature.h"
#include "agent/dialects/known_keys.h"
#include "agent/net/authenticator.h"
#include "agent/net/tls_server.h"
#include "agent/pricing/price.h"
#include "agent/redaction/redaction.h"

static struct status check_dimensions(const struct config *c, struct buf *why)
{
	struct known_keys *keys = NULL;
	struct status s = known_keys_new(&c->dimensions, &keys);

	if (FAILED(s))
		buf_printf(why, "dimensions: %s", s.why);
	known_keys_free(keys);
	return s;
}

static struct status check_redaction(const struct config *c, struct buf *why)
{
	struct redactor *redactor = NULL;
	struct status s = redactor_new(&c->redaction, &redactor, why);

	redactor_free(redactor);
	return s;
}

static struct status check_signatures(const struct config *c, struct buf *why)
{
	for (size_t i = 0; i < c->alerts.channel_count; i++) {
		const struct channel_config *channel = &c->alerts.channels[i];
		struct signing_key key;
		struct status s = channel->type == CHANNEL_WEBHOOK && channel->secret != NULL ?
					  signing_key_read(channel->secret, &key) :
					  OK;
		if (FAILED(s)) {
			buf_printf(why, "alerts.channels.%s: %s", channel->name, s.why);
			return s;
		}
	}
	return OK;
}

static struct status check_prices(const struct config *c, struct buf *why)
{
	struct price_book *book = NULL;
	struct status s = price_book_new(c, &book, why);

	price_book_free(book);
	return s;
}

static struct status check_tls(const struct tls_server_config *config, const char *key, struct buf *why)
{
	struct tls_server *tls = NULL;
	struct status s = tls_server_new(config, key, &tls, why);

	tls_server_free(tls);
	return s;
}

static struct status check_auth(const struct server_auth_config *config, const char *key, struct buf *why)
{
	struct authenticator *authenticator = NULL;
	struct status s = authenticator_new(config, key, &authenticator, why);

	authenticator_free(authenticator);
	return s;
}

static struct status check_grpc_tls(const struct config *c, struct buf *why)
{
	return c->grpc.enabled ? check_tls(&c->grpc.tls, "receivers.otlp.protocols.grpc.tls", why) : OK;
}

static struct status check_grpc_auth(const struct config *c, struct buf *why)
{
	return c->grpc.enabled ? check_auth(&c->grpc.auth, "receivers.otlp.protocols.grpc", why) : OK;
}

static struct status check_http_tls(const struct config *c, struct buf *why)
{
	return c->http.enabled ? check_tls(&c->http.tls, "receivers.otlp.protocols.http.tls", why) : OK;
}

static struct status check_http_auth(const struct config *c, struct buf *why)
{
	return c->http.enabled ? check_auth(&c->http.auth, "receivers.otlp.protocols.http", why) : OK;
}

static struct status check_admin_tls(const struct config *c, struct buf *why)
{
	return check_tls(&c->admin.tls, "admin.tls", why);
}

static struct status check_user(const struct config *c, struct buf *why)
{
	if (c->user == NULL || getpwnam(c->user) != NULL)
		return OK;
	buf_printf(why, "user: this machine knows no user '%s'", c->user);
	return FAIL(INVALID, "no such user");
}

static const struct {
	struct status (*check)(const struct config *c, struct buf *why);
	bool anywhere; /* needs neither files nor users of this machine, nor secrets, which may stand in files */
} parts[] = {
	{ .check = check_dimensions, .anywhere = true },
	{ .check = check_redaction, .anywhere = true },
	{ .check = check_signatures }, { .check = check_prices },
	{ .check = check_grpc_tls },   { .check = check_grpc_auth },
	{ .check = check_http_tls },   { .check = check_http_auth },
	{ .check = check_admin_tls },  { .check = check_user },
};

struct status check_parts(const struct config *c, bool here, struct buf *errors)
{
	struct status result = OK;
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_reset(&why);
		struct status s = here || parts[i].anywhere ? parts[i].check(c, &why) : OK;
		if (!FAILED(s))
			continue;
		result = FAIL(INVALID, "the agent would not start with it");
		buf_printf(errors, "%s: %s", c->path, why.len > 0 ? buf_string(&why) : s.why);
		if (errors->len == 0 || errors->ptr[errors->len - 1] != '\n')
			buf_byte(errors, '\n');
	}
	buf_release(&why);
	return result;
}
