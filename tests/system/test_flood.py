# SPDX-License-Identifier: Apache-2.0
"""A flood of calls: all are counted, and only so many of them a second are remembered for later judgements."""
import otlp

REMEMBERED = 32768  # between two ticks of a second
SENT = REMEMBERED + 2000


def test_calls_beyond_the_rate_are_counted_but_not_remembered(start_agent):
    agent = start_agent()
    message, spans = otlp.request()
    for _ in range(SENT):
        otlp.add_call(spans, **{"app.note": "x" * 600})  # a request may hold so many calls by its size
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_metric("plimsoll_requests_total", SENT)
    assert agent.metric("plimsoll_agent_calls_forgotten_total", reason="rate") == SENT - REMEMBERED
