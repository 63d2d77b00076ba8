/* SPDX-License-Identifier: Apache-2.0
 * daemon/exposure.c - see the header.
 */
#include "agent/daemon/exposure.h"

#include "agent/base/log.h"
#include "agent/net/listen.h"

struct door {
	const char *key, *endpoint;
	bool is_open, has_tls, has_auth;
};

static bool is_local(const struct door *d)
{
	struct listen_set set;
	struct buf why = BUF_INIT;
	bool local = !FAILED(listen_resolve(d->endpoint, d->key, &set, &why));

	for (size_t i = 0; local && i < set.count; i++)
		local = listen_is_local(&set.addresses[i]);
	buf_release(&why);
	return local;
}

static void describe(const struct door *d, struct buf *out)
{
	if (!d->is_open || (d->has_tls && d->has_auth) || is_local(d))
		return;
	buf_printf(out, "%s%s: %s%s%s", out->len > 0 ? "; " : "", d->key, d->has_tls ? "" : "no tls",
		   !d->has_tls && !d->has_auth ? ", " : "", d->has_auth ? "" : "no auth");
}

void exposure_warn(const struct config *config)
{
	const struct config *c = config;
	const struct door doors[] = {
		{ "receivers.otlp.protocols.grpc", c->grpc.endpoint, c->grpc.enabled, c->grpc.tls.cert_file != NULL,
		  server_auth_is_on(&c->grpc.auth) || c->grpc.tls.client_ca_file != NULL },
		{ "receivers.otlp.protocols.http", c->http.endpoint, c->http.enabled, c->http.tls.cert_file != NULL,
		  server_auth_is_on(&c->http.auth) || c->http.tls.client_ca_file != NULL },
		{ "budgets.envoy", c->budgets.envoy_endpoint, c->budgets.envoy_endpoint != NULL, false, false },
		{ "admin", c->admin.endpoint, c->admin.enabled, c->admin.tls.cert_file != NULL, true },
	};
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		describe(&doors[i], &text);
	if (text.len > 0)
		LOG(WARN, "daemon", "open_to_network", "listeners=\"%s\" remedy=\"add tls and auth, or listen on localhost\"",
		    buf_string(&text));
	buf_release(&text);
}
