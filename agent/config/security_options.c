/* SPDX-License-Identifier: Apache-2.0
 * config/security_options.c - the keys of TLS and of authentication, shared by receivers, the admin endpoint, exporters.
 *
 * Names are the Collector's (configtls, bearertokenauth, basicauth, oauth2client). There an authenticator is an extension
 * that receivers and exporters name; here it stands where it is used.
 */
#include "agent/config/security.h"

#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define DAY    (24 * 60 * MINUTE)

#define AT(type, member) .offset = offsetof(struct type, member)

#define RELOAD_DOC "How often the files are looked at; a change is taken up by the next connection. 0: never (the Collector's default)."

const struct conf_option tls_client_options[] = {
	{ "insecure", CONF_BOOL, AT(tls_client_config, insecure), .fallback = "false", .doc = "Connect without TLS." },
	{ "insecure_skip_verify", CONF_BOOL, AT(tls_client_config, insecure_skip_verify), .fallback = "false",
	  .doc = "Use TLS but accept any certificate; for tests only." },
	{ "ca_file", CONF_STRING, AT(tls_client_config, ca_file), .is_read = true,
	  .doc = "Certificates (PEM) that sign the server's; without it the system's." },
	{ "cert_file", CONF_STRING, AT(tls_client_config, cert_file), .is_read = true,
	  .doc = "Our certificate (PEM), for servers that ask for one." },
	{ "key_file", CONF_STRING, AT(tls_client_config, key_file), .is_read = true, .doc = "The private key (PEM) of cert_file." },
	{ "server_name_override", CONF_STRING, AT(tls_client_config, server_name_override),
	  .doc = "The name that the server's certificate must have, where it is not the endpoint's." },
	{ "min_version", CONF_ENUM, AT(tls_client_config, min_version), .choices = "1.2|1.3", .fallback = "1.2",
	  .doc = "The oldest TLS that is spoken (over gRPC 1.2)." },
	{ "reload_interval", CONF_DURATION, AT(tls_client_config, reload_interval_ms), .fallback = "10s", .max = DAY,
	  .doc = RELOAD_DOC " Over HTTP each new connection reads them." },
	{ .name = NULL },
};

const struct conf_option tls_server_options[] = {
	{ "cert_file", CONF_STRING, AT(tls_server_config, cert_file), .is_read = true,
	  .doc = "The certificate (PEM), followed by those between it and the root. With it the listener speaks TLS only." },
	{ "key_file", CONF_STRING, AT(tls_server_config, key_file), .is_read = true, .doc = "The private key (PEM) of cert_file." },
	{ "client_ca_file", CONF_STRING, AT(tls_server_config, client_ca_file), .is_read = true,
	  .doc = "Certificates (PEM) of which one must have signed the client's (mutual TLS)." },
	{ "min_version", CONF_ENUM, AT(tls_server_config, min_version), .choices = "1.2|1.3", .fallback = "1.2",
	  .doc = "The oldest TLS that is spoken (over gRPC 1.2)." },
	{ "reload_interval", CONF_DURATION, AT(tls_server_config, reload_interval_ms), .fallback = "10s", .max = DAY,
	  .doc = RELOAD_DOC },
	{ .name = NULL },
};

static const struct conf_option bearer_options[] = {
	{ "scheme", CONF_STRING, AT(server_auth_config, bearer.scheme), .fallback = "Bearer",
	  .doc = "The word before the token in the header Authorization." },
	{ "token", CONF_SECRET, AT(server_auth_config, bearer.token), .guards = true, .doc = "The token." },
	{ "filename", CONF_STRING, AT(server_auth_config, bearer.filename), .is_read = true,
	  .doc = "A file of tokens, one a line; each is accepted, so that they can be changed one after the other. Changes "
		 "are taken up within seconds." },
	{ .name = NULL },
};

static const struct conf_option htpasswd_options[] = {
	{ "file", CONF_STRING, AT(server_auth_config, basic.file), .is_read = true,
	  .doc = "A file as htpasswd -B writes it: user:hash, one a line (bcrypt, SHA-512 or yescrypt). Changes are taken up "
		 "within seconds." },
	{ "inline", CONF_SECRET, AT(server_auth_config, basic.inline_text), .guards = true,
	  .doc = "Such lines themselves." },
	{ .name = NULL },
};

static const struct conf_option server_basic_options[] = {
	{ "htpasswd", CONF_SECTION, .section = htpasswd_options, .doc = "Users and the hashes of their passwords." },
	{ .name = NULL },
};

static const struct conf_option header_options[] = {
	{ "name", CONF_STRING, AT(server_auth_config, header.name), .doc = "The header that carries the key, such as x-api-key." },
	{ "key", CONF_SECRET, AT(server_auth_config, header.key), .guards = true, .doc = "The key." },
	{ "filename", CONF_STRING, AT(server_auth_config, header.filename), .is_read = true,
	  .doc = "A file of keys, one a line, as bearer.filename." },
	{ .name = NULL },
};

const struct conf_option server_auth_options[] = {
	{ "bearer", CONF_SECTION, .section = bearer_options, .doc = "Lets in who sends one of these tokens." },
	{ "basic", CONF_SECTION, .section = server_basic_options, .doc = "Lets in who sends user and password (RFC 7617)." },
	{ "header", CONF_SECTION, .section = header_options, .doc = "Lets in who sends one of these keys in a header." },
	{ .name = NULL },
};

static const struct conf_option client_basic_options[] = {
	{ "username", CONF_STRING, AT(client_auth_config, basic.username), .doc = "The user." },
	{ "password", CONF_SECRET, AT(client_auth_config, basic.password), .doc = "The user's password." },
	{ .name = NULL },
};

static const struct conf_option oauth2_options[] = {
	{ "client_id", CONF_STRING, AT(client_auth_config, oauth2.client_id), .doc = "Who we are to the authorization server." },
	{ "client_secret", CONF_SECRET, AT(client_auth_config, oauth2.client_secret), .doc = "Our secret there." },
	{ "token_url", CONF_STRING, AT(client_auth_config, oauth2.token_url),
	  .doc = "Where tokens are given out (RFC 6749 section 4.4)." },
	{ "scopes", CONF_LIST, AT(client_auth_config, oauth2.scopes), .doc = "What the token is asked for." },
	{ "endpoint_params", CONF_MAP, AT(client_auth_config, oauth2.endpoint_params),
	  .doc = "More parameters of the token request, such as audience." },
	{ "timeout", CONF_DURATION, AT(client_auth_config, oauth2.timeout_ms), .fallback = "10s", .min = 1, .max = 10 * MINUTE,
	  .doc = "The longest that a token request may take." },
	{ "tls", CONF_SECTION, AT(client_auth_config, oauth2.tls), .section = tls_client_options,
	  .doc = "TLS to token_url, which the exporter's own says nothing about." },
	{ .name = NULL },
};

const struct conf_option client_auth_options[] = {
	{ "bearer_token", CONF_SECRET, AT(client_auth_config, bearer_token), .doc = "Sent as Authorization: Bearer." },
	{ "bearer_token_file", CONF_STRING, AT(client_auth_config, bearer_token_file), .is_read = true,
	  .doc = "A file with that token; changes are taken up within seconds." },
	{ "basic", CONF_SECTION, .section = client_basic_options, .doc = "User and password (RFC 7617)." },
	{ "oauth2client", CONF_SECTION, .section = oauth2_options,
	  .doc = "Tokens of an authorization server, fetched when they are needed and kept until shortly before they expire." },
	{ .name = NULL },
};
