# SPDX-License-Identifier: Apache-2.0
"""Evaluations and feedback find the call they are about: with it, after it, before it, after a crash."""
import json
import socket
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent import BINARY
from judged_app import App, CALL
from waiting import wait_for

LABELS = {"model": "gpt-4o", "provider": "openai", "feature": "checkout"}


@pytest.fixture
def app(request):
    apps = []

    def make(agent):
        apps.append(App(agent))
        return apps[-1]

    yield make
    for a in apps:
        a.close()


def post(agent, path, body, headers=None, host="localhost"):
    """(status, JSON of the answer)"""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request("http://%s:%d/api/v1/%s" % (host, agent.ports["metrics"], path), data,
                                     headers or {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read())


def states(agent, path, body):
    status, answer = post(agent, path, body)
    assert status == 202, answer
    return [item["state"] for item in answer["items"]]


def post_until_joined(agent, body):
    """The call may still be on its way to the joiner."""
    wait_for(lambda: states(agent, "feedback", dict(body, id="again"))[0] in ("joined", "repeated"), lambda: "joined")


def judgements(agent):
    return [r for r in agent.records() if "type" in r]


def replay(path):
    done = subprocess.run([BINARY, "replay", "--output", "json", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_feedback_is_counted_under_the_prompt_version_of_the_call(start_agent, app):
    agent = start_agent()
    shop = app(agent)
    first, second = shop.call("1.4.0", "resp-1"), shop.call("1.5.0", "resp-2")
    agent.wait_for_metric("plimsoll_requests_total", 2)
    for call in (first, second):
        wait_for(lambda: states(agent, "feedback", {"trace_id": call.trace_id, "signal": "seen"}) == ["joined"], lambda: "joined")

    assert states(agent, "feedback", [
        {"trace_id": first.trace_id, "span_id": first.span_id, "signal": "thumbs_down"},
        {"response_id": "resp-2", "signal": "rating", "value": 5},
        {"trace_id": second.trace_id, "signal": "edited", "value": 0.25},
    ]) == ["joined"] * 3
    assert states(agent, "scores", {"trace_id": second.trace_id, "name": "correct", "value": 3, "min": 0, "max": 4,
                                    "source": "llm"}) == ["joined"]
    assert agent.metric("plimsoll_feedback_total", signal="thumbs_down", prompt="greet@1.4.0", **LABELS) == 1
    assert agent.metric("plimsoll_feedback_total", signal="rating", prompt="greet@1.5.0", **LABELS) == 1
    assert agent.metric("plimsoll_eval_score_sum", name="rating", prompt="greet@1.5.0", **LABELS) == 1
    assert agent.metric("plimsoll_eval_score_sum", name="correct", prompt="greet@1.5.0", source="llm", **LABELS) == 0.75

    rows = {row["name"]: row["quality"] for row in agent.api("summary")["by"]["prompt"]}
    assert rows["greet@1.4.0"]["thumbs_down"] == 1
    assert rows["greet@1.5.0"]["scores"]["correct"] == {"count": 1, "mean": 0.75}

    wait_for(lambda: len(judgements(agent)) >= 6, lambda: judgements(agent))
    lines = {line.get("signal") or line["name"]: line for line in replay(agent.directory / "records.jsonl")
             if line["type"] in ("feedback", "evaluation")}
    assert lines["thumbs"]["prompt_version"] == "greet@1.4.0" and lines["thumbs"]["value"] is False
    assert lines["correct"]["prompt_version"] == "greet@1.5.0" and lines["correct"]["score"] == 0.75
    assert lines["rating"]["trace_id"] == second.trace_id and lines["rating"]["model"] == "gpt-4o"


def stored(agent):
    """Entries of the joiner on the disk."""
    done = subprocess.run([BINARY, "store", "stats", "--output", "json", "--storage", str(agent.directory / "state")],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["environments"][0]["tables"]["judgements"]["entries"]


def test_feedback_finds_a_call_from_before_a_crash(start_agent, app):
    agent = start_agent()
    call = app(agent).call("1.5.0", "resp-1")
    agent.wait_for_metric("plimsoll_requests_total", 1)
    early = {"response_id": "resp-late", "signal": "thumbs_up", "id": "early"}
    assert states(agent, "feedback", early) == ["waiting"]
    post_until_joined(agent, {"trace_id": call.trace_id, "signal": "seen"})
    wait_for(lambda: stored(agent) == 3, lambda: "the call, what waits and what was seen on the disk")
    agent.kill()

    agent.start()
    assert states(agent, "feedback", [
        {"trace_id": call.trace_id, "signal": "thumbs_up"},
        {"trace_id": call.trace_id, "signal": "seen", "id": "again"},
        early,
    ]) == ["joined", "repeated", "repeated"]
    assert agent.metric("plimsoll_feedback_total", signal="thumbs_up", prompt="greet@1.5.0", **LABELS) == 1
    app(agent).call("1.6.0", "resp-late")  # what it waited for
    agent.wait_for_metric("plimsoll_feedback_total", 1, signal="thumbs_up", prompt="greet@1.6.0")


def test_evaluation_results_come_as_log_records(start_agent, app):
    agent = start_agent()
    shop = app(agent)
    call = shop.call("1.5.0", "resp-1")
    shop.evaluate(call, "Relevance", 0.75, "pass")
    shop.evaluate(call, "user_feedback", 1.0)
    agent.wait_for_metric("plimsoll_evaluations_total", 1, name="Relevance", result="pass", prompt="greet@1.5.0")
    agent.wait_for_metric("plimsoll_feedback_total", 1, signal="user_feedback", prompt="greet@1.5.0")
    assert agent.metric("plimsoll_eval_score_sum", name="Relevance", **LABELS) == 0.75


def test_a_score_on_the_calls_own_span_is_in_its_record(start_agent, app):
    agent = start_agent()
    app(agent).call("1.5.0", "resp-1", **{"evaluations.0.evaluation.name": "tone", "evaluations.0.evaluation.score": 0.5})
    [record] = wait_for(lambda: [r for r in agent.records() if "type" not in r], "the call's record")
    assert record["scores"] == {"tone": 0.5}
    agent.wait_for_metric("plimsoll_eval_score_count", 1, name="tone", prompt="greet@1.5.0")


def test_calls_of_a_judge_are_evaluation_traffic(start_agent, app):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    agent = start_agent()
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(agent.http_url + "/v1/traces")))
    tracer = traces.get_tracer("judge")
    with tracer.start_as_current_span("evaluate", attributes={"openinference.span.kind": "EVALUATOR"}):
        with tracer.start_as_current_span("between"):
            with tracer.start_as_current_span("chat", attributes=CALL):
                pass
    traces.shutdown()
    record, = agent.wait_for_records(1)
    assert record["evaluation_traffic"] is True


def test_what_finds_no_call_is_told(start_agent):
    agent = start_agent({"judgements": {"wait": "1s"}})
    assert states(agent, "feedback", {"trace_id": "ab" * 16, "signal": "thumbs_up"}) == ["waiting"]
    agent.wait_for_metric("plimsoll_agent_judgements_total", 1, result="unjoined", reason="unknown_call")
    agent.wait_for_metric("plimsoll_feedback_total", 1, signal="thumbs_up", prompt="unknown", traffic="unknown")
    assert agent.metric("plimsoll_feedback_total", signal="thumbs_up", prompt="unknown", traffic="unknown") == 1
    line, = wait_for(lambda: judgements(agent), lambda: "a line")
    assert line["unjoined"] == "unknown_call" and line["prompt_version"] is None


@pytest.mark.parametrize("body, why", [
    (b"{", "no valid JSON"),
    ({"trace_id": "ab" * 16}, 'item 0: member "signal": it is missing'),
    ({"signal": "thumbs_up"}, "names no call"),
    ([{"trace_id": "ab" * 16, "signal": "thumbs_up"}, {"trace_id": "xx", "signal": "thumbs_up"}], 'item 1: member "trace_id"'),
])
def test_a_bad_body_is_refused_as_a_whole(start_agent, body, why):
    agent = start_agent()
    status, answer = post(agent, "feedback", body)
    assert status == 400 and why in answer["error"]
    assert agent.metric("plimsoll_agent_judgements_total", result="joined") == 0


def own_address():
    """An address of this machine that is not loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
            return None if s.getsockname()[0].startswith("127.") else s.getsockname()[0]
        except OSError:
            return None


@pytest.mark.skipif(own_address() is None, reason="this machine has no address but loopback")
@pytest.mark.parametrize("token, given, want", [
    (None, "Bearer guess", 403),
    ("open-sesame", None, 401),
    ("open-sesame", "Bearer guess", 401),
    ("open-sesame", "Bearer open-sesame", 202),
])
def test_from_elsewhere_the_token_is_asked_for(start_agent, token, given, want):
    agent = start_agent({"admin": {"endpoint": "0.0.0.0:0", **({"token": token} if token else {})}})
    headers = {"Content-Type": "application/json", **({"Authorization": given} if given else {})}
    assert post(agent, "feedback", {"trace_id": "ab" * 16, "signal": "thumbs_up"}, headers, own_address())[0] == want


def test_a_page_of_another_origin_cannot_judge(start_agent):
    agent = start_agent()
    body = {"trace_id": "ab" * 16, "signal": "thumbs_up"}
    assert post(agent, "feedback", body, {"Content-Type": "text/plain"})[0] == 415
    assert post(agent, "feedback", body, {"Content-Type": "application/json", "Host": "rebound.example"})[0] == 421


def test_judgements_come_from_many_threads_while_traces_wait_for_sampling(start_agent, app):
    """Their redaction is not that of the loop, which lets the traces go. ThreadSanitizer sees it where it is."""
    agent = start_agent({"sampling": {"rate": 0.5, "decision_wait": "100ms"}})
    call, threads, items = app(agent).call("1.4.0", "resp-1"), 3, 3000
    post_until_joined(agent, {"trace_id": call.trace_id, "signal": "seen"})

    def judge(thread):
        for at in range(0, items, 50):
            scores = [{"id": "%d-%d" % (thread, i), "trace_id": call.trace_id, "name": "helpful", "score": 0.5,
                       "comment": "write to jane@example.com"} for i in range(at, at + 50)]
            assert set(states(agent, "scores", scores)) == {"joined"}

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(judge, range(threads)))
    agent.stop()
    assert len(judgements(agent)) == threads * items + 1
    assert "jane@example.com" not in json.dumps(agent.records())
