# SPDX-License-Identifier: Apache-2.0
"""Makes OTLP trace requests by hand and sends them, for what no SDK would send: chosen times, odd bytes, many clients."""
import gzip
import http.client
import json
import random
import time

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
MODEL, PROVIDER = "gpt-4o-2024-08-06", "openai"
INPUT_USD, CACHED_USD, OUTPUT_USD = 2.50e-6, 1.25e-6, 10.00e-6  # gpt-4o, per token (genai-prices 0.2.3)


def cost_usd(input_tokens, output_tokens, cached=0):
    """Of a gpt-4o call; input_tokens include the cached ones."""
    return (input_tokens - cached) * INPUT_USD + cached * CACHED_USD + output_tokens * OUTPUT_USD


def set_attribute(span, key, value):
    kind = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[type(value)]
    setattr(span.attributes.add(key=key).value, kind, value)


def request(service="shop"):
    """An empty request and the place where its spans go."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    set_attribute(resource.resource, "service.name", service)
    scope = resource.scope_spans.add()
    scope.scope.name = "test"
    return message, scope.spans


def add_span(spans, name, end_unix_s=None, duration_ms=100.0, **attributes):
    end_ns = int((end_unix_s or time.time()) * 1e9)
    span = spans.add(name=name, trace_id=random.randbytes(16), span_id=random.randbytes(8), kind=3,
                     start_time_unix_nano=end_ns - int(duration_ms * 1e6), end_time_unix_nano=end_ns)
    for key, value in attributes.items():
        set_attribute(span, key, value)
    return span


def add_call(spans, end_unix_s=None, duration_ms=100.0, input_tokens=100, output_tokens=20, model=MODEL, **more):
    """A chat span in the words of the GenAI semantic conventions."""
    return add_span(spans, "chat " + model, end_unix_s, duration_ms, **{
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": PROVIDER, "gen_ai.request.model": model,
        "gen_ai.response.model": model, "gen_ai.usage.input_tokens": input_tokens,
        "gen_ai.usage.output_tokens": output_tokens, **more})


def send_grpc(target, body, timeout=30, metadata=(), compression=None):
    """Sends bytes or a message; returns the answer's bytes, raises grpc.RpcError."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(target, options=options, compression=compression) as channel:
        return channel.unary_unary(TRACE_METHOD)(as_bytes(body), timeout=timeout, metadata=metadata)


def send_http(url, body, path="/v1/traces", timeout=30, **headers):
    """Sends bytes, a message, or a dict as JSON; returns (status, headers, body)."""
    kind = "application/json" if isinstance(body, dict) else "application/x-protobuf"
    sent = {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    data = json.dumps(body).encode() if isinstance(body, dict) else as_bytes(body)
    if sent.get("content-encoding") == "gzip" and data[:2] != b"\x1f\x8b":
        data = gzip.compress(data)
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request("POST", path, data, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def as_bytes(body):
    return body if isinstance(body, bytes) else body.SerializeToString()
