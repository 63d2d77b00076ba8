# SPDX-License-Identifier: Apache-2.0
"""Whatever a sender does wrong is answered as OTLP says, costs bounded memory, and the next good request is served."""
import gzip
import json
import os
import socket
import struct
import time

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

import otlp
from waiting import wait_for

MIB = 1 << 20


def good_body(count=1):
    message, spans = otlp.request()
    for _ in range(count):
        otlp.add_call(spans)
    return message.SerializeToString()


def resident_bytes(agent):
    with open("/proc/%d/statm" % agent.process.pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def assert_still_serves(agent):
    before = len(agent.records())
    assert otlp.send_http(agent.http_url, good_body())[0] == 200
    agent.wait_for_records(before + 1)


HTTP_CASES = {
    "truncated protobuf": (400, good_body()[:-5], {}),
    "a length that runs past the end": (400, b"\x0a\xff\xff\xff\xff\x0f", {}),
    "1 GiB length prefix": (400, b"\x0a\x80\x80\x80\x80\x04", {}),
    "group wire types without end": (400, b"\x0b" * 200, {}),
    "bytes of no kind": (400, bytes(range(256)), {}),
    "JSON of another shape": (400, {"resourceSpans": "text"}, {}),
    "JSON that is cut off": (400, b'{"resourceSpans":[{', {"content_type": "application/json"}),
    "JSON nested too deep": (400, b'{"resourceSpans":' + b"[" * 10000, {"content_type": "application/json"}),
    "another content type": (415, b"hello", {"content_type": "text/plain"}),
    "another encoding": (415, b"hello", {"content_encoding": "br"}),
    "gzip that is none": (400, b"\x1f\x8bhello", {"content_encoding": "gzip"}),
    "gzip that is cut off": (400, gzip.compress(good_body())[:-9], {"content_encoding": "gzip"}),
}


@pytest.mark.parametrize("case", HTTP_CASES)
def test_bad_requests_over_http_are_refused(start_agent, case):
    want, body, headers = HTTP_CASES[case]
    agent = start_agent()
    status, _, answer = otlp.send_http(agent.http_url, body, **headers)
    assert status == want, answer
    assert_still_serves(agent)


@pytest.mark.parametrize("body", [good_body()[:-5], b"\x0a\x80\x80\x80\x80\x04", bytes(range(256))],
                         ids=["truncated", "1 GiB length prefix", "no kind"])
def test_bad_requests_over_grpc_are_refused_for_good(start_agent, body):
    agent = start_agent()
    with pytest.raises(grpc.RpcError) as refused:
        otlp.send_grpc(agent.grpc_target, body)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    otlp.send_grpc(agent.grpc_target, good_body())
    agent.wait_for_records(1)


def test_a_span_without_a_valid_id_is_rejected_alone(start_agent, backend, forwarding):
    agent = start_agent(forwarding)
    for send in (lambda m: otlp.send_http(agent.http_url, m)[2], lambda m: otlp.send_grpc(agent.grpc_target, m)):
        message, spans = otlp.request()
        otlp.add_call(spans).trace_id = b""
        otlp.add_call(spans)
        otlp.add_call(spans).span_id = bytes(8)
        partial = ExportTraceServiceResponse.FromString(send(message)).partial_success
        assert partial.rejected_spans == 2 and partial.error_message
    assert len(agent.wait_for_records(2)) == len(backend.wait_for_spans(2)) == 2


def test_other_paths_and_methods_are_told_apart(start_agent):
    agent = start_agent()
    assert otlp.send_http(agent.http_url, good_body(), "/v1/nothing")[0] == 404
    with pytest.raises(grpc.RpcError) as refused, grpc.insecure_channel(agent.grpc_target) as channel:
        channel.unary_unary("/no.such.Service/Export")(b"", timeout=10)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_an_empty_request_is_fine(start_agent):
    agent = start_agent()
    assert otlp.send_http(agent.http_url, b"")[0] == 200
    assert otlp.send_http(agent.http_url, {})[0] == 200
    assert otlp.send_grpc(agent.grpc_target, b"") == b""


def test_a_zip_bomb_costs_no_memory(start_agent):
    agent = start_agent({"receivers": {"otlp": {"protocols": {"http": {"max_request_body_size": "4MiB"},
                                                              "grpc": {"max_recv_msg_size_mib": 4}}}}})
    assert_still_serves(agent)
    before = resident_bytes(agent)
    zeros = bytes(100 * MIB)
    assert otlp.send_http(agent.http_url, zeros, content_encoding="gzip")[0] == 413
    with pytest.raises(grpc.RpcError) as refused:
        otlp.send_grpc(agent.grpc_target, zeros, compression=grpc.Compression.Gzip)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "max_recv_msg_size_mib" in refused.value.details()
    assert resident_bytes(agent) - before < 40 * MIB
    assert_still_serves(agent)


def test_a_body_over_the_limit_is_refused_with_413(start_agent):
    agent = start_agent({"receivers": {"otlp": {"protocols": {"http": {"max_request_body_size": "64KiB"}}}}})
    status, _, body = otlp.send_http(agent.http_url, good_body() + bytes(100000))
    assert status == 413 and b"max_request_body_size" in body
    assert_still_serves(agent)


def test_a_slow_sender_is_cut_off_and_others_are_served_meanwhile(start_agent):
    agent = start_agent({"receivers": {"otlp": {"protocols": {"http": {"read_timeout": "1s"}}}}})
    with socket.create_connection(("localhost", agent.ports["http"])) as slow:
        slow.sendall(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
                     b"content-length: 1000\r\n\r\nab")
        assert_still_serves(agent)
        slow.settimeout(20)
        start = time.monotonic()
        while slow.recv(1000):
            pass
        assert time.monotonic() - start < 15


def test_a_client_that_leaves_in_the_middle_is_forgotten(start_agent):
    agent = start_agent()
    for cut in (b"POST /v1/tra", b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nab"):
        with socket.create_connection(("localhost", agent.ports["http"])) as client:
            client.sendall(cut)
    with socket.create_connection(("localhost", agent.ports["grpc"])) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">IBI", 0, 4, 0)[1:])
    assert_still_serves(agent)


def test_garbage_on_the_grpc_port_is_closed(start_agent):
    agent = start_agent()
    with socket.create_connection(("localhost", agent.ports["grpc"])) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        client.settimeout(30)
        wait_for(lambda: not client.recv(1000), "the connection to be closed")
    otlp.send_grpc(agent.grpc_target, good_body())


def test_a_message_of_16_mib_passes(start_agent, backend, forwarding):
    agent = start_agent(forwarding)
    message, spans = otlp.request()
    while len(spans) < 16:
        otlp.add_call(spans, text="x" * MIB)
    assert message.ByteSize() > 16 * MIB
    otlp.send_grpc(agent.grpc_target, message)
    assert otlp.send_http(agent.http_url, message, content_encoding="gzip")[0] == 200
    agent.wait_for_records(16)
    wait_for(lambda: len(backend.spans()) == 32, "both messages at the back end", 60)


def test_200_connections_are_served_at_once(start_agent):
    agent = start_agent()
    channels = [grpc.insecure_channel(agent.grpc_target, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(200)]
    calls = [c.unary_unary(otlp.TRACE_METHOD).future(good_body(), timeout=60) for c in channels]
    assert all(call.result() == b"" for call in calls)
    agent.wait_for_records(200)
    for channel in channels:
        channel.close()


def test_a_span_of_odd_values_is_no_trouble(start_agent):
    agent = start_agent()
    message, spans = otlp.request()
    odd = otlp.add_call(spans, input_tokens=-5, **{"gen_ai.usage.cost": float("nan")})
    odd.start_time_unix_nano = odd.end_time_unix_nano + 10**18
    otlp.add_call(spans, input_tokens=2**62, output_tokens=2**62)
    otlp.add_call(spans, model="x" * 100000)
    backwards = otlp.add_call(spans)
    backwards.end_time_unix_nano = 0
    assert otlp.send_http(agent.http_url, message)[0] == 200
    assert_still_serves(agent)
    agent.wait_for_records(5)
    for line in (agent.directory / "records.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail("%s is no JSON" % word))
