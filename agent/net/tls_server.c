/* SPDX-License-Identifier: Apache-2.0
 * net/tls_server.c - counted references to what the files held, and GnuTLS credentials made of it.
 *
 * libmicrohttpd takes its credentials once, at its start. So it gets none that work, and each connection is given the
 * current ones before its handshake begins.
 */
#include "agent/net/tls_server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/net/certificate.h"
#include "agent/net/file_watch.h"

#define REMIND_S (24 * 3600)

enum { FILE_CERT, FILE_KEY, FILE_CLIENT_CA };

struct loaded {
	struct tls_material material;
	_Atomic unsigned references;
	struct certificate_facts facts;
	gnutls_certificate_credentials_t credentials;
	struct buf texts[FILE_WATCH_FILES];
};

struct tls_server {
	struct tls_server_config config;
	const char *key;
	struct file_watch *watch;
	struct meter *expiry;
	int64_t next_reminder_s;
	pthread_mutex_t lock;
	struct loaded *current; /* under lock */
};

/* ------------------------------------------------------------------ what was in the files */

static void loaded_unref(struct loaded *l)
{
	if (l == NULL || atomic_fetch_sub(&l->references, 1) != 1)
		return;
	if (l->credentials != NULL)
		gnutls_certificate_free_credentials(l->credentials);
	for (int i = 0; i < FILE_WATCH_FILES; i++) {
		if (l->texts[i].ptr != NULL)
			OPENSSL_cleanse(l->texts[i].ptr, l->texts[i].cap);
		buf_release(&l->texts[i]);
	}
	free(l);
}

void tls_material_release(struct tls_material *m)
{
	loaded_unref((struct loaded *)m); /* its first member */
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned)strlen(text) };
}

static struct status make_credentials(struct loaded *l, struct buf *why)
{
	const struct tls_material *m = &l->material;
	gnutls_datum_t cert = datum_of(m->cert), key = datum_of(m->key);

	if (gnutls_certificate_allocate_credentials(&l->credentials) != GNUTLS_E_SUCCESS)
		return FAIL(NOMEM, "no memory for certificates");
	int rc = gnutls_certificate_set_x509_key_mem(l->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc == GNUTLS_E_SUCCESS && m->client_ca != NULL) {
		gnutls_datum_t ca = datum_of(m->client_ca);
		rc = gnutls_certificate_set_x509_trust_mem(l->credentials, &ca, GNUTLS_X509_FMT_PEM);
	}
	if (rc >= 0)
		return OK;
	buf_printf(why, "the certificates or the key cannot be used: %s", gnutls_strerror(rc));
	return FAIL(INVALID, "certificates cannot be used");
}

static struct status fill(struct loaded *l, bool wants_client_ca, const struct slice contents[], struct buf *why)
{
	const char *texts[FILE_WATCH_FILES];

	TRY(certificate_check(contents[FILE_CERT], contents[FILE_KEY], &l->facts, why));
	if (wants_client_ca && certificate_count(contents[FILE_CLIENT_CA]) == 0) {
		buf_text(why, "client_ca_file holds no PEM certificate, or a broken one");
		return FAIL(INVALID, "no certificates of clients' authorities");
	}
	for (int i = 0; i < FILE_WATCH_FILES; i++) {
		buf_reserve(&l->texts[i], contents[i].len + 1);
		buf_slice(&l->texts[i], contents[i]);
		texts[i] = buf_string(&l->texts[i]);
		if (buf_failed(&l->texts[i]))
			return FAIL(NOMEM, "no memory for certificates");
	}
	l->material = (struct tls_material){ texts[FILE_CERT], texts[FILE_KEY],
					     wants_client_ca ? texts[FILE_CLIENT_CA] : NULL };
	return make_credentials(l, why);
}

/* ------------------------------------------------------------------ taking them over */

static void remind(struct tls_server *t)
{
	const struct certificate_facts *facts = &t->current->facts;
	int64_t now_s = (int64_t)(clock_unix_ns() / NS_PER_SECOND);
	const char *warning = certificate_warning(facts, now_s);
	char when[21];

	if (warning == NULL || now_s < t->next_reminder_s)
		return;
	t->next_reminder_s = now_s + REMIND_S;
	clock_format_utc((uint64_t)(facts->not_after_s > 0 ? facts->not_after_s : 0), when);
	LOG(WARN, "net", "certificate", "key=%s state=%s not_after=%s file=\"%s\"", t->key, warning, when,
	    t->config.cert_file);
}

static void look(void *context)
{
	remind(context);
}

static struct status load(void *context, const struct slice contents[], struct buf *why)
{
	struct tls_server *t = context;
	struct loaded *fresh = calloc(1, sizeof(*fresh));

	if (fresh == NULL)
		return FAIL(NOMEM, "no memory for certificates");
	fresh->references = 1;
	struct status s = fill(fresh, t->config.client_ca_file != NULL, contents, why);
	if (FAILED(s)) {
		loaded_unref(fresh);
		return s;
	}
	pthread_mutex_lock(&t->lock);
	struct loaded *old = t->current;
	t->current = fresh;
	pthread_mutex_unlock(&t->lock);
	loaded_unref(old);
	meter_set(t->expiry, fresh->facts.not_after_s);
	t->next_reminder_s = 0;
	remind(t);
	return OK;
}

struct status tls_server_new(const struct tls_server_config *config, const char *key, struct tls_server **out,
			     struct buf *why)
{
	char labels[128];

	*out = NULL;
	if (config->cert_file == NULL)
		return OK;
	struct tls_server *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return FAIL(NOMEM, "no memory for certificates");
	snprintf(labels, sizeof(labels), "key=\"%s\"", key);
	t->config = *config;
	t->key = key;
	t->expiry = meter_get(METER_CERTIFICATE_EXPIRY, labels);
	pthread_mutex_init(&t->lock, NULL);
	const struct file_watch_spec spec = {
		.key = key,
		.paths = { config->cert_file, config->key_file, config->client_ca_file },
		.interval_ms = config->reload_interval_ms,
		.load = load,
		.look = look,
		.context = t,
	};
	struct status s = file_watch_new(&spec, &t->watch, why);
	if (FAILED(s))
		tls_server_free(t);
	else
		*out = t;
	return s;
}

void tls_server_free(struct tls_server *t)
{
	if (t == NULL)
		return;
	file_watch_free(t->watch);
	loaded_unref(t->current);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct loaded *take(struct tls_server *t)
{
	pthread_mutex_lock(&t->lock);
	struct loaded *l = t->current;
	atomic_fetch_add(&l->references, 1);
	pthread_mutex_unlock(&t->lock);
	return l;
}

struct tls_material *tls_server_take(struct tls_server *t)
{
	return &take(t)->material;
}

/* ------------------------------------------------------------------ libmicrohttpd */

static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
			  const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
			  unsigned *chain_length, gnutls_privkey_t *key)
{
	(void)session;
	(void)authorities;
	(void)count;
	(void)algorithms;
	(void)algorithm_count;
	(void)chain;
	(void)chain_length;
	(void)key;
	return -1;
}

unsigned tls_daemon_flags(const struct tls_server *t)
{
	return t != NULL ? MHD_USE_TLS : 0;
}

void tls_daemon_options(const struct tls_server *t, struct MHD_OptionItem out[TLS_DAEMON_OPTIONS])
{
	static const char *const priorities[] = {
		[TLS_VERSION_1_2] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		[TLS_VERSION_1_3] = "NORMAL:-VERS-ALL:+VERS-TLS1.3",
	};

	if (t != NULL) {
		*out++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate };
		*out++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
						  (void *)(uintptr_t)priorities[t->config.min_version] };
	}
	*out = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

/* What a client's certificate has to be good for. GnuTLS keeps the address, and only reads. */
static gnutls_typed_vdata_st client_purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };

struct tls_material *tls_daemon_greet(struct tls_server *t, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (t == NULL || info == NULL || info->tls_session == NULL)
		return NULL;
	gnutls_session_t session = info->tls_session;
	struct loaded *l = take(t);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, l->credentials);
	if (l->material.client_ca != NULL) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert2(session, &client_purpose, 1, 0);
	}
	return &l->material;
}
