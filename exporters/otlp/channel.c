/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlp/channel.c - where an exporter connects to, and how it is secured.
 *
 * As in the Collector: "http://host:port" is without TLS, "https://host:port" with it, and "host:port" is with TLS
 * unless tls.insecure is set. "unix:/path" is a socket of this machine.
 */
#include <grpc/support/alloc.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "agent/base/log.h"
#include "agent/net/certificate.h"
#include "exporters/otlp/otlp_priv.h"

#define TARGET_BYTES  1024
/* Core tries a lost connection again by itself. Our own back-off decides about requests, so core may be quicker. */
#define RECONNECT_FIRST_MS 1000
#define RECONNECT_MOST_MS  5000

enum { FILE_CA, FILE_CERT, FILE_KEY };

static const char *const methods[OTLP_SIGNALS] = {
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
	"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
	"/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

struct pem {
	struct buf ca, cert, key;
};

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

/* What is wrong with the files is said here; core would only fail to connect. */
static struct status check_files(const struct otlp_exporter *e, const struct slice files[], struct buf *why)
{
	const struct tls_client_config *tls = &e->options->tls;
	struct certificate_facts facts;
	char labels[256];

	if (tls->ca_file != NULL && certificate_count(files[FILE_CA]) == 0) {
		buf_printf(why, "ca_file '%s' holds no PEM certificate, or a broken one", tls->ca_file);
		return FAIL(INVALID, "no certificates of authorities");
	}
	if (tls->cert_file == NULL)
		return OK;
	TRY(certificate_check(files[FILE_CERT], files[FILE_KEY], &facts, why));
	snprintf(labels, sizeof(labels), "key=\"%s\"", e->tls_key.ptr);
	meter_set(meter_get(METER_CERTIFICATE_EXPIRY, labels), facts.not_after_s);
	return OK;
}

static grpc_channel_credentials *tls_credentials(const struct tls_client_config *tls, const struct slice files[])
{
	struct pem pem = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct buf *all[] = { &pem.ca, &pem.cert, &pem.key };

	for (int i = 0; i < FILE_WATCH_FILES; i++)
		buf_slice(all[i], files[i]);
	grpc_channel_credentials *made = tls->insecure_skip_verify ? trusting_credentials(&pem)
								    : verifying_credentials(&pem);
	if (pem.key.ptr != NULL)
		OPENSSL_cleanse(pem.key.ptr, pem.key.cap);
	for (int i = 0; i < FILE_WATCH_FILES; i++)
		buf_release(all[i]);
	return made;
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

static grpc_arg string(const char *key, const char *value)
{
	grpc_arg arg = { .type = GRPC_ARG_STRING };

	arg.key = (char *)(uintptr_t)key;
	arg.value.string = (char *)(uintptr_t)value;
	return arg;
}

/* Calls that the old channel still has end there, or fail and are repeated. */
static void connect_anew(struct otlp_exporter *e, const char *target)
{
	const char *name = e->options->tls.server_name_override;
	grpc_arg args[] = {
		integer(GRPC_ARG_ENABLE_RETRIES, 0), /* the sender retries, and counts it */
		integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
		integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MOST_MS),
		integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1), /* two exporters to one host are two connections */
		string(GRPC_ARG_PRIMARY_USER_AGENT_STRING, "plimsoll/" PLIMSOLL_VERSION),
		string(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, name),
	};
	grpc_channel_args channel_args = { sizeof(args) / sizeof(args[0]) - (name == NULL), args };

	if (e->channel != NULL)
		grpc_channel_destroy(e->channel);
	e->channel = grpc_channel_create(target, e->credentials, &channel_args);
	e->channel_number++;
	for (int signal = 0; signal < OTLP_SIGNALS; signal++)
		e->methods[signal] = grpc_channel_register_call(e->channel, methods[signal], NULL, NULL);
}

static void adopt(struct otlp_exporter *e, const char *target, grpc_channel_credentials *credentials)
{
	grpc_channel_credentials_release(e->credentials);
	e->credentials = credentials;
	connect_anew(e, target);
}

void otlp_channel_suspect(struct otlp_exporter *e, unsigned channel_number)
{
	if (channel_number != e->channel_number ||
	    grpc_channel_check_connectivity_state(e->channel, 0) != GRPC_CHANNEL_READY)
		return; /* done already; or it is still looking for the peer, which may take longer than a call */
	char *target = grpc_channel_get_target(e->channel);
	LOG(WARN, "exporters", "reconnects", "exporter=%s reason=\"no answer in time\"", e->id);
	connect_anew(e, target);
	gpr_free(target);
}

/* The files were read, or have changed. */
static struct status load(void *context, const struct slice files[], struct buf *why)
{
	struct otlp_exporter *e = context;
	char target[TARGET_BYTES];
	bool is_plain = false;

	TRY(check_files(e, files, why));
	grpc_channel_credentials *credentials = tls_credentials(&e->options->tls, files);
	if (credentials == NULL) {
		buf_text(why, "the certificates or the key cannot be used");
		return FAIL(INVALID, "certificates cannot be used");
	}
	struct status s = make_target(e->id, e->options->endpoint, target, sizeof(target), &is_plain, why);
	if (!FAILED(s))
		adopt(e, target, credentials);
	else
		grpc_channel_credentials_release(credentials);
	return s;
}

struct status otlp_channel_open(struct otlp_exporter *e, struct buf *why)
{
	const struct tls_client_config *tls = &e->options->tls;
	bool is_plain = tls->insecure;
	char target[TARGET_BYTES];

	TRY(make_target(e->id, e->options->endpoint, target, sizeof(target), &is_plain, why));
	if (is_plain) {
		adopt(e, target, grpc_insecure_credentials_create());
		return OK;
	}
	buf_printf(&e->tls_key, "exporters.%s.tls", e->id);
	const struct file_watch_spec spec = { .key = buf_string(&e->tls_key),
					      .paths = { tls->ca_file, tls->cert_file, tls->key_file },
					      .interval_ms = tls->reload_interval_ms,
					      .load = load,
					      .context = e };
	return file_watch_new(&spec, &e->tls_watch, why);
}

void otlp_channel_close(struct otlp_exporter *e)
{
	file_watch_free(e->tls_watch);
	buf_release(&e->tls_key);
	if (e->channel != NULL)
		grpc_channel_destroy(e->channel);
	grpc_channel_credentials_release(e->credentials);
}
