# SPDX-License-Identifier: Apache-2.0
"""Mistakes that users of other tools reported, each as a test of its name, and calls told by several signals.

The first word of a test's name is the project of the report; the number, where it has one, its issue.
"""
import itertools

import pytest

from telling import counter, log, logs, replay, span, traces


def chat(number, parent=0, model="gpt-4o", read=None, write=None, tokens=(100, 10), trace=1, start_ms=0, end_ms=1000, **more):
    attrs = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.response.model": model,
             "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    if read is not None:
        attrs["gen_ai.usage.cache_read.input_tokens"] = read
    if write is not None:
        attrs["gen_ai.usage.cache_creation.input_tokens"] = write
    attrs.update(more)
    return span(number, parent, "chat " + model, start_ms, end_ms, trace, attrs=attrs)


def agent(number, parent=0, operation="invoke_agent", tokens=(100, 10), **more):
    attrs = {"gen_ai.operation.name": operation, "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    return span(number, parent, operation, attrs=dict(attrs, **more))


def in_any_order(tmp_path, requests, calls, tokens):
    for order in itertools.permutations(requests):
        found, totals = replay(tmp_path, *order)
        assert (len(found), totals["input_tokens"], totals["output_tokens"]) == (calls,) + tokens


# ---------------------------------------------------------------- sums of the calls inside
def test_strands_1267_agent_and_cycle_repeat_the_usage_of_chats(tmp_path):
    scope = "strands.telemetry.tracer"
    in_any_order(tmp_path, [traces(scope, chat(3, 2)), traces(scope, agent(2, 1, "execute_event_loop_cycle")), traces(scope, agent(1))],
                 1, (100, 10))


def test_openinference_3164_the_root_agents_total_is_not_added(tmp_path):
    llm = span(2, 1, attrs={"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 29000,
                            "llm.token_count.completion": 899})
    root = span(1, attrs={"openinference.span.kind": "AGENT", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 29000,
                          "llm.token_count.completion": 899})
    in_any_order(tmp_path, [traces("openinference.instrumentation.agno", s) for s in (llm, root)], 1, (29000, 899))


def test_pydantic_ai_3995_aggregated_usage_is_never_added(tmp_path):
    root = span(1, name="agent run", attrs={"gen_ai.aggregated_usage.input_tokens": 100, "gen_ai.aggregated_usage.output_tokens": 10})
    in_any_order(tmp_path, [traces("pydantic-ai", chat(2, 1)), traces("pydantic-ai", root)], 1, (100, 10))


def test_langfuse_14754_ai_sdk_7_repeats_the_sum_of_its_steps_on_the_root(tmp_path):
    spans = [chat(3, 2), agent(2, 1, "agent_step"), chat(5, 4, tokens=(50, 5)), agent(4, 1, "agent_step"), agent(1, tokens=(150, 15))]
    found, totals = replay(tmp_path, traces("gen_ai", *spans))
    assert (len(found), totals["input_tokens"], totals["output_tokens"]) == (2, 150, 15)


def test_agenta_5717_invoke_agent_and_chat_in_one_batch(tmp_path):
    found, totals = replay(tmp_path, traces("agent_framework", agent(1, tokens=(7000, 776)), chat(2, 1, tokens=(7000, 776))))
    assert (len(found), totals["input_tokens"] + totals["output_tokens"]) == (1, 7776)


def test_braintrust_1379_the_ai_sdk_root_holds_the_last_step_only(tmp_path):
    def one(number, parent, operation, tokens):
        return span(number, parent, operation, attrs={
            "ai.operationId": operation, "ai.model.id": "gpt-4o", "ai.model.provider": "openai.chat",
            "ai.usage.promptTokens": tokens[0], "ai.usage.completionTokens": tokens[1]})
    spans = [one(2, 1, "ai.generateText.doGenerate", (100, 10)), one(3, 1, "ai.generateText.doGenerate", (50, 5)),
             one(1, 0, "ai.generateText", (50, 5))]
    in_any_order(tmp_path, [traces("ai", s) for s in spans], 2, (150, 15))


def test_claude_agent_sdk_an_agent_without_calls_inside_is_the_call(tmp_path):
    root = span(1, attrs={"openinference.span.kind": "AGENT", "llm.model_name": "claude-sonnet-4-0", "llm.cost.total": 0.5,
                          "llm.token_count.prompt": 900, "llm.token_count.completion": 30})
    found, totals = replay(tmp_path, traces("openinference.instrumentation.claude_agent_sdk", root))
    assert (len(found), totals["input_tokens"]) == (1, 900)


# ---------------------------------------------------------------- two instrumentations
def test_datadog_8936_the_provider_inside_langchain_counts_with_its_cache(tmp_path):
    outer = traces("opentelemetry.instrumentation.langchain", chat(1, model="claude-sonnet-4-0"))
    inner = traces("opentelemetry.instrumentation.botocore.bedrock-runtime", chat(2, 1, "claude-sonnet-4-0", read=80))
    assert replay(tmp_path, outer, inner)[1]["calls"] == 1 # what was counted is not taken back
    found, totals = replay(tmp_path, inner, outer)
    assert (len(found), found[0]["cache_read_tokens"], totals["input_tokens"]) == (1, 80, 180)


def test_openinference_2101_two_instrumentors_of_one_client(tmp_path):
    first = chat(2, 1, **{"gen_ai.response.id": "chatcmpl-1"})
    second = chat(3, 1, start_ms=1, **{"gen_ai.response.id": "chatcmpl-1"})
    in_any_order(tmp_path, [traces("openinference.instrumentation.openai", first),
                            traces("openinference.instrumentation.openai_agents", second)], 1, (100, 10))


@pytest.mark.parametrize("scope", ["livekit-agents", "semantic_kernel", "openinference.instrumentation.llama_index"])
def test_livekit_2905_mlflow_24307_langfuse_8700_a_framework_and_the_client_below_it(tmp_path, scope):
    in_any_order(tmp_path, [traces(scope, chat(1)), traces("opentelemetry.instrumentation.openai.v1", chat(2, 1))], 1, (100, 10))


def test_a_call_without_usage_inside_one_that_knows_it(tmp_path):
    bare = span(2, 1, attrs={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"})
    in_any_order(tmp_path, [traces("opentelemetry.instrumentation.openai.v1", bare),
                            traces("opentelemetry.instrumentation.langchain", chat(1))], 1, (100, 10))


# ---------------------------------------------------------------- what the numbers mean
def test_pydantic_ai_4364_anthropic_input_includes_the_cache_already(tmp_path):
    _, totals = replay(tmp_path, traces("pydantic-ai", chat(1, model="claude-sonnet-4-0", tokens=(1000, 10), read=800, write=100)))
    assert totals["input_tokens"] == 1000


def test_openinference_2381_bedrock_input_leaves_the_cache_out(tmp_path):
    _, totals = replay(tmp_path, traces("opentelemetry.instrumentation.botocore.bedrock-runtime",
                                        chat(1, model="anthropic.claude-3-5-sonnet-20241022-v2:0", tokens=(10, 5), read=800)))
    assert totals["input_tokens"] == 810


def test_langfuse_16489_details_are_parts_of_the_counts(tmp_path):
    _, totals = replay(tmp_path, traces("pydantic-ai", chat(1, **{"gen_ai.usage.details.text_prompt_tokens": 90,
                                                                  "gen_ai.usage.details.reasoning_tokens": 4})))
    assert (totals["input_tokens"], totals["output_tokens"], totals["reasoning_tokens"]) == (100, 10, 4)


def test_langfuse_11244_reasoning_is_part_of_the_output(tmp_path):
    _, totals = replay(tmp_path, traces("ai", span(1, attrs={
        "ai.operationId": "ai.streamText.doStream", "ai.model.id": "o3-mini", "ai.model.provider": "openai.responses",
        "ai.usage.inputTokens": 50, "ai.usage.outputTokens": 1970, "ai.usage.reasoningTokens": 956})))
    assert (totals["output_tokens"], totals["reasoning_tokens"]) == (1970, 956)


@pytest.mark.parametrize("details, want", [({}, 1800), ({"ai.usage.inputTokenDetails.noCacheTokens": 200}, 1000)])
def test_vercel_8794_sentry_21484_ai_sdk_5_leaves_anthropics_cache_out_and_6_has_it_in(tmp_path, details, want):
    attrs = {"ai.operationId": "ai.streamText.doStream", "ai.model.id": "claude-sonnet-4-0", "ai.model.provider": "anthropic.messages",
             "ai.usage.inputTokens": 1000, "ai.usage.outputTokens": 10, "ai.usage.cachedInputTokens": 800}
    _, totals = replay(tmp_path, traces("ai", span(1, attrs=dict(attrs, **details))))
    assert totals["input_tokens"] == want


def test_langfuse_13807_the_cost_that_was_told_is_kept_beside_ours(tmp_path):
    attrs = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 100,
             "llm.token_count.completion": 10, "llm.cost.total": 0.25}
    call = replay(tmp_path, traces("openinference.instrumentation.openai", span(1, attrs=attrs)))[0][0]
    assert call["reported_cost_usd"] == 0.25 and call["computed_cost_usd"] == 0.00035


def test_phoenix_13379_agno_9538_the_cache_that_a_total_proves_is_input(tmp_path):
    _, totals = replay(tmp_path, traces("strands.telemetry.tracer", chat(1, tokens=(100, 10), read=800, **{"gen_ai.usage.total_tokens": 910})))
    assert (totals["input_tokens"], totals["output_tokens"]) == (900, 10)


def test_otel_go_1253_langgraph_4848_a_stream_without_usage_is_unknown_not_zero(tmp_path):
    bare = span(1, attrs={"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.request.stream": True})
    call = replay(tmp_path, traces("opentelemetry.instrumentation.openai.v1", bare))[0][0]
    assert call["input_tokens"] is None and call["cost_usd"] is None


def test_openllmetry_3949_images_are_not_counted_as_words(tmp_path):
    image = '[{"role":"user","parts":[{"type":"blob","mime_type":"image/png","content":"%s"},{"type":"text","content":"what?"}]}]' % ("A" * 8000)
    bare = span(1, attrs={"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-0", "gen_ai.input.messages": image})
    call = replay(tmp_path, traces("opentelemetry.instrumentation.anthropic", bare))[0][0]
    assert (call["input_tokens"] or 0) < 200


def test_mlflow_every_value_is_json_text_with_its_quotes(tmp_path):
    attrs = {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"gpt-4o"',
             "mlflow.chat.tokenUsage": '{"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}'}
    found, totals = replay(tmp_path, traces("mlflow.tracing.provider", span(1, attrs=attrs)))
    assert (len(found), found[0]["model"], totals["input_tokens"]) == (1, "gpt-4o", 100)


def test_strands_tells_the_time_to_the_first_token_in_milliseconds(tmp_path):
    call = replay(tmp_path, traces("strands.telemetry.tracer", chat(1, **{"gen_ai.server.time_to_first_token": 120})))[0][0]
    assert call["ttft_ms"] == 120


def test_litellm_29741_28161_cost_that_is_a_metric_only(tmp_path):
    _, totals = replay(tmp_path, counter("gen_ai.usage.cost", [({"gen_ai.request.model": "gpt-4o"}, 0.5)], "USD", scope="litellm"))
    assert (totals["calls"], totals["cost_usd"]) == (1, 0.5)


# ---------------------------------------------------------------- several signals
CLAUDE = {"event.name": "api_request", "model": "claude-sonnet-4-0", "request_id": "req_1", "input_tokens": "10", "output_tokens": "20",
          "cache_read_tokens": "185891", "cache_creation_tokens": "0", "cost_usd": "0.06", "duration_ms": "1500",
          "session.id": "s1", "prompt.id": "turn-7"}


def test_claude_code_tells_one_request_as_metric_log_and_span(tmp_path):
    service, scope = "claude-code", "com.anthropic.claude_code"
    requests = [
        logs(scope + ".events", log(CLAUDE, body="claude_code.api_request"), service=service),
        traces(scope, span(1, name="claude_code.llm_request", attrs={
            "span.type": "llm_request", "gen_ai.system": "anthropic", "model": "claude-sonnet-4-0", "request_id": "req_1",
            "input_tokens": 10, "output_tokens": 20, "cache_read_tokens": 185891, "cache_creation_tokens": 0}), service=service),
        counter("claude_code.token.usage", [({"type": t, "model": "claude-sonnet-4-0"}, n) for t, n in
                                            (("input", 10), ("output", 20), ("cacheRead", 185891))], "tokens", service, scope),
    ]
    in_any_order(tmp_path, requests, 1, (185901, 20))
    for some in ([requests[0]], [requests[1]], [requests[2]]): # whatever is switched on
        in_any_order(tmp_path, some, 1, (185901, 20))


def test_claude_codes_turn_is_no_prompt_version_and_its_other_events_are_no_calls(tmp_path):
    scope = "com.anthropic.claude_code.events"
    others = [log({"event.name": name, "model": "claude-sonnet-4-0"}) for name in ("user_prompt", "tool_result", "tool_decision")]
    found, _ = replay(tmp_path, logs(scope, log(CLAUDE), *others, service="claude-code"))
    assert [(c["prompt_version"], c["session_id"]) for c in found] == [(None, "s1")]


def test_codex_22_cached_input_is_inside_and_numbers_are_text(tmp_path):
    completed = {"event.name": "codex.sse_event", "event.kind": "response.completed", "model": "gpt-5-codex", "conversation.id": "c1",
                 "input_token_count": "26549", "output_token_count": "300", "cached_token_count": "22272", "reasoning_token_count": "64",
                 "tool_token_count": "26849", "duration_ms": "900"}
    created = {"event.name": "codex.sse_event", "event.kind": "response.created", "model": "gpt-5-codex"}
    found, totals = replay(tmp_path, logs("codex_otel", log(created), log(completed), service="codex_cli_rs"))
    assert (len(found), totals["input_tokens"], totals["cache_read_tokens"], totals["output_tokens"]) == (1, 26549, 22272, 300)
    assert found[0]["cost_usd"] is not None and found[0]["session_id"] == "c1"


DETAILS = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o", "gen_ai.response.id": "r1",
           "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}
EVENT = "gen_ai.client.inference.operation.details"


def test_the_details_event_is_the_spans_call_in_any_order(tmp_path):
    event = logs("opentelemetry.util.genai", log(DETAILS, trace=1, span_number=1, name=EVENT))
    in_any_order(tmp_path, [event, traces("opentelemetry.util.genai", chat(1, **{"gen_ai.response.id": "r1"}))], 1, (100, 10))
    in_any_order(tmp_path, [event], 1, (100, 10))


def test_events_of_single_messages_are_no_calls(tmp_path):
    messages = [log({"gen_ai.system": "openai"}, trace=1, span_number=1, name=name, body="x") for name in
                ("gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message", "gen_ai.choice")]
    in_any_order(tmp_path, [logs("opentelemetry.instrumentation.openai_v2", *messages), traces("x", chat(1))], 1, (100, 10))
    assert replay(tmp_path, logs("opentelemetry.instrumentation.openai_v2", *messages))[0] == []


def test_client_proxy_and_model_server_tell_of_one_call(tmp_path):
    client = traces("opentelemetry.instrumentation.openai.v1", chat(1), service="shop")
    proxy = traces("litellm", chat(3, 2), service="proxy")
    server = traces("vllm.llm_engine", span(4, 3, "llm_request", attrs={
        "gen_ai.response.model": "gpt-4o", "gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 10,
        "gen_ai.latency.e2e": 0.9}), service="vllm")
    between = traces("litellm", span(2, 1, "Received Proxy Server Request", kind=2), service="proxy")
    in_any_order(tmp_path, [client, between, proxy, server], 1, (100, 10))
