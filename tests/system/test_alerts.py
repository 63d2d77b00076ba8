# SPDX-License-Identifier: Apache-2.0
"""Two days of traffic in seconds: baselines follow the time in the spans. A jump in cost raises one alert, which is
delivered though the receiver fails at first, and is still known after a restart."""
import json
import random
import time

import otlp
from webhook import SECRET

HOUR_S = 3600
PER_BUCKET = 25  # of 300 s: enough for the finest scale to judge
LEARN_HOURS, SHIFT_HOURS = 36, 3


def traffic(agent, start_unix_s, hours, seed, factor=1.0):
    """Steady calls with varying lengths, one request a half-hour; factor multiplies the output tokens."""
    chance = random.Random(seed)
    end_unix_s = start_unix_s + int(hours * HOUR_S)
    for begin in range(start_unix_s, end_unix_s, HOUR_S // 2):
        message, spans = otlp.request()
        for second in range(begin, begin + HOUR_S // 2, 300 // PER_BUCKET):
            otlp.add_call(spans, second, duration_ms=1000 * chance.lognormvariate(0, 0.3),
                          input_tokens=int(1000 * chance.lognormvariate(0, 0.3)),
                          output_tokens=int(factor * 200 * chance.lognormvariate(0, 0.3)),
                          **{"plimsoll.feature": "checkout"})
        otlp.send_grpc(agent.grpc_target, message)
    return end_unix_s


def alerting(webhook):
    return {"alerts": {"channels": {"webhook/oncall": {
        "url": webhook.url, "signing_secret": SECRET,
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"}}}}}


def start_time():
    return int(time.time() - (LEARN_HOURS + SHIFT_HOURS + 6) * HOUR_S) // HOUR_S * HOUR_S


def cost_alerts(notifications):
    return [n for n in notifications if '"cost"' in str(n).replace("'", '"')]


def test_a_jump_in_cost_raises_one_alert_that_survives_a_failing_receiver(start_agent, webhook):
    agent = start_agent(alerting(webhook))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=1)
    assert not webhook.accepted
    webhook.fail_next = 2
    traffic(agent, now, SHIFT_HOURS, seed=2, factor=5)
    notifications = webhook.wait_for_notifications(1)
    assert cost_alerts(notifications), notifications
    assert len(webhook.failed) == 2
    ids = {headers["webhook-id"] for headers, _ in webhook.failed + webhook.accepted[:1]}
    assert len(ids) == 1, "a retry is the same message"
    assert agent.metric("plimsoll_alert_active", feature="checkout") >= 1


def test_steady_traffic_raises_none(start_agent, webhook):
    agent = start_agent(alerting(webhook))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=3)
    traffic(agent, now, SHIFT_HOURS, seed=4)
    agent.wait_for_metric("plimsoll_requests_total", (LEARN_HOURS + SHIFT_HOURS) * 12 * PER_BUCKET)
    assert not webhook.accepted


def test_baselines_outlive_a_restart(start_agent, webhook):
    agent = start_agent(alerting(webhook))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=5)
    agent.restart()
    traffic(agent, now, SHIFT_HOURS, seed=6, factor=5)
    assert cost_alerts(webhook.wait_for_notifications(1))


def test_baselines_outlive_a_kill_but_for_the_last_seconds(start_agent, webhook):
    agent = start_agent(alerting(webhook))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=7)
    saves = agent.metric("plimsoll_agent_state_saves_total") or 0
    agent.wait_for_metric("plimsoll_agent_state_saves_total", saves + 1)
    agent.kill()
    agent.start()
    traffic(agent, now, SHIFT_HOURS, seed=8, factor=5)
    assert cost_alerts(webhook.wait_for_notifications(1))


def test_an_alert_outlives_a_restart_and_is_not_told_again(start_agent, webhook):
    agent = start_agent(alerting(webhook))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=9)
    now = traffic(agent, now, SHIFT_HOURS, seed=10, factor=5)
    webhook.wait_for_notifications(1)
    active = agent.metric("plimsoll_alert_active", feature="checkout")
    assert active >= 1
    agent.restart()
    told = len(webhook.accepted)
    traffic(agent, now, 0.5, seed=11, factor=5)
    assert agent.metric("plimsoll_alert_active", feature="checkout") >= active
    assert len(webhook.accepted) == told


def test_a_state_that_no_alert_has_is_refused_with_those_that_they_have(start_agent):
    agent = start_agent()
    for state in ("", "firing", "all"):
        assert agent.api("alerts?state=" + state) == {"alerts": [], "pending": []}
    status, answer = agent.get("/api/v1/alerts?state=banana")
    assert (status, json.loads(answer)) == (400, {"error": "state is firing or all, not 'banana'"})
