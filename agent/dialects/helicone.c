/* SPDX-License-Identifier: Apache-2.0
 * dialects/helicone.c - Helicone: a proxy steered by headers, which instrumentations of HTTP clients record.
 *
 * Only the headers are its own; its asynchronous mode speaks OpenLLMetry.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_TEXT("http.request.header.helicone-user-id", FIELD_USER, 6),
	ROW_TEXT("http.request.header.helicone-session-id", FIELD_SESSION, 8),
	ROW_TEXT("http.request.header.helicone-prompt-id", FIELD_PROMPT_NAME, PROMPT_CUSTOM),
	ROW_TEXT("Helicone-User-Id", FIELD_USER, 6),
	ROW_TEXT("Helicone-Session-Id", FIELD_SESSION, 8),
	ROW_TEXT("Helicone-Prompt-Id", FIELD_PROMPT_NAME, PROMPT_CUSTOM),
	ROW_END,
};

static const struct dialect_prefix prefixes[] = {
	{ "Helicone-Property-", true, metadata_members },
	{ "http.request.header.helicone-property-", true, metadata_members },
	{ 0 },
};

static const struct dialect_scope scopes[] = {
	{ "helicone", PRODUCER_PROXY, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_helicone = {
	.name = "helicone",
	.source = "vendor documentation, 2026; not checked against its source",
	.rows = rows,
	.prefixes = prefixes,
	.scopes = scopes,
};
