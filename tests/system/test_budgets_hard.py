# SPDX-License-Identifier: Apache-2.0
"""Budgets in bad weather: everything at once, a disk that is full, and every threshold told by name."""
import itertools
import re
import resource
import threading
import time

import pytest

import otlp
from envoy import OK, OVER_LIMIT, Envoy
from test_budgets import CALL_USD, TOKENS, ask, budgets, decision, group, one_call
from waiting import wait_for
from webhook import SECRET


# ---------------------------------------------------------------- everything at once

class Crowd:
    """Threads that do one thing each, over and over, until the time is over. What one of them raises ends the test."""

    def __init__(self, seconds):
        self.end, self.threads, self.errors = time.monotonic() + seconds, [], []

    def add(self, work, pause=0.0):
        def run():
            try:
                while time.monotonic() < self.end:
                    work()
                    time.sleep(pause)
            except BaseException as error:
                self.errors.append(error)
        self.threads.append(threading.Thread(target=run))

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        for error in self.errors:
            raise error


def test_decisions_spans_scrapes_and_reloads_at_once(start_agent):
    """Nothing is lost and nothing is torn; with MODE=tsan, nothing races."""
    limits = {"day/user": {"limit_usd": 1000, "by": ["user"], "hard": "deny"},
              "hour/all": {"limit_requests": 10**9, "hard": "throttle"}}
    agent = start_agent(budgets(limits, envoy={"endpoint": "localhost:0"}, reservation_timeout="60s"))
    port = wait_for(lambda: re.search(r"Envoy +http://\S*?:(\d+)", agent.output), lambda: "Envoy's port")
    gateway = Envoy(agent.directory, int(port[1]))
    sent, numbers = [0, 0, 0], itertools.count(900)
    crowd = Crowd(5)

    def spend(thread):
        def work():
            answer = decision(agent, user="user-%d" % thread, **TOKENS)
            call = one_call("user-%d" % thread, **{"plimsoll.reservation.id": answer["reservation_id"]})
            otlp.send_grpc(agent.grpc_target, call)
            sent[thread] += 1
        return work

    def reload():
        limits["day/user"]["limit_usd"] = next(numbers)
        agent.write_config(budgets(limits))
        agent.reload()

    for thread in range(3):
        crowd.add(spend(thread))
    crowd.add(lambda: ask(agent, "GET", user="user-0", **TOKENS))
    crowd.add(lambda: gateway.should_rate_limit({"user": "user-1"}))
    crowd.add(lambda: gateway.check({"x-plimsoll-user": "stranger"}))
    crowd.add(lambda: (agent.api("budgets"), agent.api("budgets?top=2"), agent.metrics()), 0.02)
    crowd.add(reload, 0.2)
    crowd.run()
    gateway.channel.close()
    assert min(sent) > 0
    for thread, calls in enumerate(sent):
        assert group(agent, user="user-%d" % thread)["spent_usd"] == pytest.approx(calls * CALL_USD, abs=0)
    assert group(agent, user="user-2")["reserved_usd"] == 0  # each was settled by its span
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 6, result="applied")
    agent.stop()


# ---------------------------------------------------------------- a disk that is full

def full_disk(agent):
    """No file of the agent may grow or be written to beyond its first byte, as on a disk that has no room left."""
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def working_disk(agent):
    resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.parametrize("fail_closed", [False, True], ids=["open", "closed"])
def test_a_store_that_cannot_be_written_fails_as_configured(start_agent, fail_closed):
    agent = start_agent(budgets({"day/user": {"limit_usd": 10, "by": ["user"], "hard": "deny"}}, fail_closed=fail_closed,
                                envoy={"endpoint": "localhost:0"}))
    port = wait_for(lambda: re.search(r"Envoy +http://\S*?:(\d+)", agent.output), lambda: "Envoy's port")
    gateway = Envoy(agent.directory, int(port[1]))
    full_disk(agent)
    status, headers, answer = ask(agent, user="alice", **TOKENS)
    told = gateway.should_rate_limit({"user": "bob"}, {k: str(v) for k, v in TOKENS.items()}).overall_code
    assert status == 200 and headers["Cache-Control"] == "no-store"
    if fail_closed:
        assert (answer["decision"], told) == ("deny", OVER_LIMIT) and "fail_closed" in answer["reason"]
        assert "reservation_id" not in answer and group(agent, user="alice")["reserved_usd"] == 0
    else:
        assert (answer["decision"], told) == ("allow", OK) and answer["reservation_id"]
    otlp.send_grpc(agent.grpc_target, one_call("alice"))  # spend goes on in memory, and is told yes
    assert group(agent, user="alice")["spent_usd"] == CALL_USD
    agent.wait_for_metric("plimsoll_agent_store_failures_total", 1)
    working_disk(agent)
    assert decision(agent, user="carol", **TOKENS)["decision"] == "allow"  # waits for the disk, and so for all that is on its way
    gateway.channel.close()
    agent.kill()
    agent.start()
    assert group(agent, user="alice")["spent_usd"] == CALL_USD  # the next write held it


# ---------------------------------------------------------------- what may be kept, and what a reload changes

def max_age(agent, method="GET", **question):
    """(decision, seconds for which the answer may be kept; 0: it may not be stored)"""
    _, headers, answer = ask(agent, method, **question)
    assert "ETag" not in headers
    value = headers["Cache-Control"]
    return answer.get("decision"), 0 if value == "no-store" else int(value.removeprefix("max-age="))


def test_answers_say_for_how_long_they_may_be_kept(start_agent):
    agent = start_agent(budgets({"day/user": {"limit_usd": 1, "by": ["user"], "hard": "deny"},
                                 "hour/tenant": {"tenant": "acme", "limit_usd": 0.1, "hard": "throttle"}}))
    decided, age = max_age(agent, user="alice", **TOKENS)
    assert decided == "allow" and 0 < age <= 30
    assert max_age(agent, "POST", user="alice", **TOKENS) == ("allow", 0)  # its reservation is for one call
    for _ in range(4):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    decided, age = max_age(agent, user="alice", **TOKENS)
    assert decided == "deny" and 0 < age <= 5
    assert max_age(agent, "POST", user="alice", **TOKENS) == ("deny", 0)
    assert max_age(agent, user="bob", tenant="acme", **TOKENS) == ("allow", 0)  # what a throttle lets through is one call
    decided, age = max_age(agent, user="bob", tenant="acme", **TOKENS)
    assert decided == "throttle" and 0 < age <= 5
    assert max_age(agent, trace_id="nonsense") == (None, 0)


def test_a_reload_that_is_refused_half_way_leaves_the_budgets(start_agent, tmp_path, webhook):
    """The budgets of the new configuration are fine; the secret of a channel is not to be had when it is put in force."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    channels = {"webhook/oncall": {"url": webhook.url, "signing_secret_file": str(secret)}}
    agent = start_agent({**budgets({"day/all": {"limit_usd": 1, "hard": "deny"}}), "alerts": {"channels": channels}})
    for _ in range(4):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    secret.unlink()
    agent.write_config(budgets({"day/all": {"limit_usd": 50}}))
    agent.reload()
    agent.wait_for_output("reload_refused")
    assert agent.metric("plimsoll_budget_limit_usd", budget="day/all") == 1
    assert decision(agent, **TOKENS)["decision"] == "deny"
    secret.write_text(SECRET)
    agent.reload()
    agent.wait_for_output("reload_applied")
    assert agent.metric("plimsoll_budget_limit_usd", budget="day/all") == 50
    assert group(agent)["spent_usd"] == 1


# ---------------------------------------------------------------- who is told what

def summaries(webhook, count):
    return [n["data"]["summary"] for n in webhook.wait_for_notifications(count)]


def test_each_threshold_names_who_is_spending(start_agent, webhook):
    agent = start_agent({**budgets({"day/who": {"limit_usd": 2.5, "by": ["tenant", "user", "feature"], "forecast": False}}),
                         "dimensions": {"tenant": ["tenant.id"]},
                         "alerts": {"channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    labels = {"tenant.id": "acme", "plimsoll.feature": "search"}
    for share, calls in ((50, 5), (80, 3), (100, 2)):
        for _ in range(calls):
            otlp.send_grpc(agent.grpc_target, one_call("alice", **labels))
        told = summaries(webhook, (50, 80, 100).index(share) + 1)[-1]
        assert told == "budget day/who feature=search user=alice tenant=acme: %s of 2.50 USD spent in 24 h" % (
            {50: "1.25", 80: "2.00", 100: "2.50"}[share])
    assert len(webhook.wait_for_notifications(3)) == 3


def test_a_crowd_is_told_as_one(start_agent, webhook):
    agent = start_agent({**budgets({"day/user": {"limit_usd": 1, "by": ["user"], "soft": [80], "forecast": False}}),
                         "alerts": {"channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    message, spans = otlp.request()
    for i in range(120):
        otlp.add_call(spans, input_tokens=400000, output_tokens=0, **{"user.id": "user-%d" % i})
    otlp.send_grpc(agent.grpc_target, message)
    told = summaries(webhook, 21)
    crowd = "budget day/user: 100 more groups have used 80 % in 24 h, the first 20 were told by name"
    assert told.count(crowd) == 1 and sum(" user=user-" in s for s in told) == 20


def test_each_threshold_has_a_crowd_and_one_that_comes_back_is_told_again(start_agent, webhook):
    agent = start_agent({**budgets({"day/user": {"limit_usd": 1, "by": ["user"], "soft": [50, 100], "forecast": False}}),
                         "alerts": {"channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})

    def crowds():
        return sorted(a["summary"] for a in agent.api("alerts")["alerts"] if a["metric"] == "budget_groups")

    def spend_half_of_all():
        message, spans = otlp.request()
        for i in range(25):
            otlp.add_call(spans, input_tokens=200000, output_tokens=0, **{"user.id": "user-%d" % i})
        otlp.send_grpc(agent.grpc_target, message)

    half, whole = ["budget day/user: 5 more groups have used %d %% in 24 h, the first 20 were told by name" % share
                   for share in (50, 100)]
    spend_half_of_all()
    wait_for(lambda: crowds() == [half], crowds)
    spend_half_of_all()
    wait_for(lambda: crowds() == sorted([half, whole]), crowds)
    ask(agent, path="reset", budget="day/user")
    wait_for(lambda: crowds() == [], crowds)
    spend_half_of_all()
    wait_for(lambda: crowds() == [half], crowds)


def test_a_forecast_names_who_will_have_spent_too_much(start_agent, webhook):
    minute = time.gmtime().tm_min  # hours there begin when at least six minutes of this one are over
    zone = "UTC" if 6 <= minute <= 45 else "Asia/Kolkata"
    agent = start_agent({**budgets({"hour/user": {"limit_usd": 6, "by": ["user"], "soft": [200], "time_zone": zone}}),
                         "alerts": {"channels": {"webhook/oncall": {"url": webhook.url, "signing_secret": SECRET}}}})
    for _ in range(22):
        otlp.send_grpc(agent.grpc_target, one_call("alice"))
    [told] = summaries(webhook, 1)
    assert re.fullmatch(r"budget hour/user user=alice: [\d.]+ of 6.00 USD will be spent in 1 h", told)
