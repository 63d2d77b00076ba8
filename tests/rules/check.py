#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Prometheus rules of dashboards/prometheus: valid, about metrics that the agent has, and right on made-up series, each alert
of them."""
import re
import subprocess
import sys
from pathlib import Path

RULES = sorted(Path("dashboards/prometheus").glob("*.rules.yml"))
TESTS = sorted(Path("tests/rules").glob("*_test.yml"))
METRIC = re.compile(r"(?<![:\w])((?:plimsoll|gen_ai)_[a-z0-9_]+?)(?:_total|_bucket|_sum|_count)?(?=[\[{)\s/=]|$)", re.M)


def promtool(*words):
    run = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stdout + run.stderr)
    return run.returncode == 0


def unknown_metrics(rules):
    sources = "".join(p.read_text() for top in ("agent", "exporters") for p in Path(top).rglob("*.[ch]"))
    known = set(re.findall(r'"((?:plimsoll|gen_ai)_[a-z0-9_]+?)(?:_total)?"', sources))
    expressions = re.sub(r"#.*", "", rules.read_text())
    return sorted(set(METRIC.findall(expressions)) - known)


def untested_alerts(rules):
    tests = "".join(p.read_text() for p in TESTS)
    return [name for name in re.findall(r"- alert: (\w+)", rules.read_text())
            if not re.search(r"alertname: %s\n +eval_time: .*\n +exp_alerts:\n" % name, tests)]


def main():
    checks = [("prometheus.yml", promtool("check", "config", "dashboards/prometheus/prometheus.yml"))]
    for rules in RULES:
        missing = unknown_metrics(rules)
        if missing:
            print("%s: the agent has no %s" % (rules, ", ".join(missing)))
        untested = untested_alerts(rules)
        if untested:
            print("%s: no test of tests/rules has %s fire" % (rules, ", ".join(untested)))
        checks.append((rules.name, promtool("check", "rules", rules) and not missing and not untested))
    checks += [(test.name, promtool("test", "rules", test)) for test in TESTS]
    for name, is_good in checks:
        print("%-6s %s" % ("ok" if is_good else "FAIL", name))
    failed = sum(not is_good for _, is_good in checks)
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
