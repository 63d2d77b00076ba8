# SPDX-License-Identifier: Apache-2.0
"""Each back end is told, in the keys that it reads, the dollars and tokens of /metrics; wrappers add nothing to them."""
import json

import pytest

import otlp
from backend import Backend, attributes

USAGE_WORDS = ("usage", "token_count", "cost", "braintrust.metrics")


def from_json(key, member):
    return lambda a: json.loads(a[key]).get(member, 0) if key in a else 0


def from_key(key):
    return lambda a: a.get(key, 0)


# preset: (options, dollars of a span, input tokens of a span that it prices apart from cached ones, or all)
PRESETS = {
    "langfuse": ({"public_key": "p", "api_key": "s"}, from_json("langfuse.observation.cost_details", "total"),
                 from_json("langfuse.observation.usage_details", "input"), False),
    "langsmith": ({"api_key": "k"}, from_json("langsmith.usage_metadata", "total_cost"),
                  from_json("langsmith.usage_metadata", "input_tokens"), True),
    "braintrust": ({"api_key": "k"}, from_json("braintrust.metrics", "estimated_cost"),
                   from_json("braintrust.metrics", "prompt_tokens"), True),
    "phoenix": ({}, from_key("llm.cost.total"), from_key("llm.token_count.prompt"), True),
    "dash0": ({"api_key": "k"}, from_key("gen_ai.usage.cost"), from_key("gen_ai.usage.input_tokens"), True),
}
INPUT, CACHED, OUTPUT = 1000, 600, 50


def send_agent_run(agent, calls):
    """A wrapper that claims all usage of the calls inside it, its calls (one of which claims a wrong cost), and a span of no model."""
    message, spans = otlp.request()
    wrapper = otlp.add_span(spans, "invoke_agent", duration_ms=900, **{
        "gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": otlp.MODEL, "gen_ai.usage.cost": 12.5,
        "gen_ai.usage.input_tokens": INPUT * calls, "gen_ai.usage.output_tokens": OUTPUT * calls,
        "llm.token_count.prompt": INPUT * calls})
    for number in range(calls):
        claimed = {"gen_ai.usage.cost": 9.0} if number == 0 else {}
        call = otlp.add_call(spans, input_tokens=INPUT, output_tokens=OUTPUT,
                             **{"gen_ai.usage.cache_read.input_tokens": CACHED, **claimed})
        call.trace_id, call.parent_span_id = wrapper.trace_id, wrapper.span_id
    otlp.add_span(spans, "GET /", **{"http.request.method": "GET"})
    otlp.send_grpc(agent.grpc_target, message)


@pytest.fixture
def backends():
    all_of_them = {name: Backend() for name in PRESETS}
    yield all_of_them
    for backend in all_of_them.values():
        backend.close()


def test_every_back_end_adds_up_to_the_dollars_of_metrics(backends, start_agent):
    agent = start_agent({"exporters": {
        "otlphttp/" + name: {"preset": name, "endpoint": backends[name].http_url, **PRESETS[name][0]} for name in PRESETS}})
    send_agent_run(agent, 3)
    shown = agent.metric("plimsoll_cost_usd_total")
    assert shown == pytest.approx(3 * otlp.cost_usd(INPUT, OUTPUT, CACHED), rel=1e-9)
    for name, (_, dollars, tokens, with_cached) in PRESETS.items():
        told = [attributes(span) for span in backends[name].wait_for_spans(5)]
        assert sum(dollars(a) for a in told) == pytest.approx(shown, rel=1e-9), name
        assert sum(tokens(a) for a in told) == 3 * (INPUT if with_cached else INPUT - CACHED), name
        wrapper = attributes(backends[name].span("invoke_agent"))
        assert wrapper["plimsoll.counted"] is False
        assert not [key for key in wrapper if any(word in key for word in USAGE_WORDS)], name
        assert attributes(backends[name].span("GET /")) == {"http.request.method": "GET"}
