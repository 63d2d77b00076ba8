# SPDX-License-Identifier: Apache-2.0
"""Alerts reach a real Alertmanager, which makes one of what several pods say; a real Prometheus scrapes the agent."""
import json
import socket
import subprocess
import time

import pytest

import agent as agent_module
from prometheus import Alertmanager, Prometheus, free_port, program
from test_alerts import LEARN_HOURS, SHIFT_HOURS, start_time, traffic
from waiting import wait_for


class Receiver:
    """What Alertmanager itself tells: the bodies of its webhook."""

    def __init__(self):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from threading import Thread
        receiver = self
        self.bodies = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_POST(self):
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server.server_address[1]
        Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, alertname, status):
        return [b for b in self.bodies if b["status"] == status and b["commonLabels"].get("alertname") == alertname]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.close()


@pytest.fixture
def alertmanager(tmp_path, receiver):
    directory = tmp_path / "alertmanager"
    directory.mkdir()
    server = Alertmanager(directory, receiver.url)
    yield server
    server.stop()


def telling(alertmanager):
    return {"alerts": {"external_url": "http://agent.example/", "channels": {"alertmanager": {
        "endpoints": [alertmanager.url], "labels": {"cluster": "test"}, "resend_interval": "1s",
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"}}}}}


def cost_alerts(alertmanager):
    return [a for a in alertmanager.alerts() if a["labels"]["alertname"] == "Plimsoll_shift_cost"]


def plimsoll(agent, *words, env=None):
    return subprocess.run([agent_module.BINARY, *words, "--agent", "http://localhost:%d" % agent.ports["metrics"]],
                          capture_output=True, text=True, timeout=60, env=env)


def test_two_agents_make_one_alert_which_resolves(start_agent, alertmanager, receiver, tmp_path):
    agents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        agents.append(start_agent(telling(alertmanager), directory=tmp_path / name))
    start, ends = start_time(), []
    for seed, agent in enumerate(agents):
        now = traffic(agent, start, LEARN_HOURS, seed=20 + seed)
        ends.append(traffic(agent, now, SHIFT_HOURS, seed=30 + seed, factor=5))
    wait_for(lambda: cost_alerts(alertmanager), lambda: "an alert of cost: %s" % alertmanager.alerts(), 30)
    for agent in agents:
        agent.wait_for_metric("plimsoll_alert_active", 1, metric="cost")
        agent.wait_for_metric("plimsoll_agent_notifications_total", 2, result="delivered")
    alerts = cost_alerts(alertmanager)
    assert len(alerts) == 1, "two pods, one incident"
    alert = alerts[0]
    assert alert["labels"]["feature"] == "checkout" and alert["labels"]["cluster"] == "test"
    assert not {"pod", "instance", "host", "incident"} & set(alert["labels"])
    assert "cost per request of checkout" in alert["annotations"]["summary"]
    assert "output tokens" in alert["annotations"]["cause"]
    assert alert["annotations"]["runbook_url"] == "http://agent.example/runbooks/cost-spike"
    wait_for(lambda: receiver.of("Plimsoll_shift_cost", "firing"), lambda: "Alertmanager's word: %s" % receiver.bodies)

    for seed, agent in enumerate(agents):
        traffic(agent, ends[seed], 5, seed=40 + seed)
        agent.wait_for_metric("plimsoll_agent_notifications_total", 3, result="delivered")
    wait_for(lambda: receiver.of("Plimsoll_shift_cost", "resolved"), lambda: "an end: %s" % receiver.bodies, 30)
    assert not cost_alerts(alertmanager)
    assert len(receiver.of("Plimsoll_shift_cost", "firing")) == 1


def test_a_kill_neither_loses_nor_repeats_an_alert(start_agent, alertmanager, receiver):
    agent = start_agent(telling(alertmanager))
    now = traffic(agent, start_time(), LEARN_HOURS, seed=50)
    traffic(agent, now, SHIFT_HOURS, seed=51, factor=5)
    wait_for(lambda: receiver.of("Plimsoll_shift_cost", "firing"), lambda: "an alert: %s" % receiver.bodies, 30)
    started = cost_alerts(alertmanager)[0]["startsAt"]
    saves = agent.metric("plimsoll_agent_state_saves_total") or 0
    agent.wait_for_metric("plimsoll_agent_state_saves_total", saves + 1)
    agent.kill()
    agent.start()
    agent.wait_for_metric("plimsoll_agent_notifications_total", 2, result="delivered")  # it is told again that it fires
    alert, = cost_alerts(alertmanager)
    assert alert["startsAt"] == started and alert["status"]["state"] == "active"
    assert len(receiver.of("Plimsoll_shift_cost", "firing")) == 1


def test_prometheus_scrapes_every_series(start_agent, tmp_path, webhook):
    agent = start_agent()
    now = traffic(agent, start_time(), LEARN_HOURS, seed=60)
    traffic(agent, now, SHIFT_HOURS, seed=61, factor=5)
    agent.wait_for_metric("plimsoll_alert_active", 1, metric="cost")
    text = agent.get("/metrics")[1]
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True,
                             timeout=60)
    assert checked.returncode in (0, 3) and "error" not in checked.stderr, checked.stderr  # 3: matters of taste
    directory = tmp_path / "prometheus"
    directory.mkdir()
    server = Prometheus(directory, ["localhost:%d" % agent.ports["metrics"]])
    try:
        wait_for(lambda: server.query("plimsoll_alert_active"), lambda: "a scrape: %s" % server.targets(), 30)
        active = server.query('plimsoll_alert_active{metric="cost"}')
        assert [a["metric"]["feature"] for a in active] == ["checkout"]
        target, = server.targets()
        assert target["health"] == "up" and target["lastError"] == "", target
        assert "level=warn" not in server.output() or "duplicate" not in server.output(), server.output()
        assert "out-of-order" not in server.output() and "Error on ingesting" not in server.output(), server.output()
    finally:
        server.stop()


def test_an_alert_is_explained_silenced_accepted_and_recorded(start_agent, webhook):
    agent = start_agent({"alerts": {"channels": {"webhook/oncall": {"url": webhook.url}}}})
    assert plimsoll(agent, "alerts").stdout == "no alert fires\n"
    silenced = plimsoll(agent, "alerts", "silence", "feature=checkout", "--comment", "known", "--by", "ann")
    assert silenced.returncode == 0, silenced.stderr
    now = traffic(agent, start_time(), LEARN_HOURS, seed=70)
    deploy = {"kind": "deploy", "subject": "release 7", "feature": "checkout", "by": "ci", "time": now - 120}
    assert agent.post("/api/v1/audit", deploy)[0] == 201
    assert agent.post("/api/v1/audit", dict(deploy, kind="alert_firing"))[0] == 400
    assert agent.post("/api/v1/audit", dict(deploy, time=int(time.time() * 1000)))[0] == 400  # milliseconds
    traffic(agent, now, SHIFT_HOURS, seed=71, factor=5)
    agent.wait_for_metric("plimsoll_alert_active", 1, metric="cost")
    wait_for(lambda: any(a.get("muted_by") == "silence" for a in agent.api("alerts")["alerts"]), lambda: "a silence")
    assert not webhook.accepted
    alert = next(a for a in agent.api("alerts")["alerts"] if a["metric"] == "cost")
    assert alert["told"] is False

    cost = alert["movement"]["cost_per_request"]
    assert sum(p["usd"] for p in cost["parts"]) == pytest.approx(cost["change_usd"], rel=1e-9)
    assert max(cost["parts"], key=lambda p: p["usd"])["factor"] == "output_tokens"
    spend = alert["movement"]["spend_per_day"]
    assert sum(p["usd"] for p in spend["parts"]) == pytest.approx(spend["change_usd"], rel=1e-9)
    assert [(c["subject"], c["text"]) for c in alert["changes"]] == [("release 7", "deploy release 7")]
    assert "min before: deploy release 7" in alert["cause"]
    shown = plimsoll(agent, "alerts", "show", alert["id"])
    assert shown.returncode == 0 and "output_tokens" in shown.stdout and "What to look at first" in shown.stdout
    assert agent.get("/runbooks/cost-spike")[0] == 200 and agent.get("/runbooks/nonsense")[0] == 404

    silence_id = agent.api("silences")["silences"][0]["id"]
    assert plimsoll(agent, "alerts", "unsilence", silence_id).returncode == 0
    wait_for(lambda: webhook.accepted, lambda: "the alert, now that nobody wants quiet")
    accepted = plimsoll(agent, "alerts", "accept", alert["id"], "--by", "ann")
    assert accepted.returncode == 0, accepted.stderr
    ended = next(a for a in agent.api("alerts?state=all")["alerts"] if a["id"] == alert["id"])
    assert ended["state"] == "resolved" and ended["end_reason"] == "adopted"
    assert plimsoll(agent, "alerts", "accept", alert["id"]).returncode == 1

    kinds = {"alert_firing", "alert_resolved", "alert_accepted", "silence_added", "silence_ended", "model_first_seen"}
    wait_for(lambda: {e["kind"] for e in agent.api("audit")["entries"]} >= kinds,
             lambda: "%s in %s" % (kinds, agent.api("audit")))
    listed = plimsoll(agent, "audit", "--since", "7d")
    assert "alert_accepted" in plimsoll(agent, "audit", "--since", "36500d").stdout  # from before 1970: all of it
    assert "alert_accepted" in listed.stdout and "ann" in listed.stdout
    rows = listed.stdout.splitlines()
    assert len({row.index(kind) for row in rows for kind in kinds if kind in row}) == 1  # columns
    agent.restart()
    assert {e["kind"] for e in agent.api("audit")["entries"]} >= kinds
    assert agent.api("silences")["silences"][0]["active"] is False


def test_a_channel_is_tested_and_the_answer_shown(start_agent, webhook):
    nowhere = socket.socket()  # bound and deaf: nobody listens there, and nobody else gets the port
    nowhere.bind(("127.0.0.1", 0))
    agent = start_agent({"alerts": {"channels": {
        "webhook/oncall": {"url": webhook.url},
        "slack/nowhere": {"url": "http://127.0.0.1:%d/secret-path" % nowhere.getsockname()[1]}}}})
    assert plimsoll(agent, "audit").stdout == "nothing happened in that time\n"
    assert plimsoll(agent, "alerts", "silences").stdout == "no silence is active\n"
    good = plimsoll(agent, "alerts", "test", "webhook/oncall")
    assert good.returncode == 0 and "delivered: 204" in good.stdout, good.stdout + good.stderr
    told = json.loads(webhook.accepted[0][1])["data"]
    assert told["feature"] == "plimsoll-test"
    assert told["value"] == told["baseline_mean"] + told["deviation"] * told["baseline_stddev"]
    webhook.fail_next = 1
    refused = plimsoll(agent, "alerts", "test", "webhook/oncall")
    assert refused.returncode == 1 and "refused: 500" in refused.stdout
    nobody = plimsoll(agent, "alerts", "test", "slack/nowhere")
    assert nobody.returncode == 1 and "cannot be reached" in nobody.stdout
    nowhere.close()
    unknown = plimsoll(agent, "alerts", "test", "slack/typo")
    assert unknown.returncode == 1 and "webhook/oncall, slack/nowhere" in unknown.stderr
    assert "secret-path" not in agent.output


def test_an_alert_is_a_log_record_too(start_agent, backend, forwarding):
    agent = start_agent({**forwarding, "alerts": {"log_records": True}})
    now = traffic(agent, start_time(), LEARN_HOURS, seed=80)
    traffic(agent, now, SHIFT_HOURS, seed=81, factor=5)
    agent.wait_for_metric("plimsoll_agent_exported_total", 1, kind="logs")
    records = [r for told in backend.snapshot() if told.signal == "logs"
               for resource in told.message.resource_logs
               for scope in resource.scope_logs for r in scope.log_records]
    told = {a.key: a.value.string_value for a in records[0].attributes}
    assert told["event.name"] == "plimsoll.alert.firing" and told["plimsoll.alert.feature"] == "checkout"
    assert records[0].severity_text in ("INFO", "WARN")


def test_nobody_to_talk_to_is_exit_three():
    done = subprocess.run([agent_module.BINARY, "alerts", "--agent", "http://127.0.0.1:%d" % free_port()],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 3 and "plimsoll run" in done.stderr
