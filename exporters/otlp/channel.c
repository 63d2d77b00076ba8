/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/channel.c - where an exporter connects to, and how it is secured.
 *
 * As in the Collector: "http://host:port" is without TLS, "https://host:port" with it, and "host:port" is with TLS
 * unless tls.insecure is set. "unix:/path" is a socket of this machine.
 */
#include <errno.h>
#include <grpc/grpc_security.h>
#include <stdio.h>

#include "agent/base/file.h"
#include "exporters/otlp/otlp_priv.h"

#define PEM_BYTES_MAX (1u << 20)
#define TARGET_BYTES  1024
/* Core tries a lost connection again by itself. Our own back-off decides about requests, so core may be quicker. */
#define RECONNECT_FIRST_MS 1000
#define RECONNECT_MOST_MS  5000

struct pem {
	struct buf ca, cert, key;
};

static struct status read_pem(const char *id, const char *option, const char *path, struct buf *out, struct buf *why)
{
	if (path == NULL)
		return OK;
	struct status status = file_read(path, PEM_BYTES_MAX, out);
	if (FAILED(status))
		buf_printf(why, "exporters.%s.tls.%s: cannot read '%s': %s", id, option, path,
			   status.code == STATUS_IO ? strerror(errno) : status.why);
	return status;
}

static struct status read_pems(const char *id, const struct tls_client_config *tls, struct pem *pem, struct buf *why)
{
	if ((tls->cert_file == NULL) != (tls->key_file == NULL)) {
		buf_printf(why, "exporters.%s.tls: cert_file and key_file go together; one is missing", id);
		return FAIL(INVALID, "cert_file without key_file, or the other way round");
	}
	TRY(read_pem(id, "ca_file", tls->ca_file, &pem->ca, why));
	TRY(read_pem(id, "cert_file", tls->cert_file, &pem->cert, why));
	return read_pem(id, "key_file", tls->key_file, &pem->key, why);
}

static grpc_channel_credentials *verifying_credentials(struct pem *pem)
{
	grpc_ssl_pem_key_cert_pair pair = { buf_string(&pem->key), buf_string(&pem->cert) };

	return grpc_ssl_credentials_create(pem->ca.len > 0 ? buf_string(&pem->ca) : NULL,
					   pem->cert.len > 0 ? &pair : NULL, NULL, NULL);
}

static grpc_channel_credentials *trusting_credentials(struct pem *pem)
{
	grpc_tls_credentials_options *options = grpc_tls_credentials_options_create();
	grpc_tls_certificate_verifier *any = grpc_tls_certificate_verifier_no_op_create();

	grpc_tls_credentials_options_set_verify_server_cert(options, 0);
	grpc_tls_credentials_options_set_check_call_host(options, 0);
	grpc_tls_credentials_options_set_certificate_verifier(options, any);
	grpc_tls_certificate_verifier_release(any);
	if (pem->cert.len > 0) {
		grpc_tls_identity_pairs *pairs = grpc_tls_identity_pairs_create();
		grpc_tls_identity_pairs_add_pair(pairs, buf_string(&pem->key), buf_string(&pem->cert));
		grpc_tls_certificate_provider *provider = grpc_tls_certificate_provider_static_data_create(NULL, pairs);
		grpc_tls_credentials_options_set_certificate_provider(options, provider);
		grpc_tls_credentials_options_watch_identity_key_cert_pairs(options);
		grpc_tls_certificate_provider_release(provider);
	}
	return grpc_tls_credentials_create(options);
}

static struct status make_credentials(const char *id, const struct tls_client_config *tls, bool is_plain,
				      grpc_channel_credentials **out, struct buf *why)
{
	struct pem pem = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct status status = OK;

	if (is_plain) {
		*out = grpc_insecure_credentials_create();
		return OK;
	}
	status = read_pems(id, tls, &pem, why);
	if (!FAILED(status)) {
		*out = tls->insecure_skip_verify ? trusting_credentials(&pem) : verifying_credentials(&pem);
		if (*out == NULL) {
			buf_printf(why, "exporters.%s.tls: the certificates or the key cannot be used", id);
			status = FAIL(INVALID, "certificates cannot be used");
		}
	}
	buf_release(&pem.ca);
	buf_release(&pem.cert);
	buf_release(&pem.key);
	return status;
}

/* What core connects to: the endpoint without scheme and closing slash. */
static struct status make_target(const char *id, const char *endpoint, char *out, size_t size, bool *is_plain,
				 struct buf *why)
{
	struct slice text = slice_of(endpoint);
	char host[256];
	uint16_t port;

	if (slice_starts_with(text, SLICE("unix:"))) {
		snprintf(out, size, "%s", endpoint);
		*is_plain = true;
		return OK;
	}
	if (slice_starts_with(text, SLICE("http://"))) {
		text = slice_skip(text, 7);
		*is_plain = true;
	} else if (slice_starts_with(text, SLICE("https://"))) {
		text = slice_skip(text, 8);
		*is_plain = false;
	}
	while (slice_ends_with(text, SLICE("/")))
		text.len--;
	snprintf(out, size, "%.*s", SLICE_ARG(text));
	struct status status = endpoint_split(out, host, sizeof(host), &port);
	if (FAILED(status))
		buf_printf(why, "exporters.%s.endpoint %s", id, status.why);
	return status;
}

static grpc_arg integer(const char *key, int value)
{
	grpc_arg arg = { .type = GRPC_ARG_INTEGER };

	arg.key = (char *)(uintptr_t)key; /* core only reads it */
	arg.value.integer = value;
	return arg;
}

struct status otlp_channel_new(const char *id, const struct otlp_options *o, grpc_channel **out, struct buf *why)
{
	grpc_arg args[] = {
		integer(GRPC_ARG_ENABLE_RETRIES, 0), /* the sender retries, and counts it */
		integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
		integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MOST_MS),
		integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1), /* two exporters to one host are two connections */
		{ .type = GRPC_ARG_STRING },
	};
	const size_t count = sizeof(args) / sizeof(args[0]);
	grpc_channel_args channel_args = { count, args };
	grpc_channel_credentials *credentials;
	char target[TARGET_BYTES];
	bool is_plain = o->tls.insecure;

	args[count - 1].key = (char *)(uintptr_t)GRPC_ARG_PRIMARY_USER_AGENT_STRING;
	args[count - 1].value.string = (char *)(uintptr_t) "plimsoll/" PLIMSOLL_VERSION;
	TRY(make_target(id, o->endpoint, target, sizeof(target), &is_plain, why));
	TRY(make_credentials(id, &o->tls, is_plain, &credentials, why));
	*out = grpc_channel_create(target, credentials, &channel_args);
	grpc_channel_credentials_release(credentials);
	return OK;
}
