# SPDX-License-Identifier: Apache-2.0
"""Every field of every recorded call against what the model server served, dialect by dialect.

The recordings lie beside the checkout (../shared/corpus, or $PLIMSOLL_SHARED/corpus); without them this is skipped. Spans
are read one by one, by `plimsoll explain`: what several spans make of one call is the counting tests' matter. A truth that
stands nowhere in a case's telemetry is absent at the source; whatever else differs is wrong.
"""
import collections
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agent import BINARY

SHARED = Path(os.environ.get("PLIMSOLL_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
CORPUS = SHARED / "corpus"
CASES = sorted(p.parent.name for p in CORPUS.glob("*/expect.json"))

pytestmark = pytest.mark.skipif(not CASES, reason="no recordings at %s" % CORPUS)

# Vendors' finish reasons in the record's words.
FINISH = {"stop": "stop", "end_turn": "stop", "complete": "stop", "stop_sequence": "stop", "completed": "stop",
          "length": "length", "max_tokens": "length", "tool_calls": "tool_call", "tool_use": "tool_call",
          "content_filter": "content_filter", "refusal": "refusal", "function_call": "tool_call"}
PROVIDER = {"gemini": "gcp.gemini", "bedrock": "aws.bedrock", "aws_bedrock": "aws.bedrock", "azure": "azure.ai.openai", "mistral": "mistral_ai",
            "xai": "x_ai", "azure_openai": "azure.ai.openai"}
TOKENS = {"input_tokens": "input_tokens", "output_tokens": "output_tokens", "cached_read_tokens": "cache_read_tokens",
          "cache_write_tokens": "cache_write_tokens", "reasoning_tokens": "reasoning_tokens"}


def explain(case):
    done = subprocess.run([BINARY, "explain", "--output", "json", CORPUS / case], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def telemetry(case):
    """What each span's own bytes say, by span id: text in which words and numbers can be looked up."""
    spans = {}
    for file in sorted((CORPUS / case).glob("*.traces.pb")):
        request = ExportTraceServiceRequest.FromString(file.read_bytes())
        for span in (s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans):
            spans[span.span_id.hex()] = span.SerializeToString()
    for file in sorted((CORPUS / case).glob("*.traces.json")):
        for resource in json.loads(file.read_text())["resourceSpans"]:
            for span in (s for scope in resource["scopeSpans"] for s in scope["spans"]):
                spans[span["spanId"]] = json.dumps(span).encode()
    return spans


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def is_told(value, text):
    """Whether the telemetry holds this text, or this number as digits or as an attribute's integer or double."""
    if isinstance(value, str):
        return bool(re.search(rb"(?<![\w.-])%s(?![\w-])" % re.escape(value.encode()), text))
    if isinstance(value, bool) or value is None:
        return False
    return bool(re.search(rb"(?<![0-9])%d(?![0-9])" % value, text)) or b"\x18" + varint(value) in text


def best_span(call, spans, taken):
    """The counted span that tells of this call: by its id, else by its tokens, else by its model and time."""
    def score(span):
        r = span["record"]
        model = call["response_model"] or call["request_model"]
        return (r["response_id"] is not None and r["response_id"] == call.get("response_id"),
                r["input_tokens"] is not None and r["input_tokens"] == call["input_tokens"],
                bool(r["error_type"] or r["outcome"] == "error") == call["error"],
                r["model"] == model, span["producer"] == "vendor_sdk", r["input_tokens"] is not None)
    kind = {"embeddings": "embedding", "rerank": "rerank"}.get(call["operation"], "llm")
    free = [s for s in spans if id(s) not in taken and s["role"] == kind]
    return max(free, key=score) if free else None


def truths(expect, call):
    """Field, what it must be, and the words by which the source may tell of it."""
    yield "operation", {"chat": "chat", "embeddings": "embeddings", "rerank": "rerank"}.get(call["operation"]), None
    yield "provider", PROVIDER.get(call["provider"], call["provider"]), None
    yield "request_model", call["request_model"], call["request_model"]
    if call["response_model"]:
        yield "model", call["response_model"], call["response_model"]
    if call.get("response_id"):
        yield "response_id", call["response_id"], call["response_id"]
    for name, field in TOKENS.items():
        if call[name] is not None and call["usage_on_wire"] and (call[name] > 0 or name in ("input_tokens", "output_tokens")):
            if not (call["operation"] != "chat" and name == "output_tokens") and call["operation"] != "rerank":
                yield field, call[name], call[name]
    if call["finish_reason"] and not call["error"]:
        yield "finish_reasons", FINISH.get(call["finish_reason"].lower(), call["finish_reason"]), call["finish_reason"]
    if call["error"]:
        yield "outcome", "rate_limited" if call["http_status"] == 429 else "error", None
    if call["tool_calls"]:
        yield "tools", ",".join(sorted({t if isinstance(t, str) else t["name"] for t in call["tool_calls"]})), \
            call["tool_calls"][0] if isinstance(call["tool_calls"][0], str) else call["tool_calls"][0]["name"]
    if call["streaming"] and call.get("ttft_ms_range"):
        yield "ttft_ms", call["ttft_ms_range"], None
    context = expect["context"]
    feature = context.get("metadata", {}).get("feature") or context.get("feature") or context.get("function_id")
    for value, field in ((context.get("session"), "session_id"), (feature, "feature")):
        if value:
            yield field, value, value
    prompt = context.get("prompt") or {}
    if prompt.get("name"):
        yield "prompt_version", "%s@%s" % (prompt["name"], prompt.get("version", "unversioned")), prompt["name"]


def verdict(field, want, word, have, text, expect):
    if field == "ttft_ms":
        if have is None:
            return "absent"
        return "right" if have >= want[0] - 1 else "wrong"
    if field == "finish_reasons":
        have = have[0] if have else None
    if field == "tools" and have:
        have = ",".join(sorted(have.split(",")))
    if have == want or (field == "operation" and want == "chat" and have in ("generate_content", "text_completion")):
        return "right"
    if field == "provider":
        return "right" if have and (want in have or have in want) else "wrong"
    if word is not None and not is_told(word, text):
        return "absent"
    if field == "tools" and have is None and b"gen_ai.tool.definitions" in text and text.count(word.encode()) == 1:
        return "absent" # what may be called, not what was
    if field == "feature" and b"metadata.feature" in text:
        return "right" # the application's own tag goes before the SDK's name for the function
    noted = " ".join(expect["notes"])
    if field == "model" and "not reported" in noted:
        return "absent"
    if field in ("input_tokens", "output_tokens") and have is not None and "true %s" % want in noted:
        return "absent" # the instrumentation tells another number
    return "wrong"


def check(case, table):
    expect = json.loads((CORPUS / case / "expect.json").read_text())
    spans = [s for s in explain(case) if s["counted"]]
    text, taken, wrong = telemetry(case), set(), []
    for call in (c for c in expect["calls"] if c["final"]):
        span = best_span(call, spans, taken)
        if span is None:
            table[expect["family"], "call", "absent"] += 1
            continue
        taken.add(id(span))
        for field, want, word in truths(expect, call):
            have = span["record"].get(field)
            result = verdict(field, want, word, have, text[span["record"]["span_id"]], expect)
            table[expect["family"], field, result] += 1
            if result == "wrong":
                wrong.append("%s: %s of %r is %r, served %r" % (case, field, span["name"], have, want))
    check_retrieval(case, expect, table, wrong)
    return wrong


def check_retrieval(case, expect, table, wrong):
    found = expect["context"].get("retrieval", {}).get("documents")
    if not found:
        return
    records = [s["record"] for s in explain(case) if s["role"] == "retrieval"]
    best = max(records, key=lambda r: r["retrieved_docs"] or 0, default=None)
    have = best["retrieved_docs"] if best else None
    result = "right" if have == len(found) else "absent" if have is None else "wrong"
    table[expect["family"], "retrieved_docs", result] += 1
    if result == "wrong":
        wrong.append("%s: %r documents, retrieved %d" % (case, have, len(found)))


def print_table(table):
    fields = sorted({field for _, field, _ in table})
    print("\n%-22s %-20s %6s %7s %6s" % ("dialect", "field", "right", "absent", "wrong"))
    for family in sorted({family for family, _, _ in table}):
        for field in fields:
            counts = [table[family, field, result] for result in ("right", "absent", "wrong")]
            if sum(counts):
                print("%-22s %-20s %6d %7d %6d" % (family, field, *counts))
    sums = collections.Counter()
    for (_, _, result), n in table.items():
        sums[result] += n
    print("%-22s %-20s %6d %7d %6d" % ("all", "", sums["right"], sums["absent"], sums["wrong"]))


def test_every_field_is_what_was_served_wherever_the_source_tells_it(capsys):
    table, wrong = collections.Counter(), []
    for case in CASES:
        wrong += check(case, table)
    with capsys.disabled():
        print_table(table)
    assert not wrong, "\n".join(wrong)
