# SPDX-License-Identifier: Apache-2.0
"""Records and spans in a real Kafka: each once, one baseline key in one partition, and none lost while the broker is away."""
import json

import pytest

import otlp
from kafka_broker import KafkaBroker


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    server = KafkaBroker(tmp_path_factory.mktemp("kafka") / "node")
    yield server
    server.stop()


def exporter(broker, prefix, **more):
    return {"exporters": {"kafka": {
        "brokers": [broker.address], "timeout": "5s", "traces": {"topic": prefix + "-spans", "encoding": "otlp_json"},
        "records": {"topic": prefix + "-records"}, "partition_traces_by_id": True, "producer": {"compression": "gzip"},
        "retry_on_failure": {"initial_interval": "100ms", "max_interval": "200ms"}, **more}}}


def send_calls(agent, feature, count):
    message, spans = otlp.request()
    sent = [otlp.add_call(spans, feature=feature, **{"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "1"})
            for _ in range(count)]
    otlp.send_grpc(agent.grpc_target, message)
    return {span.trace_id.hex() for span in sent}


def delivered(agent, kind, count):
    agent.wait_for_metric("plimsoll_agent_exported_total", count, timeout=60, exporter="kafka", kind=kind)


def test_records_of_one_baseline_are_in_one_partition(broker, start_agent):
    agent = start_agent(exporter(broker, "a"))
    traces = send_calls(agent, "chat", 5) | send_calls(agent, "search", 5)
    delivered(agent, "records", 10)
    delivered(agent, "traces", 10)
    records = broker.messages("a-records", 10)
    assert len(records) == 10 and {json.loads(value)["trace_id"] for _, _, value in records} == traces
    for feature in ("chat", "search"):
        key = "%s|%s|greet@1" % (feature, otlp.MODEL)
        places = {place for place, k, value in records if k == key}
        assert len(places) == 1 and sum(k == key for _, k, _ in records) == 5
    spans = broker.messages("a-spans", 10)
    assert {key for _, key, _ in spans} == traces
    for _, key, value in spans:
        span = json.loads(value)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        assert span["traceId"] == key and any(a["key"] == "gen_ai.usage.cost" for a in span["attributes"])


def test_an_outage_of_the_broker_loses_nothing(broker, start_agent):
    agent = start_agent(exporter(broker, "b"))
    traces = send_calls(agent, "chat", 2)
    delivered(agent, "records", 2)
    broker.stop()
    traces |= send_calls(agent, "chat", 3)
    agent.wait_for_metric("plimsoll_agent_export_retries_total", 1, timeout=60, exporter="kafka")
    broker.start()
    delivered(agent, "records", 5)
    records = broker.messages("b-records", 5)
    assert {json.loads(value)["trace_id"] for _, _, value in records} == traces
    assert not agent.metric("plimsoll_agent_dropped_total", exporter="kafka")
