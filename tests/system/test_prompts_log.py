# SPDX-License-Identifier: Apache-2.0
"""`plimsoll prompts log`: who, when, what, tests, traffic, cost and quality of each version, from real SDK traffic; and
`diff`, of templates, messages and tools."""
import json
import re
import subprocess

from opentelemetry.trace import Status, StatusCode

from agent import BINARY
from test_prompts import App, folder, prompts, start, version  # noqa: F401: two of them are fixtures
from waiting import wait_for

PRICE = 100 * 2.5e-6 + 10 * 10e-6  # gpt-4o, of the call that App makes
SHORT, CITING = "You answer questions of customers of Acme.\nBe short.\n", \
    "You answer questions of customers of Acme.\nBe short, and cite.\n"


def judged_call(app, system, score):
    """One call whose span carries its own score, as an event."""
    with app.tracer.start_as_current_span("chat gpt-4o", attributes={
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": system}])}) as span:
        span.add_event("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "correct",
                                                    "gen_ai.evaluation.score.value": score})


def failed_call(app, system):
    with app.tracer.start_as_current_span("chat gpt-4o", attributes={
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
            "error.type": "500", "gen_ai.system_instructions": json.dumps([{"type": "text", "content": system}])}) as span:
        span.set_status(Status(StatusCode.ERROR))


def gate(agent, passed, tmp_path):
    results = tmp_path / "results.jsonl"
    results.write_text("".join('{"id": "case-%d", "passed": %s}\n' % (i, "true" if i < passed else "false")
                               for i in range(4)))
    return subprocess.run([BINARY, "gate", "--results", results, "--min-pass-rate", "0.9", "--prompt", "answer@1.5.0",
                           "--agent", "localhost:%d" % agent.ports["metrics"]], capture_output=True, timeout=30).returncode


def test_log_tells_all_of_each_version(start, tmp_path):  # noqa: F811
    agent = start()
    wait_for(lambda: version(agent, "1.5.0"), "the manifests are read")
    prompts(agent, "deploy", "answer", "1.4.0", "--env", "production", "--by", "ana", "--ticket", "OPS-1")
    app = App(agent)
    for _ in range(3):
        app.call(SHORT)
    judged_call(app, CITING, 1.0)
    judged_call(app, CITING, 0.5)
    failed_call(app, CITING)
    assert gate(agent, 4, tmp_path) == 0 and gate(agent, 3, tmp_path) == 1

    def told():
        old, new = version(agent, "1.4.0"), version(agent, "1.5.0")
        return (old["calls"], new["calls"], new.get("scores")) == (3, 3, 2) and (old, new)

    old, new = wait_for(told, lambda: json.dumps([version(agent, "1.4.0"), version(agent, "1.5.0")]))
    assert abs(old["cost_per_call_usd"] - PRICE) < 1e-9 and abs(old["cost_usd"] - 3 * PRICE) < 1e-9
    assert abs(new["score"] - 0.75) < 1e-9 and abs(new["error_rate"] - 1 / 3) < 1e-9
    assert abs(new["cost_per_call_usd"] - PRICE) < 1e-9, "of the calls that told tokens"

    text = prompts(agent, "log", "answer")
    parts = {part.split()[0]: part for part in re.split(r"\n  (?=\d)", text.split("deployments")[0])[1:]}
    assert "in force in production" in parts["1.4.0"]
    assert re.search(r"known +\d{4}-\d\d-\d\dT.* by manifest", parts["1.4.0"])
    for line in ("closed, 75.0 % of 4 cases", "open, 100.0 % of 4 cases", "environment production, release -: 3 calls",
                 "0.00035 USD a call, 0.0007 USD in all", "33.33 % failed", "score 0.750 of 2"):
        assert line in parts["1.5.0"], text
    assert re.search(r"deploy +- -> 1.4.0 in production by ana, OPS-1", text)


def manifest(name, path, **fields):
    path.mkdir(exist_ok=True)
    (path / ("%s-%s.yaml" % (name, fields["version"]))).write_text(json.dumps(dict(fields, name=name)))


def diff(path, *more):
    done = subprocess.run([BINARY, "prompts", "diff", "m", "1", "2", "--directory", path, *more], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tool(description):
    return [{"type": "function", "function": {"name": "look_up", "description": description}}]


def test_diff_shows_fields_and_texts_by_words(tmp_path):
    manifest("m", tmp_path, version="1", model="gpt-4o", temperature=0.2, tools=tool("Finds an order."),
             messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "{{question}}"}])
    manifest("m", tmp_path, version="2", model="gpt-4o", temperature=0.7, tools=tool("Finds a customer's order."),
             messages=[{"role": "system", "content": "Be friendly, and short."}, {"role": "user", "content": "{{question}}"}])
    text = diff(tmp_path)
    assert "temperature: [-0.2-] {+0.7+}" in text and "model" not in text
    assert "\033" not in text, "colours are for terminals"
    messages = text[text.index("messages:"):text.index("tools:")]
    assert messages == "messages:\nsystem: Be {+friendly, and +}short.\nuser: {{question}}\n"
    assert "Finds [-an-]{+a customer's+} order." in text[text.index("tools:"):]
    on_terminal = subprocess.run(["script", "-qec", "%s prompts diff m 1 2 --directory %s" % (BINARY, tmp_path), "/dev/null"],
                                 capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL).stdout
    assert "\033[32mfriendly, and \033[0m" in on_terminal
    answer = json.loads(diff(tmp_path, "--output", "json"))
    assert [f["field"] for f in answer["fields"]] == ["temperature", "messages", "tools"]
