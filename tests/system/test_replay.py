# SPDX-License-Identifier: Apache-2.0
"""plimsoll replay: recorded traffic in every format gives the same calls, and the alerts that it would have raised."""
import csv
import gzip
import json
from pathlib import Path

import pytest

from test_cli import plimsoll

TESTS = Path(__file__).resolve().parents[1]
RECORDING = TESTS / "golden" / "openinference" / "cached.in.json"
STEPS = TESTS / "golden" / "baselines"


def lines(*arguments):
    done = plimsoll("replay", "--output", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def record_of(row):
    number = {key: float(row[key]) if row[key] else None for key in ("cost_usd", "latency_ms", "ttft_ms", "eval_score")}
    outcome = "error" if row["error"] == "1" else "refusal" if row["refusal"] == "1" else "ok"
    return {"time": int(row["ts_unix_ms"]) / 1000, "feature": row["feature"], "model": row["model"],
            "prompt_version": row["prompt_version"], "output_tokens": int(row["output_tokens"] or 0),
            "cost_usd": number["cost_usd"], "latency_ms": number["latency_ms"], "ttft_ms": number["ttft_ms"],
            "outcome": outcome, "scores": {} if number["eval_score"] is None else {"judge": number["eval_score"]}}


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Two weeks of labelled traffic as request records."""
    path = tmp_path_factory.mktemp("steps") / "steps.jsonl.gz"
    with gzip.open(STEPS / "steps.csv.gz", "rt", newline="") as rows, gzip.open(path, "wt") as out:
        for row in csv.DictReader(rows):
            out.write(json.dumps(record_of(row)) + "\n")
    return path


def identity(alert):
    return tuple(alert[key] for key in ("metric", "kind", "feature", "model", "prompt_version", "started_at"))


def test_a_request_gives_its_calls_and_then_totals():
    call, totals = lines(RECORDING)
    assert (call["type"], call["model"], call["input_tokens"], call["cost_usd"]) == ("call", "gpt-4o", 2000, 0.00338)
    assert (totals["type"], totals["calls"], totals["cost_usd"], totals["alerts"]) == ("totals", 1, 0.00338, 0)


def test_plain_zipped_and_one_a_line_are_the_same(tmp_path):
    text = RECORDING.read_text()
    zipped, lined = tmp_path / "a.traces.json.gz", tmp_path / "b.jsonl"
    zipped.write_bytes(gzip.compress(text.encode()))
    lined.write_text(json.dumps(json.loads(text)) + "\n")
    assert lines(zipped) == lines(lined) == lines(RECORDING)


def test_a_folder_stands_for_its_files_and_a_span_sent_twice_counts_once(tmp_path):
    for name in ("1.traces.json", "2.traces.json"):
        (tmp_path / name).write_text(RECORDING.read_text())
    *calls, totals = lines(tmp_path)
    assert (len(calls), totals["requests"], totals["calls"]) == (1, 2, 1)


def otlp(key, scope_key, items_key, item):
    return {"resource" + key: [{"resource": {}, scope_key: [{"scope": {"name": "opentelemetry.instrumentation.openai_v2"}, items_key: [item]}]}]}


def attributes(**values):
    return [{"key": k.replace("__", "."), "value": {"doubleValue": v} if isinstance(v, (int, float)) else {"stringValue": v}}
            for k, v in values.items()]


def said(at_s, **values):
    return otlp("Logs", "scopeLogs", "logRecords",
                {"timeUnixNano": str(at_s * 10**9), "eventName": "gen_ai.evaluation.result", "traceId": "ab" * 16, "spanId": "cd" * 8,
                 "attributes": attributes(**values)})


CALL = otlp("Spans", "scopeSpans", "spans",
            {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "chat", "startTimeUnixNano": str(1760000000 * 10**9),
             "endTimeUnixNano": str(1760000001 * 10**9),
             "attributes": attributes(gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o", gen_ai__usage__input_tokens=9)})
SAID = [said(1760000002, gen_ai__evaluation__name="Relevance", gen_ai__evaluation__score__value=0.75),
        said(1760086400, gen_ai__evaluation__name="user_feedback", gen_ai__evaluation__score__value=1)]


@pytest.mark.parametrize("requests", [[CALL] + SAID, SAID + [CALL]], ids=["judged after", "judged before"])
def test_a_call_tells_in_its_own_line_how_it_was_judged(tmp_path, requests):
    file = tmp_path / "judged.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in requests))
    call, *others = lines(file)
    assert (call["type"], call["scores"], call["user_rating"]) == ("call", {"Relevance": 0.75}, 1)
    assert sorted(line["type"] for line in others) == ["evaluation", "feedback", "totals"]


def test_records_raise_each_alert_once_as_the_reference_does(steps):
    expected = [json.loads(line) for line in (STEPS / "steps.alerts.jsonl").read_text().splitlines()]
    alerts = [line for line in lines(steps) if line["type"] == "alert"]
    assert sorted(map(identity, alerts)) == sorted(map(identity, expected))
    assert len({alert["id"] for alert in alerts}) == len(alerts)
    assert all(alert["ended_at"] >= alert["started_at"] for alert in alerts if alert["state"] == "resolved")


def test_a_folder_of_a_file_exporter_is_read_whole_without_what_describes_it(tmp_path):
    one = json.dumps(json.loads(RECORDING.read_text())) + "\n"
    (tmp_path / "otlp-2026-01-01T00-00-00.000.json.gz").write_bytes(gzip.compress(one.encode()))
    (tmp_path / "otlp-2026-01-02T00-00-00.000.json").write_text(one)
    (tmp_path / "otlp.json").write_text(one + one)
    (tmp_path / "meta.json").write_text('{"recorded": "by hand", "time": 1}')
    (tmp_path / "empty.json").write_text("")
    *_, totals = lines(tmp_path)
    assert (totals["requests"], totals["calls"]) == (4, 1)


def test_a_folder_without_recordings_says_what_they_are(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    done = plimsoll("replay", tmp_path)
    assert done.returncode == 3 and str(tmp_path) in done.stderr and "*.jsonl" in done.stderr


def test_a_report_for_people_names_alerts_and_totals(steps):
    report = plimsoll("replay", steps)
    assert report.returncode == 0
    assert "all calls" in report.stdout and "requests" in report.stdout
    assert any(line.startswith("alert ") and "baseline" in line for line in report.stdout.splitlines())


@pytest.mark.parametrize("name, content, code, words", [
    ("missing.pb", None, 3, "No such file"),
    ("unclear.pb", b"\x0a\x00", 1, "--signal traces, metrics or logs"),
    ("broken.traces.pb", b"\x0a\xff", 1, "cannot read"),
    ("broken.jsonl", b'{"time": 1}\n{"time": "yesterday"}\n', 1, "line 2"),
    ("cut.jsonl.gz", gzip.compress(b'{"time": 1}\n')[:-8], 1, "cut off"),
    ("begun.traces.pb.gz", gzip.compress(b"\x0a\x00")[:10], 1, "cut off"),
    ("broken.traces.json", b'{"resourceSpans": [{"scopeSpans": 7}]}', 1, "line 1, column"),
])
def test_what_cannot_be_read_is_named(tmp_path, name, content, code, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = plimsoll("replay", path)
    assert done.returncode == code
    assert str(path) in done.stderr and words in done.stderr


def test_storage_lets_a_replay_go_on_where_the_last_one_stopped(tmp_path):
    assert lines("--storage", tmp_path / "state", RECORDING)[-1]["calls"] == 1
    assert lines("--storage", tmp_path / "state", RECORDING)[-1]["calls"] == 0  # known since then


def test_what_senders_named_is_plain_in_the_report(tmp_path):
    rows = [{"time": 1780000000 + hour * 3600 + i, "feature": "evil\x1b[31m\u009b31m\nname", "model": "gpt-4o", "prompt_version": "1",
             "output_tokens": 20, "cost_usd": 0.3 if hour > 600 else 0.001, "latency_ms": 100, "ttft_ms": None, "outcome": "ok", "scores": {}}
            for hour in range(610) for i in range(4)]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = plimsoll("replay", path).stdout
    assert told.startswith("alert  ") and "evil [31m 31m name" in told
    assert not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in told), repr(told)
