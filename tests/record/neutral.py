# SPDX-License-Identifier: Apache-2.0
"""OTLP requests as OTLP/JSON without what differs from run to run: ids, times, ports, the process, the machine.

Ids are numbered in the order in which they appear, all times move so that the first is FIRST_NS, so that recording
again shows only what the instrumentation changed. Stack traces go: they hold paths and third-party code.
"""
import base64
import datetime
import json
import re

from google.protobuf import json_format

FIRST_NS = 1_790_000_000_000_000_000
KEPT_RESOURCE = ("service.name", "service.version", "plimsoll.feature", "telemetry.sdk.name", "telemetry.sdk.language",
                 "deployment.environment", "deployment.environment.name")
DROPPED = ("exception.stacktrace", "error.stack_trace", "thread.id", "code.filepath", "code.file.path",
           "code.lineno", "code.line.number")
NEUTRAL_PORT = 443
ID_KEYS = ("traceId", "spanId", "parentSpanId")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
HEX_ID = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")
STACK_TRACE = re.compile(r"Traceback \(most recent call last\):.*", re.DOTALL)
ISO_TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")


def as_document(received):
    """One received request as OTLP/JSON: ids in hex, enums as numbers."""
    if "json" in received.headers["content-type"]:
        return json.loads(received.body)
    document = json_format.MessageToDict(received.message, use_integers_for_enums=True)
    for each in walk(document):
        for key in ID_KEYS:
            if key in each:
                each[key] = base64.b64decode(each[key]).hex()
    return document


def walk(value):
    """Every object below value, outermost first."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(each)


def to_ns(text):
    moment = datetime.datetime.fromisoformat((text + ".0" if "." not in text else text)[:26])
    return round(moment.replace(tzinfo=datetime.timezone.utc).timestamp() * 1e6) * 1000


def from_ns(ns, digits):
    moment = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return moment + (".%09d" % (ns % 10**9))[:digits + 1] if digits else moment


class Neutral:
    def __init__(self, documents, ports):
        self.requests = documents
        self.ids, self.uuids = {}, {}
        self.ports = re.compile(r"(127\.0\.0\.1|localhost):(?:%s)\b" % "|".join(str(p) for p in ports))
        self.port_numbers = {str(p) for p in ports}
        objects = [each for document in documents for each in walk(document)]
        times = [int(v) for each in objects for k, v in each.items() if k.endswith("UnixNano") and int(v)]
        self.shift = FIRST_NS - min(times)
        for each in objects:
            for key in ID_KEYS:
                if each.get(key):
                    self.ids.setdefault(each[key], len(self.ids) + 1)

    def documents(self):
        return [self.clean(document) for document in self.requests]

    def clean(self, value, key=None):
        if isinstance(value, dict):
            if key == "resource" and "attributes" in value:
                kept = [a for a in value["attributes"] if a["key"] in KEPT_RESOURCE]
                value = dict(value, attributes=sorted(kept, key=lambda a: a["key"]))
            return {k: self.clean(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.clean(v) for v in value if not (isinstance(v, dict) and v.get("key") in DROPPED)]
        if key in ID_KEYS:
            return self.hex_id(value) if value else value
        if key is not None and key.endswith("UnixNano"):
            return str(int(value) + self.shift) if int(value) else str(value)
        if key == "intValue":
            return str(NEUTRAL_PORT) if str(value) in self.port_numbers else str(value)
        return self.text(value) if isinstance(value, str) else value

    def hex_id(self, value):
        return format(self.ids[value], "0%dx" % len(value))

    def uuid(self, found):
        plain = found[0].replace("-", "")
        if plain in self.ids:
            number = self.ids[plain]
        else:
            number = self.uuids.setdefault(plain, len(self.uuids) + 1)
        digits = format(number, "032x")
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def time(self, found):
        return from_ns(to_ns(found[0]) + self.shift, len(found[0].partition(".")[2]))

    def text(self, value):
        value = STACK_TRACE.sub("", value)
        value = self.ports.sub(r"\1:%d" % NEUTRAL_PORT, value)
        value = UUID.sub(self.uuid, value)
        value = HEX_ID.sub(lambda found: self.hex_id(found[0]) if found[0] in self.ids else found[0], value)
        return ISO_TIME.sub(self.time, value)
