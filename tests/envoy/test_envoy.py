# SPDX-License-Identifier: Apache-2.0
"""A runaway loop calls a model through a real Envoy; a budget stops it, whichever of its two filters asks."""
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import otlp
from waiting import wait_for

LIMIT_USD, CALL_TOKENS = 2.0, 10000
CALL_USD = otlp.cost_usd(CALL_TOKENS, 0)
BINARY = next(Path(os.environ["ENVOY"]).glob("lib/python*/site-packages/envoy/_bin/envoy"), None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cluster(name, port, http2=False):
    address = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
    made = {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": [
        {"lb_endpoints": [address]}]}}
    if http2:
        made["typed_extension_protocol_options"] = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}}}}
    return made


EXAMPLE = Path(__file__).parents[2] / "docker/envoy.yaml"
GRPC = {"envoy_grpc": {"cluster_name": "plimsoll"}, "timeout": "1s"}
FILTERS = {
    "ext_authz": {"name": "envoy.filters.http.ext_authz", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3", "grpc_service": GRPC, "with_request_body": {"max_request_bytes": 65536}}},
    "ratelimit": {"name": "envoy.filters.http.ratelimit", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit", "domain": "models",
        "rate_limit_service": {"transport_api_version": "V3", "grpc_service": GRPC}}},
}
DESCRIPTORS = [{"actions": [{"request_headers": {"header_name": "x-plimsoll-" + name.replace("_", "-"),
                                                "descriptor_key": name}}
                            for name in ("feature", "model", "provider", "input_tokens")]}]


def example(port, model_port, agent_port):
    """docker/envoy.yaml with other ports, and without TLS to the model."""
    read = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    done = subprocess.run([Path(os.environ["ENVOY"]) / "bin/python", "-c", read], stdin=EXAMPLE.open(), capture_output=True,
                          check=True, timeout=30)
    made = json.loads(done.stdout)
    made["static_resources"]["listeners"][0]["address"]["socket_address"]["port_value"] = port
    ports = {"plimsoll": agent_port, "model": model_port}
    for c in made["static_resources"]["clusters"]:
        c.update(cluster(c["name"], ports[c["name"]]))
        c.pop("transport_socket", None)
    return made


def configuration(kind, port, model_port, agent_port):
    if kind == "example":
        return example(port, model_port, agent_port)
    router = {"name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "model", "rate_limits": DESCRIPTORS}}
    manager = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
                        "HttpConnectionManager", "stat_prefix": "models", "http_filters": [FILTERS[kind], router],
               "route_config": {"virtual_hosts": [{"name": "models", "domains": ["*"], "routes": [route]}]}}
    listener = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": [
        {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [
        cluster("model", model_port), cluster("plimsoll", agent_port, http2=True)]}}


@pytest.fixture
def model(request):
    """A model that tells the agent of each call it answers, as an instrumented application would."""
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            message, spans = otlp.request()
            otlp.add_call(spans, input_tokens=CALL_TOKENS, output_tokens=0, **{
                "plimsoll.feature": self.headers["x-plimsoll-feature"],
                "plimsoll.reservation.id": self.headers.get("x-plimsoll-reservation", "")})
            server.answered.append(time.monotonic())
            server.pending.append(message)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answered, server.pending, server.target = [], [], None
    stopped = threading.Event()

    def export():  # in batches, as SDKs do
        while not stopped.wait(0.1):
            batch, server.pending[:] = server.pending[:], []
            for message in batch:
                otlp.send_grpc(server.target, message)

    threads = [threading.Thread(target=server.serve_forever, daemon=True), threading.Thread(target=export, daemon=True)]
    for t in threads:
        t.start()
    yield server
    stopped.set()
    server.shutdown()


@pytest.fixture
def run_envoy(tmp_path):
    processes = []

    def run(kind, model_port, agent_port):
        port = free_port()
        path = tmp_path / "envoy.json"
        path.write_text(json.dumps(configuration(kind, port, model_port, agent_port)))
        with open(tmp_path / "envoy.log", "wb") as log:
            processes.append(subprocess.Popen([str(BINARY), "-c", str(path), "--concurrency", "1", "-l", "warning",
                                               "--disable-hot-restart"], stdout=log, stderr=log))

        def answers():
            assert processes[-1].poll() is None, (tmp_path / "envoy.log").read_text()
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        wait_for(answers, lambda: "Envoy:\n" + (tmp_path / "envoy.log").read_text(), 30)
        return port

    yield run
    for p in processes:
        p.terminate()
        p.wait(20)


def call(connection):
    headers = {"x-plimsoll-feature": "loop", "x-plimsoll-model": otlp.MODEL, "x-plimsoll-provider": otlp.PROVIDER,
               "x-plimsoll-input-tokens": str(CALL_TOKENS), "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": otlp.MODEL}), headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


@pytest.mark.parametrize("kind", [*sorted(FILTERS), "example"])
def test_a_runaway_loop_is_stopped_within_two_seconds_of_the_limit(start_agent, model, run_envoy, kind):
    agent = start_agent({"budgets": {"limits": {"day/feature": {"limit_usd": LIMIT_USD, "hard": "deny",
                                                                "by": ["feature"]}},
                                     "envoy": {"endpoint": "localhost:0"}}})
    model.target = agent.grpc_target
    agent_port = wait_for(lambda: re.search(r"Envoy +http://\S*?:(\d+)", agent.output), lambda: "Envoy's port")
    port = run_envoy(kind, model.server_address[1], int(agent_port[1]))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for calls in range(1, 100000):
        status, headers, body = call(connection)
        if status != 200:
            break
    stopped = time.monotonic()
    reached = model.answered[min(len(model.answered), round(LIMIT_USD / CALL_USD)) - 1]
    wait_for(lambda: (agent.metric("plimsoll_budget_spent_requests", feature="loop") or 0) >= len(model.answered),
             lambda: "the spans of all calls", 20)
    spent = agent.metric("plimsoll_budget_spent_usd", feature="loop")
    print("\n%s: %d calls, stopped %.0f ms after the limit was reached; spent %.4f of %.2f USD, %.4f too much" % (
        kind, calls, (stopped - reached) * 1e3, spent, LIMIT_USD, max(0, spent - LIMIT_USD)))
    assert status == 429, body
    assert headers["x-plimsoll-budget"] == "day/feature" and int(headers["retry-after"]) > 0
    assert json.loads(body)["error"]["type"] == "budget"
    assert stopped - reached < 2 and spent <= LIMIT_USD + CALL_USD


def test_without_an_answer_the_example_lets_calls_through(start_agent, model, run_envoy):
    agent = start_agent({"budgets": {"limits": {"day/feature": {"limit_requests": 1, "hard": "deny", "by": ["feature"]}},
                                     "envoy": {"endpoint": "localhost:0"}}})
    model.target = agent.grpc_target
    agent_port = wait_for(lambda: re.search(r"Envoy +http://\S*?:(\d+)", agent.output), lambda: "Envoy's port")
    port = run_envoy("example", model.server_address[1], int(agent_port[1]))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    assert [call(connection)[0] for _ in range(2)] == [200, 429]
    wait_for(lambda: not model.pending, lambda: "the span of the first call")
    agent.stop()
    assert call(connection)[0] == 200
