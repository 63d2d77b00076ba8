# SPDX-License-Identifier: Apache-2.0
"""Real SDKs and instrumentations send; records, metrics and forwarded spans must tell what the model API served."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import MODEL
from backend import attributes
from otlp import cost_usd

INSTRUMENTATIONS = ["openai-v2", "openinference"]
PROTOCOLS = ["grpc", "http"]
USD = 1e-12  # records keep pico-dollars
EMBEDDING_USD = 0.02e-6  # text-embedding-3-small, per token (genai-prices 0.2.3)


def only_record(agent):
    records = agent.wait_for_records(1)
    assert len(records) == 1
    return records[0]


def assert_tells(record, truth):
    assert record["request_model"] == truth["request_model"]
    assert record["model"] == truth["model"]
    assert record["provider"] == "openai"
    assert record["feature"] == "checkout"
    assert record["input_tokens"] == truth["input"]
    assert record["output_tokens"] == truth["output"]
    assert record["outcome"] == "ok"
    assert record["cost_usd"] == pytest.approx(cost_usd(truth["input"], truth["output"], truth["cached"]), abs=USD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("instrumentation", INSTRUMENTATIONS)
def test_a_call_is_counted_priced_and_forwarded(start_agent, run_app, backend, forwarding, instrumentation, protocol):
    agent = start_agent(forwarding)
    truth, = run_app(agent, instrumentation, protocol, "chat")
    record = only_record(agent)
    assert_tells(record, truth)
    assert record["latency_ms"] > 0

    span = attributes(backend.wait_for_spans(1)[0])
    assert span["gen_ai.usage.cost"] == pytest.approx(record["cost_usd"], abs=USD)
    assert span["plimsoll.cost.input_usd"] == pytest.approx(cost_usd(truth["input"], 0), abs=USD)
    assert span["plimsoll.cost.output_usd"] == pytest.approx(cost_usd(0, truth["output"]), abs=USD)
    assert span["plimsoll.feature"] == "checkout"
    assert span["plimsoll.outcome"] == "ok"
    assert span["plimsoll.context"] == "1k"
    assert span["plimsoll.latency_ms"] == pytest.approx(record["latency_ms"])
    assert span["gen_ai.request.model"] == MODEL
    assert span["gen_ai.usage.input_tokens"] == truth["input"]

    labels = {"model": MODEL, "feature": "checkout", "provider": "openai"}
    assert agent.metric("plimsoll_requests_total", outcome="ok", **labels) == 1
    assert agent.metric("plimsoll_tokens_total", type="input", **labels) == truth["input"]
    assert agent.metric("plimsoll_tokens_total", type="output", **labels) == truth["output"]
    assert agent.metric("plimsoll_cost_usd_total", **labels) == pytest.approx(record["cost_usd"], abs=USD)
    assert agent.metric("gen_ai_client_operation_duration_seconds_count", **labels) == 1


@pytest.mark.parametrize("instrumentation", INSTRUMENTATIONS)
def test_tool_calls_are_calls_like_others(start_agent, run_app, instrumentation):
    agent = start_agent()
    truth, = run_app(agent, instrumentation, "http", "tools")
    assert_tells(only_record(agent), truth)


def test_cached_tokens_are_cheaper(start_agent, run_app):
    agent = start_agent()
    truth, = run_app(agent, "openinference", "http", "cached")
    record = only_record(agent)
    assert_tells(record, truth)
    assert record["cache_read_tokens"] == truth["cached"]


def test_the_time_to_the_first_token_of_a_stream_is_known(start_agent, run_app, backend, forwarding):
    agent = start_agent(forwarding)
    truth, = run_app(agent, "openinference", "http", "stream")
    record = only_record(agent)
    assert_tells(record, truth)
    assert truth["ttft_ms"] <= record["ttft_ms"] < record["latency_ms"]
    span = attributes(backend.wait_for_spans(1)[0])
    assert span["plimsoll.ttft_ms"] == pytest.approx(record["ttft_ms"])
    assert span["plimsoll.streaming"] is True
    assert span["plimsoll.output_tokens_per_second"] > 0


@pytest.mark.parametrize("instrumentation", INSTRUMENTATIONS)
def test_tokens_that_nobody_reported_are_not_zero(start_agent, run_app, instrumentation):
    agent = start_agent()
    run_app(agent, instrumentation, "http", "stream_without_usage")
    record = only_record(agent)
    assert record["outcome"] == "ok"
    assert record.get("input_tokens") != 0
    assert record.get("cost_usd") != 0


@pytest.mark.parametrize("instrumentation", INSTRUMENTATIONS)
def test_a_429_is_a_rate_limited_call_without_cost(start_agent, run_app, instrumentation):
    agent = start_agent()
    run_app(agent, instrumentation, "http", "rate_limited")
    record = only_record(agent)
    assert record["outcome"] == "rate_limited"
    assert not record.get("cost_usd")
    assert agent.metric("plimsoll_requests_total", outcome="rate_limited") == 1


@pytest.mark.parametrize("instrumentation", INSTRUMENTATIONS)
def test_a_model_without_a_price_has_no_cost_rather_than_zero(start_agent, run_app, backend, forwarding, instrumentation):
    agent = start_agent(forwarding)
    truth, = run_app(agent, instrumentation, "http", "unknown_model")
    record = only_record(agent)
    assert record.get("cost_usd") is None
    assert record["input_tokens"] == truth["input"]
    assert agent.metric("plimsoll_unpriced_requests_total") == 1
    assert "gen_ai.usage.cost" not in attributes(backend.wait_for_spans(1)[0])


def test_embeddings_have_input_tokens_only(start_agent, run_app):
    agent = start_agent()
    truth, = run_app(agent, "openinference", "http", "embeddings")
    record = only_record(agent)
    assert record["input_tokens"] == truth["input"]
    assert record["cost_usd"] == pytest.approx(truth["input"] * EMBEDDING_USD, abs=USD)


def test_several_calls_add_up(start_agent, run_app):
    agent = start_agent()
    served = run_app(agent, "openinference", "grpc", "chat", "cached", "stream", "rate_limited")
    agent.wait_for_records(4)
    answered = [t for t in served if t["status"] == 200]
    total = sum(cost_usd(t["input"], t["output"], t["cached"]) for t in answered)
    assert agent.metric("plimsoll_requests_total") == 4
    assert agent.metric("plimsoll_cost_usd_total") == pytest.approx(total, abs=USD)
    assert agent.metric("plimsoll_tokens_total", type="output") == sum(t["output"] for t in answered)


def test_the_python_of_the_readme_is_all_that_an_application_needs(start_agent, model_api):
    set_up, = re.findall(r"^```python\n(.*?)^```", (Path(__file__).parents[2] / "README.md").read_text(), re.M | re.S)
    ask = "from openai import OpenAI\nOpenAI().chat.completions.create(model=%r, messages=[])\n" % MODEL
    agent = start_agent()
    env = dict(os.environ, OTEL_EXPORTER_OTLP_ENDPOINT=agent.http_url, OTEL_SDK_DISABLED="false",
               OTEL_RESOURCE_ATTRIBUTES="service.name=shop,feature=checkout",
               OPENAI_BASE_URL=model_api.url, OPENAI_API_KEY="none")
    subprocess.run([sys.executable, "-c", set_up + ask], env=env, check=True, timeout=60)
    assert_tells(only_record(agent), model_api.served[0])
