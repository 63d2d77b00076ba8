/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_tls.c - the core asks for certificates with every handshake, one at a time for each port, and is told
 * when they are others than before.
 */
#include "agent/receivers/grpc_tls.h"

static grpc_ssl_certificate_config_reload_status fetch(void *user, grpc_ssl_server_certificate_config **out)
{
	struct grpc_port_tls *port = user;
	struct tls_material *now = tls_server_take(port->files);

	if (now == port->given) {
		tls_material_release(now);
		return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
	}
	const grpc_ssl_pem_key_cert_pair pair = { now->key, now->cert };
	/* the core insists on some authority, though it asks no client for a certificate */
	const char *authority = now->client_ca != NULL ? now->client_ca : now->cert;
	*out = grpc_ssl_server_certificate_config_create(authority, &pair, 1);
	tls_material_release(port->given);
	port->given = now;
	return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

grpc_server_credentials *grpc_port_credentials(struct grpc_port_tls *port, struct tls_server *files)
{
	if (files == NULL)
		return grpc_insecure_server_credentials_create();
	port->files = files;
	struct tls_material *now = tls_server_take(files);
	bool wants_client = now->client_ca != NULL;
	tls_material_release(now);
	return grpc_ssl_server_credentials_create_with_options(
		grpc_ssl_server_credentials_create_options_using_config_fetcher(
			wants_client ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
				     : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
			fetch, port));
}

void grpc_port_tls_release(struct grpc_port_tls *port)
{
	tls_material_release(port->given);
	port->given = NULL;
}
