/* SPDX-License-Identifier: Apache-2.0
 * config/security.h - how doors are guarded: TLS of listeners and of clients, and who is let in or who we say we are.
 *
 * Part of config.h; the tables are in security_options.c.
 */
#ifndef PLIMSOLL_CONFIG_SECURITY_H
#define PLIMSOLL_CONFIG_SECURITY_H

#include "agent/config/option.h"

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls_client_config {
	bool insecure;             /* no TLS at all */
	bool insecure_skip_verify; /* TLS, but any certificate */
	const char *ca_file, *cert_file, *key_file;
	const char *server_name_override; /* the name that the certificate must have; NULL: the endpoint's */
	int min_version;                  /* enum tls_version */
	uint64_t reload_interval_ms;      /* 0: files are read once */
};

struct tls_server_config {
	const char *cert_file, *key_file; /* NULL: no TLS */
	const char *client_ca_file;       /* clients need a certificate that these have signed; NULL: they need none */
	int min_version;                  /* enum tls_version */
	uint64_t reload_interval_ms;      /* 0: files are read once */
};

/* Whom a receiver lets in: who passes one of these. All NULL: everybody. */
struct server_auth_config {
	struct {
		const char *scheme, *token, *filename;
	} bearer;
	struct {
		const char *file, *inline_text; /* lines of htpasswd(1) */
	} basic;
	struct {
		const char *name, *key, *filename;
	} header;
};

/* Who an exporter says it is: one of these, or none. */
struct client_auth_config {
	const char *bearer_token, *bearer_token_file;
	struct {
		const char *username, *password;
	} basic;
	struct oauth2_config {
		const char *client_id, *client_secret, *token_url;
		struct string_list scopes;
		struct string_map endpoint_params;
		uint64_t timeout_ms;
		struct tls_client_config tls; /* to token_url */
	} oauth2;
};

/* For fields of these types; each fills its struct. */
extern const struct conf_option tls_client_options[], tls_server_options[], server_auth_options[], client_auth_options[];

static inline bool server_auth_is_on(const struct server_auth_config *a)
{
	return a->bearer.token != NULL || a->bearer.filename != NULL || a->basic.file != NULL ||
	       a->basic.inline_text != NULL || a->header.name != NULL;
}

#endif
