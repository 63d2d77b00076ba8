# SPDX-License-Identifier: Apache-2.0
"""OTLP/JSON requests in a few words, for tests that say what an application told."""
import json
import subprocess

from agent import BINARY

T0 = 1790000000 * 10 ** 9


def value(v):
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, int):
        return {"intValue": str(v)}
    if isinstance(v, float):
        return {"doubleValue": v}
    if isinstance(v, list):
        return {"arrayValue": {"values": [value(x) for x in v]}}
    return {"stringValue": v}


def attributes(values):
    return [{"key": k, "value": value(v)} for k, v in values.items()]


def resource(service):
    return {"attributes": attributes({"service.name": service})}


def span(number, parent=0, name="span", start_ms=0, end_ms=1000, trace=1, events=(), kind=1, **values):
    """Attribute names with dots are given in a dict as values["attrs"]."""
    out = {"traceId": "%032x" % trace, "spanId": "%016x" % number, "name": name, "kind": kind,
           "startTimeUnixNano": str(T0 + start_ms * 10 ** 6), "endTimeUnixNano": str(T0 + end_ms * 10 ** 6),
           "attributes": attributes(values.get("attrs", {})), "events": list(events)}
    if parent:
        out["parentSpanId"] = "%016x" % parent
    return out


def traces(scope, *spans, service="shop"):
    return {"resourceSpans": [{"resource": resource(service), "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}]}


def log(attrs, at_ms=1000, trace=0, span_number=0, name="", body=None):
    out = {"timeUnixNano": str(T0 + at_ms * 10 ** 6), "attributes": attributes(attrs)}
    if trace:
        out.update(traceId="%032x" % trace, spanId="%016x" % span_number)
    if name:
        out["eventName"] = name
    if body is not None:
        out["body"] = value(body)
    return out


def logs(scope, *records, service="shop"):
    return {"resourceLogs": [{"resource": resource(service), "scopeLogs": [{"scope": {"name": scope}, "logRecords": list(records)}]}]}


def counter(name, points, unit="", service="shop", scope="meter"):
    """points: (attributes, value); delta."""
    data = [{"attributes": attributes(a), "startTimeUnixNano": str(T0), "timeUnixNano": str(T0 + 60 * 10 ** 9),
             "asDouble" if isinstance(v, float) else "asInt": v if isinstance(v, float) else str(v)} for a, v in points]
    metric = {"name": name, "unit": unit, "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": data}}
    return {"resourceMetrics": [{"resource": resource(service), "scopeMetrics": [{"scope": {"name": scope}, "metrics": [metric]}]}]}


def replay(tmp_path, *requests):
    """(calls, totals)"""
    file = tmp_path / "requests.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in requests))
    done = subprocess.run([BINARY, "replay", "--output", "json", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [r for r in lines if r["type"] == "call"], lines[-1]
