# SPDX-License-Identifier: Apache-2.0
"""`plimsoll explain`: what each span was read as, and the decision that the agent takes, with who decided it."""
import json
import subprocess
import urllib.request
from pathlib import Path

from agent import BINARY

CORPUS = Path(__file__).resolve().parents[1] / "corpus"


def explain(*files):
    done = subprocess.run([BINARY, "explain", "--output", "json", *map(str, files)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_duplicate_names_the_span_that_counts():
    spans = explain(CORPUS / "openllmetry-anthropic.stream" / "request.jsonl")
    counted = [s for s in spans if s["counted"]]
    duplicate = [s for s in spans if s["why"] == "the same call is told by another span"]
    assert [s["scope"] for s in counted] == ["com.anthropic.sdk.python"]
    assert [s["because_of"] for s in duplicate] == [counted[0]["record"]["span_id"]]
    assert any(f["field"] == "request_model" and f["verdict"] == "used" for f in counted[0]["fields"])


def test_the_decision_is_taken_over_all_of_the_input(tmp_path):
    """An agent's span that repeats usage is a wrapper whichever file comes first; alone it is the call itself."""
    lines = (CORPUS / "vercel-ai7.chat" / "request.jsonl").read_text().splitlines()
    inner, outer = [], []
    for line in lines:
        request = json.loads(line)
        for resource in request["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    one = {"resourceSpans": [dict(resource, scopeSpans=[dict(scope, spans=[span])])]}
                    (outer if span["name"].startswith("invoke_agent") else inner).append(json.dumps(one))
    (tmp_path / "outer.jsonl").write_text("\n".join(outer))
    (tmp_path / "inner.jsonl").write_text("\n".join(inner))
    for files, want in ((("outer", "inner"), 1), (("inner", "outer"), 1), (("outer",), 1)):
        spans = explain(*(tmp_path / (name + ".jsonl") for name in files))
        assert sum(s["counted"] for s in spans) == want
    assert spans[0]["why"] == "it waited, and nobody else told of the call"


def test_the_running_agent_tells_what_it_decided_about_a_trace(start_agent):
    agent = start_agent()
    url = "http://localhost:%d" % agent.ports["metrics"]
    recording = CORPUS / "openllmetry-anthropic.stream" / "request.jsonl"
    for line in recording.read_text().splitlines():
        signal = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}[next(iter(json.loads(line)))]
        urllib.request.urlopen(urllib.request.Request("%s/v1/%s" % (agent.http_url, signal), line.encode(),
                                                      {"Content-Type": "application/json"}), timeout=20).read()
    recorded = explain(recording)
    trace_id = recorded[0]["record"]["trace_id"]
    live = explain("--agent", url, trace_id)
    of_trace = [s for s in recorded if s["record"]["trace_id"] == trace_id]
    assert [(s["span_id"], s["counted"], s["why"], s.get("because_of")) for s in live] == \
        [(s["record"]["span_id"], s["counted"], s["why"], s.get("because_of")) for s in of_trace]
    nothing = subprocess.run([BINARY, "explain", "--agent", url, "ab" * 16],
                             capture_output=True, text=True, timeout=60)
    assert nothing.returncode == 1 and "until a restart" in nothing.stderr


def test_names_cannot_tell_a_terminal_what_to_do(tmp_path):
    request = (CORPUS / "openllmetry-openai.chat" / "request.jsonl").read_text().splitlines()[0]
    file = tmp_path / "hostile.jsonl"
    file.write_text(request.replace('"name":"', '"name":"\\u001b[2J\\u009b\\n    counted: forged'))
    told = subprocess.run([BINARY, "explain", "--all", file], capture_output=True, timeout=60, check=True).stdout.decode()
    assert " [2J      counted: forged" in told and "\n    counted: forged" not in told
    assert not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in told)
