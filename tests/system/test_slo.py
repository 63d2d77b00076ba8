# SPDX-License-Identifier: Apache-2.0
"""Objectives: calls that miss theirs burn an error budget, which is counted, shown and told, over a restart too."""
import time

import otlp
from webhook import SECRET

HOUR_S = 3600
OBJECTIVE = {"latency/chat": {"threshold": "2s", "objective": 0.95, "by": ["model"]}}


def traffic(agent, start_unix_s, hours, duration_ms):
    """A call every ten seconds, all of one duration."""
    message, spans = otlp.request()
    for second in range(start_unix_s, start_unix_s + hours * HOUR_S, 10):
        otlp.add_call(spans, second, duration_ms=duration_ms)
    otlp.send_grpc(agent.grpc_target, message)
    return start_unix_s + hours * HOUR_S


def test_a_burning_budget_is_told_with_its_figures(start_agent, webhook):
    agent = start_agent({"slos": OBJECTIVE, "alerts": {"channels": {"webhook/oncall": {
        "url": webhook.url, "signing_secret": SECRET}}}})
    now = traffic(agent, int(time.time()) - 6 * HOUR_S, 2, duration_ms=500)
    traffic(agent, now, 2, duration_ms=3000)
    agent.wait_for_metric("plimsoll_slo_requests_total", 2 * 360, slo="latency/chat", result="bad")
    assert agent.metric("plimsoll_slo_requests_total", slo="latency/chat", result="good") == 2 * 360
    assert agent.metric("plimsoll_slo_objective", slo="latency/chat") == 0.95
    assert agent.metric("plimsoll_slo_error_budget_left", slo="latency/chat") < 0
    assert agent.metric("plimsoll_slo_burn_rate", slo="latency/chat", window="1h") > 14.4
    [told] = [n["data"] for n in webhook.wait_for_notifications(1) if n["data"]["kind"] == "slo_burn"]
    assert (told["name"], told["model"], told["severity"]) == ("latency/chat", otlp.MODEL, "critical")
    assert "missed it in 1 h" in told["summary"]


def test_what_an_objective_has_seen_outlives_a_restart(start_agent):
    agent = start_agent({"slos": OBJECTIVE})
    traffic(agent, int(time.time()) - 6 * HOUR_S, 1, duration_ms=3000)
    agent.wait_for_metric("plimsoll_slo_requests_total", 360, slo="latency/chat", result="bad")
    agent.restart()
    assert agent.metric("plimsoll_slo_requests_total", slo="latency/chat", result="bad") == 360


def test_an_objective_can_be_reloaded(start_agent):
    agent = start_agent({"slos": OBJECTIVE})
    now = traffic(agent, int(time.time()) - 6 * HOUR_S, 1, duration_ms=3000)
    agent.wait_for_metric("plimsoll_slo_requests_total", 360, slo="latency/chat", result="bad")
    agent.write_config({"slos": {"latency/chat": {"threshold": "4s"}}})
    agent.reload()
    agent.wait_for_output("reload_applied")
    traffic(agent, now, 1, duration_ms=3000)
    agent.wait_for_metric("plimsoll_slo_requests_total", 360, slo="latency/chat", result="good")


def test_an_objective_that_a_restart_takes_away_burns_no_more(start_agent, webhook):
    agent = start_agent({"slos": OBJECTIVE, "alerts": {"channels": {"webhook/oncall": {
        "url": webhook.url, "signing_secret": SECRET}}}})
    traffic(agent, int(time.time()) - 6 * HOUR_S, 4, duration_ms=3000)
    [told] = [n["data"] for n in webhook.wait_for_notifications(1) if n["data"]["kind"] == "slo_burn"]
    agent.write_config({"slos": None})
    agent.restart()
    [_, ended] = [n for n in webhook.wait_for_notifications(2) if n["data"]["kind"] == "slo_burn"]
    assert (ended["type"], ended["data"]["id"]) == ("alert.resolved", told["id"])
