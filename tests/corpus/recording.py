# SPDX-License-Identifier: Apache-2.0
"""Recordings of export requests in both layouts, and what can be done to them without changing what they tell.

A folder holds either request.jsonl (OTLP/JSON, one request a line) or NNN.<signal>.pb and NNN.traces.json (one request a
file). Requests are taken apart on their own bytes, so that nothing is lost that this file does not know.
"""
import json
import re
import struct
import time

FIRST_TOKEN = re.compile(rb"(?i)first.?(token|chunk)|msToFirst|completion_start|completion\.chunk|chunk\.item|ttft")
SIGNALS = (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords"))


# ---------------------------------------------------------------- protobuf, as much of it as is needed here
def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fields(data):
    """(number, bytes of the whole field, content of a length-delimited one or None)"""
    at = 0
    while at < len(data):
        start = at
        tag, at = read_varint(data, at)
        kind, content = tag & 7, None
        if kind == 0:
            _, at = read_varint(data, at)
        elif kind == 2:
            size, at = read_varint(data, at)
            content, at = data[at:at + size], at + size
        else:
            at += 8 if kind == 1 else 4
        yield tag >> 3, data[start:at], content


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def inner(data, number):
    """(contents of the fields of this number, bytes of all the others)"""
    found, rest = [], b""
    for n, whole, content in fields(data):
        if n == number:
            found.append(content)
        else:
            rest += whole
    return found, rest


# ---------------------------------------------------------------- requests
class Protobuf:
    """A request as the bytes that were sent. In all three signals field 1 holds resources, 2 scopes, 2 the items."""

    def __init__(self, signal, data):
        self.signal, self.ending, self.bytes = signal, ".%s.pb" % signal, data

    def singles(self):
        for resource in inner(self.bytes, 1)[0]:
            scopes, of_resource = inner(resource, 2)
            for scope in scopes:
                items, of_scope = inner(scope, 2)
                for item in items:
                    yield Protobuf(self.signal, field(1, of_resource + field(2, of_scope + field(2, item))))

    def joined(self, others):
        return Protobuf(self.signal, self.bytes + b"".join(o.bytes for o in others))

    def text(self):
        return self.bytes


class Json:
    def __init__(self, request):
        self.request, self.ending = request, ".jsonl"
        self.signal = "metrics"
        for which, name in zip(SIGNALS, ("traces", "logs")):
            if which[0] in request:
                self.signal, self.names = name, which

    @property
    def bytes(self):
        return json.dumps(self.request).encode()

    def singles(self):
        resources, scopes, items = self.names
        for resource in self.request.get(resources, []):
            for scope in resource[scopes]:
                for item in scope[items]:
                    yield Json({resources: [dict(resource, **{scopes: [dict(scope, **{items: [item]})]})]})

    def joined(self, others):
        return Json({self.names[0]: sum((o.request[self.names[0]] for o in others), self.request[self.names[0]])})

    def text(self):
        return json.dumps(self.request, ensure_ascii=False).encode()


def requests_of(folder):
    lines = folder / "request.jsonl"
    if lines.exists():
        return [Json(json.loads(line)) for line in lines.read_text().splitlines()]
    found = []
    for path in sorted(folder.glob("[0-9]*.*")):
        signal = path.name.split(".")[1]
        if path.name.endswith(".pb"):
            found.append(Protobuf(signal, path.read_bytes()))
        elif path.name.endswith(".%s.json" % signal):
            found.append(Json(json.loads(path.read_text())))
    return found


def scattered(requests, rnd):
    """The same spans and log records in random order, in requests of random size, and the metrics anywhere between."""
    singles = [single for r in requests if r.signal != "metrics" for single in r.singles()]
    rnd.shuffle(singles)
    batches = []
    while singles:
        size = 1
        while size < len(singles) and rnd.random() < 0.5 and \
                (singles[size].signal, singles[size].ending) == (singles[0].signal, singles[0].ending):
            size += 1
        batches.append(singles[0].joined(singles[1:size]))
        del singles[:size]
    metrics = [r for r in requests if r.signal == "metrics"]
    places = sorted(rnd.randint(0, len(batches)) for _ in metrics)
    for place, r in reversed(list(zip(places, metrics))): # each exporter keeps its own order
        batches.insert(place, r)
    return batches


def tick(after_s):
    """A span that has nothing to do with models, by which time goes on."""
    now_ns = time.time_ns() + after_s * 10 ** 9
    span = {"traceId": "ff" * 16, "spanId": "%016x" % now_ns, "name": "tick", "startTimeUnixNano": str(now_ns),
            "endTimeUnixNano": str(now_ns)}
    return Json({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]})


def write(requests, folder):
    for number, request in enumerate(requests):
        (folder / ("%05d%s" % (number, request.ending))).write_bytes(request.bytes)


def span_of(single):
    return inner(inner(inner(single, 1)[0][0], 2)[0][0], 2)[0][0]


def id_of(single):
    if single.startswith(b"{"):
        return json.loads(single)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"].lower()
    return b"".join(inner(span_of(single), 2)[0]).hex()


def without_late_events(single):
    """A span of one request without the events that lie outside of it. Only the protobuf form is looked into."""
    if single.startswith(b"{"):
        return single
    span = span_of(single)
    end = b"".join(whole for number, whole, _ in fields(span) if number == 8)[1:]
    events, rest = inner(span, 11)
    return rest + b"".join(e for e in events if e[1:9][::-1] <= end[::-1])


# ---------------------------------------------------------------- whether something is told at all
class Telemetry:
    """Everything that some spans say, as bytes in which words and numbers can be looked up."""

    def __init__(self, requests):
        self.text = b"\n".join(r.text() for r in requests if r.signal == "traces")
        self.spans = [single.text() for r in requests if r.signal == "traces" for single in r.singles()]

    def of_span(self, span_id):
        """What the span with this id says of itself."""
        own = Telemetry([])
        own.spans = [text for text in self.spans if id_of(text) == span_id]
        own.text = b"\n".join(own.spans)
        return own

    def of_traces(self, trace_ids):
        own = Telemetry([])
        own.spans = [text for text in self.spans if any(i.encode() in text or bytes.fromhex(i) in text for i in trace_ids)]
        own.text = b"\n".join(own.spans)
        return own

    def tells_text(self, value):
        data = value.encode()
        return varint(len(data)) + data in self.text or \
            re.search(rb"(?<![\w.-])%s(?![\w-])" % re.escape(data), self.text) is not None

    def tells_tool(self, value):
        """As one that is called, not one that may be."""
        found = re.finditer(re.escape(value.encode()), self.text)
        return any(re.search(rb"call", self.text[max(0, m.start() - 64):m.start()]) for m in found)

    def tells_value(self, value):
        """As the whole value of an attribute or a member."""
        data = value.encode()
        return varint(len(data)) + data in self.text or b'"%s"' % data in self.text

    def tells_number(self, value, about):
        """As digits, or as an attribute's integer or double, shortly after a word that says what it is."""
        integer = b"\x12" + varint(1 + len(varint(value))) + b"\x18" + varint(value)
        double = b"\x12\x09\x21" + struct.pack("<d", value)
        found = re.finditer(rb"(?<![0-9.])%d(?![0-9])|%s|%s" % (value, re.escape(integer), re.escape(double)), self.text)
        return any(re.search(about, self.text[max(0, m.start() - 48):m.start()], re.IGNORECASE) for m in found)

    def tells(self, value, about=b""):
        if value is None or isinstance(value, bool):
            return False
        return self.tells_text(value) if isinstance(value, str) else self.tells_number(value, about)

    def tells_seconds(self, ms):
        """This time as a double or in digits, in seconds or milliseconds."""
        forms = [struct.pack("<d", n) for n in (ms, ms / 1000)] + [("%.4g" % n).encode() for n in (ms, ms / 1000)]
        return any(form in self.text for form in forms)

    def speaks_of_first_token(self):
        """An event of it counts only where it lies inside its span."""
        return any(FIRST_TOKEN.search(without_late_events(text)) for text in self.spans)
