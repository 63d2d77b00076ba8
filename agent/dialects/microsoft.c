/* SPDX-License-Identifier: Apache-2.0
 * dialects/microsoft.c - Microsoft: Azure AI, Semantic Kernel, Agent Framework.
 *
 * They speak the GenAI conventions; the agent span adds up its chat spans under the same names. Semantic Kernel in .NET
 * calls its operations chat.completions and text.completions.
 */
#include "agent/dialects/dialect.h"

static const struct dialect_row rows[] = {
	ROW_TEXT("gen_ai.thread.id", FIELD_SESSION, 7),
	ROW_TEXT("workflow.name", FIELD_WORKFLOW, 37),
	ROW_COUNT("gen_ai.response.prompt_tokens", FAMILY_GEN_AI_OLD, TOKENS_INPUT), /* Semantic Kernel of early 2024 */
	ROW_COUNT("gen_ai.response.completion_tokens", FAMILY_GEN_AI_OLD, TOKENS_OUTPUT),
	ROW_CONTENT("sk.available_functions", FIELD_INPUT_TEXT, 9),
	ROW_END,
};

static const struct dialect_scope scopes[] = {
	{ "agent_framework", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "Microsoft.Extensions.AI", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "Experimental.Microsoft.Extensions.AI", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "Microsoft.SemanticKernel", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "semantic_kernel", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "azure.ai.inference", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ "azure.core.tracing", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED }, /* the same, by way of its plugin */
	{ "azure.ai.", PRODUCER_FRAMEWORK, false, STREAM_USAGE_SERVED },
	{ "Azure.AI.", PRODUCER_VENDOR_SDK, false, STREAM_USAGE_SERVED },
	{ 0 },
};

static const struct dialect_name names[] = {
	{ "workflow.run", ROLE_CHAIN },
	{ "executor.process", ROLE_CHAIN },
	{ 0 },
};

const struct dialect dialect_microsoft = {
	.name = "microsoft",
	.source = "azure-ai-inference 1.0.0b9, azure-ai-projects 2.10.0, semantic-kernel 1.45.0, "
		  "agent-framework-core 1.23.0, ModelDiagnostics of Semantic Kernel and OpenTelemetryChatClient of "
		  "Microsoft.Extensions.AI in .NET, read 2026-11",
	.rows = rows,
	.scopes = scopes,
	.names = names,
};
