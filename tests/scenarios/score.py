# SPDX-License-Identifier: Apache-2.0
"""Alerts against labels: what was detected and how late, and how many were raised for nothing.

An alert: {"feature", "metric", "kind", "started_at" in unix seconds}. It detects an incident of its feature when its
metric and kind may tell of it and it is raised before the incident's end and one hour more. It is false when it is a
shift or canary outside of every incident and the day after it; those of one key within an hour count once.
"""
HOUR, DAY, WEEK = 3600, 86400, 604800
MERGED = ("shift", "canary")


def detects(alert, incident):
    return (alert["feature"] == incident["feature"] and alert["metric"] in incident["metrics"]
            and alert["kind"] in incident["kinds"]
            and incident["start"] <= alert["started_at"] <= incident["end"] + HOUR)


def delay_h(alerts, incident):
    """Hours until the first alert that detects; None where there is none."""
    times = [a["started_at"] for a in alerts if detects(a, incident)]
    return (min(times) - incident["start"]) / HOUR if times else None


def false_alerts(alerts, incidents, since):
    """Times of them by feature."""
    out = {}
    for a in sorted(alerts, key=lambda a: a["started_at"]):
        inside = any(a["feature"] == i["feature"] and i["start"] <= a["started_at"] <= i["end"] + DAY for i in incidents)
        if a["kind"] not in MERGED or inside or a["started_at"] < since:
            continue
        times = out.setdefault(a["feature"], [])
        if not times or a["started_at"] - times[-1] > HOUR:
            times.append(a["started_at"])
    return out


def score(alerts, incidents, keys, since, until):
    delays = sorted(d for d in (delay_h(alerts, i) for i in incidents) if d is not None)
    count = sum(len(times) for times in false_alerts(alerts, incidents, since).values())
    return {"detected": len(delays) / len(incidents), "median_delay_h": delays[len(delays) // 2] if delays else None,
            "false_per_key_week": count / (keys * (until - since) / WEEK)}
