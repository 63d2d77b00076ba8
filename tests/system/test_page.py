# SPDX-License-Identifier: Apache-2.0
"""The page at /, as a real browser makes it of the running agent: budgets, prompt versions, and what to configure."""
import html
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

import otlp
from waiting import wait_for

MANIFEST = "name: support\nversion: %s\nmodel: " + otlp.MODEL + "\ntemperature: 0.2\ntemplate: |\n  The secret words of {{company}}\n"
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture
def page(tmp_path):
    """The sections of the page by id, as HTML, after its first look at the agent."""
    browser = shutil.which("chromium") or pytest.skip("chromium is not installed (make test installs it)")

    def look(agent):
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=%s" % (tmp_path / "chrome"),
                               "--virtual-time-budget=3000", "--dump-dom", "http://localhost:%d/" % agent.ports["metrics"]],
                              capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return look


def section(dom, name):
    return re.search(r'<(section|article) id="%s"[^>]*>.*?</\1>' % name, dom, re.S)[0]


def is_hidden(dom, name):
    return " hidden" in re.search(r'<(section|article) id="%s"[^>]*>' % name, dom)[0]


def rows(dom, body):
    """The texts of each row's cells."""
    table = re.search(r'<tbody id="%s">(.*?)</tbody>' % body, dom, re.S)[1]
    return [[html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)]


def send(agent, calls):
    message, spans = otlp.request()
    for tokens, attributes in calls:
        otlp.add_call(spans, input_tokens=tokens, output_tokens=0, **attributes)
    otlp.send_grpc(agent.grpc_target, message)


def post(agent, path, body):
    request = urllib.request.Request("http://localhost:%d/api/v1/%s" % (agent.ports["metrics"], path), json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_before_the_first_call_the_page_has_the_line_that_the_agent_prints(start_agent, page):
    agent = start_agent()
    line = agent.wait_for_output(r"export OTEL_.*")[0]
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in line
    assert line in html.unescape(page(agent))


def test_budgets_show_the_tightest_groups_and_how_many_more_there_are(start_agent, page):
    limits = {"day/user": {"limit_usd": 1, "by": ["user"], "hard": "deny"}, "month/all": {"limit_tokens": 10**9},
              "request/one": {"limit_usd": 5}}
    agent = start_agent({"budgets": {"limits": limits}})
    send(agent, [(400000, {"user.id": HOSTILE})])  # a dollar
    send(agent, [(200000, {"user.id": "alice"})])
    send(agent, [(10, {"user.id": "user-%d" % i}) for i in range(100)])
    dom = page(agent)
    shown = rows(dom, "budget-rows")
    assert shown[0] == ["day/user", "each user: $1.00 a day, denies"]
    assert shown[1][0] == HOSTILE and shown[1][1] == "$1.00 of $1.00 100 %" and shown[1][4] == "deny"
    assert shown[2][0] == "alice" and shown[2][1] == "$0.50 of $1.00 50 %" and shown[2][4] == "allow"
    assert shown[11][0].startswith("92 more have spent less of theirs")
    assert shown[12][0] == "month/all" and shown[13][0] == "all calls"
    assert shown[14] == ["request/one", "$5.00 a call, only tells"]
    assert "<img" not in section(dom, "budgets") and "<title>Plimsoll</title>" in dom


def test_prompts_show_gate_and_drift_and_none_of_their_text(start_agent, page, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    for version in ("1.4.0", "1.5.0"):
        Path(folder, version + ".yaml").write_text(MANIFEST % version)
    agent = start_agent({"prompts": {"directory": str(folder), "poll_interval": "1s"}})
    send(agent, [(100, {"gen_ai.prompt.name": "support", "gen_ai.prompt.version": "1.5.0", "gen_ai.request.temperature": 0.9})])
    post(agent, "prompts/support/deploy", {"version": "1.4.0", "environment": "production", "by": "ann"})
    post(agent, "prompts/support/deploy", {"version": "1.5.0", "environment": "production", "by": "ann", "canary": 0.05})
    post(agent, "prompts/support/gate", {"version": "1.5.0", "gate": {"open": False, "cases": [{}], "criteria": {
        "pass_rate": {"value": 0.5, "limit": 0.9, "kept": False}}}})
    agent.wait_for_metric("plimsoll_prompt_drift_total", 1, prompt="support@1.5.0")
    wait_for(lambda: agent.api("canary")["prompts"], lambda: "the canary")
    dom = page(agent)
    by_name = {row[0]: row[1:] for row in rows(dom, "prompt-rows")}
    assert by_name["support1.4.0"][0] == "production 95 %"
    serves, gate, canary, drift = by_name["support1.5.0"][:4]
    assert canary == "undecided against 1.4.0, production"
    assert serves.startswith("production 5.0 %")  # and perhaps where its span was seen, which does not say where that is
    assert (gate, drift) == ("closed 50 %", "temperature")
    assert "secret words" not in dom


def test_what_is_not_configured_says_how(start_agent, page):
    agent = start_agent()
    dom = page(agent)
    assert is_hidden(dom, "setup") and not is_hidden(dom, "empty")  # first of all, calls have to come
    send(agent, [(100, {})])
    dom = page(agent)
    assert is_hidden(dom, "budgets") and is_hidden(dom, "prompts") and not is_hidden(dom, "setup")
    assert "limit_usd: 20" in section(dom, "no-budgets") and "gen_ai.prompt.version" in section(dom, "no-prompts")
