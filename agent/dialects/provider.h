/* SPDX-License-Identifier: Apache-2.0
 * dialects/provider.h - who served a call, in the spelling of the semantic conventions.
 */
#ifndef PLIMSOLL_DIALECTS_PROVIDER_H
#define PLIMSOLL_DIALECTS_PROVIDER_H

#include "agent/base/slice.h"

/* "az.ai.openai" and "AzureOpenAI" become "azure.ai.openai", "openai.chat" becomes "openai"; a name that is not listed
 * stays as it is; a framework's name ("langchain", not a payer) becomes empty. Borrows from name or is a literal. */
struct slice provider_canonical(struct slice name);

/* The provider behind a host such as "api.openai.com", or empty. */
struct slice provider_of_host(struct slice host);

/* The provider whose model ids start like this ("gpt-", "claude-"), or that a gateway's id names ("groq/llama-3.3"), or
 * empty. */
struct slice provider_of_model(struct slice model);

#endif
