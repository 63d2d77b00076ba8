#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what real instrumentations send, as inputs of the golden tests.

Runs the application of the system tests under each instrumentation against the stand-in model API, catches the OTLP
requests and writes them to tests/golden/<dialect>/<scenario>.in.json in OTLP/JSON. What differs from run to run (ids,
times, the process) is replaced by fixed values, so that recording again shows only what the instrumentation changed.

    build/venv/bin/python tests/record/record.py        then: make golden-update
"""
import json
import os
import pathlib
import subprocess
import sys

from google.protobuf import json_format

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = ROOT / "tests" / "system"
sys.path.insert(0, str(SYSTEM))

from backend import Backend  # noqa: E402
from model_api import ModelApi  # noqa: E402

DIALECT_OF = {"openai-v2": "otel-genai", "openinference": "openinference"}
SCENARIOS = ["chat", "cached", "tools", "stream", "stream_without_usage", "rate_limited", "unknown_model", "embeddings"]
FIRST_NS = 1_790_000_000_000_000_000
KEPT_RESOURCE = ("service.name", "plimsoll.feature", "telemetry.sdk.name", "telemetry.sdk.language")


def run_application(instrumentation, scenario, api, backend):
    environment = dict(os.environ, MODEL_API=api.url, OTEL_EXPORTER_OTLP_ENDPOINT=backend.http_url)
    subprocess.run([sys.executable, str(SYSTEM / "app.py"), instrumentation, "http", scenario], env=environment,
                   check=True, timeout=60)
    backend.wait_for_spans(1)


class Neutral:
    """Gives the first span id the number 1, the second 2, and so on; moves all times so that the first is FIRST_NS."""

    def __init__(self):
        self.ids = {}
        self.first_ns = None

    def hex_id(self, value, length):
        return format(self.ids.setdefault(value, len(self.ids) + 1), "0%dx" % length) if value else ""

    def time(self, value):
        self.first_ns = self.first_ns or value
        return FIRST_NS + value - self.first_ns

    def span(self, span):
        span.trace_id = bytes.fromhex(self.hex_id(span.trace_id, 32))
        span.span_id = bytes.fromhex(self.hex_id(span.span_id, 16))
        span.parent_span_id = bytes.fromhex(self.hex_id(span.parent_span_id, 16))
        span.start_time_unix_nano = self.time(span.start_time_unix_nano)
        span.end_time_unix_nano = self.time(span.end_time_unix_nano)
        for event in span.events:
            event.time_unix_nano = self.time(event.time_unix_nano)
            kept = [a for a in event.attributes if a.key != "exception.stacktrace"]
            del event.attributes[:]
            event.attributes.extend(kept)
        for attribute in span.attributes:
            if attribute.key == "server.port":
                attribute.value.int_value = 443


def as_otlp_json(request):
    """protobuf's JSON with the deviations of OTLP: ids in hex, enums as numbers."""
    neutral = Neutral()
    for resource in request.resource_spans:
        kept = [a for a in resource.resource.attributes if a.key in KEPT_RESOURCE]
        del resource.resource.attributes[:]
        resource.resource.attributes.extend(sorted(kept, key=lambda a: a.key))
        for scope in resource.scope_spans:
            for span in scope.spans:
                neutral.span(span)
    document = json_format.MessageToDict(request, use_integers_for_enums=True)
    for resource, message in zip(document["resourceSpans"], request.resource_spans):
        for scope, scope_message in zip(resource["scopeSpans"], message.scope_spans):
            for span, span_message in zip(scope["spans"], scope_message.spans):
                for key, value in (("traceId", span_message.trace_id), ("spanId", span_message.span_id),
                                   ("parentSpanId", span_message.parent_span_id)):
                    if value:
                        span[key] = value.hex()
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def record(instrumentation, scenario):
    api, backend = ModelApi(), Backend()
    try:
        run_application(instrumentation, scenario, api, backend)
        request = backend.snapshot()[0].message
    finally:
        api.close()
        backend.close()
    target = ROOT / "tests" / "golden" / DIALECT_OF[instrumentation] / ("%s.in.json" % scenario)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(as_otlp_json(request))
    print("recorded %s" % target.relative_to(ROOT))


if __name__ == "__main__":
    for name in DIALECT_OF:
        for each in SCENARIOS:
            record(name, each)
