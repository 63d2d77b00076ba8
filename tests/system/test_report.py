# SPDX-License-Identifier: Apache-2.0
"""`plimsoll report`: the week against the week before, from what the agent has kept."""
import json
import subprocess
import time

import otlp
from agent import BINARY
from waiting import wait_for

DAY_S = 86400


def report(agent, *arguments):
    done = subprocess.run([BINARY, "report", "--agent", "http://localhost:%d" % agent.ports["metrics"], *arguments],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_day(agent, days_ago, version, calls):
    """Noon of that day (UTC)."""
    noon = (int(time.time()) // DAY_S - days_ago) * DAY_S + DAY_S // 2
    message, spans = otlp.request()
    for i in range(calls):
        otlp.add_call(spans, noon + i, **{"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": version,
                                          "plimsoll.feature": "checkout"})
    otlp.send_grpc(agent.grpc_target, message)


def wait_for_days(agent, requests):
    """Until so many requests are in the days that the report is about; their totals."""
    def now():
        return json.loads(report(agent, "--output", "json"))["totals"]["now"]
    return wait_for(lambda: (lambda totals: totals["requests"] == requests and totals)(now()),
                    lambda: "%d requests in %s" % (requests, now()))


def test_a_week_is_told_against_the_week_before_and_survives_a_restart(start_agent):
    agent = start_agent()
    for days_ago in range(14, 7, -1):
        a_day(agent, days_ago, "1", 10)
    for days_ago in range(7, 0, -1):
        a_day(agent, days_ago, "1", 15)
    a_day(agent, 1, "2", 5)
    agent.wait_for_metric("plimsoll_requests_total", 7 * 25 + 5)
    assert agent.post("/api/v1/audit", {"kind": "deploy", "subject": "greet@2", "feature": "checkout", "by": "ci",
                                        "time": int(time.time()) - DAY_S})[0] in (200, 201, 202)
    agent.restart()
    week = json.loads(report(agent, "--week", "--output", "json"))
    now, before = week["totals"]["now"], week["totals"]["before"]
    assert (now["requests"], before["requests"]) == (7 * 15 + 5, 70)
    assert abs(now["cost_usd"] - 110 * otlp.cost_usd(100, 20)) < 1e-9
    assert now["unpriced_share"] == 0 and now["score"] is None
    assert "greet@2" in [v["prompt_version"] for v in week["first_seen"]]
    assert [c["kind"] for c in week["changes"] if c["subject"] == "greet@2" and c["kind"] == "deploy"] == ["deploy"]
    text = report(agent)
    assert "| all calls | 110 (+57 %) |" in text and "greet@2 in checkout" in text, text


def test_what_is_unpriced_is_not_free_and_changes_are_told_in_order(start_agent):
    agent = start_agent()
    yesterday = (int(time.time()) // DAY_S - 1) * DAY_S
    message, spans = otlp.request()
    for i in range(4):
        otlp.add_call(spans, yesterday + i, **{"plimsoll.feature": "<b>*ad|hoc*"})
        otlp.add_call(spans, yesterday - 7 * DAY_S + i, **{"plimsoll.feature": "<b>*ad|hoc*"})
    otlp.add_call(spans, yesterday + 5, model="nobody-knows-1", **{"plimsoll.feature": "<b>*ad|hoc*"})
    failed = otlp.add_call(spans, yesterday + 6, **{"plimsoll.feature": "<b>*ad|hoc*", "error.type": "500"})
    failed.status.code = 2
    otlp.send_grpc(agent.grpc_target, message)
    for subject, second in (("late", 900), ("early", 300)):
        assert agent.post("/api/v1/audit", {"kind": "deploy", "subject": subject, "by": "ci", "time": yesterday + second})[0] < 300
    now = wait_for_days(agent, 6)
    assert abs(now["cost_per_request_usd"] - otlp.cost_usd(100, 20)) < 1e-9, now
    text = wait_for(lambda: (lambda told: " early " in told and " late " in told and told)(report(agent)), "both deployments")
    assert "16.67 % (+16.7 pt)" in text and "| \\<b>\\*ad\\|hoc\\* / " in text, text
    assert text.index(" early ") < text.index(" late "), text


def test_what_costs_little_is_not_shown_as_free(start_agent):
    agent = start_agent()
    yesterday = (int(time.time()) // DAY_S - 1) * DAY_S
    message, spans = otlp.request()
    otlp.add_call(spans, yesterday, input_tokens=1, output_tokens=0, **{"plimsoll.feature": "hello"})
    otlp.send_grpc(agent.grpc_target, message)
    wait_for_days(agent, 1)
    text = report(agent)
    assert "| hello / unversioned (" in text and " | 1 | 0.0000025 | 0.0000025 |" in text, text
