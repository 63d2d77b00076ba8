# SPDX-License-Identifier: Apache-2.0
"""What is not a model call passes untouched; what is one keeps everything it had; a failing back end loses nothing."""
import contextlib
import http.server
import re
import threading

import pytest

import otlp
from backend import Backend, Failure, attributes
from proxy import Proxy

UNKNOWN_FIELD = bytes([0xBA, 0x3E, 3]) + b"new"  # field 999, length-delimited: a later version of OTLP


def plain_request(count=3):
    message, spans = otlp.request()
    for i in range(count):
        span = otlp.add_span(spans, "GET /cart/%d" % i, **{"http.request.method": "GET", "retries": i, "ratio": 0.5})
        span.events.add(name="cache.miss", time_unix_nano=span.end_time_unix_nano)
        span.links.add(trace_id=span.trace_id, span_id=span.span_id)
    return message.SerializeToString() + UNKNOWN_FIELD


@pytest.mark.parametrize("incoming", ["grpc", "http"])
@pytest.mark.parametrize("outgoing", ["otlp", "otlphttp"])
def test_spans_that_are_no_model_calls_pass_byte_for_byte(start_agent, backend, incoming, outgoing):
    endpoint = {"otlp": {"endpoint": backend.grpc_target, "tls": {"insecure": True}},
                "otlphttp": {"endpoint": backend.http_url}}[outgoing]
    agent = start_agent({"exporters": {outgoing + "/backend": endpoint}})
    body = plain_request()
    if incoming == "grpc":
        otlp.send_grpc(agent.grpc_target, body)
    else:
        assert otlp.send_http(agent.http_url, body)[0] == 200
    backend.wait_for_spans(3)
    assert backend.snapshot()[0].body == body


def test_an_enriched_span_keeps_all_it_had(start_agent, backend, forwarding):
    agent = start_agent(forwarding)
    message, spans = otlp.request()
    sent = otlp.add_call(spans, **{"custom": "kept", "gen_ai.usage.cost": 7.0})
    sent.events.add(name="mine", time_unix_nano=1)
    otlp.send_grpc(agent.grpc_target, message)
    got = backend.wait_for_spans(1)[0]
    have, had = attributes(got), attributes(sent)
    assert {key: have[key] for key in had} == had
    assert (got.trace_id, got.span_id, got.name) == (sent.trace_id, sent.span_id, sent.name)
    assert [e.name for e in got.events] == ["mine"]
    assert have["plimsoll.cost.input_usd"] > 0
    assert have["plimsoll.counted" if "plimsoll.counted" in have else "plimsoll.outcome"] in (True, "ok")


def test_logs_and_metrics_pass_too(start_agent, backend, forwarding):
    agent = start_agent(forwarding)
    resource = {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}}
    log = {"resourceLogs": [dict(resource, scopeLogs=[{"logRecords": [{"timeUnixNano": "1", "body": {"stringValue": "x"}}]}])]}
    gauge = {"name": "g", "gauge": {"dataPoints": [{"timeUnixNano": "1", "asInt": "5"}]}}
    metric = {"resourceMetrics": [dict(resource, scopeMetrics=[{"metrics": [gauge]}])]}
    assert otlp.send_http(agent.http_url, log, "/v1/logs")[0] == 200
    assert otlp.send_http(agent.http_url, metric, "/v1/metrics")[0] == 200
    agent.wait_for_metric("plimsoll_agent_exported_total", 2, exporter="otlp/backend")
    assert {r.signal for r in backend.snapshot()} == {"logs", "metrics"}


@pytest.mark.parametrize("failure", [Failure(), Failure(retry_after_s=1)], ids=["unavailable", "retry-after"])
@pytest.mark.parametrize("kind", ["otlp", "otlphttp"])
def test_a_failed_request_is_sent_again(start_agent, backend, kind, failure):
    retry = {"retry_on_failure": {"initial_interval": "50ms", "max_interval": "100ms"}}
    endpoint = {"otlp": {"endpoint": backend.grpc_target, "tls": {"insecure": True}},
                "otlphttp": {"endpoint": backend.http_url}}[kind]
    backend.failures = [failure, failure]
    agent = start_agent({"exporters": {kind + "/backend": dict(endpoint, **retry)}})
    body = plain_request()
    otlp.send_grpc(agent.grpc_target, body)
    backend.wait_for_spans(3)
    assert len(backend.refused) == 2
    assert len(backend.spans()) == 3
    agent.wait_for_metric("plimsoll_agent_export_retries_total", 2, exporter=kind + "/backend")


@pytest.mark.parametrize("exporter, advice", [
    ({"otlp/wrong": {"endpoint": "{grpc}"}}, "the peer speaks no TLS there; write http:// in the endpoint"),
    ({"otlphttp/wrong": {"endpoint": "https://{http}"}}, "the peer speaks no TLS there; write http:// in the endpoint"),
    ({"otlp/wrong": {"endpoint": "http://{http}"}}, "OTLP over gRPC is usually on port 4317"),
    ({"otlphttp/wrong": {"endpoint": "http://{grpc}"}}, "OTLP over HTTP is usually on port 4318"),
], ids=["tls-grpc", "tls-http", "http-port", "grpc-port"])
def test_the_usual_mistakes_in_an_address_are_named_with_the_remedy(start_agent, backend, exporter, advice):
    (kind, options), = exporter.items()
    ports = {"grpc": backend.grpc_target, "http": backend.http_url.removeprefix("http://")}
    agent = start_agent({"receivers": {"otlp": {"protocols": {"grpc": None}}},
                         "exporters": {kind: {"endpoint": options["endpoint"].format(**ports)}}})
    assert otlp.send_http(agent.http_url, plain_request())[0] == 200
    agent.wait_for_output("export_failed.*" + re.escape(advice))
    start = agent.output.index("http/protobuf\n") + len("http/protobuf\n")
    assert all(line.startswith("time=") for line in agent.output[start:].splitlines())  # no library writes beside our log
    agent.kill()  # a stop would go on trying


@contextlib.contextmanager
def web_server(status, headers, body=b""):
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:%d" % server.server_port
        server.shutdown()


@pytest.mark.parametrize("exporter", [{"otlphttp/web": {}}, {"prometheusremotewrite/web": {"interval": "100ms"}}],
                         ids=["otlphttp", "remote-write"])
def test_a_redirect_is_not_followed_and_named(start_agent, exporter):
    (kind, options), = exporter.items()
    with web_server(308, {"location": "https://otlp.example/v1/traces?key=secret"}) as url:
        agent = start_agent({"exporters": {kind: dict(options, endpoint=url)}})
        otlp.send_grpc(agent.grpc_target, plain_request(1))
        agent.wait_for_metric("plimsoll_agent_dropped_total", 1, exporter=kind, reason="refused")
        agent.wait_for_output(re.escape("http_308: answer of " + url))
        agent.wait_for_output(re.escape("redirects to https://otlp.example/v1/traces"))
        assert "secret" not in agent.output
        agent.kill()


@pytest.mark.parametrize("body, warns", [(b"<!doctype html><title>Sign in</title>", True), (b"", False)])
def test_a_web_page_in_answer_is_told_and_an_empty_one_is_not(start_agent, body, warns):
    with web_server(200, {"content-type": "text/html; charset=utf-8"}, body) as url:
        agent = start_agent({"exporters": {"otlphttp/web": {"endpoint": url}}})
        otlp.send_grpc(agent.grpc_target, plain_request(1))
        agent.wait_for_metric("plimsoll_agent_exported_total", 1, exporter="otlphttp/web")
        agent.stop()
    assert ("is a web page; does the endpoint take OTLP?" in agent.output) == warns


def test_nothing_is_lost_while_the_back_end_is_away(start_agent):
    first = Backend()
    grpc_port, http_port = first.grpc_port, first.http_port
    first.close()
    agent = start_agent({"exporters": {"otlp/backend": {
        "endpoint": "127.0.0.1:%d" % grpc_port, "tls": {"insecure": True},
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"}}}})
    for _ in range(50):
        otlp.send_grpc(agent.grpc_target, plain_request(2))
    agent.wait_for_metric("plimsoll_agent_export_failures_total", 1, exporter="otlp/backend")
    second = Backend(grpc_port, http_port)
    try:
        second.wait_for_spans(100)
        assert len(second.spans()) == 100
        assert not agent.metric("plimsoll_agent_dropped_total", exporter="otlp/backend")
    finally:
        agent.stop()
        second.close()


@pytest.mark.parametrize("kind", ["otlp", "otlphttp"])
def test_a_connection_on_which_nothing_comes_any_more_is_given_up(start_agent, backend, kind):
    proxy = Proxy(backend.grpc_port if kind == "otlp" else backend.http_port)
    agent = start_agent({"exporters": {kind + "/backend": {
        "endpoint": "http://127.0.0.1:%d" % proxy.port, "timeout": "500ms",
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "100ms"}}}})
    otlp.send_grpc(agent.grpc_target, plain_request(1))
    backend.wait_for_spans(1)
    proxy.freeze_all()  # as a gateway does that forgot it, or a machine that was switched off
    otlp.send_grpc(agent.grpc_target, plain_request(1))
    backend.wait_for_spans(2)
    proxy.close()


def test_what_the_back_end_refuses_for_good_is_dropped_and_counted(start_agent, backend, forwarding):
    backend.always_fail = Failure(permanent=True)
    agent = start_agent(forwarding)
    otlp.send_grpc(agent.grpc_target, plain_request(3))
    agent.wait_for_metric("plimsoll_agent_dropped_total", 3, exporter="otlp/backend")
    assert len(backend.refused) == 1


def test_a_queue_that_is_full_drops_and_counts_and_the_sender_notices_nothing(start_agent, backend, forwarding):
    backend.always_fail = Failure()
    agent = start_agent(forwarding | {"exporters": {"otlp/backend": dict(
        forwarding["exporters"]["otlp/backend"], sending_queue={"queue_size": "64KiB", "batch": {"max_size": "32KiB"}})}})
    message, spans = otlp.request()
    for _ in range(20):
        otlp.add_span(spans, "big", text="x" * 1000)
    for _ in range(10):
        otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_metric("plimsoll_agent_dropped_total", 20, exporter="otlp/backend")
    assert agent.metric("plimsoll_agent_queue_bytes", exporter="otlp/backend") <= 64 << 10
    backend.always_fail = None
    backend.wait_for_spans(40)
