# SPDX-License-Identifier: Apache-2.0
"""Labelled traffic: request records of two weeks, with incidents whose beginning and end are known.

Heavy-tailed sizes, a day's course, and a mix that wanders from bucket to bucket and from hour to hour as real traffic's
does: what makes naive rules fire. The same seed gives the same bytes; without incidents the same requests without them.
"""
import json
import math
import random

START = 1772409600  # 2026-03-02 00:00 UTC, a Monday
HOUR, DAY = 3600, 86400
DAYS = 14
WARM_UP = START + 3 * DAY
BUCKET = 300
CALM = {"cost": 1.0, "latency": 1.0, "length": 1.0, "errors": 0.008, "refusals": 0.01, "score": 0.0, "version": None}

# feature, requests an hour, and of its incident: name, change, start (days after START), hours, what may tell of it
KEYS = [
    ("search", 60, ("cost x2", {"cost": 2.0}, 8.4, 24, ["cost", "cost_tail"])),
    ("answer", 60, ("cost x1.5", {"cost": 1.5}, 9.6, 24, ["cost", "cost_tail"])),
    ("checkout", 60, ("latency x1.5", {"latency": 1.5}, 7.3, 12, ["latency", "ttft", "tpot", "latency_tail"])),
    ("summary", 60, ("length -30 %", {"length": 0.7}, 10.2, 24, ["output_tokens"])),
    ("support", 60, ("errors 6 %", {"errors": 0.06}, 8.9, 12, ["error_rate"])),
    ("advice", 60, ("refusals 4 %", {"refusals": 0.04}, 9.1, 24, ["refusal_rate"])),
    ("tutor", 60, ("score -0.06", {"score": -0.06}, 7.8, 24, ["eval_score"])),
    ("canary", 60, ("version x1.4", {"cost": 1.4, "version": "v2"}, 8.0, 72, ["cost", "cost_tail"])),
    ("rare", 10, ("cost x2, 10/h", {"cost": 2.0}, 9.0, 24, ["cost", "cost_tail"])),
    ("calm-a", 60, None), ("calm-b", 60, None), ("calm-c", 20, None), ("calm-d", 5, None), ("calm-e", 60, None),
]


def incident_of(key):
    feature, _, incident = key
    if incident is None:
        return None
    name, change, day, hours, metrics = incident
    start = START + int(day * DAY)
    return {"feature": feature, "name": name, "change": change, "start": start, "end": start + hours * HOUR,
            "metrics": metrics, "kinds": ["shift", "canary"]}


def wander(rng, state, keep, sd):
    """One step of a first-order autoregression with standard deviation sd."""
    return keep * state + rng.gauss(0, sd * math.sqrt(1 - keep * keep))


def requests_of(key, seed, injected):
    """The key's records in order. Numbers are drawn whether or not an incident runs, so that both worlds agree."""
    feature, per_hour, _ = key
    rng = random.Random("%d %s" % (seed, feature))
    incident = incident_of(key) if injected else None
    fast = slow = 0.0
    size = rng.uniform(4.5, 5.5)
    for bucket in range(START, START + DAYS * DAY, BUCKET):
        fast = wander(rng, fast, 0.6, 0.08)
        slow = wander(rng, slow, 0.97, 0.06)
        course = 1 + 0.6 * math.sin((bucket % DAY) / DAY * 2 * math.pi - 2)
        expected = per_hour * course * BUCKET / HOUR
        count = max(0, round(rng.gauss(expected, math.sqrt(expected)) + rng.uniform(-0.5, 0.5)))
        now = CALM
        if incident and incident["start"] <= bucket < incident["end"]:
            now = {**CALM, **incident["change"]}
        for at in sorted(rng.uniform(0, BUCKET) for _ in range(count)):
            yield one_request(rng, feature, bucket + at, size + fast + slow, now)


def one_request(rng, feature, at, size, now):
    tokens = max(1, round(math.exp(size + rng.gauss(0, 0.8)) * now["length"]))
    ttft = math.exp(5.7 + rng.gauss(0, 0.35)) * now["latency"]
    latency = ttft + tokens * 14 * now["latency"] * math.exp(rng.gauss(0, 0.2))
    cost = (tokens * 6e-7 + 900 * math.exp(rng.gauss(0, 0.5)) * 1.5e-7) * now["cost"]
    luck = rng.random()
    outcome = "error" if luck < now["errors"] else "refusal" if luck < now["errors"] + now["refusals"] else "ok"
    score = min(1.0, max(0.0, 0.85 + rng.gauss(0, 0.1) + now["score"]))
    scored = rng.random() < 0.25
    return {"time": round(at, 3), "feature": feature, "model": "m-large", "prompt_version": now["version"] or "v1",
            "output_tokens": tokens, "cost_usd": round(cost, 9), "latency_ms": round(latency, 1),
            "ttft_ms": round(ttft, 1), "outcome": outcome, "scores": {"judge": round(score, 3)} if scored else {}}


def keys_of(features=None):
    return [key for key in KEYS if features is None or key[0] in features]


def traffic(seed, injected=True, features=None):
    """The records of all keys, or of these features, in the order of time."""
    records = [r for key in keys_of(features) for r in requests_of(key, seed, injected)]
    return sorted(records, key=lambda r: r["time"])


def labels(features=None):
    return [i for i in map(incident_of, keys_of(features)) if i is not None]


def write(records, path):
    with open(path, "w") as out:
        for record in records:
            out.write(json.dumps(record) + "\n")
