/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/otlphttp_priv.h - what otlphttp.c (options, life), post.c (one attempt) and json_answer.c share.
 */
#ifndef PLIMSOLL_EXPORTERS_OTLPHTTP_OTLPHTTP_PRIV_H
#define PLIMSOLL_EXPORTERS_OTLPHTTP_OTLPHTTP_PRIV_H

#include "exporters/client_auth.h"
#include "exporters/otlphttp/preset.h"

#define OTLPHTTP_SIGNALS 3 /* PAYLOAD_TRACES, _METRICS, _LOGS */

enum otlphttp_encoding { ENCODING_AUTO, ENCODING_PROTO, ENCODING_JSON };

struct otlphttp_options {
	const char *endpoint;
	const char *signal_endpoints[OTLPHTTP_SIGNALS];
	struct preset_inputs preset;
	struct string_map headers;
	int encoding; /* enum otlphttp_encoding */
	int compression;
	uint64_t timeout_ms;
	struct tls_client_config tls;
	struct client_auth_config auth;
	struct queue_config queue;
	struct retry_config retry;
};

struct otlphttp_exporter {
	const struct otlphttp_options *options;
	const struct preset *preset; /* NULL: none */
	struct client_auth *auth;
	const char *unix_socket; /* NULL: the URLs' hosts */
	char *urls[OTLPHTTP_SIGNALS]; /* NULL: the back end does not take that signal */
	struct string_map headers;    /* with the preset's */
	struct buf header_values[PRESET_HEADERS_MAX];
	bool is_json;
	struct post *running;
};

/* As struct exporter_kind has them. */
void otlphttp_send(void *state, struct payload *p, delivery_done done, void *context);
void otlphttp_cancel(void *state);

/* What an answer in OTLP/JSON says: partial success of a 2xx, or the message of an error (appended to out). */
struct delivery otlphttp_read_json_success(struct slice body);
void otlphttp_read_json_message(struct slice body, struct buf *out);

#endif
