# SPDX-License-Identifier: Apache-2.0
"""Budgets: spend is exact over kills, decisions hold money back, a runaway loop is stopped, and people are told."""
import http.client
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import otlp
from agent import BINARY
from waiting import wait_for
from webhook import SECRET

CALL_USD = otlp.cost_usd(100000, 0)  # a quarter
TOKENS = {"model": otlp.MODEL, "provider": otlp.PROVIDER, "input_tokens": 100000, "max_output_tokens": 0}


EXAMPLES = Path(__file__).parents[2] / "agent/budgets/examples"


def budgets(limits, **more):
    return {"budgets": {"limits": limits, **more}}


def ask(agent, method="POST", path="decision", **question):
    """(status, headers, JSON of the answer)"""
    body = json.dumps(question).encode() if method == "POST" else None
    query = "?" + "&".join("%s=%s" % item for item in question.items()) if method == "GET" and question else ""
    request = urllib.request.Request("http://localhost:%d/api/v1/budgets/%s%s" % (agent.ports["metrics"], path, query),
                                     body, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), json.loads(answer.read())


def decision(agent, **question):
    status, _, answer = ask(agent, **question)
    assert status == 200, answer
    return answer


def one_call(user, **more):
    message, spans = otlp.request()
    otlp.add_call(spans, input_tokens=100000, output_tokens=0, **{"user.id": user, **more})
    return message


def group(agent, **labels):
    found = [g for g in agent.api("budgets")["groups"] if labels.items() <= g["group"].items()]
    return found[0] if found else None


def command(agent, *arguments, code=0):
    env = dict(os.environ, PLIMSOLL_AGENT="http://localhost:%d" % agent.ports["metrics"])
    done = subprocess.run([BINARY, "budgets", *arguments], capture_output=True, text=True, timeout=30, env=env)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_what_was_acknowledged_survives_a_kill_and_counts_once(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 10, "by": ["user"]}}))
    sent = [one_call("alice") for _ in range(8)]
    for message in sent:
        otlp.send_grpc(agent.grpc_target, message)
    status, _, _ = otlp.send_http(agent.http_url, one_call("bob"))
    assert status == 200
    agent.kill()
    agent.start()
    assert group(agent, user="alice")["spent_usd"] == 8 * CALL_USD
    assert group(agent, user="bob")["spent_usd"] == CALL_USD
    for message in sent:
        otlp.send_grpc(agent.grpc_target, message)
    assert group(agent, user="alice")["spent_usd"] == 8 * CALL_USD
    assert agent.metric("plimsoll_budget_spent_usd", budget="day/user", user="alice") == 8 * CALL_USD
    assert agent.metric("plimsoll_budget_limit_usd", budget="day/user") == 10
    assert agent.metric("plimsoll_budget_remaining_usd", user="alice") == 10 - 8 * CALL_USD


def test_a_kill_between_a_decision_and_its_call_loses_nothing(start_agent):
    agent = start_agent(budgets({"day/all": {"limit_usd": 1, "hard": "deny"}}, reservation_timeout="6s"))
    allowed = [decision(agent, **TOKENS) for _ in range(4)]
    assert [a["decision"] for a in allowed] == ["allow"] * 4 and allowed[0]["estimate_usd"] == CALL_USD
    assert decision(agent, **TOKENS)["decision"] == "deny"
    agent.kill()
    agent.start()
    assert decision(agent, **TOKENS)["decision"] == "deny"  # still held: the four calls may be on their way
    for answer in allowed[:2]:
        otlp.send_grpc(agent.grpc_target, one_call("alice", **{"plimsoll.reservation.id": answer["reservation_id"]}))
    wait_for(lambda: group(agent)["reserved_usd"] == 0, lambda: "the end of what was held")
    assert group(agent)["spent_usd"] == 2 * CALL_USD
    assert [decision(agent, **TOKENS)["decision"] for _ in range(3)] == ["allow", "allow", "deny"]


def test_a_decision_says_what_is_left_and_how_long_it_holds(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 1, "hard": "deny", "by": ["user"]}}))
    status, headers, answer = ask(agent, "GET", user="alice", **TOKENS)
    assert (status, answer["decision"], answer["remaining_usd"]) == (200, "allow", 1)
    assert headers["Cache-Control"].startswith("max-age=") and "reservation_id" not in answer
    taken = decision(agent, user="alice", **TOKENS)
    assert group(agent, user="alice")["reserved_usd"] == CALL_USD
    otlp.send_grpc(agent.grpc_target, one_call("alice", **{"plimsoll.reservation.id": taken["reservation_id"]}))
    assert (group(agent, user="alice")["reserved_usd"], group(agent, user="alice")["spent_usd"]) == (0, CALL_USD)
    for _ in range(3):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    refused = decision(agent, user="alice", **TOKENS)
    assert (refused["decision"], refused["budget"], refused["remaining_usd"]) == ("deny", "day/user", 0)
    assert 0 < refused["retry_after_s"] <= 86400
    assert decision(agent, user="bob", **TOKENS)["decision"] == "allow"
    assert agent.metric("plimsoll_budget_decisions_total", budget="day/user", result="deny") == 1
    assert ask(agent, trace_id="nonsense")[0] == 400 and ask(agent, input_tokens="many")[0] == 400
    for method in ("GET", "POST"):
        status, _, error = ask(agent, method, usr="alice")
        assert (status, error["error"]) == (400, "a question to the budgets has no field 'usr'; did you mean 'user'?")


def test_an_asker_may_know_better_what_its_call_will_cost(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 1, "hard": "deny", "by": ["user"]}}))
    assert decision(agent, user="alice", estimate_usd=0.75)["estimate_usd"] == 0.75
    assert group(agent, user="alice")["reserved_usd"] == 0.75
    refused = ask(agent, "GET", user="alice", estimate_usd="0.5")[2]
    assert (refused["decision"], "held back" in refused["reason"]) == ("deny", True)
    assert 0 < refused["retry_after_s"] <= 120  # not the rest of the day: the reservation ends before that
    status, _, error = ask(agent, user="alice", estimate_usd="much")
    assert status == 400 and "estimate_usd" in error["error"] and "much" in error["error"]


def test_a_decision_takes_less_than_a_millisecond(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 1e6, "hard": "deny", "by": ["user"]}}))
    connection = http.client.HTTPConnection("localhost", agent.ports["metrics"])
    times = []
    for _ in range(500):
        begin = time.perf_counter()
        connection.request("POST", "/api/v1/budgets/decision", json.dumps(dict(TOKENS, user="alice")),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        times.append(time.perf_counter() - begin)
        assert body["decision"] == "allow"
    connection.close()
    times.sort()
    print("decision with reservation: median %.2f ms, p95 %.2f ms" % (times[250] * 1e3, times[475] * 1e3))
    assert times[250] < 0.001


def test_an_unpriced_call_is_shown_as_unknown(start_agent):
    agent = start_agent(budgets({"day/all": {"limit_usd": 1}}))
    message, spans = otlp.request()
    otlp.add_call(spans, model="nobody-knows-1")
    otlp.send_grpc(agent.grpc_target, message)
    assert agent.metric("plimsoll_budget_unpriced_total", budget="day/all") == 1
    assert (group(agent)["unpriced_calls"], group(agent)["spent_usd"]) == (1, 0)


def test_crossing_a_threshold_is_told(start_agent, webhook):
    agent = start_agent({**budgets({"day/user": {"limit_usd": 1, "by": ["user"], "soft": [50, 100]}}), "alerts": {
        "channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    for _ in range(2):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    [half] = [n["data"] for n in webhook.wait_for_notifications(1)]
    assert (half["kind"], half["metric"], half["name"]) == ("budget", "budget_usd", "day/user user=alice")
    assert half["summary"] == "budget day/user user=alice: 0.500 of 1.00 USD spent in 24 h"
    for _ in range(2):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    whole = [n["data"] for n in webhook.wait_for_notifications(2)][1]
    assert (whole["severity"], half["severity"]) == ("critical", "warning")


def test_the_alert_of_a_budget_that_a_reload_takes_away_ends(start_agent, webhook):
    agent = start_agent({**budgets({"day/user": {"limit_usd": 1, "by": ["user"], "soft": [50]}}), "alerts": {
        "channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    for _ in range(2):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    webhook.wait_for_notifications(1)
    agent.write_config(budgets({"day/user": None}))
    agent.reload()
    over = [n["data"] for n in webhook.wait_for_notifications(2)][1]
    assert (over["state"], over["name"]) == ("resolved", "day/user user=alice")
    assert not [a for a in agent.api("alerts")["alerts"] if a["state"] == "firing"]


def test_a_single_call_above_its_limit_is_told_with_its_trace(start_agent, webhook):
    agent = start_agent({**budgets({"request/one": {"limit_usd": 0.2}}), "alerts": {
        "channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    message = one_call("alice")
    otlp.send_grpc(agent.grpc_target, message)
    [told] = [n["data"] for n in webhook.wait_for_notifications(1)]
    assert (told["kind"], told["severity"], told["metric"]) == ("budget", "warning", "budget_call_usd")
    assert told["summary"] == "budget request/one: a single call took 0.250 USD, 0.200 USD is the most"
    assert told["trace_ids"] == [message.resource_spans[0].scope_spans[0].spans[0].trace_id.hex()]
    assert agent.metric("plimsoll_budget_over_request_total", budget="request/one") == 1


def test_people_list_show_and_reset_budgets(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 1, "hard": "deny", "by": ["user"]},
                                 "month/all": {"limit_usd": 100, "time_zone": "Europe/Berlin"}}))
    for _ in range(4):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    listed = command(agent, "list")
    assert "day/user" in listed and "user=alice" in listed and "100 %" in listed and "month/all" in listed
    shown = json.loads(command(agent, "show", "day/user", "--output", "json"))
    assert [b["budget"] for b in shown["budgets"]] == ["day/user"] and shown["groups"][0]["spent_usd"] == 1
    assert decision(agent, user="alice", **TOKENS)["decision"] == "deny"
    assert "starts anew" in command(agent, "reset", "day/user")
    assert decision(agent, user="alice", **TOKENS)["decision"] == "allow"
    assert group(agent, user="alice")["spent_usd"] == 1  # known all the same
    command(agent, "show", "day/nothing", code=1)


def test_the_list_says_which_limit_is_near_and_has_every_budget(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 100, "limit_requests": 4, "by": ["user"], "hard": "deny"},
                                 "hour/other": {"limit_tokens": 1000000, "feature": "other", "by": ["tenant"]},
                                 "request/one": {"limit_usd": 0.5, "hard": "deny"}}))
    for _ in range(3):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    decision(agent, user="alice", estimate_usd=0.75)

    def rows():
        head, *lines = command(agent).splitlines()
        assert head.split() == ["BUDGET", "FOR", "USED", "SPENT", "NEXT", "CALL", "UNTIL"]
        return {line.split()[0]: re.split("  +", line)[1:] for line in lines}

    assert rows()["day/user"][:4] == ["user=alice", "75 %", "3 of 4 calls", "allow"]
    assert rows()["hour/other"][:3] == ["none yet", "0 %", "0 of 1000000 tokens"]
    assert rows()["request/one"] == ["all calls", "-", "0.5 USD a call", "allow", "-", "1 denied"]
    otlp.send_grpc(agent.grpc_target, one_call("alice"))
    assert rows()["day/user"][1:4] == ["100 %", "4 of 4 calls", "deny"]
    command(agent, "reset", "day/user")
    assert rows()["day/user"][1:4] == ["0 %", "0 of 100 USD", "allow"]
    alice = group(agent, user="alice")
    assert (alice["remaining_requests"], alice["forgiven_requests"], alice["forgiven_tokens"]) == (4, 4, 400000)


def test_a_reload_changes_limits_and_keeps_what_was_spent(start_agent):
    agent = start_agent(budgets({"day/all": {"limit_usd": 1, "hard": "deny"}}))
    for _ in range(4):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    assert decision(agent, **TOKENS)["decision"] == "deny"
    agent.write_config(budgets({"day/all": {"limit_usd": 2}}))
    agent.reload()
    agent.wait_for_output("reload_applied")
    assert decision(agent, **TOKENS)["decision"] == "allow"
    assert group(agent)["spent_usd"] == 1


@pytest.mark.parametrize("client", [["python3", "ask_first.py"], ["node", "ask_first.mjs"]], ids=["python", "node"])
def test_the_examples_ask_first_and_fail_open(start_agent, client):
    program = [client[0], str(EXAMPLES / client[1]), *("%s=%s" % item for item in dict(TOKENS, user="alice").items())]

    def run(url):
        env = dict(os.environ, PLIMSOLL_AGENT=url, PLIMSOLL_TIMEOUT_MS="5000")  # a busy machine starts Node slowly
        done = subprocess.run(program, capture_output=True, text=True, timeout=30, env=env)
        return done.returncode, json.loads(done.stdout)

    agent = start_agent(budgets({"day/user": {"limit_usd": 2 * CALL_USD, "hard": "deny", "by": ["user"]}}))
    url = "http://localhost:%d" % agent.ports["metrics"]
    assert decision(agent, user="alice", **TOKENS)["decision"] == "allow"
    code, answer = run(url)
    assert (code, answer["decision"]) == (0, "allow") and len(answer["reservation_id"]) == 16
    code, answer = run(url)
    assert (code, answer["decision"], answer["budget"]) == (1, "deny", "day/user")
    agent.stop()
    assert run(url) == (0, {"decision": "allow", "reason": "no answer of the agent"})
