# SPDX-License-Identifier: Apache-2.0
"""The detector against naive rules on the same labelled traffic: prints a table in Markdown.

    compare.py PLIMSOLL [SEED...]

Placebo is the share of the incidents' windows in which a rule fires when nothing was injected: a rule whose hits do not
exceed it has found nothing.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import naive_rules
import score
import traffic

SEEDS = (1, 2, 3)
OURS = "plimsoll, default configuration"


def replayed(plimsoll, records):
    """Alerts that the agent raises."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        traffic.write(records, path)
        done = subprocess.run([plimsoll, "replay", "--output", "json", str(path)], capture_output=True, text=True,
                              check=True)
    lines = (json.loads(line) for line in done.stdout.splitlines() if '"type":"alert"' in line)
    return [{"feature": a["feature"], "metric": a["metric"], "kind": a["kind"], "started_at": a["started_at"]}
            for a in lines]


def all_alerts(plimsoll, records):
    return {**naive_rules.alerts(records), OURS: replayed(plimsoll, records)}


def measured(plimsoll, seed):
    """rule -> figures, of one seed."""
    until = traffic.START + traffic.DAYS * traffic.DAY
    incidents, keys = traffic.labels(), len(traffic.KEYS)
    with_incidents = all_alerts(plimsoll, traffic.traffic(seed))
    without = all_alerts(plimsoll, traffic.traffic(seed, injected=False))
    return {rule: {**score.score(found, incidents, keys, traffic.WARM_UP, until),
                   "placebo": score.score(without[rule], incidents, keys, traffic.WARM_UP, until)["detected"],
                   "calm": score.score(without[rule], [{"feature": None, "start": 0, "end": 0, "metrics": [],
                                                        "kinds": []}], keys, traffic.WARM_UP, until)["false_per_key_week"]}
            for rule, found in with_incidents.items()}


def main(plimsoll, seeds):
    runs = [measured(plimsoll, seed) for seed in seeds]
    print("| rule | detected | placebo | median delay | false per key-week | without incidents |")
    print("|---|---|---|---|---|---|")
    for rule in runs[0]:
        figures = {name: [run[rule][name] for run in runs if run[rule][name] is not None] for name in runs[0][rule]}
        mean = {name: sum(found) / len(found) if found else float("nan") for name, found in figures.items()}
        print("| %s | %.2f | %.2f | %.1f h | %.2f | %.2f |" % (rule, mean["detected"], mean["placebo"],
              mean["median_delay_h"], mean["false_per_key_week"], mean["calm"]))


if __name__ == "__main__":
    main(sys.argv[1], [int(s) for s in sys.argv[2:]] or SEEDS)
