/* SPDX-License-Identifier: Apache-2.0
 * sampling/content.c - lists of names.
 */
#include "agent/sampling/content.h"

#define S(text) { text, sizeof(text) - 1 }

static const struct slice whole[] = {
	S("gen_ai.input.messages"), S("gen_ai.output.messages"), S("gen_ai.system_instructions"), S("gen_ai.prompt"),
	S("gen_ai.completion"), S("gen_ai.tool.call.arguments"), S("gen_ai.tool.call.result"), S("gen_ai.tool.definitions"),
	S("gen_ai.retrieval.documents"), S("gen_ai.retrieval.query.text"), S("gen_ai.event.content"), S("gen_ai.response.tool_calls"),
	S("gen_ai.request.messages"), S("gen_ai.content.prompt"), S("gen_ai.content.completion"),
	S("input.value"), S("output.value"), S("llm.function_call"), S("llm.prompt_template.template"),
	S("llm.prompt_template.variables"), S("llm.prompts"), S("llm.completions"),
	S("traceloop.entity.input"), S("traceloop.entity.output"), S("traceloop.prompt.template"),
	S("ai.response.text"), S("ai.response.object"), S("ai.response.reasoning"), S("ai.response.toolCalls"), S("ai.prompt"),
	S("ai.prompt.messages"), S("ai.prompt.tools"), S("ai.toolCall.args"), S("ai.toolCall.result"), S("ai.value"),
	S("ai.values"), S("ai.documents"), S("ai.result.text"), S("ai.result.object"),
	S("langfuse.observation.input"), S("langfuse.observation.output"), S("langfuse.trace.input"), S("langfuse.trace.output"),
	S("pydantic_ai.all_messages"), S("all_messages_events"), S("events"), S("final_result"), S("request_data"), S("response_data"),
	S("tool_arguments"), S("tool_response"), S("prompt"), S("user_prompt"),
	S("mlflow.spanInputs"), S("mlflow.spanOutputs"), S("mlflow.traceInputs"), S("mlflow.traceOutputs"),
	S("gcp.vertex.agent.llm_request"), S("gcp.vertex.agent.llm_response"), S("gcp.vertex.agent.tool_call_args"),
	S("gcp.vertex.agent.tool_response"), S("braintrust.input_json"), S("braintrust.output_json"), S("braintrust.input"),
	S("braintrust.output"), S("braintrust.expected"), S("haystack.component.input"), S("haystack.component.output"),
	S("haystack.agent.step.llm.output"), S("genkit:input"), S("genkit:output"), S("lmnr.span.input"), S("lmnr.span.output"),
	S("lk.response.text"), S("lk.chat_ctx"), S("lk.user_transcript"), S("promptfoo.request.body"), S("promptfoo.response.body"),
};

static const struct slice beginnings[] = {
	S("gen_ai.prompt."), S("gen_ai.completion."), S("llm.input_messages."), S("llm.output_messages."), S("llm.prompts."),
	S("llm.completions."), S("llm.choices."), S("retrieval.documents."), S("reranker.input_documents."),
	S("reranker.output_documents."), S("reranker.query"), S("embedding.embeddings."), S("embedding.text"),
	S("braintrust.input."), S("braintrust.output."), S("gen_ai.prompt.variable."), S("langfuse.observation.input."),
	S("langfuse.observation.output."), S("document."),
};

/* Under a beginning, but no content. */
static const struct slice facts[] = { S("gen_ai.prompt.name"), S("gen_ai.prompt.version"), S("gen_ai.prompt.id") };

static const struct slice events[] = {
	S("gen_ai.client.inference.operation.details"), S("gen_ai.system.message"), S("gen_ai.user.message"),
	S("gen_ai.assistant.message"), S("gen_ai.tool.message"), S("gen_ai.choice"), S("gen_ai.content.prompt"),
	S("gen_ai.content.completion"), S("claude_code.user_prompt"), S("claude_code.assistant_response"), S("user_prompt"),
	S("assistant_response"), S("codex.user_prompt"),
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_in(const struct slice *list, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == name.len && slice_equal(list[i], name))
			return true;
	return false;
}

bool content_is_attribute(struct slice key)
{
	if (is_in(whole, COUNT(whole), key))
		return true;
	for (size_t i = 0; i < COUNT(beginnings); i++)
		if (slice_starts_with(key, beginnings[i]))
			return !is_in(facts, COUNT(facts), key);
	return false;
}

bool content_is_event(struct slice name)
{
	return is_in(events, COUNT(events), name);
}
