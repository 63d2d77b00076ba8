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


@pytest.fixture
def send(model_api, tmp_path):
    def run(agent, plan):
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(sorted(plan, key=lambda call: call["at"])))
        env = dict(os.environ, MODEL_API=model_api.url, OTEL_EXPORTER_OTLP_ENDPOINT=agent.http_url)
        done = subprocess.run([sys.executable, str(Path(__file__).parent / "seed_app.py"), str(path)], env=env,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    return run


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


def test_the_canary_finds_it_and_says_so_once(start_agent, send):
    agent = start_agent()
    rng, begin, served = random.Random(8), time.time() - 30 * HOUR_S, 0
    for step in range(8):  # as an operator who looks every two hours
        at = begin + step * 2 * HOUR_S
        send(agent, plan_of(2, 50, OLD, at, 0.0, rng) + plan_of(2, 50, NEW, at, BREAKS, rng))
        served += 200
        agent.wait_for_metric("plimsoll_requests_total", served)
        status, seen = canary(agent)
        if status == 1:
            break
    assert (status, seen["verdict"], seen["promote"]) == (1, "worse", False), seen
    assert (seen["from"], seen["to"]) == ("triage@" + OLD, "triage@" + NEW)
    broken = row(seen, "invalid_json_rate")
    assert broken["verdict"] == "worse" and broken["low"] > 0
    assert row(seen, "error_rate")["verdict"] != "worse"
    print("the canary took %d calls of the new version" % broken["to"]["calls"])
    send(agent, plan_of(1, 10, NEW, begin + 16 * HOUR_S, BREAKS, rng))
    wait_for(lambda: canary_alerts(agent), lambda: "an alert")
    [alert] = canary_alerts(agent)
    assert (alert["metric"], alert["prompt_version"], alert["reference_version"]) == (
        "invalid_json_rate", "triage@" + NEW, "triage@" + OLD)
    agent.restart()
    assert canary(agent)[1]["verdict"] == "worse"
    text = subprocess.run([BINARY, "canary", PROMPT, "--agent", "http://localhost:%d" % agent.ports["metrics"]],
                          capture_output=True, text=True, timeout=60)
    assert text.returncode == 1 and "invalid_json_rate" in text.stdout, text.stdout + text.stderr


def test_the_baselines_name_the_version_even_where_it_replaced_the_old_one_at_once(start_agent, send):
    agent = start_agent()
    rng, begin = random.Random(9), time.time() - 50 * HOUR_S
    send(agent, plan_of(36, 20, OLD, begin, 0.005, rng))
    send(agent, plan_of(9, 40, NEW, begin + 36 * HOUR_S, BREAKS, rng))
    agent.wait_for_metric("plimsoll_requests_total", 36 * 20 + 9 * 40)
    wait_for(lambda: [a for a in agent.api("alerts?state=all")["alerts"] if a["prompt_version"] == "triage@" + NEW],
             lambda: "an alert about it in %s" % agent.api("alerts?state=all"))
    named = [a for a in agent.api("alerts?state=all")["alerts"] if a["prompt_version"] == "triage@" + NEW]
    assert "invalid_json_rate" in {a["metric"] for a in named}, named


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
