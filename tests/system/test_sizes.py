# SPDX-License-Identifier: Apache-2.0
"""Peers that take little: batches are split down to a span, a span's texts are shortened, and nothing is lost unsaid."""
import pytest

import otlp
from backend import Failure, attributes


def exporter(backend, transport, **queue):
    endpoint = {"endpoint": backend.grpc_target, "tls": {"insecure": True}} if transport == "otlp" else {
        "endpoint": backend.http_url}
    return {"exporters": {transport + "/backend": dict(endpoint, sending_queue=queue)}}


def send(agent, texts):
    message, spans = otlp.request()
    for i, text in enumerate(texts):
        otlp.add_span(spans, "span %d" % i, text=text)
    otlp.send_grpc(agent.grpc_target, message)


@pytest.mark.parametrize("transport", ["otlp", "otlphttp"])
def test_what_a_peer_refuses_for_its_size_is_split_until_it_fits(start_agent, backend, transport):
    backend.max_bytes = 10_000
    agent = start_agent(exporter(backend, transport))
    send(agent, ["x" * 1000] * 100)
    names = [span.name for span in backend.wait_for_spans(100)]
    assert names == ["span %d" % i for i in range(100)]  # in order, none twice
    assert all(len(r.body) <= 10_000 for r in backend.snapshot())
    agent.wait_for_metric("plimsoll_agent_exported_total", 100, kind="traces")
    assert agent.metric("plimsoll_agent_dropped_total") == 0


def test_a_span_that_is_too_big_by_itself_is_shortened_where_it_is_longest(start_agent, backend):
    backend.max_bytes = 5_000
    agent = start_agent(exporter(backend, "otlphttp"))
    send(agent, ["y" * 40_000, "short"])
    big, small = sorted(backend.wait_for_spans(2), key=lambda span: span.name)
    assert attributes(big)["text"].startswith("yyyy") and attributes(big)["text"].endswith("bytes cut]")
    assert attributes(small)["text"] == "short"


def test_what_cannot_be_made_smaller_is_dropped_and_counted(start_agent, backend):
    backend.max_bytes = 10
    agent = start_agent(exporter(backend, "otlphttp"))
    send(agent, ["a", "b"])
    agent.wait_for_metric("plimsoll_agent_dropped_total", 2, reason="too_big")


def test_batches_are_built_below_the_limits_beforehand(start_agent, backend):
    agent = start_agent(exporter(backend, "otlphttp", batch={
        "max_size": "4KiB", "max_items": 3, "max_attribute_length": 100}))
    send(agent, ["z" * 500] * 20)
    spans = backend.wait_for_spans(20)
    assert all(len(attributes(span)["text"]) == 100 for span in spans)
    assert all(len(r.body) <= 4096 for r in backend.snapshot())
    assert len(backend.snapshot()) >= 7 and not backend.refused


def test_small_requests_wait_for_more_until_the_flush(start_agent, backend):
    agent = start_agent(exporter(backend, "otlp", batch={"min_size": "64KiB", "flush_timeout": "2s"}))
    for _ in range(5):
        send(agent, ["w"])
    backend.wait_for_spans(5)
    assert len(backend.snapshot()) == 1
    backend.failures = [Failure()]  # and a retry sends the same batch again
    send(agent, ["w"])
    agent.wait_for_metric("plimsoll_agent_export_failures_total", 1)
