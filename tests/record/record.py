#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what real instrumentations send while they talk to the stand-in model API, and what that API truly served.

    record.py golden                  tests/golden/<dialect>/<scenario>.in.json, then: make golden-update
    record.py corpus [WORD...]        tests/corpus/<instrumentation>.<scenario>/, those whose name holds a WORD

A driver (drivers/) runs one scenario of one instrumentation in a process of its own, with the packages of its
environment (requirements/, package.json). The script of the scenario says what the API serves; what it served is the
truth that the recording is compared with, whatever the instrumentation claims. `make record` installs and records.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "record"
sys.path.insert(0, str(ROOT / "tests" / "system"))

from backend import Backend  # noqa: E402
from instrumentations import ALIASES, INSTRUMENTATIONS, SCRIPTS  # noqa: E402
from model_api import ModelApi  # noqa: E402
from neutral import Neutral, as_document  # noqa: E402
from waiting import wait_for  # noqa: E402

GOLDEN = {"openai-v2": "otel-genai", "openinference": "openinference"}
GOLDEN_SCENARIOS = ["chat", "cached", "tools", "stream", "stream_without_usage", "rate_limited", "unknown_model",
                    "embeddings"]


def observed(command, environment, **serving):
    """Runs command. Returns (OTLP requests in neutral form, what was served)."""
    api, backend = ModelApi(**serving), Backend()
    try:
        variables = dict(os.environ, MODEL_API=api.url, OTEL_EXPORTER_OTLP_ENDPOINT=backend.http_url, **environment)
        subprocess.run(command, env=variables, cwd=HERE / "drivers", check=True, timeout=120, capture_output=True,
                       text=True)
        wait_for(backend.snapshot, "something exported")
        documents = [as_document(received) for received in backend.snapshot()]
        return Neutral(documents, ports={api.port, backend.http_port}).documents(), api.served
    finally:
        api.close()
        backend.close()


# ---------------------------------------------------------------- golden inputs
def record_golden():
    for instrumentation, dialect in GOLDEN.items():
        for scenario in GOLDEN_SCENARIOS:
            command = [sys.executable, str(ROOT / "tests" / "system" / "app.py"), instrumentation, "http", scenario]
            requests, _ = observed(command, {})
            target = ROOT / "tests" / "golden" / dialect / ("%s.in.json" % scenario)
            target.write_text(json.dumps(requests[0], indent=1, ensure_ascii=False) + "\n")
            print("recorded %s" % target.relative_to(ROOT), flush=True)


# ---------------------------------------------------------------- the corpus
PATHS = {"/v1/chat/completions": ("openai", "chat"), "/v1/embeddings": ("openai", "embeddings"),
         "/v1/messages": ("anthropic", "chat")}


def truth(served):
    """One call as it was served; null: nobody could know it."""
    provider, operation = PATHS[served["path"]]
    failed = served["status"] != 200
    known = not failed and served["usage_sent"]
    return {"provider": provider, "operation": operation, "request_model": served["request_model"],
            "response_model": None if failed else served["model"],
            "input_tokens": served["input"] if known else None,
            "cached_read_tokens": served["cached"] if known else None,
            "cache_write_tokens": served["written"] if known else None,
            "output_tokens": served["output"] if known else None,
            "reasoning_tokens": served["reasoning"] if known else None,
            "usage_on_wire": known, "streaming": served["stream"], "server_ttft_ms": served["ttft_ms"],
            "http_status": served["status"], "error": failed,
            "finish_reason": None if failed else served["finish_reason"]}


def command_for(instrumentation, scenario):
    driver = HERE / "drivers" / instrumentation["driver"]
    if driver.suffix == ".mjs":
        return ["node", str(BUILD / "node" / driver.name), scenario]
    return [str(BUILD / instrumentation["environment"] / "bin" / "python"), str(driver), scenario]


def versions(instrumentation):
    """{package: version} of the packages that matter, as they are pinned."""
    if instrumentation["driver"].endswith(".mjs"):
        pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
        aliases = {name: re.fullmatch(r"npm:(.+)@(.+)", pinned[name]) for name in instrumentation["packages"]}
        return {alias[1] if alias else name: alias[2] if alias else pinned[name] for name, alias in aliases.items()}
    lines = (HERE / "requirements" / (instrumentation["environment"] + ".txt")).read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    return {name: pinned[name] for name in instrumentation["packages"]}


def record_case(name, scenario):
    instrumentation = INSTRUMENTATIONS[name]
    variables = dict(instrumentation.get("variables", {}), OTEL_SERVICE_NAME="shop")
    requests, served = observed(command_for(instrumentation, scenario), variables,
                                script=SCRIPTS[scenario], name="%s.%s" % (name, scenario), aliases=ALIASES)
    if len(served) != len(SCRIPTS[scenario]):
        raise SystemExit("%s.%s: %d calls were made, not %d" % (name, scenario, len(served), len(SCRIPTS[scenario])))
    text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in requests)
    if str(ROOT) in text or str(pathlib.Path.home()) in text or sys.base_prefix in text:
        raise SystemExit("%s.%s: the recording holds a path of this machine" % (name, scenario))
    folder = ROOT / "tests" / "corpus" / ("%s.%s" % (name, scenario))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.jsonl").write_text(text)
    expect = {"dialect": instrumentation["dialect"], "packages": versions(instrumentation),
              "calls": [truth(each) for each in served]}
    (folder / "expect.json").write_text(json.dumps(expect, indent=1) + "\n")
    return len(text)


def record_corpus(words):
    wanted = [(name, scenario) for name, each in INSTRUMENTATIONS.items() for scenario in each["scenarios"]
              if not words or any(word in "%s.%s" % (name, scenario) for word in words)]
    failed = 0
    for i, (name, scenario) in enumerate(wanted, 1):
        try:
            told = "%d bytes" % record_case(name, scenario)
        except subprocess.CalledProcessError as error:
            failed += 1
            told = "FAIL\n" + error.stderr[-2000:]
        except (AssertionError, subprocess.TimeoutExpired, SystemExit) as error:
            failed += 1
            told = "FAIL %s" % error
        print("%3d/%d %-50s %s" % (i, len(wanted), "%s.%s" % (name, scenario), told), flush=True)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["golden"]:
        record_golden()
    elif sys.argv[1:2] == ["corpus"]:
        sys.exit(1 if record_corpus(sys.argv[2:]) else 0)
    else:
        sys.exit(__doc__)
