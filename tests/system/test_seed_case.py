# SPDX-License-Identifier: Apache-2.0
"""A prompt is made "friendlier" and starts to break JSON on 8 % of its calls. The gate catches it case by case before it
ships; where it ships, the canary and the baselines do. Real SDK, real HTTP, a stand-in for the model."""
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest

from agent import BINARY
from seed_app import BROKEN, GOOD, PROMPT
from waiting import wait_for

OLD, NEW = "1.4.0", "1.5.0"
BREAKS = 0.08
HOUR_S = 3600


def plan_of(hours, per_hour, version, begin, breaks, rng):
    """Calls of one version, spread over the hours."""
    return [{"at": begin + (i + rng.random()) * HOUR_S / per_hour, "version": version, "broken": rng.random() < breaks}
            for i in range(hours * per_hour)]


def mixed(*plans):
    return sorted((call for plan in plans for call in plan), key=lambda call: call["at"])


class App:
    """seed_app.py, which runs on between plans."""

    def __init__(self, agent, model_api):
        env = dict(os.environ, MODEL_API=model_api.url, OTEL_EXPORTER_OTLP_ENDPOINT=agent.http_url)
        self.process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "seed_app.py")], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, plan):
        self.process.stdin.write(json.dumps(plan) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "sent\n"

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(30) == 0


@pytest.fixture
def start_app(model_api):
    """start_app(agent) gives a running application."""
    apps = []
    yield lambda agent: apps.append(App(agent, model_api)) or apps[-1]
    for app in apps:
        app.close()


def canary(agent, *arguments):
    """(exit status, JSON) of the command."""
    done = subprocess.run([BINARY, "canary", PROMPT, "--output", "json", "--agent",
                           "http://localhost:%d" % agent.ports["metrics"], *arguments],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def row(comparison, metric):
    [one] = [r for r in comparison["comparisons"][0]["metrics"] if r["metric"] == metric]
    return one


def canary_alerts(agent):
    return [a for a in agent.api("alerts?state=all")["alerts"] if a["kind"] == "canary"]


def prompts(agent, *arguments):
    done = subprocess.run([BINARY, "prompts", *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_the_canary_finds_what_was_deployed_so_and_nobody_may_promote_it(start_agent, start_app, tmp_path):
    """As its users do it: 1.5.0 gets a part of production, and somebody looks after every hundred calls."""
    for version in (OLD, NEW):
        (tmp_path / ("%s.yaml" % version)).write_text("name: %s\nversion: %s\n" % (PROMPT, version))
    agent = start_agent({"prompts": {"directory": str(tmp_path)}})
    app, rng, served = start_app(agent), random.Random(8), 0
    assert prompts(agent, "deploy", PROMPT, OLD, "--env", "production", "--by", "ana")[0] == 0
    assert prompts(agent, "deploy", PROMPT, NEW, "--env", "production", "--by", "bob", "--canary", "50%")[0] == 0
    status = 0
    while status == 0 and served < 1600:
        app.send([{"version": version, "broken": version == NEW and rng.random() < BREAKS} for version in (OLD, NEW) * 50])
        served += 100
        wait_for(lambda: (lambda c: c["calls_from"] + c["calls_to"])(agent.api("canary/" + PROMPT)) == served,
                 "%d calls" % served)
        status, seen = canary(agent)
    assert (status, seen["verdict"], seen["promote"], seen["environment"]) == (1, "worse", False, "production"), seen
    broken = row(seen, "invalid_json_rate")
    assert broken["verdict"] == "worse" and broken["low"] > 0 and "invalid_json_rate of triage" in seen["reason"]
    assert row(seen, "error_rate")["verdict"] != "worse"
    assert seen["share"]["actual"] == 0.5 and not seen["share"]["differs"]
    print("the canary took %d calls of the new version" % seen["calls_to"])
    [alert] = wait_for(lambda: canary_alerts(agent), "an alert", 30)  # a look comes every five seconds
    assert (alert["metric"], alert["prompt_version"], alert["reference_version"]) == (
        "invalid_json_rate", "triage@" + NEW, "triage@" + OLD)
    assert (alert["deployment"]["by"], alert["deployment"]["version"], alert["deployment"]["share"]) == ("bob", NEW, 0.5)

    def found():
        deployed = json.loads(prompts(agent, "log", PROMPT, "--output", "json")[1])["deployments"][1]
        return deployed.get("canary", {}).get("verdict") == "worse" and deployed["canary"]

    kept = wait_for(found, "what was found")
    assert seen["calls_to"] - 50 < kept["calls"] <= seen["calls_to"], "a look may have come before the last of these fifty"
    status, text = prompts(agent, "deploy", PROMPT, NEW, "--env", "production", "--by", "bob")
    assert status == 1 and "may not get all traffic" in text, text
    status, text = prompts(agent, "rollback", PROMPT, "--env", "production", "--by", "ana")
    assert status == 0 and "triage@1.4.0 is in force again" in text, text


def test_the_baselines_name_the_version_even_where_it_replaced_the_old_one_at_once(start_agent, start_app):
    agent = start_agent()
    app = start_app(agent)
    rng, begin = random.Random(9), time.time() - 50 * HOUR_S
    app.send(mixed(plan_of(36, 20, OLD, begin, 0.005, rng), plan_of(9, 40, NEW, begin + 36 * HOUR_S, BREAKS, rng)))
    agent.wait_for_metric("plimsoll_requests_total", 36 * 20 + 9 * 40)
    wait_for(lambda: "invalid_json_rate" in {a["metric"] for a in agent.api("alerts?state=all")["alerts"]
                                             if a["prompt_version"] == "triage@" + NEW},
             lambda: "an alert about it in %s" % agent.api("alerts?state=all"))


def test_the_gate_finds_it_case_by_case(model_api, tmp_path):
    """Both versions answer the suite; the gate names the cases that broke."""
    rng, cases = random.Random(10), ["order-%02d" % i for i in range(50)]
    suite = {"name": "triage", "cases": [{"id": c, "question": "Where is %s?" % c, "json": True} for c in cases]}
    broken = {c for c in cases if rng.random() < BREAKS}
    client = openai.OpenAI(base_url=model_api.url, api_key="none", max_retries=0)
    files = {}
    for version, breaks in ((OLD, set()), (NEW, broken)):
        results = []
        for c in cases:
            serve = {"input": 300, "output": 20, "text": BROKEN if c in breaks else GOOD}
            answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": c}],
                                                    extra_headers={"x-serve": json.dumps(serve)})
            results.append({"id": c, "output": answer.choices[0].message.content})
        files[version] = tmp_path / (version + ".json")
        files[version].write_text(json.dumps(results))
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    done = subprocess.run([BINARY, "gate", "--suite", str(tmp_path / "suite.json"), "--results", str(files[NEW]), "--baseline",
                           str(files[OLD]), "--max-regressions", "0", "--output", "json"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    gate = json.loads(done.stdout)
    regressed = {c["id"] for c in gate["cases"] if not c["passed"]}
    assert broken and regressed == broken, gate
