# SPDX-License-Identifier: Apache-2.0
"""The recordings of tests/corpus, all at once, into a running agent: spans in random order and batches, over three
connections of two protocols, a part of them twice, with a restart in the middle. The records are those of a replay."""
import collections
import json
import random
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import grpc
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_pb, logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb, trace_service_pb2_grpc as trace_grpc

from agent import BINARY
from waiting import wait_for

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
sys.path.insert(0, str(CORPUS))
from recording import Json, requests_of, scattered # noqa: E402

FIELDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
WAITS_S = 40 # what is held is decided after ten seconds


def own_traces(thing, case):
    """Recordings number their traces alike, and name one service: here each has its own."""
    if isinstance(thing, dict):
        if thing.get("key") == "service.name":
            return {"key": "service.name", "value": {"stringValue": "case-%d" % case}}
        return {k: "%08x" % (case + 1) + v[8:] if k == "traceId" and v else own_traces(v, case) for k, v in thing.items()}
    return [own_traces(each, case) for each in thing] if isinstance(thing, list) else thing


def by_case(records):
    sums = collections.defaultdict(collections.Counter)
    for r in records:
        case = sums[r["trace_id"][:8]]
        case["calls"] += 1
        for field in FIELDS:
            case[field] += r[field] or 0
    return {case: dict(sum_) for case, sum_ in sums.items()}


def replayed(requests, tmp_path):
    file = tmp_path / "all.jsonl"
    file.write_bytes(b"".join(r.bytes + b"\n" for r in requests))
    done = subprocess.run([BINARY, "replay", "--output", "json", file], capture_output=True, text=True, timeout=60, check=True)
    return by_case(r for r in map(json.loads, done.stdout.splitlines()) if r["type"] == "call")


def ids_in_base64(thing):
    """OTLP/JSON has ids in hex, protobuf's own mapping wants base64."""
    import base64
    if isinstance(thing, dict):
        return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in ("traceId", "spanId", "parentSpanId") and v else ids_in_base64(v)
                for k, v in thing.items()}
    return [ids_in_base64(each) for each in thing] if isinstance(thing, list) else thing


def post(port, request):
    path = "/v1/%s" % request.signal
    urllib.request.urlopen(urllib.request.Request("http://localhost:%d%s" % (port, path), request.bytes,
                                                  {"Content-Type": "application/json"}), timeout=20).read()


def export(channel, request):
    if request.signal == "traces":
        trace_grpc.TraceServiceStub(channel).Export(ParseDict(ids_in_base64(request.request), trace_pb.ExportTraceServiceRequest()))
    else:
        logs_grpc.LogsServiceStub(channel).Export(ParseDict(ids_in_base64(request.request), logs_pb.ExportLogsServiceRequest()))


def send(agent, requests):
    """Over two connections of HTTP and one of gRPC at the same time."""
    failures = []

    def over(which):
        try:
            with grpc.insecure_channel("localhost:%d" % agent.ports["grpc"]) as channel:
                for request in requests[which::3]:
                    export(channel, request) if which == 0 and request.signal != "metrics" else post(agent.ports["http"], request)
        except Exception as failure: # noqa: BLE001 - told by the main thread
            failures.append(failure)

    threads = [threading.Thread(target=over, args=(which,)) for which in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures


def test_any_order_any_connection_and_a_restart_give_the_records_of_a_replay(start_agent, tmp_path):
    folders = sorted(found.parent for found in CORPUS.glob("*/expect.json"))
    requests = [Json(own_traces(r.request, case)) for case, folder in enumerate(folders) for r in requests_of(folder)]
    want = replayed(requests, tmp_path)
    rnd = random.Random(20)
    mixed = [r for r in scattered(requests, rnd)]
    cut = len(mixed) // 2
    agent = start_agent()
    send(agent, mixed[:cut])
    agent.restart()
    send(agent, mixed[cut - 50:]) # some of it again

    def differences():
        have = by_case(agent.records())
        return {folders[int(case, 16) - 1].name: (have.get(case), want[case]) for case in want if have.get(case) != want[case]}

    wait_for(lambda: not differences(), lambda: "records as replayed: %s" % differences(), WAITS_S)
