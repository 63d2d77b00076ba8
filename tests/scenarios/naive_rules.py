# SPDX-License-Identifier: Apache-2.0
"""What one would write without a detector: the rules that dashboards ship with, over the same records.

Each rule sees the metrics of a key one after the other and gives the times at which it begins to fire. All learn from
what they alert on, as their originals do.
"""
import math
from collections import deque

BUCKET, DAY = 300, 86400
BUCKETS_A_DAY = DAY // BUCKET


def values(record):
    """metric -> value of one request; up, down or both is bad."""
    failed, refused = record["outcome"] == "error", record["outcome"] == "refusal"
    out = {"error_rate": float(failed)}
    if not failed:
        out.update(cost=record["cost_usd"], latency=record["latency_ms"], refusal_rate=float(refused))
        if not refused:
            out["output_tokens"] = float(record["output_tokens"])
        for score in record["scores"].values():
            out["eval_score"] = score
    return out


DIRECTION = {"cost": 1, "latency": 1, "error_rate": 1, "refusal_rate": 1, "output_tokens": 0, "eval_score": -1}
RATES = ("error_rate", "refusal_rate")


def beyond(metric, value, mean, sd, k):
    z = (value - mean) / sd if sd > 0 else 0.0
    return abs(z) > k if DIRECTION[metric] == 0 else z * DIRECTION[metric] > k


def moments(window):
    mean = sum(window) / len(window)
    return mean, math.sqrt(max(0.0, sum(x * x for x in window) / len(window) - mean * mean))


def per_request(metric, series, logarithm):
    """A request beyond two standard deviations of the last thousand."""
    window, s, ss, firing, out = deque(), 0.0, 0.0, False, []
    if metric in RATES:
        return out
    for at, x in series:
        y = math.log(x) if logarithm and x > 0 else x
        bad = False
        if len(window) >= 100:
            mean = s / len(window)
            bad = beyond(metric, y, mean, math.sqrt(max(0.0, ss / len(window) - mean * mean)), 2)
        if bad and not firing:
            out.append(at)
        firing = bad
        window.append(y)
        s, ss = s + y, ss + y * y
        if len(window) > 1000:
            old = window.popleft()
            s, ss = s - old, ss - old * old
    return out


def bucket_means(series):
    """(end of the bucket, mean) of each five minutes that have a value."""
    end, s, n = None, 0.0, 0
    for at, x in series:
        here = int(at // BUCKET + 1) * BUCKET
        if end is not None and here != end:
            yield end, s / n
            s, n = 0.0, 0
        end, s, n = here, s + x, n + 1
    if n:
        yield end, s / n


def over_time(metric, series, hold):
    """avg_over_time(5m) beyond avg_over_time(1d) by two stddev_over_time(1d), for so many buckets in a row."""
    window, run, out = deque(maxlen=BUCKETS_A_DAY), 0, []
    for end, x in bucket_means(series):
        bad = False
        if len(window) >= BUCKETS_A_DAY // 4:
            mean, sd = moments(window)
            bad = beyond(metric, x, mean, sd, 2)
        run = run + 1 if bad else 0
        if run == hold:
            out.append(end)
        window.append(x)
    return out


def ewma(metric, series):
    """Means of five minutes beyond two standard deviations of their exponentially weighted average, half-life a day."""
    gain, mean, variance, seen, firing, out = 1 - 0.5 ** (1 / BUCKETS_A_DAY), None, 0.0, 0, False, []
    for end, x in bucket_means(series):
        bad = seen >= BUCKETS_A_DAY // 4 and beyond(metric, x, mean, math.sqrt(variance), 2)
        if bad and not firing:
            out.append(end)
        firing = bad
        seen += 1
        mean = x if mean is None else mean
        g = max(gain, 1 / seen)
        variance += g * ((x - mean) ** 2 - variance)
        mean += g * (x - mean)
    return out


RULES = {
    "per request, 2 sigma": lambda m, s: per_request(m, s, False),
    "per request, 2 sigma of the logarithm": lambda m, s: per_request(m, s, True),
    "EWMA of 5 min means, 2 sigma": ewma,
    "5 min against avg/stddev_over_time(1d), 2 sigma": lambda m, s: over_time(m, s, 1),
    "the same with `for: 15m`": lambda m, s: over_time(m, s, 4),
}


def alerts(records):
    """rule -> alerts as score.py takes them."""
    series = {}
    for record in records:
        for metric, value in values(record).items():
            series.setdefault((record["feature"], metric), []).append((record["time"], value))
    return {name: [{"feature": feature, "metric": metric, "kind": "shift", "started_at": at}
                   for (feature, metric), points in series.items() for at in rule(metric, points)]
            for name, rule in RULES.items()}
