# SPDX-License-Identifier: Apache-2.0
"""Many small requests at once, for what takes tens of thousands of them."""
import random

import grpc

import otlp

PAGE_BYTES = 4096
BATCH = 256


def one_span(payload_bytes):
    """(bytes of a request with one span that is no model call, its span id)"""
    message, spans = otlp.request()
    span = otlp.add_span(spans, "filler", text="x" * (payload_bytes - 180))
    size = message.ByteSize()
    otlp.set_attribute(span, "more", "x" * max(0, payload_bytes - size - 14))
    return message.SerializeToString(), span.span_id


def renamed(template, old_id, count):
    """Copies of the request, each with a span id of its own."""
    for _ in range(count):
        new_id = random.randbytes(len(old_id))
        yield template.replace(old_id, new_id), new_id


def fill(agent, is_full, load):
    """Sends spans that take two pages of an LMDB file each, until is_full(); the load's account gets them."""
    template, span_id = one_span(PAGE_BYTES + 4)
    with grpc.insecure_channel(agent.grpc_target) as channel:
        export = channel.unary_unary(otlp.TRACE_METHOD)
        while not is_full():
            calls = [(export.future(body, timeout=30), new_id) for body, new_id in renamed(template, span_id, BATCH)]
            load.sent.update(new_id for _, new_id in calls)
            load.acknowledged.update(new_id for call, new_id in calls if call.code() == grpc.StatusCode.OK)
