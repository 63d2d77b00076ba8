# SPDX-License-Identifier: Apache-2.0
"""An application whose calls are not made as the manifest of their prompt says: each field that drifts is counted, logged,
put into the audit and alerted with what was seen and what is right. Spans by the OpenTelemetry SDK."""
import json
import re
import subprocess

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from agent import BINARY
from waiting import wait_for

MANIFEST = """name: answer
version: 1.4.0
model: gpt-4o
temperature: 0.2
max_output_tokens: 500
retrieval: {collection: docs, top_k: 3, min_score: 0.6}
"""
CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 500, "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10}


def found(*scores):
    return json.dumps([{"id": "d%d" % i, "score": score} for i, score in enumerate(scores)])


SEARCH = {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "docs", "gen_ai.retrieval.top_k": 3,
          "gen_ai.retrieval.documents": found(0.9, 0.8, 0.7)}

# field: (span, what is other than usual, what was seen, what the manifest says)
DRIFTS = {
    "model": (CALL, {"gen_ai.request.model": "gpt-4o-mini"}, "gpt-4o-mini", "gpt-4o"),
    "temperature": (CALL, {"gen_ai.request.temperature": 0.9}, "0.9", "0.2"),
    "max_output_tokens": (CALL, {"gen_ai.request.max_tokens": 4096}, "4096", "500"),
    "retrieval.collection": (SEARCH, {"gen_ai.data_source.id": "drafts"}, "drafts", "docs"),
    "retrieval.top_k": (SEARCH, {"gen_ai.retrieval.top_k": 20}, "20", "3"),
    "retrieval.min_score": (SEARCH, {"gen_ai.retrieval.documents": found(0.9, 0.8, 0.41)}, "0.41", "0.6"),
}


@pytest.fixture
def agent(start_agent, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "answer.yaml").write_text(MANIFEST)
    return start_agent({"prompts": {"directory": str(folder)}})


@pytest.fixture
def span(agent):
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(agent.http_url + "/v1/traces")))
    tracer = provider.get_tracer("shop")

    def make(attributes):
        prompt = {"gen_ai.prompt.name": "answer", "gen_ai.prompt.version": "1.4.0"}
        with tracer.start_as_current_span("work", attributes=dict(attributes, **prompt)):
            pass

    return make


def drifts(agent):
    return {labels["field"]: n for name, labels, n in agent.metrics() if name == "plimsoll_prompt_drift_total"}


def test_each_field_that_drifts_is_told(agent, span):
    span(CALL)
    span(SEARCH)
    agent.wait_for_metric("plimsoll_requests_total", 1)
    assert drifts(agent) == {}
    for usual, changed, _, _ in DRIFTS.values():
        span(dict(usual, **changed))
    wait_for(lambda: drifts(agent) == dict.fromkeys(DRIFTS, 1), lambda: "each field once in %s" % drifts(agent))
    wait_for(lambda: len([e for e in agent.api("audit")["entries"] if e["kind"] == "prompt_drift"]) == len(DRIFTS), "the audit")
    entries = {e["text"] for e in agent.api("audit")["entries"] if e["kind"] == "prompt_drift"}
    alerts = wait_for(lambda: (lambda a: len(a) == len(DRIFTS) and a)(
        {a["metric"]: a for a in agent.api("alerts")["alerts"] if a["kind"] == "prompt_drift"}), "the alerts")
    for field, (_, _, seen, expected) in DRIFTS.items():
        assert "calls of answer@1.4.0 have %s %s, its manifest says %s" % (field, seen, expected) in entries
        agent.wait_for_output(re.escape("event=drift prompt=\"answer@1.4.0\" field=%s seen=\"%s\"" % (field, seen)))
        alert = alerts[field]
        shown = subprocess.run([BINARY, "alerts", "show", alert["id"], "--agent", "http://localhost:%d" % agent.ports["metrics"]],
                               capture_output=True, text=True, timeout=30, check=True).stdout
        assert alert["summary"] in shown and not re.search(r"\bnan\b", shown), shown
        assert alert["prompt_version"] == "answer@1.4.0"
        assert "%s of answer@1.4.0 is" % field in alert["summary"] and "its manifest says" in alert["summary"], alert
        told = (alert.get("seen") or str(alert["value"]), alert.get("expected") or "%g" % alert["baseline_mean"])
        assert told == (seen, expected) or (float(told[0]), float(told[1])) == (float(seen), float(expected)), alert
