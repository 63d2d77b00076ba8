# SPDX-License-Identifier: Apache-2.0
"""What is deployed says what is compared: which two versions, where, and from when on. A version that is not proven is not
promoted, and one that is worse is told with who deployed it."""
import json
import subprocess
import time
import urllib.request

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from agent import BINARY
from waiting import wait_for

OLD, NEW = "1.4.0", "1.5.0"


class App:
    """Calls of both versions in one environment, by the OpenTelemetry SDK, all of them now."""

    def __init__(self, agent, environment):
        self.agent = agent
        attributes = {"service.name": "shop", "plimsoll.feature": "checkout"}
        if environment:
            attributes["deployment.environment.name"] = environment
        self.provider = TracerProvider(resource=Resource.create(attributes))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(agent.http_url + "/v1/traces"),
                                                            max_queue_size=100000, max_export_batch_size=512))
        self.tracer = self.provider.get_tracer("app")

    def serve(self, version, calls, fails_every=0, model="gpt-4o"):
        """Their trace ids."""
        traces = []
        for i in range(calls):
            span = self.tracer.start_span("chat", attributes={
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
                "gen_ai.prompt.name": "answer", "gen_ai.prompt.version": version, "gen_ai.usage.input_tokens": 100,
                "gen_ai.usage.output_tokens": 10})
            if fails_every and i % fails_every == 0:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", "500")
            span.end()
            traces.append("%032x" % span.get_span_context().trace_id)
        self.provider.force_flush()
        return traces


@pytest.fixture
def agent(start_agent):
    """Compares error rates alone, so that few calls decide."""
    return start_agent({"canary": {"guard": ["error_rate"], "margins": {"rate": 0.03}}})


def run(agent, *arguments):
    done = subprocess.run([BINARY, *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]], capture_output=True,
                          text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def deploy(agent, version, *arguments, environment="production", by="ana"):
    return run(agent, "prompts", "deploy", "answer", version, "--env", environment, "--by", by, *arguments)


def canary(agent, *arguments):
    status, text = run(agent, "canary", "answer", "--output", "json", *arguments)
    assert status in (0, 1), text
    return json.loads(text)


def wait_for_calls(agent, old, new, *arguments):
    """Until so many calls are compared."""
    return wait_for(lambda: (canary(agent, *arguments)["calls_from"], canary(agent, *arguments)["calls_to"]) == (old, new)
                    and canary(agent, *arguments), lambda: "%d and %d calls in %s" % (old, new, canary(agent, *arguments)))


def known(agent, *versions):
    """The versions have served before, so that they can be deployed."""
    app = App(agent, "laptop")
    for version in versions:
        app.serve(version, 1)
    wait_for(lambda: all(v in run(agent, "prompts", "list")[1] for v in versions), "the versions")


def post_scores(agent, scores):
    """What became of each."""
    request = urllib.request.Request("http://localhost:%d/api/v1/scores" % agent.ports["metrics"], json.dumps(scores).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return {item["state"] for item in json.loads(answer.read())["items"]}


def deployments(agent):
    return json.loads(run(agent, "prompts", "log", "answer", "--output", "json")[1])["deployments"]


def audit(agent, kind):
    return [e for e in agent.api("audit")["entries"] if e["kind"] == kind]


def test_a_worse_canary_is_told_with_its_deployment_kept_in_history_and_not_promoted(agent):
    known(agent, OLD, NEW)
    production, staging = App(agent, "production"), App(agent, "staging")
    assert deploy(agent, OLD)[0] == 0
    production.serve(OLD, 200, fails_every=2)  # before the canary: no part of the comparison
    production.serve(NEW, 20, fails_every=1)
    agent.wait_for_metric("plimsoll_requests_total", 222)
    time.sleep(1.1)  # a deployment's time is in seconds
    assert deploy(agent, NEW, "--canary", "20%", "--ticket", "T-7", by="bob")[0] == 0
    seen = canary(agent)
    assert (seen["from"], seen["to"], seen["verdict"], seen["state"]) == ("answer@" + OLD, "answer@" + NEW, "undecided", "running")
    assert "no calls of answer@1.5.0 were seen in production since the deployment" in seen["reason"]

    production.serve(OLD, 500)
    production.serve(NEW, 500, fails_every=10)
    staging.serve(NEW, 300)  # of another environment
    seen = wait_for_calls(agent, 500, 500)
    assert (seen["verdict"], seen["promote"], seen["environment"], seen["by"]) == ("worse", False, "production", "bob")
    assert "error_rate of checkout (gpt-4o) is 10.00 % against" in seen["reason"]
    assert (seen["share"]["told"], seen["share"]["actual"], seen["share"]["differs"]) == (0.2, 0.5, True)
    status, table = run(agent, "canary", "answer")
    assert status == 1 and "told 20 %, actual 50 % (500 of 1000): not what it was told" in table, table

    [alert] = wait_for(lambda: [a for a in agent.api("alerts")["alerts"] if a["kind"] == "canary"], "the alert", 30)
    assert alert["environment"] == "production" and alert["prompt_version"] == "answer@" + NEW
    assert (alert["deployment"]["by"], alert["deployment"]["version"], alert["deployment"]["ticket"]) == ("bob", NEW, "T-7")
    assert "answer@1.5.0 was deployed to production for 20 % of the traffic, after 1.4.0, by bob (T-7)" in alert["cause"]
    assert alert["deployment"]["time"] == deployments(agent)[1]["time"]
    [found] = wait_for(lambda: [d["canary"] for d in deployments(agent)[1:2] if d.get("canary", {}).get("verdict") == "worse"],
                       "what was found")
    took = "worse after %d calls of it" % found["calls"]  # a look may have come before the last calls
    assert found["verdict"] == "worse" and 50 <= found["calls"] <= 500 and 50 <= found["calls_of_other"] <= 500
    [entry] = wait_for(lambda: audit(agent, "canary_verdict"), "the verdict in the audit")
    assert entry["subject"] == "answer@" + NEW and took in entry["text"]
    assert "canary: " + took in run(agent, "prompts", "log", "answer")[1]

    for arguments in ((), ("--canary", "50%")):
        status, text = deploy(agent, NEW, *arguments)
        assert status == 1 and "is worse after 500 calls" in text and "--force" in text, text
    agent.restart()
    assert canary(agent)["verdict"] == "worse" and canary(agent)["calls_to"] == 500
    status, text = run(agent, "prompts", "rollback", "answer", "--env", "production", "--by", "eve")
    assert status == 0 and "ends the canary of 1.5.0, which was worse after %d calls" % found["calls"] in text, text
    status, text = deploy(agent, NEW)  # around the canary
    assert status == 1 and "may not get all traffic: worse on " in text, text
    status, text = deploy(agent, NEW, "--force", by="mallory")
    assert status == 0 and "forced, although worse on " in text, text
    entry = wait_for(lambda: [e for e in audit(agent, "deploy") if e["by"] == "mallory"], "the force in the audit")[0]
    assert "forced, although worse on " in entry["text"]
    assert "forced, although" in deployments(agent)[-1]["reason"]
    assert canary(agent)["state"] == "replaced"


def test_a_canary_is_promoted_when_it_is_as_good_and_not_before(agent):
    known(agent, OLD, NEW)
    production = App(agent, "production")
    assert deploy(agent, OLD)[0] == 0
    assert deploy(agent, NEW, "--canary", "0.5")[0] == 0
    production.serve(OLD, 20)
    production.serve(NEW, 20)
    wait_for_calls(agent, 20, 20)
    status, text = deploy(agent, NEW)
    assert status == 1 and "is undecided after 20 calls" in text and "error_rate of checkout (gpt-4o) is not decided yet" in text
    assert deploy(agent, NEW, "--canary", "60%")[0] == 0  # more, to learn more
    production.serve(OLD, 400)
    production.serve(NEW, 400)
    seen = wait_for_calls(agent, 420, 420)
    assert seen["verdict"] == "equal" and seen["promote"] and seen["share"]["told"] == 0.6
    status, text = deploy(agent, NEW)
    assert status == 0 and "is equal after 420 calls" in text, text
    assert [d.get("canary", {}).get("verdict") for d in deployments(agent)][2] == "equal"
    assert canary(agent)["state"] == "replaced"


def test_each_environment_has_its_own_and_calls_that_name_none_belong_to_the_only_one(agent):
    known(agent, OLD, NEW)
    assert deploy(agent, OLD)[0] == 0 and deploy(agent, NEW, "--canary", "50%")[0] == 0
    unnamed = App(agent, None)
    unnamed.serve(OLD, 60)
    unnamed.serve(NEW, 60)
    assert wait_for_calls(agent, 60, 60)["environment"] == "production"
    assert deploy(agent, NEW, environment="staging")[0] == 0
    time.sleep(1.1)
    assert deploy(agent, OLD, "--canary", "10%", environment="staging")[0] == 0  # the other way round
    staging = App(agent, "staging")
    staging.serve(NEW, 70)
    staging.serve(OLD, 70, fails_every=2)
    seen = wait_for_calls(agent, 70, 70)  # the newest canary, where the environment is not named
    assert (seen["environment"], seen["to"], seen["verdict"]) == ("staging", "answer@" + OLD, "worse")
    assert canary(agent, "--env", "production")["to"] == "answer@" + NEW
    status, text = run(agent, "canary")
    assert {line.split()[0] for line in text.splitlines()} >= {"production", "staging"}, text


def test_scores_that_come_later_belong_to_the_environment_of_their_call(start_agent):
    agent = start_agent({"canary": {"guard": ["eval_score"], "margins": {"score": 0.05}}})
    known(agent, OLD, NEW)
    assert deploy(agent, OLD)[0] == 0 and deploy(agent, NEW, "--canary", "50%")[0] == 0
    time.sleep(1.1)
    served = {(where, version): App(agent, where).serve(version, 60) for where in ("production", "staging") for version in (OLD, NEW)}
    wait_for_calls(agent, 60, 60)
    agent.restart()  # the calls are read back from the store
    for (where, version), traces in served.items():
        value = 0.5 if (where, version) == ("production", NEW) else 0.9
        scores = [{"trace_id": t, "name": "Relevance", "value": value + 0.01 * (i % 5)} for i, t in enumerate(traces)]
        assert post_scores(agent, scores) == {"joined"}

    def scored(seen):
        rows = [r for r in seen["comparisons"][0]["metrics"] if r.get("name") == "Relevance"]
        return rows and (rows[0]["from"]["calls"], rows[0]["to"]["calls"]) == (60, 60) and rows[0]

    row = wait_for(lambda: scored(canary(agent)), lambda: canary(agent)["comparisons"])
    assert round(row["difference"], 3) == -0.4 and (canary(agent)["environment"], canary(agent)["verdict"]) == ("production", "worse")


def test_a_version_that_changes_the_model_is_compared_with_the_older_ones(agent):
    known(agent, OLD, NEW)
    assert deploy(agent, OLD)[0] == 0 and deploy(agent, NEW, "--canary", "50%")[0] == 0
    production = App(agent, "production")
    production.serve(OLD, 100)
    production.serve(NEW, 100, fails_every=3, model="gpt-4.1")
    seen = wait_for_calls(agent, 100, 100)
    [comparison] = seen["comparisons"]
    assert (comparison["model"], comparison["from_model"], seen["verdict"]) == ("gpt-4.1", "gpt-4o", "worse")


def test_without_deployments_the_two_that_began_to_serve_last_are_compared_and_told(agent):
    app = App(agent, "production")
    app.serve("1.3.0", 50, fails_every=2)
    time.sleep(1.1)  # one after the other, in seconds
    app.serve(OLD, 400)
    time.sleep(1.1)
    app.serve(NEW, 400, fails_every=8)
    seen = wait_for_calls(agent, 400, 400)
    assert (seen["from"], seen["to"], seen["verdict"]) == ("answer@" + OLD, "answer@" + NEW, "worse")
    assert "state" not in seen and "share" not in seen
    [alert] = wait_for(lambda: [a for a in agent.api("alerts")["alerts"] if a["kind"] == "canary"], "the alert", 30)
    assert "deployment" not in alert and alert["reference_version"] == "answer@" + OLD
    agent.restart()
    app = App(agent, "production")
    app.serve(NEW, 50, fails_every=8)
    assert wait_for_calls(agent, 400, 450)["verdict"] == "worse"
    table = run(agent, "canary", "answer", "--from", "1.3.0", "--to", OLD)
    assert table[0] == 0 and "error_rate" in table[1], table
