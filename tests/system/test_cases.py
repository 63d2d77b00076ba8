# SPDX-License-Identifier: Apache-2.0
"""`plimsoll cases export`: what went wrong in production becomes cases that the gate and Promptfoo can read."""
import json
import subprocess
import time

import otlp
from agent import BINARY


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
    assert case["trace_id"] == failed.trace_id.hex() and "was not kept" in case["note"]
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
