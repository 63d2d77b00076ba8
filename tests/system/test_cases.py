# SPDX-License-Identifier: Apache-2.0
"""`plimsoll cases export`: what went wrong in production becomes cases that the gate and Promptfoo can read."""
import json
import random
import subprocess
import time

import otlp
from agent import BINARY
from waiting import wait_for


def export(agent, *arguments):
    done = subprocess.run([BINARY, "cases", "export", "--agent", "http://localhost:%d" % agent.ports["metrics"], *arguments],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_bad_calls_become_cases_that_the_gate_reads(start_agent, tmp_path):
    agent = start_agent()
    message, spans = otlp.request()
    for i in range(100):
        otlp.add_call(spans, time.time() - 1000 + i, duration_ms=100 + i, output_tokens=20 + i)
    refused = otlp.add_call(spans, **{"gen_ai.response.finish_reasons": "content_filter"})
    failed = otlp.add_call(spans, **{"error.type": "500"})
    failed.status.code = 2
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_metric("plimsoll_requests_total", 102)
    agent.restart()
    suite = export(agent, "--since", "1d")
    by_id = {c["id"]: c for c in suite["cases"]}
    case = by_id["failed-" + failed.trace_id.hex()]
    assert case["trace_id"] == failed.trace_id.hex() and case["note"].startswith("failed (error) in shop: the question was not kept")
    assert 0.0007 < case["max_cost_usd"] < 0.002
    assert "refused-" + refused.trace_id.hex() in by_id
    path, results = tmp_path / "suite.json", tmp_path / "results.json"
    path.write_text(json.dumps(suite))
    results.write_text(json.dumps([{"id": c, "output": "ok", "cost_usd": 0.0001, "latency_ms": 50} for c in by_id]))
    gate = subprocess.run([BINARY, "gate", "--suite", str(path), "--results", str(results)], capture_output=True, text=True)
    assert gate.returncode == 0, gate.stdout + gate.stderr
    tests = export(agent, "--worst", "2", "--format", "promptfoo", "--include-empty")
    assert len(tests) == 2 and {a["type"] for a in tests[0]["assert"]} == {"cost", "latency"}
    assert tests[0]["vars"]["trace_id"]


def test_a_wrong_number_of_cases_is_named(start_agent):
    agent = start_agent()
    for worst in ("0", "1001", "many"):
        done = subprocess.run([BINARY, "cases", "export", "--worst", worst, "--agent", "localhost:%d" % agent.ports["metrics"]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "worst is a number of cases from 1 to 1000, not '%s'" % worst in done.stderr


def p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def test_limits_are_what_95_of_100_usual_calls_keep(start_agent):
    agent, chance = start_agent(), random.Random(6)
    message, spans = otlp.request()
    costs, latencies = [], []
    for i in range(1000):
        tokens, ms = int(chance.lognormvariate(5, 0.5)), chance.lognormvariate(7, 0.4)
        otlp.add_call(spans, time.time() - 2000 + i, duration_ms=ms, input_tokens=100, output_tokens=tokens)
        costs.append(otlp.cost_usd(100, tokens))
        latencies.append(ms)
    runaway = otlp.add_call(spans, input_tokens=100, output_tokens=15000, duration_ms=300000)
    failed = otlp.add_call(spans, **{"error.type": "500"})
    failed.status.code = 2
    otlp.send_grpc(agent.grpc_target, message)
    wait_for(lambda: any(c["tags"][1] == "failed" for c in export(agent)["cases"]), "the failed call among the cases")
    by_id = {c["id"]: c for c in export(agent)["cases"]}
    for case in (by_id["failed-" + failed.trace_id.hex()], by_id["expensive-" + runaway.trace_id.hex()]):
        assert abs(case["max_cost_usd"] / p95(costs) - 1) < 0.15
        assert abs(float(case["max_latency"].removesuffix("ms")) / p95(latencies) - 1) < 0.15
    agent.restart()
    assert by_id == {c["id"]: c for c in export(agent)["cases"]}
