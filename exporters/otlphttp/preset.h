/* SPDX-License-Identifier: Apache-2.0
 * exporters/otlphttp/preset.h - what is known of a back end: where it listens, how it wants to be asked, what it reads.
 *
 * One row each in preset.c. What the user writes wins over the row.
 */
#ifndef PLIMSOLL_EXPORTERS_OTLPHTTP_PRESET_H
#define PLIMSOLL_EXPORTERS_OTLPHTTP_PRESET_H

#include "agent/base/buf.h"
#include "agent/config/option.h"
#include "exporters/exporter.h"
#include "exporters/reemit/reemit.h"

#define PRESET_HEADERS_MAX 3

/* The user's side of a preset; NULL where not given. */
struct preset_inputs {
	int name; /* index into the choices of `preset`; 0: none */
	const char *api_key, *public_key, *region, *project, *dataset;
};

/* How api_key is put into its header. */
enum preset_auth {
	PRESET_AUTH_BARE,   /* as it is */
	PRESET_AUTH_BEARER, /* Bearer key */
	PRESET_AUTH_BASIC,  /* Basic base64(public_key:api_key) */
};

struct preset {
	const char *name;
	const char *url;          /* base where no region is given; NULL: region or endpoint is required */
	const char *regional_url; /* the same with %s for the region; NULL: there are no regions */
	const char *path;         /* behind the host, where endpoint has none */
	const char *traces_path;  /* instead of /v1/traces; NULL: that */
	uint32_t signals;         /* bits 1u << PAYLOAD_... that it takes */
	const char *auth_header;
	enum preset_auth auth;
	bool key_is_optional;
	const char *key_variable, *public_key_variable; /* environment variables to look at where no key is given */
	const char *key_page;                           /* where the vendor shows the key */
	const char *public_key_word;                    /* what public_key is called there; NULL: not wanted */
	const char *fixed_header, *fixed_value;         /* sent always; NULL: none */
	const char *project_header, *project_prefix; /* project goes here, "project_name:" before it; NULL: nowhere */
	const char *dataset_header;
	bool wants_json; /* takes OTLP/JSON only */
	bool refuses_json;
	struct payload_limits limits;
	const struct reemit_rules *rules; /* NULL: spans go as they are */
};

/* "none|langfuse|...", for the option table. */
#define PRESET_CHOICES                                                                                                 \
	"none|langfuse|langsmith|braintrust|helicone|phoenix|datadog|honeycomb|newrelic|grafana_cloud|signoz|dash0"

/* NULL for none. */
const struct preset *preset_of(const struct preset_inputs *in);

/* Whether the inputs are complete. why: what is missing, and where to find it. endpoint: as configured, may be NULL. */
struct status preset_check(const struct preset_inputs *in, const char *endpoint, struct buf *why) MUST_USE;

/* Appends the base URL: the user's endpoint, with the preset's path where it has none, else the preset's. */
void preset_write_url(const struct preset *p, const struct preset_inputs *in, const char *endpoint, struct buf *out);

/* The preset's headers that the configured ones do not name, then those. values: keeps what is made. The result's items
 * are the caller's to free. Errors: NOMEM. */
struct status preset_headers(const struct preset *p, const struct preset_inputs *in,
			     const struct string_map *configured, struct buf values[PRESET_HEADERS_MAX],
			     struct string_map *out) MUST_USE;

#endif
