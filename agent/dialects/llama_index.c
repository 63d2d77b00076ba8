/* SPDX-License-Identifier: Apache-2.0
 * dialects/llama_index.c - LlamaIndex: its spans come through OpenInference or OpenLLMetry; only its own scope is known here.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_scope scopes[] = {
	{ "llama_index", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "llamaindex", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

const struct dialect dialect_llama_index = {
	.name = "llama-index",
	.source = "llama-index through openinference-instrumentation-llama-index 4.6.1, read 2026-11",
	.scopes = scopes,
};
