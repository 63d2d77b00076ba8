#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the scenario on which the detector is compared with its reference: steps.csv.gz, the same bytes every time.

usage: baseline_scenario.py FOLDER [REFERENCE.py]

With the reference implementation (which is not part of this repository) also its alerts, steps.alerts.jsonl.
Twelve days of four features, invented, with one or more of each thing that can be told: a cost step that lasts until it
is adopted, one that comes back soon after it was resolved, a loop, runaway requests, a dearer new version and an
unchanged one, slow answers, errors, refusals, short answers, bad scores, a costly day, and a gap without traffic.
"""
import gzip
import importlib.util
import json
import math
import random
import sys

START, HOUR, DAY = 1772409600, 3600, 86400
COLUMNS = ("ts_unix_ms,feature,model,prompt_version,input_tokens,output_tokens,cached_tokens,cost_usd,latency_ms,"
           "ttft_ms,error,refusal,eval_score")


def within(t, day, hours):
    return START + day * DAY <= t < START + day * DAY + hours * HOUR


def request(rnd, t, feature, model, version):
    """One request at unix time t, with what is wrong at that time."""
    tokens = max(1, int(math.exp(rnd.gauss(5.0, 0.5))))
    cost = math.exp(rnd.gauss(-6.5, 0.4)) * (1 + 0.2 * math.sin(t % DAY / DAY * 2 * math.pi))
    ttft, each = math.exp(rnd.gauss(5.5, 0.2)), math.exp(rnd.gauss(2.5, 0.15))
    error, refusal, score = rnd.random() < 0.01, rnd.random() < 0.01, rnd.gauss(0.9, 0.05)
    if feature == "checkout":
        cost *= 2.2 if within(t, 7, 34) else 1
    if feature == "search":
        error = error or (within(t, 8, 14) and rnd.random() < 0.15)
        refusal = refusal or (within(t, 10, 20) and rnd.random() < 0.15)
        cost *= 8 if within(t, 6, 24) and rnd.random() < 0.12 else 1
        cost *= 30 if rnd.random() < 0.002 else 1
    if feature == "draft":
        cost *= 1.9 if version == "2" else 1
        error = error or (version == "2" and rnd.random() < 0.15)
        tokens = max(1, int(tokens * (0.5 if within(t, 7, 12) else 1)))
        score -= 0.12 if within(t, 9, 18) else 0
        each *= 1.9 if within(t, 10.5, 12) else 1
    if feature == "batch":
        cost *= 5 if within(t, 0.55, 0.8) or within(t, 0.66, 0.7) else 1
    latency = ttft + each * (tokens - 1)
    if error:
        return "%d,%s,%s,%s,,,,,%.1f,,1,0," % (t * 1000, feature, model, version, latency)
    return "%d,%s,%s,%s,,%d,,%.6f,%.1f,%.1f,0,%d,%s" % (t * 1000, feature, model, version, tokens, cost, latency, ttft,
                                                         refusal, "%.2f" % score if rnd.random() < 0.4 else "")


def arrivals(rnd, per_hour, begin, end):
    t = begin
    while True:
        t += rnd.expovariate(per_hour / HOUR)
        if t >= end:
            return
        yield int(t)


def rows():
    rnd = random.Random(20260302)
    plan = [("checkout", "gpt-4o", "1", 11, 0, 12), ("search", "small", "1", 11, 0, 12),
            ("draft", "small", "1", 10, 0, 12), ("draft", "small", "2", 7, 8, 11), ("draft", "small", "3", 6, 8.5, 11),
            ("batch", "small", "1", 320, 0, 0.72),
            ("batch", "small", "1", 60, 11, 11.1)]
    out = []
    for feature, model, version, per_hour, begin, end in plan:
        for t in arrivals(rnd, per_hour, START + begin * DAY, START + end * DAY):
            if feature != "draft" or not within(t, 4, 30):  # a gap
                out.append((t, request(rnd, t, feature, model, version)))
    return [line for _, line in sorted(out)]


def reference_alerts(reference, path):
    spec = importlib.util.spec_from_file_location("reference", reference)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    alerts = []
    module.run_csv(path, alerts.append)
    return alerts


def main(folder, reference=None):
    path = folder + "/steps.csv.gz"
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as out:
        out.write("\n".join([COLUMNS] + rows() + [""]).encode())
    if reference is None:
        return
    with open(folder + "/steps.alerts.jsonl", "w") as out:
        for alert in reference_alerts(reference, path):
            out.write(json.dumps(dict(scenario="steps", **alert)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
