# SPDX-License-Identifier: Apache-2.0
"""The page at / while somebody uses it: by keyboard, by ear, on paper, on a phone, in any script."""
import json
import socket

import pytest

import otlp
from agent import Agent
from browser import Browser
from waiting import wait_for

LONG, RIGHT_TO_LEFT, REVERSED = "a-very-long-name-" * 30, "\u05e9\u05dc\u05d5\u05dd", "evil\u202egnp.exe"
HOSTILE = '<img src=x onerror="document.title=1">'
PAPER_PX, PHONE_PX, DESK_PX = 718, 360, 1440  # A4 between Chromium's margins; the narrowest of today's phones
OVERFLOWING = "[...document.querySelectorAll('.scroll')].filter((s) => s.scrollWidth > s.clientWidth).map((s) => s.textContent)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    with socket.socket() as s:  # of its own, so that it is there again after a restart
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    limits = {"day/user": {"limit_usd": 1.5 * otlp.cost_usd(100, 20), "by": ["user"]}}
    agent = Agent(tmp_path_factory.mktemp("agent"), {"admin": {"endpoint": "localhost:%d" % port}, "budgets": {
        "limits": limits}}).start()
    message, spans = otlp.request()
    for name in (LONG, RIGHT_TO_LEFT, REVERSED, HOSTILE):
        otlp.add_call(spans, model=name, feature=name, **{"gen_ai.prompt.name": name, "gen_ai.prompt.version": "1"})
    judged = otlp.add_call(spans, feature="dear")
    otlp.send_grpc(agent.grpc_target, message)
    wait_for(lambda: agent.api("alerts")["alerts"], "the alert of two thirds")
    message, spans = otlp.request()
    otlp.add_call(spans, feature="dear")
    otlp.send_grpc(agent.grpc_target, message)
    score = {"trace_id": judged.trace_id.hex(), "name": LONG[:200], "value": 0.5}
    assert agent.post("/api/v1/scores", score)[0] == 202
    wait_for(lambda: len(agent.api("alerts")["alerts"]) > 1, "the alert of all")
    yield agent
    agent.stop()


@pytest.fixture
def page(browser, agent):
    """The page, after its first look at the agent; run() of it."""
    browser.media()
    browser.width(1280)
    browser.open("about:blank")
    browser.open("http://localhost:%d/" % agent.ports["metrics"])
    shown = "['rows', 'prompt-rows'].map((id) => document.getElementById(id)?.children.length)"
    wait_for(lambda: browser.run(shown) == [5, 3], lambda: "the page: %s" % browser.run(shown))
    return browser


def polls(page, count):
    """Waits for that many more answers of the agent."""
    now = "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/summary')).length"
    end = page.run(now) + count
    wait_for(lambda: page.run(now) >= end, "the page to ask again", 30)


def test_an_alert_keeps_the_focus_while_its_time_goes_on(page):
    page.run("document.querySelector('#alert-list a').focus()")
    before = page.run("document.querySelector('#alert-list small').textContent")
    wait_for(lambda: page.run("document.querySelector('#alert-list small').textContent") != before, "its time to go on", 70)
    assert page.run("document.activeElement.textContent") == "Runbook"


def test_a_name_turns_around_nothing_but_itself(page):
    page.run("document.querySelector('[data-by=model]').click()")
    after = """[...document.querySelectorAll('#rows .name, #prompt-rows .name')].map((name) =>
        name.lastElementChild.getBoundingClientRect().left >= name.firstElementChild.getBoundingClientRect().right)"""
    assert page.run(after).count(False) == 0
    shown = page.run("document.body.textContent")
    assert "evilgnp.exe" in shown and "\u202e" not in shown  # a mark would turn around the rest of a sentence
    assert page.run("[...document.querySelectorAll('#alert-list small span')].every("
                    "(s) => getComputedStyle(s).unicodeBidi === 'isolate')")


def test_an_alert_of_a_budget_that_is_used_up_stands_for_those_before_it(page, agent):
    told = [a["name"] for a in agent.api("alerts")["alerts"] if a["kind"] == "budget"]
    assert len(told) > 1 and len(set(told)) == 1
    assert page.run("[...document.querySelectorAll('#alert-list strong')].map((s) => s.textContent)") == [
        next(a["summary"] for a in agent.api("alerts")["alerts"] if a["severity"] == "critical")]


def test_prompts_stay_where_they_are(page):
    names = page.run("[...document.querySelectorAll('#prompt-rows .name')].map((name) => name.firstElementChild.textContent)")
    assert names == page.run("[...%s].sort((a, b) => a.localeCompare(b))" % json.dumps(names))


def test_a_desk_has_room_for_every_column(page):
    page.width(DESK_PX)
    wait_for(lambda: "Quality" in page.run("document.getElementById('columns').innerText"), "the score")
    assert page.run(OVERFLOWING) == []


def test_it_fits_a_phone_and_paper(page):
    page.width(PHONE_PX)
    assert page.run("document.documentElement.scrollWidth") <= PHONE_PX
    right = "Math.max(...[...document.querySelectorAll('#rows tr')].map((r) => r.children[1].getBoundingClientRect().right))"
    assert page.run("document.querySelector('#columns [aria-sort]').dataset.key") == "cost_usd"
    assert page.run(right) <= PHONE_PX
    page.width(PAPER_PX)
    page.media("print")
    assert page.run(OVERFLOWING) == []


def test_it_asks_nobody_but_the_agent_and_runs_nothing_that_it_shows(page, agent):
    assert {url.split("/")[2] for url in page.requested if url.startswith("http")} == {"localhost:%d" % agent.ports["metrics"]}
    assert page.run("document.title") == "Plimsoll" and page.run("document.querySelectorAll('img').length") == 0
    assert page.run("document.getElementById('rows').textContent").count(HOSTILE) == 1


@pytest.mark.parametrize("answer, why", [
    ("Response.json({})", "its answer is not one that this page knows"),
    ("new Response('<html>Log in')", "not the agent's answer: no JSON"),
    ("new Response('', { status: 401 })", "api/v1/summary answers 401"),
    ("Promise.reject(new TypeError('Failed to fetch'))", "no connection"),
])
def test_what_answers_in_place_of_the_agent_is_told_for_what_it_is(page, answer, why):
    page.run("window.fetch = async () => %s" % answer)
    told = "document.getElementById('gone').textContent"
    wait_for(lambda: page.run(told), "the page to tell")
    assert page.run(told).startswith("The agent does not answer (%s). What you see is its last answer" % why)


def test_what_has_not_changed_is_not_said_again_and_an_agent_that_comes_back_is_found(page, agent):
    page.run("""window.said = [];
        for (const id of ["state", "gone"])
            new MutationObserver(() => said.push(document.getElementById(id).textContent))
                .observe(document.getElementById(id), { childList: true, characterData: true, subtree: true })""")
    polls(page, 2)
    assert page.run("said") == []
    agent.stop()
    wait_for(lambda: len(page.run("said")) == 2, lambda: page.run("said"))
    polls(page, 2)
    assert page.run("said") == ["not answering", page.run("document.getElementById('gone').textContent")]
    agent.start()
    wait_for(lambda: page.run("document.getElementById('state').textContent") == "live", "the page to find it", 30)
    assert not page.run("document.getElementById('empty').hidden")  # it counts from its start
