# SPDX-License-Identifier: Apache-2.0
"""What leaves, how much of it, and where to: redaction, sampling and routing against real SDKs and back ends."""
import json

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Status, StatusCode

import otlp
from agent import whole_lines
from backend import Backend, attributes
from waiting import wait_for

SECRETS = {
    "email": "jane.doe@example.org",
    "card": "4111 1111 1111 1111",
    "iban": "DE89370400440532013000",
    "openai_key": "sk-proj-" + "a1B2c3D4e5" * 3,
    "aws_key": "AKIAIOSFODNN7EXAMPLE",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "us_ssn": "123-45-6789",
}
PROMPT = "I am %(email)s, my card is %(card)s, pay %(iban)s. %(openai_key)s %(aws_key)s %(jwt)s %(us_ssn)s" % SECRETS


@pytest.fixture
def second_backend():
    b = Backend()
    yield b
    b.close()


def exporter(backend, **more):
    return dict({"endpoint": backend.grpc_target, "tls": {"insecure": True}}, **more)


def sdk(agent, **resource):
    provider = TracerProvider(resource=Resource.create(dict({"service.name": "shop"}, **resource)))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(agent.http_url + "/v1/traces")))
    return provider.get_tracer("test")


def call_with_secrets(agent):
    with sdk(agent).start_as_current_span("chat gpt-4o") as span:
        span.set_attributes({
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": otlp.MODEL,
            "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "user.id": SECRETS["email"],
            "session.id": SECRETS["email"], "gen_ai.usage.total_tokens": 15,
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": PROMPT}]}])
                .replace("@", "\\u0040"),
            "tags": ["vip", SECRETS["email"]]})
        span.add_event("gen_ai.choice", {"message": json.dumps({"content": "Hello " + SECRETS["email"]})})
        span.set_status(Status(StatusCode.ERROR, "no such user: " + SECRETS["email"]))


def test_planted_secrets_reach_neither_back_end_nor_file(start_agent, backend, second_backend, tmp_path):
    records = tmp_path / "records.jsonl"
    agent = start_agent({"redaction": {"enabled": True}, "exporters": {
        "otlp/all": exporter(backend), "otlp/trusted": exporter(second_backend, redaction="off"),
        "file": {"path": str(records)}}})
    call_with_secrets(agent)
    got, raw = backend.wait_for_spans(1)[0], second_backend.wait_for_spans(1)[0]
    sent = backend.snapshot()[0].body.decode("latin-1").replace("\\u0040", "@")
    for name, secret in SECRETS.items():
        assert secret not in sent, name
        assert agent.metric("plimsoll_agent_redacted_total", detector=name) >= 1
    messages = json.loads(attributes(got)["gen_ai.input.messages"])
    assert messages[0]["parts"][0]["content"] == (
        "I am [email], my card is [card], pay [iban]. [openai_key] [aws_key] [jwt] [us_ssn]")
    assert attributes(got)["gen_ai.usage.total_tokens"] == 15
    assert got.status.message == "no such user: [email]"
    assert attributes(raw)["user.id"] == SECRETS["email"]
    wait_for(lambda: records.exists() and records.read_text().endswith("\n"), "a record")
    assert SECRETS["email"] not in records.read_text()
    for secret in SECRETS.values():
        assert secret not in agent.output


def test_a_sampled_stream_keeps_every_error_and_says_what_the_rest_stands_for(start_agent, backend, second_backend):
    agent = start_agent({"sampling": {"rate": 0.01, "decision_wait": "1s"}, "exporters": {
        "otlp/share": exporter(backend), "otlp/all": exporter(second_backend, sampling="off")}})
    tracer, errors = sdk(agent), set()
    for i in range(300):
        with tracer.start_as_current_span("task") as root:
            with tracer.start_as_current_span("chat") as span:
                span.set_attribute("gen_ai.operation.name", "chat")
            if i % 30 == 0:
                root.set_status(Status(StatusCode.ERROR))
                errors.add(root.get_span_context().trace_id.to_bytes(16, "big"))
    second_backend.wait_for_spans(600)
    wait_for(lambda: sum(agent.metric("plimsoll_agent_sampled_total", decision=d) or 0
                         for d in ("kept", "rate", "dropped")) == 600, "a decision on all spans", timeout=20)
    backend.wait_for_spans(int(agent.metric("plimsoll_agent_sampled_total", decision="kept")))
    spans = backend.spans()
    by_trace = {}
    for s in spans:
        by_trace.setdefault(s.trace_id, []).append(s)
    assert errors <= set(by_trace)
    assert all(len(found) == 2 for found in by_trace.values()), "traces are kept whole"
    for trace_id, found in by_trace.items():
        for s in found:
            assert s.trace_state == ("" if trace_id in errors else "ot=th:fd70a3d70a3d71")
            assert trace_id in errors or int.from_bytes(trace_id[9:], "big") >= 0xfd70a3d70a3d71
    wait_for(lambda: not agent.metric("plimsoll_agent_sampling_bytes"), "nothing to be held any more")


def test_content_is_kept_on_a_share_and_where_something_went_wrong(start_agent, backend):
    agent = start_agent({"sampling": {"content_rate": 0}, "exporters": {"otlp/all": exporter(backend)}})
    tracer = sdk(agent)
    for fails in (False, True):
        with tracer.start_as_current_span("chat", attributes={
                "gen_ai.operation.name": "chat", "gen_ai.request.model": otlp.MODEL, "gen_ai.input.messages": "[]",
                "gen_ai.prompt.0.content": "secret", "gen_ai.prompt.name": "greeting"}) as span:
            span.add_event("gen_ai.user.message", {"content": "hi"})
            span.add_event("kept")
            span.set_status(Status(StatusCode.ERROR if fails else StatusCode.OK))
    good, bad = sorted(backend.wait_for_spans(2), key=lambda s: s.status.code)
    assert "gen_ai.input.messages" not in attributes(good) and "gen_ai.prompt.0.content" not in attributes(good)
    assert attributes(good)["gen_ai.prompt.name"] == "greeting"
    assert [e.name for e in good.events] == ["kept"]
    assert attributes(bad)["gen_ai.prompt.0.content"] == "secret"
    assert len(bad.events) == 2


def test_spans_go_where_their_attributes_say(start_agent, backend, second_backend, tmp_path):
    rest = Backend()
    try:
        agent = start_agent({"routing": {"default": ["otlp/rest"]}, "exporters": {
            "otlp/acme": exporter(backend, match={"tenant": "acme|acme-*"}),
            "otlp/prod": exporter(second_backend, match={"deployment.environment.name": "prod*", "tenant": "*"}),
            "otlp/rest": exporter(rest),
            "file": {"path": str(tmp_path / "eu.jsonl"), "match": {"plimsoll.feature": "search"}}}})
        message, spans = otlp.request()
        for tenant in ("acme", "acme-2", "globex", None):
            otlp.add_call(spans, **{k: v for k, v in {"tenant": tenant, "feature": "search" if tenant == "acme" else "x"}.items() if v})
        otlp.send_grpc(agent.grpc_target, message)
        production, spans = otlp.request()
        otlp.set_attribute(production.resource_spans[0].resource, "deployment.environment.name", "production")
        otlp.add_call(spans, tenant="acme")
        otlp.send_grpc(agent.grpc_target, production)
        tenants = lambda b: sorted(attributes(s).get("tenant", "-") for s in b.spans())
        wait_for(lambda: tenants(backend) == ["acme", "acme", "acme-2"], lambda: "acme's spans, got %s" % tenants(backend))
        wait_for(lambda: tenants(second_backend) == ["acme"], lambda: "production's, got %s" % tenants(second_backend))
        wait_for(lambda: tenants(rest) == ["-", "globex"], lambda: "the rest, got %s" % tenants(rest))
        wait_for(lambda: [r["feature"] for r in whole_lines(tmp_path / "eu.jsonl")] == ["search"], "one record of one feature")
    finally:
        rest.close()


def test_spans_that_wait_leave_when_the_agent_stops(start_agent, backend):
    agent = start_agent({"sampling": {"rate": 1e-9, "decision_wait": "1h", "keep": {"attributes": {"vip": "true"}}},
                         "exporters": {"otlp/all": exporter(backend)}})
    tracer = sdk(agent)
    with tracer.start_as_current_span("root") as root:
        with tracer.start_as_current_span("child"):
            pass
        assert not backend.spans()
        root.set_attribute("vip", True)
    backend.wait_for_spans(2)
    with tracer.start_as_current_span("dropped"):
        pass
    agent.stop()
    assert len(backend.spans()) == 2


def test_a_route_to_nowhere_is_named_with_the_nearest(start_agent, tmp_path):
    agent = start_agent({"routing": {"default": ["otlp/mian"]}, "exporters": {
        "otlp/main": {"endpoint": "localhost:1", "tls": {"insecure": True}}}}, launch_only=True)
    assert "there is no exporter 'otlp/mian'; did you mean 'otlp/main'?" in agent.expect_exit(2)


def test_a_restart_hands_nobody_what_was_not_meant_for_them(start_agent, tmp_path):
    """Queues on the disk know whom a request is for, also when the configuration has its exporters in another order."""
    acme, rest = Backend(), Backend()
    targets = {"otlp/acme": acme.grpc_port, "otlp/rest": rest.grpc_port}
    acme.close()
    rest.close()

    def exporters(names):
        return {name: {"endpoint": "127.0.0.1:%d" % targets[name], "tls": {"insecure": True},
                       "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"},
                       "sending_queue": {"storage": "lmdb"},
                       **({"match": {"tenant": "acme"}, "redaction": "off"} if name == "otlp/acme" else {})} for name in names}

    agent = start_agent({"redaction": {"enabled": True}, "routing": {"default": ["otlp/rest"]},
                         "exporters": exporters(["otlp/acme", "otlp/rest"])})
    for i in range(200):
        message, spans = otlp.request()
        otlp.add_span(spans, "s", tenant="acme" if i % 20 == 0 else "globex", user=SECRETS["email"])
        otlp.send_grpc(agent.grpc_target, message)
    agent.kill()
    agent.config["exporters"] = exporters(["otlp/rest", "otlp/acme"])
    first, second = Backend(targets["otlp/acme"]), Backend(targets["otlp/rest"])
    try:
        agent.start()
        first.wait_for_spans(10)
        second.wait_for_spans(190)
        assert {(attributes(s)["tenant"], attributes(s)["user"]) for s in first.spans()} == {("acme", SECRETS["email"])}
        assert {(attributes(s)["tenant"], attributes(s)["user"]) for s in second.spans()} == {("globex", "[email]")}
        agent.stop()
    finally:
        first.close()
        second.close()


def test_an_exporter_may_want_model_calls_and_their_ancestors_only(start_agent, backend):
    everything = Backend()
    try:
        endpoint = {"endpoint": backend.http_url, "spans": "llm"}
        agent = start_agent({"exporters": {"otlphttp/llm": endpoint, "otlphttp/all": {"endpoint": everything.http_url}}})
        message, spans = otlp.request()
        root, call, other = otlp.add_span(spans, "handle"), otlp.add_call(spans), otlp.add_span(spans, "SELECT")
        for child in (call, other):
            child.trace_id, child.parent_span_id = root.trace_id, root.span_id
        otlp.send_grpc(agent.grpc_target, message)
        assert {span.name for span in backend.wait_for_spans(2)} == {"handle", call.name}
        assert {span.name for span in everything.wait_for_spans(3)} == {"handle", call.name, "SELECT"}
        agent.stop()
        assert len(backend.spans()) == 2
    finally:
        everything.close()
