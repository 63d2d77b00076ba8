# SPDX-License-Identifier: Apache-2.0
"""Prompt versions: calls find theirs, released ones do not change, and one command deploys and goes back."""
import hashlib
import hmac
import http.server
import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from agent import BINARY
from waiting import wait_for

MANIFEST = """name: answer
version: {version}
model: gpt-4o
temperature: {temperature}
template: |
  You answer questions of customers of {{{{company}}}}.
  {tone}
"""


def write_manifest(folder, version, tone, temperature=0.2):
    folder.mkdir(exist_ok=True)
    (folder / ("answer-%s.yaml" % version)).write_text(
        MANIFEST.format(version=version, tone=tone, temperature=temperature))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "manifests"
    write_manifest(folder, "1.4.0", "Be short.")
    write_manifest(folder, "1.5.0", "Be short, and cite.")
    return folder


@pytest.fixture
def start(start_agent, folder):
    return lambda more=None: start_agent({"prompts": dict({"directory": str(folder), "poll_interval": "1s"}, **(more or {}))})


class App:
    """An application with the OpenTelemetry SDK; its spans say nothing of prompts."""

    def __init__(self, agent, environment="production"):
        exporter = OTLPSpanExporter("http://localhost:%d/v1/traces" % agent.ports["http"])
        resource = Resource.create({"service.name": "shop", "deployment.environment.name": environment})
        self.provider = TracerProvider(resource=resource)
        self.provider.add_span_processor(SimpleSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("app")

    def call(self, system, **more):
        messages = [{"type": "text", "content": system}]
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
                      "gen_ai.request.temperature": 0.2, "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
                      "gen_ai.system_instructions": json.dumps(messages)}
        with self.tracer.start_as_current_span("chat gpt-4o", attributes=dict(attributes, **more)):
            pass


def prompts(agent, *arguments, status=0):
    done = subprocess.run([BINARY, "prompts", *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def log_of(agent, name="answer"):
    return json.loads(prompts(agent, "log", name, "--output", "json"))


def version(agent, number, name="answer"):
    return next(v for v in log_of(agent, name)["versions"] if v["version"] == number)


def versions_of_records(agent):
    return [r.get("prompt_version") for r in agent.records() if "type" not in r]


def audit(agent, kind):
    with urllib.request.urlopen("http://localhost:%d/api/v1/audit" % agent.ports["metrics"]) as answer:
        return [e for e in json.loads(answer.read())["entries"] if e["kind"] == kind]


def test_unnamed_calls_get_their_version_by_their_text_and_history_outlives_a_restart(start):
    agent = start()
    app = App(agent)
    app.call("You answer questions of customers of Globex.\nBe short.")
    app.call("You answer questions of customers of Initech Ltd.\nBe short, and cite.")
    app.call("You answer nobody.")
    wait_for(lambda: len(versions_of_records(agent)) == 3, "three records")
    assert sorted(v or "" for v in versions_of_records(agent))[-2:] == ["answer@1.4.0", "answer@1.5.0"]
    for number in ("1.4.0", "1.5.0"):
        wait_for(lambda: version(agent, number)["calls"] == 1, "traffic of %s" % number)
    place = version(agent, "1.5.0")["places"][0]
    assert place["environment"] == "production" and place["calls"] == 1
    agent.stop()
    agent.start()
    again = version(agent, "1.4.0")
    assert again["calls"] == 1 and again["cost_usd"] > 0


def test_released_version_does_not_change_in_place(start, folder):
    agent = start()
    App(agent).call("You answer questions of customers of Globex.\nBe short.")
    wait_for(lambda: version(agent, "1.4.0")["calls"] == 1, "traffic of 1.4.0")
    write_manifest(folder, "1.4.0", "Be rude.")
    write_manifest(folder, "1.5.0", "Be rude.")  # not released: may change
    wait_for(lambda: audit(agent, "prompt_manifest_refused"), "the refusal in the audit")
    assert "Be short" in version(agent, "1.4.0")["manifest"]["template"]
    wait_for(lambda: "Be rude" in version(agent, "1.5.0")["manifest"]["template"], "the change of 1.5.0")
    refused = agent.metric("plimsoll_agent_prompt_manifests_total", result="refused")
    assert refused == 1
    agent.wait_for_output("manifest_refused")


def test_log_names_mistakes_of_the_folder_and_how_to_see_all_of_them(start, folder):
    for i in range(30):
        (folder / ("bad-%02d.yaml" % i)).write_text("name: bad\nversion: %d\ntemprature: 1\n" % i)
    agent = start()
    for words in ("bad-00.yaml:3:1: unknown key 'temprature'; did you mean 'temperature'?", "more=22",
                  "'plimsoll prompts check %s' names them all" % folder):
        agent.wait_for_output(re.escape(words))
    assert agent.metric("plimsoll_agent_prompt_manifests_total", result="mistake") == 30
    assert version(agent, "1.5.0")["manifest"], "the good ones are taken"


def test_drift_from_the_manifest_is_counted_told_and_alerted(start):
    agent = start()
    App(agent).call("You answer questions of customers of Globex.\nBe short.", **{"gen_ai.request.temperature": 0.9})
    entry = wait_for(lambda: audit(agent, "prompt_drift"), "drift in the audit")[0]
    assert entry["subject"] == "answer@1.4.0" and "0.9" in entry["text"] and "0.2" in entry["text"]
    assert agent.metric("plimsoll_prompt_drift_total", prompt="answer@1.4.0", field="temperature") == 1

    def drift_alert():
        with urllib.request.urlopen("http://localhost:%d/api/v1/alerts" % agent.ports["metrics"]) as answer:
            return [a for a in json.loads(answer.read())["alerts"] if a["kind"] == "prompt_drift"]
    assert "its manifest says 0.2" in wait_for(drift_alert, "the alert")[0]["summary"]


def test_deploy_canary_and_rollback_run_the_command_and_are_remembered(start, tmp_path):
    told = tmp_path / "told"
    agent = start({"deploy_command": ["/bin/sh", "-c", 'echo "$PLIMSOLL_ACTION $PLIMSOLL_PROMPT $PLIMSOLL_VERSION '
                                      '$PLIMSOLL_ENVIRONMENT" >>"$0"; test "$PLIMSOLL_ENVIRONMENT" != broken', str(told)]})
    prompts(agent, "deploy", "answer", "1.4.0", "--env", "production", "--by", "ana")
    prompts(agent, "deploy", "answer", "1.5.0", "--env", "production", "--by", "ana", "--canary", "5%", "--ticket", "T-1")
    assert "ends the canary of 1.5.0" in prompts(agent, "rollback", "answer", "--env", "production", "--by", "bob")
    prompts(agent, "deploy", "answer", "1.5.0", "--env", "production", "--by", "ana")
    assert "answer@1.4.0 is in force again" in prompts(agent, "rollback", "answer", "--env", "production", "--by", "bob")
    assert "does not count" in prompts(agent, "deploy", "answer", "1.5.0", "--env", "broken", "--by", "ana", status=1)
    assert told.read_text().splitlines()[2] == "rollback answer 1.4.0 production"
    assert "known: 1.4.0, 1.5.0" in prompts(agent, "deploy", "answer", "9", "--env", "production", status=1)
    wait_for(lambda: [e["by"] for e in audit(agent, "rollback")] == ["bob", "bob"], lambda: audit(agent, "rollback"))
    agent.stop()
    agent.start()
    deployments = log_of(agent)["deployments"]
    assert [d["kind"] for d in deployments] == ["deploy", "deploy", "rollback", "deploy", "rollback", "deploy"]
    assert deployments[1]["share"] == 0.05 and deployments[1]["ticket"] == "T-1"
    assert deployments[5]["command_exit"] == 1
    assert version(agent, "1.4.0")["deployed_to"] == [{"environment": "production", "share": 1}]


class Forgetful(http.server.BaseHTTPRequestHandler):
    """An agent whose history does not say how the command of a deployment ended."""

    def answer(self, body):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.answer({"deployments": [{"number": 7, "version": "2"}]})

    def do_POST(self):
        self.answer({"prompt": "answer", "version": "2", "environment": "e", "number": 7, "command": True})

    def log_message(self, *_):
        pass


def test_deploy_says_when_it_is_not_known_how_its_command_ended():
    with http.server.HTTPServer(("127.0.0.1", 0), Forgetful) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run([BINARY, "prompts", "deploy", "answer", "2", "--env", "e", "--agent",
                               "127.0.0.1:%d" % server.server_port], capture_output=True, text=True, timeout=30)
        server.shutdown()
    assert done.returncode == 1 and "not known yet; 'plimsoll prompts log answer' will tell" in done.stderr, done.stderr


def test_gate_leaves_its_result_and_is_a_baseline_later(start, tmp_path):
    agent = start()
    results = tmp_path / "results.json"

    def gate(passed, *arguments):
        results.write_text(json.dumps([{"id": "a", "passed": True}, {"id": "b", "passed": passed}]))
        return subprocess.run([BINARY, "gate", "--results", str(results), "--agent", "localhost:%d" % agent.ports["metrics"],
                               *arguments], capture_output=True, text=True, timeout=30, env=dict(os.environ, USER="ci"))
    assert gate(True, "--min-pass-rate", "1", "--prompt", "answer@1.4.0").returncode == 0
    worse = gate(False, "--max-regressions", "0", "--baseline", "answer@1.4.0", "--prompt", "answer@1.5.0")
    assert worse.returncode == 1, worse.stdout + worse.stderr
    gates = wait_for(lambda: version(agent, "1.5.0")["gates"], lambda: "the gate of 1.5.0")
    assert len(gates) == 1 and not gates[0]["open"] and gates[0]["pass_rate"] == 0.5 and gates[0]["cases"] == 2
    assert agent.metric("plimsoll_prompt_gate_open", prompt="answer@1.4.0") == 1
    assert agent.metric("plimsoll_prompt_gate_open", prompt="answer@1.5.0") == 0
    assert agent.metric("plimsoll_prompt_gate_pass_rate", prompt="answer@1.5.0") == 0.5
    opened, closed = wait_for(lambda: (found := audit(agent, "prompt_gate"))[1:] and found, lambda: "two gates in the audit")
    assert (opened["subject"], opened["text"]) == ("answer@1.4.0", "answer@1.4.0: the gate is open, 100.0 % of 2 cases passed")
    assert closed["text"] == "answer@1.5.0: the gate is closed, 50.0 % of 2 cases passed; regressions 1, limit 0"
    assert closed["by"] == "ci"
    assert gate(True, "--baseline", "answer@0.1").returncode == 2  # the agent keeps none of it
    for said in ({}, 3, {"open": None}):  # neither open nor closed
        assert post(agent, "answer/gate", json.dumps({"version": "1.4.0", "gate": said}).encode()) == 400
    assert len(version(agent, "1.4.0")["gates"]) == 1


def post_webhook(agent, path, body, **headers):
    return post(agent, "webhook/" + path, body, **headers)


def post(agent, path, body, **headers):
    request = urllib.request.Request("http://localhost:%d/api/v1/prompts/%s" % (agent.ports["metrics"], path), body,
                                     {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in
                                                                             headers.items()}}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as answer:
        return answer.code


def signature(secret, body, at):
    digest = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return {"x_langfuse_signature": "t=%d,v1=%s" % (at, digest)}


def webhooks(agent, result):
    return agent.metric("plimsoll_agent_prompt_webhooks_total", result=result)


def test_webhook_of_a_platform_is_believed_when_it_is_signed(start):
    agent = start({"langfuse_webhook_secret": "s3cret"})
    body = json.dumps({"id": "550e8400", "timestamp": "2026-01-01T10:30:00Z", "type": "prompt-version", "apiVersion": "v1",
                       "action": "updated", "user": {"id": "u1", "name": "Ana", "email": None}, "prompt": {
                           "id": "p1", "name": "movie", "version": 4, "projectId": "x", "labels": ["latest", "production"],
                           "prompt": "As a critic of {{genre}} films, be fair.", "type": "text", "config": {"model": "gpt-4o"},
                           "commitMessage": None, "tags": []}}).encode()
    now = int(time.time())
    assert post_webhook(agent, "langfuse", body, x_langfuse_signature="t=%d,v1=%s" % (now, "0" * 64)) == 401
    assert post_webhook(agent, "langfuse", body) == 401
    assert post_webhook(agent, "langfuse", body, **signature(b"s3cret", body, now - 400)) == 401  # sent again, later
    assert post_webhook(agent, "langfuse", body, **signature(b"s3cret", body, now)) == 200
    assert version(agent, "4", "movie")["deployed_to"] == [{"environment": "production", "share": 1}]
    newer = body.replace(b'"version": 4', b'"version": 5')
    assert post_webhook(agent, "langfuse", newer, **signature(b"s3cret", newer, now)) == 200
    assert post_webhook(agent, "langfuse", body, **signature(b"s3cret", body, now)) == 200  # recorded, and sent again
    assert version(agent, "5", "movie")["deployed_to"] == [{"environment": "production", "share": 1}]
    assert post_webhook(agent, "langfuse", body, **signature(b"s3cret", body, now + 1)) == 200  # moved back in earnest
    assert version(agent, "4", "movie")["deployed_to"] == [{"environment": "production", "share": 1}]
    other = b'{"type": "something-new"}'
    assert post_webhook(agent, "langfuse", other, **signature(b"s3cret", other, now)) == 200  # or it would come again
    bad = b'{"type": "prompt-version", "prompt": {}}'
    assert post_webhook(agent, "langfuse", bad, **signature(b"s3cret", bad, now)) == 400
    assert post_webhook(agent, "braintrust?token=s3cret", b"{}") == 403  # no secret is set for it
    assert {r: webhooks(agent, r) for r in ("taken", "ignored", "mistake", "unsigned")} == {
        "taken": 3, "ignored": 2, "mistake": 1, "unsigned": 4}
    App(agent).call("As a critic of horror films, be fair.")
    wait_for(lambda: "movie@4" in versions_of_records(agent) or App(agent).call("As a critic of horror films, be fair."),
             "a call of movie@4")


def braintrust_alert(action, new_version):
    return json.dumps({"organization": {"id": "o", "name": "acme"}, "project": {"id": "p", "name": "support"}, "automation": {
        "id": "a", "name": "Production", "event_type": "environment_update"}, "details": {
            "environment": {"slug": "production"}, "prompt": {"id": "p7", "slug": "answer"}, "new_version": new_version,
            "action": action}}).encode()


def test_environment_alert_of_braintrust_puts_a_version_of_the_folder_in_force(start):
    agent = start({"braintrust_webhook_secret": "s3cret"})
    wait_for(lambda: version(agent, "1.5.0"), "the manifests are read")
    assert post_webhook(agent, "braintrust", braintrust_alert("update", "1.5.0")) == 401
    assert post_webhook(agent, "braintrust?token=other", braintrust_alert("update", "1.5.0")) == 401
    assert post_webhook(agent, "braintrust?token=s3cret", braintrust_alert("update", "1.5.0")) == 200
    assert version(agent, "1.5.0")["deployed_to"] == [{"environment": "production", "share": 1}]
    assert "manifest" in version(agent, "1.5.0"), "the alert told no content, and takes none away"
    assert post_webhook(agent, "braintrust", braintrust_alert("delete", None), Authorization="Bearer s3cret") == 200
    assert version(agent, "1.5.0")["deployed_to"] == [{"environment": "production", "share": 1}]
    assert (webhooks(agent, "taken"), webhooks(agent, "ignored"), webhooks(agent, "unsigned")) == (1, 1, 2)


def test_offline_check_and_diff_need_no_agent(folder):
    def run(*arguments):
        return subprocess.run([BINARY, "prompts", *arguments], capture_output=True, text=True, timeout=30, env=dict(
            os.environ, PLIMSOLL_AGENT="http://localhost:1"))
    assert run("check", str(folder)).returncode == 0
    difference = run("diff", "answer", "1.4.0", "1.5.0", "--directory", str(folder))
    assert difference.returncode == 0 and "{+" in difference.stdout
    (folder / "twin.yaml").write_text("name: answer\nversion: 1.4.0\ntemprature: 1\n")
    bad = run("check", str(folder))
    assert bad.returncode == 1
    assert "twin.yaml:3:1: unknown key 'temprature'; did you mean 'temperature'?" in bad.stderr


@pytest.mark.parametrize("arguments, said", [
    (["rollback", "answer", "--env", "e", "--canary", "5%"], "--canary is for deploy"),
    (["deploy", "answer", "1", "--env", "e", "--to", "2"], "--to is for rollback"),
    (["list", "--into", "x"], "--into is for import"),
    (["check", "x", "--directory", "y"], "--directory is for list and diff")])
def test_option_of_another_verb_is_a_mistake(arguments, said):
    done = subprocess.run([BINARY, "prompts", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and said in done.stderr, done.stderr
