#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Promptfoo evaluates two versions of a prompt against a stand-in for the model, and the gate reads what it wrote: the one
that breaks JSON does not pass, and the cases that broke are named.

    check.py PLIMSOLL FOLDER       FOLDER: where Promptfoo is installed
"""
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "system"))
import promptfoo  # noqa: E402
from model_api import ModelApi  # noqa: E402

CASES, BROKEN = 12, {2, 7}
GOOD, BAD = '{"status": "on its way"}', 'Sure! {"status": "on its way"'


def evaluate(folder, version, prompt, broken):
    """Path of what Promptfoo wrote."""
    api = ModelApi(script=[{"input": 300, "output": 20, "text": BAD if i in broken else GOOD} for i in range(CASES)])
    tests = [{"description": "order-%02d" % i, "vars": {"question": "Where is order %d?" % i},
              "assert": [{"type": "is-json"}]} for i in range(CASES)]
    out = promptfoo.run(folder, version, {"prompts": [prompt + " {{question}}"], "tests": tests}, api)
    api.close()
    assert len(api.served) == CASES, "%d requests" % len(api.served)
    return out


def gate(plimsoll, results, baseline):
    done = subprocess.run([plimsoll, "gate", "--results", results, "--baseline", baseline, "--max-regressions", "0",
                           "--min-pass-rate", "0.95", "--output", "json"], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def main(plimsoll, folder):
    old = evaluate(folder, "1.4.0", "Answer as JSON.", set())
    new = evaluate(folder, "1.5.0", "Be friendly. Answer as JSON.", BROKEN)
    status, same = gate(plimsoll, old, old)
    assert status == 0, same
    status, worse = gate(plimsoll, new, old)
    failed = [c["id"] for c in worse["cases"] if not c["passed"]]
    assert status == 1 and len(failed) == len(BROKEN), worse
    print("promptfoo: %d of %d cases broke, and the gate closed: %s" % (len(failed), CASES, ", ".join(failed)))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
