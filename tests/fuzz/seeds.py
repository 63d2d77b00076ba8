#!/usr/bin/env python3
"""Writes the seeds of one fuzzer to a folder: seeds.py fuzz_walk FOLDER. Small, and made here so that no binary is kept."""
import json
import os
import struct
import sys


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, content):
    """A field by the type of its content: bytes, text or message; int as varint; float as fixed64."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 1) + struct.pack("<d", content)
    if isinstance(content, str):
        content = content.encode()
    return varint(number << 3 | 2) + varint(len(content)) + content


def fixed64(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def attribute(number, key, value):
    return field(number, field(1, key) + field(2, value))


def values():
    text = field(1, "gpt-4o")
    array = field(5, field(1, text) + field(1, field(3, 7)))
    return [text, field(2, 1), field(3, 42), field(4, 0.5), array, field(6, attribute(1, "k", text)), field(7, b"\0\1"), b""]


def request(items):
    resource = field(1, attribute(1, "service.name", field(1, "shop")))
    scope = field(1, field(1, "scope") + field(2, "1") + attribute(3, "s", field(2, 1)))
    return field(1, resource + field(2, scope + items))


def wire_seeds():
    ids = field(1, b"0123456789abcdef") + field(2, b"01234567")
    times = fixed64(7, 10**18) + fixed64(8, 10**18 + 5)
    attributes = b"".join(attribute(9, "key%d" % i, v) for i, v in enumerate(values()))
    event = field(11, fixed64(1, 5) + field(2, "event") + attribute(3, "e", field(1, "x")))
    status = field(15, field(2, "429") + field(3, 2))
    span = ids + field(4, b"76543210") + field(5, "chat") + field(6, 3) + times + attributes + event + status
    yield 0, request(field(2, span))
    yield 0, request(field(2, ids) + field(2, span))
    log_attributes = b"".join(attribute(6, "key%d" % i, v) for i, v in enumerate(values()))
    log = fixed64(1, 5) + field(2, 9) + field(5, values()[5]) + log_attributes + field(9, b"0123456789abcdef") + field(10, b"01234567")
    yield 2, request(field(2, log + fixed64(11, 6) + field(12, "gen_ai.evaluation.result")))
    point = fixed64(2, 1) + fixed64(3, 2)
    number = field(1, point + field(4, 0.5) + attribute(7, "a", values()[0])) + field(1, point + fixed64(6, 3))
    histogram = field(1, point + fixed64(4, 3) + field(5, 1.5) + field(6, struct.pack("<QQ", 1, 2)) + field(7, struct.pack("<d", 0.5)))
    exponential = field(1, attribute(1, "a", values()[2]) + point + fixed64(4, 3) + field(6, 5) + field(8, field(1, 3) + field(2, b"\1\2")))
    summary = field(1, point + fixed64(4, 3) + field(5, 1.5) + field(6, field(1, 0.5) + field(2, 2.0)) + attribute(7, "a", values()[1]))
    for kind, data in [(5, number), (7, number + field(2, 2) + field(3, 1)), (9, histogram + field(2, 1)), (10, exponential), (11, summary)]:
        yield 1, request(field(2, field(1, "metric") + field(3, "s") + field(kind, data)))


def json_texts():
    text = {"stringValue": "g\u00e9\U0001f600"}
    vals = [text, {"boolValue": True}, {"intValue": "42"}, {"doubleValue": 0.5}, {"doubleValue": "NaN"}, {"bytesValue": "AAE="},
            {"arrayValue": {"values": [text, None]}}, {"kvlistValue": {"values": [{"key": "k", "value": text}]}}, {}, None]
    attributes = [{"key": "k%d" % i, "value": v} for i, v in enumerate(vals)]
    span = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "", "name": "chat", "kind": 3,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": 1.5e18, "attributes": attributes,
            "events": [{"name": "e", "timeUnixNano": "1"}], "status": {"code": 2, "message": "x"}, "flags": 257}
    log = {"timeUnixNano": "1", "severityNumber": 9, "body": vals[7], "attributes": attributes[:2], "eventName": "e"}
    histogram = {"aggregationTemporality": 2, "dataPoints": [{"count": "3", "sum": 0, "bucketCounts": ["1", 2], "explicitBounds": [0.5]}]}
    exponential = {"dataPoints": [{"scale": -3, "positive": {"offset": -1, "bucketCounts": [1, "2"]}}]}
    metric = {"name": "m", "unit": "s", "histogram": histogram}
    yield 0, {"resourceSpans": [{"resource": {"attributes": attributes[:1]}, "scopeSpans": [{"scope": {"name": "s"}, "spans": [span]}]}]}
    yield 2, {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}
    yield 1, {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric, {"exponentialHistogram": exponential}]}]}]}
    yield 1, {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"dataPoints": [{"asInt": "-1"}, {"asDouble": 2}]}}]}]}]}


def judgement_seeds():
    target = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "response_id": "r", "session_id": "s"}
    score = dict(target, name="n", value=3, min=0, max=5, label="pass", source="llm", id="i", time="2026-11-21T15:57:16Z", comment="c")
    feedback = [dict(target, signal=signal) for signal in ("thumbs_up", "rejected", "copied", "own")]
    feedback += [dict(target, signal="rating", value=4), dict(target, signal="edited", value=0.5), dict(target, signal="thumbs", value="up")]
    for kind, body in ((0, score), (0, {"data": [dict(score, result={"label": "fail", "score": 1})]}), (1, feedback)):
        yield bytes([kind]) + json.dumps(body).encode()
    call = b"\2\0" + b"t" * 16 + b"s" * 8 + b"p" * 8 + bytes(24) + b"\1"
    labels = b"\1" + b"".join(bytes([len(x)]) + x for x in (b"shop", b"gpt-4o", b"openai", b"greet@1", b"", b""))
    yield b"\2C" + bytes(8) + b"\1" + labels + call + call
    yield b"\2P" + bytes(8) + b"\1\7" + b"\0\1\0\0\0" + bytes(8) + b"\1n\0\0\7\1\1" + b"t" * 16 + b"s" * 8 + b"\0\0"
    yield b"\2S" + bytes(2) + b"\1\0" + bytes(4) + b"\1\5\6"


def words_seeds():
    """Messages in the shapes of several vendors; what walk_traces takes."""
    text = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}, {"role": "user", "content": "where?"}]
    parts = [{"role": "user", "parts": [{"type": "text", "content": "where?"}]}]
    human = [[{"lc": 1, "type": "constructor", "kwargs": {"content": "hi", "type": "human"}}]]
    for value in (text, parts, {"messages": text, "system": "be brief"}, {"contents": parts}, {"messages": human}, {"input": "where?"}):
        for where in range(3):
            yield bytes([where]) + json.dumps(value).encode()
    yield from (b"\3" + body for signal, body in wire_seeds() if signal == 0)


def kept_seeds(name):
    """The files of seeds/NAME beside this program."""
    kept = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds", name)
    return [open(os.path.join(kept, f), "rb").read() for f in sorted(os.listdir(kept))] if os.path.isdir(kept) else []


def export_seeds(words):
    """Short pieces of what tools wrote (tests/exports): whole files are longer than an input may be."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "exports")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            text = f.read()
        if not any(word in name for word in words):
            continue
        if name.endswith(".json"):
            whole = json.loads(text)
            yield json.dumps(whole[:1] if isinstance(whole, list) else whole).encode()
        else:
            yield text if len(text) < 4096 else b"\n".join(text.split(b"\n")[:2])


def main(fuzzer, folder):
    if fuzzer == "fuzz_walk":
        seeds = [bytes([signal]) + body for signal, body in wire_seeds()]
    elif fuzzer == "fuzz_judgements":
        seeds = list(judgement_seeds())
    elif fuzzer == "fuzz_words":
        seeds = list(words_seeds())
    elif fuzzer == "fuzz_results":
        seeds = list(export_seeds(["promptfoo", "rows", "results", "pandas", "pytest"]))
    elif fuzzer == "fuzz_import":
        seeds = list(export_seeds(["prompts", "promptfoo"])) + [b"prompts: [a, {label: b, raw: 'c {{d}}'}]\nproviders: [openai:m]\n"]
    else:
        prefix = fuzzer == "fuzz_transcode"
        seeds = [(bytes([signal]) if prefix else b"") + json.dumps(text, ensure_ascii=i % 2 == 0).encode()
                 for i, (signal, text) in enumerate(json_texts())]
        seeds += [(b"\0" if prefix else b"") + text for text in (b"[1,-2.5e+3,true,null,\"\\ud83d\\ude00\\n\"]", b"{\"a\":{\"b\":[[],{}]}}", b"")]
    seeds += kept_seeds(fuzzer[len("fuzz_"):])
    for i, seed in enumerate(seeds):
        with open(os.path.join(folder, "seed-%02d" % i), "wb") as f:
            f.write(seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
