# SPDX-License-Identifier: Apache-2.0
"""Who hears of an alert, how often and when: receivers that hang, fail, redirect; silences that end; repetition; prices
that change; and many who look and change at once."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import otlp
from backend import attributes
from test_alertmanager import plimsoll
from test_alerts import HOUR_S, LEARN_HOURS, SHIFT_HOURS, start_time, traffic
from waiting import wait_for

QUICK = {"initial_interval": "50ms", "max_interval": "200ms"}


class Receiver:
    """Takes what any channel sends. answer(n) -> (status, headers) of the n-th request; None: never answers."""

    def __init__(self, answer=lambda n: (200, {})):
        receiver = self
        self.requests = []  # (path, headers, body)
        self.ended = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(body)))
                reply = answer(len(receiver.requests))
                if reply is None:
                    receiver.ended.wait(60)
                    return
                self.send_response(reply[0])
                for name, value in {"content-length": "0", **reply[1]}.items():
                    self.send_header(name, value)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receivers = []

    def make(*arguments):
        receivers.append(Receiver(*arguments))
        return receivers[-1]

    yield make
    for r in receivers:
        r.close()


def raise_alert(agent, seed):
    """Time at which the shift's traffic ends."""
    now = traffic(agent, start_time(), LEARN_HOURS, seed=seed)
    now = traffic(agent, now, SHIFT_HOURS, seed=seed + 1, factor=5)
    agent.wait_for_metric("plimsoll_alert_active", 1, metric="cost")
    return now


def of_state(receiver, state):
    return [body for _, _, body in receiver.requests if body["type"] == "alert." + state]


# ---------------------------------------------------------------- receivers in trouble
def test_a_receiver_in_trouble_holds_up_nobody_and_gets_its_alert_once(start_agent, receiver):
    good, hanging = receiver(), receiver(lambda n: None)
    failing = receiver(lambda n: (500, {}) if n <= 12 else (200, {}))
    redirecting = receiver(lambda n: (307, {"location": good.url + "/elsewhere"}))
    channels = {"webhook/hanging": (hanging, {"timeout": "300ms"}), "webhook/failing": (failing, {}),
                "webhook/redirecting": (redirecting, {}), "webhook/good": (good, {})}
    agent = start_agent({"alerts": {"channels": {
        name: {"url": r.url + "/hook", "retry_on_failure": QUICK, **more} for name, (r, more) in channels.items()}}})
    raise_alert(agent, 100)
    wait_for(lambda: of_state(good, "firing"), lambda: "the alert where all is well")
    wait_for(lambda: len(failing.requests) >= 13, lambda: "an hour's worth of retries: %d" % len(failing.requests), 30)
    agent.wait_for_metric("plimsoll_agent_notifications_total", 1, channel="webhook/failing", result="delivered")
    wait_for(lambda: len(hanging.requests) >= 3 and len(redirecting.requests) >= 3, lambda: "more attempts")
    assert len({headers["webhook-id"] for _, headers, _ in failing.requests}) == 1, "one message, however often"
    assert {path for path, _, _ in good.requests} == {"/hook"}, "a redirect was followed"
    assert len(of_state(good, "firing")) == 1
    assert agent.metric("plimsoll_agent_notifications_total", channel="webhook/redirecting", result="delivered") in (None, 0)


# ---------------------------------------------------------------- one telling, and when there are more
def test_one_incident_is_told_once_and_its_end_once(start_agent, receiver):
    oncall = receiver()
    agent = start_agent({"alerts": {"channels": {"webhook/oncall": {"url": oncall.url}}}})
    now = raise_alert(agent, 110)
    wait_for(lambda: of_state(oncall, "firing"), lambda: "an alert")
    alerts = wait_for(lambda: (lambda found: {a["metric"] for a in found} >= {"cost", "output_tokens"} and found)(
        agent.api("alerts")["alerts"]), "longer answers to move both")
    assert len({a["incident"] for a in alerts}) == 1 and len([a for a in alerts if a["told"]]) == 1
    traffic(agent, now, 5, seed=112)
    wait_for(lambda: of_state(oncall, "resolved"), lambda: "an end")
    assert len(of_state(oncall, "firing")) == 1 and len(of_state(oncall, "resolved")) == 1


def test_what_still_fires_is_told_again_where_that_is_asked_for(start_agent, receiver):
    oncall = receiver()
    agent = start_agent({"alerts": {"repeat_interval": "1s", "channels": {"webhook/oncall": {"url": oncall.url}}}})
    raise_alert(agent, 120)
    wait_for(lambda: len(of_state(oncall, "firing")) >= 3, lambda: "repetition: %d" % len(oncall.requests))
    identities = [headers["webhook-id"] for _, headers, _ in oncall.requests]
    assert len(set(identities)) == len(identities), "each telling is a message of its own"


def test_when_a_silence_runs_out_what_still_fires_is_told(start_agent, receiver):
    oncall = receiver()
    agent = start_agent({"alerts": {"shadow": ["metric=output_tokens"],
                                    "channels": {"webhook/oncall": {"url": oncall.url}}}})
    now = traffic(agent, start_time(), LEARN_HOURS, seed=130)
    done = plimsoll(agent, "alerts", "silence", "feature=checkout", "--duration", "8s", "--by", "ann")
    assert done.returncode == 0, done.stderr
    silenced_at = time.monotonic()
    traffic(agent, now, SHIFT_HOURS, seed=131, factor=5)
    agent.wait_for_metric("plimsoll_alert_active", 1, metric="cost")
    wait_for(lambda: of_state(oncall, "firing"), lambda: "the alert after its silence")
    assert time.monotonic() - silenced_at >= 7, "it was told while it was silenced"
    muted = wait_for(lambda: (lambda found: {"cost", "output_tokens"} <= found.keys() and found)(
        {a["metric"]: a.get("muted_by") for a in agent.api("alerts")["alerts"]}), "both alerts")
    assert muted["output_tokens"] == "shadow" and not muted["cost"]
    assert [b["data"]["metric"] for b in of_state(oncall, "firing")] == ["cost"]


# ---------------------------------------------------------------- every kind of channel
KINDS = {
    "webhook": lambda url: {"url": url + "/x"},
    "slack": lambda url: {"url": url + "/x"},
    "teams": lambda url: {"url": url + "/x"},
    "pagerduty": lambda url: {"url": url + "/x", "routing_key": "key-of-pagerduty"},
    "opsgenie": lambda url: {"url": url + "/x", "api_key": "key-of-opsgenie"},
    "alertmanager": lambda url: {"endpoints": [url]},
}


def test_every_kind_of_channel_can_be_tested(start_agent, receiver):
    receivers = {kind: receiver(lambda n: (202, {})) for kind in KINDS}
    agent = start_agent({"alerts": {"channels": {k + "/test": KINDS[k](r.url) for k, r in receivers.items()}}})
    for kind, r in receivers.items():
        for more in ([], ["--resolved"]):
            done = plimsoll(agent, "alerts", "test", kind + "/test", *more)
            assert done.returncode == 0 and done.stdout == kind + "/test: delivered: 202\n", (kind, done.stdout, done.stderr)
        assert len(r.requests) >= 2, "%s heard %d times" % (kind, len(r.requests))
    assert receivers["pagerduty"].requests[0][2]["event_action"] == "trigger"
    assert receivers["opsgenie"].requests[0][1]["authorization"] == "GenieKey key-of-opsgenie"
    assert "plimsoll-test" in json.dumps(receivers["slack"].requests[0][2])
    assert receivers["teams"].requests[0][2]["attachments"]
    assert receivers["alertmanager"].requests[0][0] == "/api/v2/alerts"


# ---------------------------------------------------------------- prices
def priced(multiplier, model="gpt-4o"):
    return json.dumps({"overrides": [{"provider": "openai", "match": {"starts_with": model}, "multiplier": multiplier}]})


def reprice(agent, file, text):
    seen = len(agent.api("audit")["entries"])
    file.write_text(text)
    wait_for(lambda: any(e["kind"] == "prices_changed" for e in agent.api("audit")["entries"][seen:]),
             lambda: "new prices: %s" % agent.output[-2000:], 40)


def test_new_prices_are_a_new_level_and_no_alert(start_agent, tmp_path):
    file = tmp_path / "prices.json"
    file.write_text(priced(1))
    agent = start_agent({"prices": {"override_file": str(file)}})
    now = traffic(agent, start_time(), LEARN_HOURS, seed=140)
    reprice(agent, file, priced(3))
    now = traffic(agent, now, 4, seed=141)
    agent.wait_for_metric("plimsoll_requests_total", (LEARN_HOURS + 4) * 300)
    usual = otlp.cost_usd(1000, 200)

    def mean():
        return {b["metric"]: b["mean"] for b in agent.api("baselines")["baselines"]}["cost"]

    wait_for(lambda: 2.5 * usual < mean() < 3.5 * usual, lambda: "three times %g: %g" % (usual, mean()))
    assert [a["summary"] for a in agent.api("alerts?state=all")["alerts"]] == []


def test_what_changed_before_names_prices_and_configuration(start_agent, tmp_path):
    file = tmp_path / "prices.json"
    file.write_text(priced(1, "o1"))
    agent = start_agent({"prices": {"override_file": str(file)}})
    traffic(agent, int(time.time()) - LEARN_HOURS * HOUR_S, LEARN_HOURS - 0.5, seed=150)
    reprice(agent, file, priced(2, "o1"))  # of another model: ours is not learned anew
    agent.write_config({"log": {"level": "debug"}})
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="applied")
    message, spans = otlp.request()
    otlp.add_call(spans, time.time() + 1, output_tokens=60000, **{"plimsoll.feature": "checkout"})
    otlp.send_grpc(agent.grpc_target, message)
    alert = wait_for(lambda: next((a for a in agent.api("alerts")["alerts"] if a["kind"] == "runaway"), None),
                     lambda: "a runaway: %s" % agent.api("alerts"))
    assert [c["kind"] for c in alert["changes"]][:2] == ["config_reloaded", "prices_changed"]
    assert "the configuration was reloaded" in alert["cause"]


def test_the_span_of_a_runaway_request_says_what_ran_away(start_agent, backend, forwarding):
    agent = start_agent(forwarding)
    traffic(agent, int(time.time()) - LEARN_HOURS * HOUR_S, LEARN_HOURS - 0.5, seed=155)
    agent.wait_for_metric("plimsoll_agent_exported_total", LEARN_HOURS * 250, exporter="otlp/backend")
    wait_for(lambda: any(b["metric"] == "cost" and b["learned_hours"] > 24 for b in agent.api("baselines")["baselines"]),
             lambda: "a baseline: %s" % agent.api("baselines"))
    message, spans = otlp.request()
    ordinary = otlp.add_call(spans, time.time(), **{"plimsoll.feature": "checkout"})
    dear = otlp.add_call(spans, time.time(), output_tokens=60000, **{"plimsoll.feature": "checkout"})
    otlp.send_grpc(agent.grpc_target, message)
    got = wait_for(lambda: (lambda found: len(found) == 2 and found)(
        {s.span_id: attributes(s) for s in backend.spans() if s.span_id in (ordinary.span_id, dear.span_id)}), "both spans")
    assert got[dear.span_id]["plimsoll.outlier"] == "cost"
    assert "plimsoll.outlier" not in got[ordinary.span_id]


# ---------------------------------------------------------------- at once
def test_many_may_look_and_change_while_traffic_comes(start_agent, receiver):
    oncall = receiver()
    agent = start_agent({"alerts": {"channels": {"webhook/oncall": {"url": oncall.url}}}})
    raise_alert(agent, 160)
    stop, failures = threading.Event(), []

    def again(work):
        def run():
            while not stop.is_set():
                try:
                    work()
                except Exception as failure:  # noqa: BLE001: told below
                    failures.append(repr(failure))
                    return
        return threading.Thread(target=run)

    def change():
        status, made = agent.post("/api/v1/silences", {"matchers": "feature=checkout", "duration_s": 60, "by": "x"})
        assert status in (200, 201, 409, 503), made  # 503: busy, try again
        for alert in agent.api("alerts")["alerts"]:
            agent.post("/api/v1/alerts/%s/accept" % alert["id"], {"by": "x"})
        agent.post("/api/v1/baselines/reset", {"feature": "nobody"})

    looks = ("alerts?state=all", "baselines", "silences", "audit", "summary")
    threads = [again(change), again(lambda: [agent.api(path) for path in looks]), again(agent.metrics), again(lambda: (agent.reload(), time.sleep(0.2)))]
    threads.append(again(lambda: (agent.get("/api/v1/baselines/export"), time.sleep(0.05))))
    for thread in threads:
        thread.start()
    now = int(time.time()) - 2 * HOUR_S
    for seed, factor in enumerate((1, 5, 1, 5)):
        now = traffic(agent, now, 0.5, seed=170 + seed, factor=factor)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures and agent.is_ready()
