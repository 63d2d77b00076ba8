# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry Collector behind the agent and in front of it: each span once, enriched, else as it was."""
import collections
import json
import subprocess

import pytest

import otlp
from agent import BINARY
from backend import Backend, Failure, attributes
from collector import Collector

QUICK = {"initial_interval": "50ms", "max_interval": "200ms"}
ENDLESS = dict(QUICK, max_elapsed_time="0s")


@pytest.fixture
def start_collector(tmp_path):
    """start_collector(exporters) gives a running one; several in a test have directories of their own."""
    running = []

    def start(exporters, processors=None):
        directory = tmp_path / ("collector-%d" % len(running))
        directory.mkdir()
        running.append(Collector(directory, exporters, processors))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def mixed_request(calls=5, others=5):
    """Model calls, which are enriched, and spans that are none."""
    message, spans = otlp.request()
    for i in range(max(calls, others)):
        if i < calls:
            otlp.add_call(spans, custom="kept")
        if i < others:
            span = otlp.add_span(spans, "GET /cart/%d" % i, **{"http.request.method": "GET", "retries": i, "ratio": 0.5})
            span.events.add(name="cache.miss", time_unix_nano=span.end_time_unix_nano)
    return message


def as_a_collector_writes(span):
    """It writes a status where there was none."""
    copy = type(span).FromString(span.SerializeToString())
    copy.status.SetInParent()
    return copy


def check_arrival(backend, messages):
    """Every span of the messages once; calls have a cost and all they had; the others are what they were."""
    sent = {span.span_id: span for m in messages for r in m.resource_spans for s in r.scope_spans for span in s.spans}
    got = backend.wait_for_spans(len(sent), timeout=40)
    assert collections.Counter(span.span_id for span in got) == collections.Counter(list(sent))
    for span in got:
        had, have = attributes(sent[span.span_id]), attributes(span)
        if "gen_ai.request.model" not in had:
            assert span == as_a_collector_writes(sent[span.span_id])
            continue
        assert {key: have[key] for key in had} == had
        assert have["plimsoll.cost.input_usd"] > 0


BEHIND = [("otlp", "none"), ("otlp", "gzip"), ("otlphttp", "none"), ("otlphttp", "gzip"), ("otlphttp", "zstd")]


@pytest.mark.parametrize("kind, compression", BEHIND, ids=["-".join(b) for b in BEHIND])
def test_a_collector_behind_the_agent_gets_every_span_once(start_agent, start_collector, backend, kind, compression):
    collector = start_collector({"otlp_http": {"endpoint": backend.http_url}})
    endpoint = {"otlp": {"endpoint": collector.grpc_target, "tls": {"insecure": True}},
                "otlphttp": {"endpoint": collector.http_url}}[kind]
    agent = start_agent({"exporters": {kind + "/collector": dict(endpoint, compression=compression, retry_on_failure=QUICK)}})
    messages = [mixed_request() for _ in range(10)]
    for message in messages:
        otlp.send_grpc(agent.grpc_target, message)
    check_arrival(backend, messages)


def test_a_collector_takes_our_json(start_agent, start_collector, backend):
    collector = start_collector({"otlp_http": {"endpoint": backend.http_url}})
    agent = start_agent({"exporters": {"otlphttp/collector": {"endpoint": collector.http_url, "encoding": "json"}}})
    messages = [mixed_request()]
    otlp.send_grpc(agent.grpc_target, messages[0])
    check_arrival(backend, messages)


FRONT = [("otlp_grpc", "none"), ("otlp_grpc", "gzip"), ("otlp_grpc", "zstd"),
         ("otlp_http", "none"), ("otlp_http", "gzip"), ("otlp_http", "zstd"), ("otlp_http", "deflate")]


@pytest.mark.parametrize("kind, compression", FRONT, ids=["-".join(f) for f in FRONT])
def test_what_a_collector_sends_arrives_once(start_agent, start_collector, backend, forwarding, kind, compression):
    agent = start_agent(forwarding)
    endpoint = {"otlp_grpc": {"endpoint": agent.grpc_target, "tls": {"insecure": True}},
                "otlp_http": {"endpoint": agent.http_url}}[kind]
    collector = start_collector({kind: dict(endpoint, compression=compression)}, {"batch": {"timeout": "100ms"}})
    messages = [mixed_request() for _ in range(10)]
    for message in messages:
        otlp.send_http(collector.http_url, message)
    check_arrival(backend, messages)


def test_untouched_requests_of_a_collector_pass_byte_for_byte(start_agent, start_collector, backend):
    """The collector sends the same bytes to the back end and to the agent in front of another one."""
    behind_agent = Backend()
    try:
        agent = start_agent({"exporters": {"otlphttp/backend": {"endpoint": behind_agent.http_url}}})
        collector = start_collector({"otlp_http/direct": {"endpoint": backend.http_url, "compression": "none"},
                                     "otlp_http/agent": {"endpoint": agent.http_url, "compression": "gzip"}})
        for sent in range(5, 30, 5):  # one at a time, so that neither joins them
            otlp.send_grpc(collector.grpc_target, mixed_request(calls=0))
            backend.wait_for_spans(sent)
            behind_agent.wait_for_spans(sent)
        assert sorted(r.body for r in behind_agent.snapshot()) == sorted(r.body for r in backend.snapshot())
    finally:
        agent.stop()
        behind_agent.close()


def test_a_collector_comes_again_when_the_agent_says_so(start_agent, start_collector, backend):
    backend.always_fail = Failure()
    agent = start_agent({"exporters": {"otlp/backend": {
        "endpoint": backend.grpc_target, "tls": {"insecure": True}, "retry_on_failure": ENDLESS,
        "sending_queue": {"storage": "lmdb", "queue_size": "64KiB", "batch": {"max_size": "32KiB"}}}}})
    collector = start_collector({
        "otlp_grpc": {"endpoint": agent.grpc_target, "tls": {"insecure": True}, "retry_on_failure": ENDLESS},
        "otlp_http/dead": {"endpoint": "http://127.0.0.1:9", "retry_on_failure": {"enabled": False}}})
    messages = [mixed_request(30, 30) for _ in range(20)]
    for message in messages:
        otlp.send_grpc(collector.grpc_target, message)
    agent.wait_for_metric("plimsoll_agent_refused_total", 1, transport="grpc", reason="full")
    backend.always_fail = None
    check_arrival(backend, messages)


def shared_exporters(backend):
    """Read by both: every key means the same to a Collector and to the agent."""
    queue = {"enabled": True, "sizer": "bytes", "queue_size": 1 << 24, "num_consumers": 2, "block_on_overflow": True,
             "batch": {"sizer": "bytes", "min_size": 1, "max_size": 1 << 20, "flush_timeout": "100ms"}}
    retry = {"enabled": True, "initial_interval": "50ms", "max_interval": "1s", "max_elapsed_time": "1m", "multiplier": 1.5,
             "randomization_factor": 0.5}
    common = {"timeout": "5s", "compression": "gzip", "headers": {"x-tenant": "shop"}, "sending_queue": queue,
              "retry_on_failure": retry}
    return {"otlp": dict(common, endpoint=backend.grpc_target, tls={"insecure": True}),
            "otlphttp": dict(common, endpoint=backend.http_url, tls={"insecure_skip_verify": False}),
            "debug": {"verbosity": "basic"}}


def test_one_exporters_section_serves_both(start_agent, start_collector, backend):
    exporters = shared_exporters(backend)
    peers = [start_agent({"exporters": dict(exporters)}), start_collector(exporters)]
    for peer in peers:
        before = len(backend.spans())
        otlp.send_grpc(peer.grpc_target, mixed_request())
        backend.wait_for_spans(before + 20)  # by both exporters
    assert all(r.headers["x-tenant"] == "shop" for r in backend.snapshot())


def test_check_says_what_differs_in_a_collectors_file(start_collector, backend):
    collector = start_collector({"otlp_http": {"endpoint": backend.http_url, "sending_queue": {"queue_size": 1000}}},
                                {"batch": None})
    done = subprocess.run([BINARY, "check", "--output", "json", str(collector.config_file)], capture_output=True, text=True)
    errors = "\n".join(json.loads(done.stdout)["errors"])
    assert done.returncode == 1
    for word in ("write otlphttp", "'processors' is not needed", "'service' is not needed"):
        assert word in errors, errors
