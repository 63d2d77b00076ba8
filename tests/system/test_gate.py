# SPDX-License-Identifier: Apache-2.0
"""`plimsoll gate` as CI calls it: every form of results, a version as the baseline, and what each exit status means."""
import json
import pathlib
import subprocess
from xml.etree import ElementTree

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent import BINARY

EXPORTS = pathlib.Path(__file__).parents[1] / "exports"
SUITE = {"prompt": "answer", "cases": [{"id": "order-%d" % i, "question": "Where is order %d?" % i} for i in range(4)]}


def gate(*arguments, stdin=None):
    return subprocess.run([BINARY, "gate", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          input=stdin, stdin=subprocess.DEVNULL if stdin is None else None)


def results(path, failed=(), cost=0.004, latency=800):
    path.write_text("".join(json.dumps({"id": "order-%d" % i, "output": "soon", "passed": i not in failed, "cost_usd": cost,
                                        "latency_ms": latency}) + "\n" for i in range(4)))
    return path


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(json.dumps(SUITE))
    return path


def test_command_line_of_a_pipeline_with_a_version_as_baseline(start_agent, suite, tmp_path):
    agent = start_agent({})
    at = ("--agent", "localhost:%d" % agent.ports["metrics"])
    limits = ("--min-pass-rate", "0.92", "--max-average-cost-usd", "0.03", "--max-p95-latency", "2s", "--max-regressions", "0")
    good, worse = results(tmp_path / "good.jsonl"), results(tmp_path / "worse.jsonl", failed={2})
    assert gate("--suite", suite, "--results", good, *limits[:-2], "--prompt", "4.2.0", *at).returncode == 0
    done = gate("--suite", suite, "--results", good, *limits, "--baseline", "4.2.0", *at)
    assert done.returncode == 0, done.stdout + done.stderr
    done = gate("--suite", suite, "--results", "-", *limits, "--baseline", "4.2.0", *at, stdin=worse.read_text())
    assert done.returncode == 1 and "regressed" in done.stdout and "order-2" in done.stdout
    done = gate("--suite", suite, "--results", worse, *limits, "--baseline", "v3", *at)
    assert done.returncode == 2 and "'v3' of prompt 'answer'" in done.stderr  # the agent keeps none of it
    done = gate("--results", worse, *limits, "--baseline", "v3", *at)
    assert done.returncode == 2 and "NAME@v3" in done.stderr


@pytest.mark.parametrize("name, passed", [
    ("promptfoo.json", 2.5), ("promptfoo.jsonl", 2.5), ("promptfoo.yaml", 2.5), ("langsmith.rows.json", 2),
    ("langsmith.pandas.jsonl", 2), ("langsmith.pandas.csv", 2), ("braintrust.results.jsonl", 2)])
def test_recorded_results_of_each_tool_fit_one_suite(suite, name, passed):
    done = gate("--suite", suite, "--results", EXPORTS / name, "--min-pass-rate", "0.92", "--output", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert (answer["runs"], answer["missing"], answer["unknown_cases"]) == (8, 0, 0), "found by their questions"
    assert abs(answer["criteria"]["pass_rate"]["value"] - passed / 4) < 1e-9


def run_of(score):
    """Spans of an evaluation run with the OpenTelemetry SDK: a conversation for each case, and its evaluation."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for i in range(4):
        with provider.get_tracer("eval").start_as_current_span("chat gpt-4o", attributes={
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
                "gen_ai.conversation.id": "order-%d" % i}) as span:
            span.add_event("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "correct",
                                                        "gen_ai.evaluation.score.value": score if i == 2 else 1.0})
    return encode_spans(memory.get_finished_spans()).SerializeToString()


def test_spans_of_an_evaluation_run_are_compared_case_by_case(suite, tmp_path):
    replayed = []
    for score in (1.0, 0.2):
        path = tmp_path / ("run-%s.traces.pb" % score)
        path.write_bytes(run_of(score))
        done = subprocess.run([BINARY, "replay", "--output", "json", path], capture_output=True, text=True, timeout=60)
        replayed.append(tmp_path / ("run-%s.jsonl" % score))
        replayed[-1].write_text(done.stdout)
    done = gate("--suite", suite, "--results", replayed[1], "--baseline", replayed[0], "--max-regressions", "0",
                "--max-average-cost-usd", "0.03", "--output", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert [c["id"] for c in answer["cases"] if c["passed_before"] and not c["passed"]] == ["order-2"]
    assert abs(answer["criteria"]["average_cost_usd"]["value"] - 0.00035) < 1e-9


@pytest.mark.parametrize("arguments, status, said", [
    (("--results", "missing.json"), 3, "missing.json': No such file"),
    (("--suite", "missing.yaml", "--results", EXPORTS / "promptfoo.json"), 3, "missing.yaml: cannot read"),
    (("--results", EXPORTS / "promptfoo.json", "--baseline", "missing.json"), 3, "missing.json': No such file"),
    (("--results", EXPORTS / "promptfoo.json", "--min-pass-rate", "92"), 2, "--min-pass-rate wants a number from 0 to 1"),
    (("--results", EXPORTS / "promptfoo.json", "--max-p95-latency", "fast"), 2, "--max-p95-latency"),
    (("--results", EXPORTS / "promptfoo.json", "--variant", "large"), 2, "but of 'small / answer-1.4.0'"),
    (("--results", EXPORTS / "promptfoo.json", "--junit", "/nowhere/gate.xml"), 3,
     "cannot write '/nowhere/gate.xml': No such file"),
    (("--results", EXPORTS / "promptfoo.json", "--min-pass-rate", "1", "--junit", "/nowhere/gate.xml"), 1, "cannot write"),
    (("--results", EXPORTS / "promptfoo.json", "--markdown", "/dev/full"), 3, "cannot write '/dev/full': No space left"),
    (("--results", EXPORTS / "promptfoo.json", "--max-regressions", "0"), 2, "--baseline is missing"),
    (("--results", EXPORTS / "promptfoo.json", "--baseline", EXPORTS / "promptfoo.json", "--max-regressions", "0.5"), 2,
     "'0.5' is no whole number"),
    (("--results", EXPORTS / "promptfoo.json", "--prompt", "v3"), 2, "--prompt: 'v3'; as a version it needs its prompt"),
    (("--results", "/dev/null"), 2, "it is empty"), ((), 2, "--results is missing"),
    (("--results", EXPORTS / "promptfoo.json", "--baseline", "answer@1", "--agent", "localhost:1"), 3, "cannot reach the agent"),
])
def test_what_is_wrong_is_said(arguments, status, said):
    done = gate(*arguments)
    assert done.returncode == status and said in done.stderr, done.stderr


def test_a_report_that_cannot_be_written_keeps_no_other_from_being(tmp_path):
    markdown = tmp_path / "gate.md"
    done = gate("--results", EXPORTS / "promptfoo.json", "--junit", "/nowhere/gate.xml", "--markdown", markdown)
    assert done.returncode == 3 and "### Gate: open" in markdown.read_text()
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "gate", "--results", EXPORTS / "promptfoo.json"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 3 and b"cannot write to standard output" in done.stderr


def test_the_junit_report_is_xml_whatever_the_answers_say(tmp_path):
    why = {"<a b=\"c\">&'": None, "two\nlines\tand\r\na tab": None, "\ufffe \uffff \ufffd \U0001f6a2": "? ? \ufffd \U0001f6a2",
           "\x1b[31m \x01 \x7f": "?[31m ? \x7f"}
    path, report = tmp_path / "results.jsonl", tmp_path / "gate.xml"
    path.write_text("".join(json.dumps({"id": "case %d \uffff" % i, "passed": False, "reason": text}) + "\n" for i, text in enumerate(why)))
    assert gate("--results", path, "--junit", report).returncode == 0
    cases = ElementTree.parse(report).getroot().findall("testcase[@classname='cases']")
    assert [case.get("name") for case in cases] == ["case %d ?" % i for i in range(len(why))]
    assert [case.find("failure").get("message") for case in cases] == [read or text for text, read in why.items()]


def test_the_table_fits_a_terminal_and_long_ids_lose_their_middle(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps({"id": "a-case-with-a-name-of-many-words-that-ends-in-%d" % i, "passed": False, "cost_usd":
                                        1.23456e-05, "latency_ms": 12345.6, "reason": "so many words " * 20}) + "\n"
                            for i in range(3)))
    table = gate("--results", path, "--min-pass-rate", "1").stdout.split("pass rate")[0].splitlines()
    assert max(map(len, table)) <= 100
    rows = [line for line in table if line.startswith("a-case")]
    assert len({row.split()[0] for row in rows}) == 3 and max(map(len, rows)) <= 80
