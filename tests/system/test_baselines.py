# SPDX-License-Identifier: Apache-2.0
"""What was learned is shown, carried elsewhere and forgotten; and it finds what is wrong in labelled traffic."""
import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent import BINARY
from test_cli import plimsoll
from waiting import wait_for

TESTS = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PLIMSOLL_SHARED", TESTS.parent.parent / "shared"))
sys.path.insert(0, str(TESTS / "scenarios"))
import score  # noqa: E402
import traffic  # noqa: E402


# ---------------------------------------------------------------- detection
def alerts_of(path):
    done = subprocess.run([BINARY, "replay", "--output", "json", str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if '"type":"alert"' in line]


def test_the_default_configuration_finds_most_incidents_and_cries_wolf_seldom(tmp_path):
    features = ("search", "checkout", "support", "tutor", "canary", "rare", "calm-a", "calm-d")
    path = tmp_path / "records.jsonl"
    traffic.write(traffic.traffic(seed=1, features=features), path)
    until = traffic.START + traffic.DAYS * traffic.DAY
    figures = score.score(alerts_of(path), traffic.labels(features), len(features), traffic.WARM_UP, until)
    assert figures["detected"] >= 0.75, figures
    assert figures["median_delay_h"] <= 6, figures
    assert figures["false_per_key_week"] <= 0.3, figures


def record_of(row):
    number = {key: float(row[key]) if row[key] else None for key in ("cost_usd", "latency_ms", "ttft_ms", "eval_score")}
    outcome = "error" if row["error"] == "1" else "refusal" if row["refusal"] == "1" else "ok"
    return {"time": int(row["ts_unix_ms"]) / 1000, "feature": row["feature"], "model": row["model"],
            "prompt_version": row["prompt_version"], "input_tokens": int(row["input_tokens"] or 0),
            "output_tokens": int(row["output_tokens"] or 0), "cache_read_tokens": int(row["cached_tokens"] or 0),
            "cost_usd": number["cost_usd"], "latency_ms": number["latency_ms"], "ttft_ms": number["ttft_ms"],
            "outcome": outcome, "scores": {} if number["eval_score"] is None else {"judge": number["eval_score"]}}


@pytest.mark.skipif(not (SHARED / "oracle" / "score_alerts.py").exists(), reason="no development scenarios here")
@pytest.mark.parametrize("scenario", ["latency", "versions", "low_traffic"])
def test_the_default_configuration_raises_what_the_reference_raises(scenario, tmp_path):
    path = tmp_path / "records.jsonl"
    with gzip.open(SHARED / "scenarios" / (scenario + ".csv.gz"), "rt", newline="") as rows, open(path, "w") as out:
        out.writelines(json.dumps(record_of(row)) + "\n" for row in csv.DictReader(rows))
    keys = ("kind", "metric", "feature", "model", "prompt_version", "started_at")
    wanted = [json.loads(line) for line in open(SHARED / "scenarios" / "oracle_alerts.jsonl")]
    wanted = sorted(tuple(a[k] for k in keys) for a in wanted if a["scenario"] == scenario)
    assert sorted(tuple(a[k] for k in keys) for a in alerts_of(path)) == wanted


# ---------------------------------------------------------------- the command
@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A store that has learned four days of three features."""
    directory = tmp_path_factory.mktemp("learned")
    records = [r for r in traffic.traffic(seed=2, injected=False, features=("search", "answer", "tutor"))
               if r["time"] < traffic.START + 4 * traffic.DAY]
    traffic.write(records, directory / "records.jsonl")
    done = plimsoll("replay", "--storage", directory / "state", directory / "records.jsonl")
    assert done.returncode == 0, done.stderr
    return directory / "state"


def listed(*arguments):
    done = plimsoll("baselines", "list", "--output", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return {(b["feature"], b["metric"]): b for b in json.loads(done.stdout)}


def test_a_stopped_agents_baselines_are_listed_and_exported(learned, tmp_path):
    there = listed("--storage", learned)
    assert {f for f, _ in there} == {"search", "answer", "tutor"}
    assert there["search", "cost"]["mean"] > 0 and there["search", "cost"]["learned_hours"] > 48
    export = tmp_path / "baselines.ndjson"
    assert plimsoll("baselines", "export", export, "--storage", learned).returncode == 0
    assert listed("--file", export) == there
    table = plimsoll("baselines", "show", "search", "--file", export).stdout
    assert "eval_score" in table and "answer" not in table


def test_a_folder_without_state_is_named_and_not_made_into_a_store(learned, tmp_path):
    missing, export = tmp_path / "missing", tmp_path / "baselines.ndjson"
    for action in [("list",), ("show", "search"), ("export",), ("reset", "--all")]:
        done = plimsoll("baselines", *action, "--storage", missing)
        assert done.returncode == 3 and str(missing) in done.stderr and not missing.exists(), action
    plimsoll("baselines", "export", export, "--storage", learned)
    assert plimsoll("baselines", "import", export, "--storage", missing).returncode == 0  # before the agent's first start
    assert listed("--storage", missing).keys() == listed("--storage", learned).keys()


def test_an_empty_variable_of_a_script_forgets_nothing(learned):
    kept = plimsoll("baselines", "list", "--storage", learned).stdout
    for words in (["--feature", ""], ["search", "--all"], ["", "--all"]):
        done = plimsoll("baselines", "reset", *words, "--storage", learned)
        assert done.returncode == 2, done
    assert plimsoll("baselines", "list", "--storage", learned).stdout == kept != ""


def test_the_state_of_a_running_agent_is_its_own(start_agent, tmp_path):
    start_agent(directory=tmp_path)
    state = tmp_path / "state"
    for words in (["list"], ["reset", "--all"]):
        done = plimsoll("baselines", *words, "--storage", state)
        assert done.returncode == 3
        assert done.stderr == ("plimsoll baselines: %s: the agent that keeps its state in '%s' runs: without --storage it is "
                               "asked itself\n" % (words[0], state))


def test_what_is_not_among_them_is_told_from_nothing_learned_yet(learned):
    for words in (["list", "--metric", "banana"], ["list", "--model", "banana"], ["show", "banana"]):
        assert "nothing like that is known here" in plimsoll("baselines", *words, "--storage", learned).stdout


def test_a_reset_of_one_metric_is_refused_before_it_forgets_all(learned):
    there = listed("--storage", learned)
    done = plimsoll("baselines", "reset", "--feature", "search", "--metric", "cost", "--storage", learned)
    assert done.returncode == 2 and "all metrics" in done.stderr
    assert listed("--storage", learned) == there


def test_a_running_agent_takes_an_export_shows_it_keeps_it_and_forgets(learned, start_agent, tmp_path):
    export = tmp_path / "baselines.ndjson"
    plimsoll("baselines", "export", export, "--storage", learned)
    agent = start_agent()
    url = "http://localhost:%d" % agent.ports["metrics"]
    assert listed("--agent", url) == {}
    assert "no baseline is known here yet" in plimsoll("baselines", "list", "--agent", url).stdout
    done = plimsoll("baselines", "import", export, "--agent", url)
    assert done.returncode == 0 and json.loads(done.stdout)["added"] > 20, done.stderr
    there = listed("--agent", url)
    assert there.keys() == listed("--file", export).keys()
    assert plimsoll("baselines", "merge", export, "--agent", url).returncode == 0
    agent.restart()
    url = "http://localhost:%d" % agent.ports["metrics"]
    assert listed("--agent", url).keys() == there.keys()
    assert plimsoll("baselines", "reset", "--agent", url).returncode == 2
    assert plimsoll("baselines", "reset", "--feature", "search", "--agent", url).returncode == 0
    wait_for(lambda: {f for f, _ in listed("--agent", url)} == {"answer", "tutor"}, lambda: "search is still there", 30)


def test_what_is_no_export_changes_nothing_and_says_where_it_breaks_off(learned, start_agent, tmp_path):
    export, cut = tmp_path / "baselines.ndjson", tmp_path / "cut.ndjson"
    plimsoll("baselines", "export", export, "--storage", learned)
    cut.write_text("".join(export.read_text().splitlines(True)[:7]))
    agent = start_agent()
    url = "http://localhost:%d" % agent.ports["metrics"]
    done = plimsoll("baselines", "import", cut, "--agent", url)
    assert done.returncode == 1 and "line 7: it breaks off" in done.stderr
    assert listed("--agent", url) == {}
    assert plimsoll("baselines", "import", tmp_path / "missing", "--agent", url).returncode == 3
    assert plimsoll("baselines", "list", "--agent", "http://localhost:1").returncode == 3
    assert plimsoll("baselines", "frobnicate").returncode == 2
