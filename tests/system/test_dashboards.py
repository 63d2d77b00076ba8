# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboards of dashboards/grafana: sound JSON, and each query answered by a real Prometheus that scrapes a real
agent. Grafana's own variables are filled in as it would. The rules of dashboards/prometheus find their metrics and labels there,
too; tests/rules says what they make of them."""
import json
import re
import time
from pathlib import Path

import pytest

import otlp
from agent import Agent
from judged_app import App
from prometheus import Prometheus
from waiting import wait_for

FOLDER = Path(__file__).parents[2] / "dashboards/grafana"
DASHBOARDS = sorted(path.name for path in FOLDER.glob("*.json"))
RULES = sorted(FOLDER.parent.glob("prometheus/*.rules.yml"))
VARIABLES = {"$__rate_interval": "30s", "$__range": "1h", "$budget": ".*", "$prompt": ".*"}
MANIFEST = "name: greet\nversion: '1'\nmodel: gpt-4o\ntemperature: 0.2\n"


def panels(name):
    return json.loads((FOLDER / name).read_text())["panels"]


def filled_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_sound(name):
    board = json.loads((FOLDER / name).read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) and board["uid"].startswith("plimsoll-") and board["schemaVersion"] >= 36
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["targets"] and panel["title"] and panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert "datasource" in variables and variables <= {"datasource", "budget", "prompt"}


# ---------------------------------------------------------------- with everything that they show

def traffic(app, agent):
    """Two versions: one that drifts and is disliked; a user who spends all that he may."""
    for version, temperature in (("1", 0.2), ("2", 0.9)):
        call = app.call(version, "r", **{"gen_ai.request.temperature": temperature, "user.id": "alice"})
        app.evaluate(call, "helpfulness", 0.5)
        agent.post("/api/v1/feedback", {"trace_id": call.trace_id, "span_id": call.span_id,
                                        "signal": "thumbs_up" if version == "1" else "thumbs_down"})
    app.call("1", "r", **{"gen_ai.request.temperature": 0.9, "user.id": "alice", "error.type": "500"})
    agent.post("/api/v1/budgets/decision", {"user": "bob", "model": otlp.MODEL, "provider": otlp.PROVIDER, "input_tokens": 10})
    agent.post("/api/v1/budgets/decision", {"user": "alice"})
    message, spans = otlp.request()
    otlp.add_call(spans, model="unheard-of", **{"user.id": "alice", "gen_ai.response.time_to_first_chunk": 0.05})
    otlp.send_http(agent.http_url, message)
    otlp.send_http(agent.http_url, b"no protobuf")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manifests")
    (folder / "greet.yaml").write_text(MANIFEST)
    limits = {"day/user": {"limit_usd": 0.001, "limit_tokens": 1000, "limit_requests": 50, "by": ["user"], "hard": "deny"},
              "request/one": {"limit_usd": 0.0001}, "hour/tokens": {"limit_tokens": 1000},
              "month/feature": {"limit_usd": 0.001, "by": ["feature"]}}
    agent = Agent(tmp_path_factory.mktemp("agent"), {"budgets": {"limits": limits}, "prompts": {
        "directory": str(folder), "poll_interval": "1s"}, "slos": {"success": {"objective": 0.99}}}).start()
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), ["localhost:%d" % agent.ports["metrics"]], RULES)
    agent.post("/api/v1/prompts/greet/gate", {"version": "2", "gate": {"open": False, "cases": [{}], "criteria": {
        "pass_rate": {"value": 0.5, "limit": 0.9, "kept": False}}}})
    app, end = App(agent), time.monotonic() + 40
    while not server.query("count_over_time(up[30s]) >= 6"):  # rates need traffic between scrapes, however late the first is
        traffic(app, agent)
        time.sleep(0.3)
        assert time.monotonic() < end, server.targets()
    wait_for(lambda: server.query('plimsoll_prompt_drift_total > 3'), lambda: "scrapes: %s" % server.targets(), 30)
    app.close()
    agent.post("/api/v1/budgets/reset", {"budget": "month/feature"})
    left = 'plimsoll_budget_remaining_usd{budget="month/feature", feature="checkout"} > 0'
    wait_for(lambda: server.query(left), lambda: "the reset: %s" % server.query("plimsoll_budget_remaining_usd"), 30)
    yield server
    server.stop()
    agent.stop()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_query_has_an_answer(server, name):
    empty = [(panel["title"], target["expr"]) for panel in panels(name) for target in panel["targets"]
             if not server.query(filled_in(target["expr"]))]
    assert empty == []


def test_the_numbers_are_those_of_the_agent(server):
    def values(dashboard, title):
        panel = next(p for p in panels(dashboard) if p["title"] == title)
        return [(r["metric"], float(r["value"][1])) for r in server.query(filled_in(panel["targets"][0]["expr"]))]

    def value(dashboard, title):
        return [number for _, number in values(dashboard, title)]
    assert value("budgets.json", "Groups that are used up") == [2]  # alice's money, and the hour's tokens
    nearest = {labels.get("user", labels.get("feature")): number
               for labels, number in values("budgets.json", "Nearest to their limit, money")}
    assert nearest["alice"] > 1 and nearest["checkout"] == 0  # what is forgiven counts no more
    assert max(value("budgets.json", "Nearest to their limit, money")) > 1
    assert value("prompts.json", "Closed gates of versions that serve") == [1]
    assert value("prompts.json", "Gates: share of cases that passed") == [0.5]
    assert value("prompts.json", "Canaries that are worse") == [0]
    failed = {labels["prompt"]: number for labels, number in values("prompts.json", "Calls that did not end well")}
    assert failed["greet@1"] > 0 and failed["greet@2"] == 0  # known to be none, which is not unknown
    disliked = {labels["prompt"]: number for labels, number in values("prompts.json", "Negative feedback")}
    assert disliked == {"greet@1": 0, "greet@2": 1}


# ---------------------------------------------------------------- rules

def test_each_recording_rule_has_an_answer(server):
    rules = {rule["name"]: re.sub(r"\[\d+[mhd]\]", "[30s]", rule["query"]) for rule in server.rules() if rule["type"] == "recording"}
    assert len(rules) == 13
    assert [name for name, query in rules.items() if not server.query(query)] == []


def test_each_alert_is_about_labels_that_its_metrics_have(server):
    queries = {rule["name"]: rule["query"] for rule in server.rules() if rule["type"] == "alerting"}
    wanted = [(name, metric, label) for name, query in queries.items()
              for labels, metric in re.findall(r"by \(([\w, ]+)\) \((?:(?:rate|increase)\()?(plimsoll_\w+)", query)
              for label in labels.split(", ")]
    assert {name for name, _, _ in wanted} >= {"PlimsollDropsData", "PlimsollRefusesData", "PlimsollQueueNearlyFull",
                                               "PlimsollUnpriced", "PlimsollStoreFails", "PlimsollPricesOld"}
    assert [want for want in wanted if not server.query('%s{%s!=""}' % want[1:])] == []
    plain = re.findall(r"(plimsoll_\w+(?:\{[^}]*\})?)", " ".join(queries.values()))
    assert [metric for metric in plain if not metric.startswith("plimsoll_slo_") and not server.query(metric)] == []
