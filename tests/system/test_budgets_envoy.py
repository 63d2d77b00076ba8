# SPDX-License-Identifier: Apache-2.0
"""Envoy's two services: what its rate limit filter and its external authorization filter are told about a budget."""
import json
import re

import grpc
import pytest

import otlp
from envoy import CHECK, Envoy, OK, OVER_LIMIT
from waiting import wait_for

LIMITS = {"day/user": {"limit_usd": 1, "hard": "deny", "by": ["user"]}}
TOKENS = {"model": otlp.MODEL, "provider": otlp.PROVIDER, "input_tokens": "100000", "max_output_tokens": "0"}


@pytest.fixture
def envoy(start_agent):
    opened = []

    def start(**more):
        agent = start_agent({"budgets": {"limits": LIMITS, "envoy": {"endpoint": "localhost:0", **more}}})
        port = wait_for(lambda: re.search(r"Envoy +http://\S*?:(\d+)", agent.output), lambda: "Envoy's port")
        opened.append(Envoy(agent.directory, int(port[1])))
        return agent, opened[-1]

    yield start
    for e in opened:
        e.channel.close()


def test_the_rate_limit_filter_is_told_when_a_budget_is_used_up(envoy):
    agent, gateway = envoy()
    answers = [gateway.should_rate_limit({"user": "alice"}, TOKENS) for _ in range(5)]
    assert [a.overall_code for a in answers] == [OK] * 4 + [OVER_LIMIT]
    assert len(answers[0].statuses) == 2 and answers[0].request_headers_to_add[0].key == "x-plimsoll-reservation"
    headers = {h.key: h.value for h in answers[4].response_headers_to_add}
    assert headers["x-plimsoll-budget"] == "day/user" and int(headers["retry-after"]) > 0
    assert json.loads(answers[4].raw_body)["error"]["budget"] == "day/user"
    assert gateway.should_rate_limit({"user": "bob"}, TOKENS).overall_code == OK
    message, spans = otlp.request()
    otlp.add_call(spans, input_tokens=1, output_tokens=0,
                  **{"user.id": "alice", "plimsoll.reservation.id": answers[0].request_headers_to_add[0].value})
    otlp.send_grpc(agent.grpc_target, message)
    assert gateway.should_rate_limit({"user": "alice"}, dict(TOKENS, input_tokens="99000")).overall_code == OK


def test_hits_are_calls_and_an_estimate_may_come_from_the_gateway(envoy):
    agent, gateway = envoy()
    two = [gateway.should_rate_limit({"user": "alice"}, {"estimate_usd": "0.25"}, hits=2).overall_code for _ in range(3)]
    assert two == [OK, OK, OVER_LIMIT]
    [alice] = agent.api("budgets")["groups"]
    assert alice["reserved_usd"] == 1
    check = gateway.check({"x-plimsoll-user": "bob", "x-plimsoll-estimate-usd": "1.01"})
    assert (check.status.code, check.denied_response.status.code) == (8, 429)
    assert "more than the whole budget" in json.loads(check.denied_response.body)["error"]["message"]


def test_external_authorization_reads_headers_body_and_what_the_route_says(envoy):
    _, gateway = envoy(keys={"user": "x-user-id"})
    body = json.dumps({"model": otlp.MODEL, "messages": []})
    tokens = {"x-plimsoll-input-tokens": "100000", "x-plimsoll-provider": otlp.PROVIDER}
    answers = [gateway.check({"x-user-id": "alice", **tokens}, body=body) for _ in range(5)]
    assert [a.status.code for a in answers] == [0] * 4 + [8]
    assert answers[0].ok_response.headers[0].header.key == "x-plimsoll-reservation"
    denied = answers[4].denied_response
    headers = {h.header.key: h.header.value for h in denied.headers}
    assert (denied.status.code, headers["x-plimsoll-budget"]) == (429, "day/user")
    assert json.loads(denied.body)["error"]["type"] == "budget"
    route = gateway.check({"x-user-id": "alice", **tokens}, {"x-user-id": "bob"}, body)
    assert route.status.code == 0  # what the route says goes before what the client says


def test_a_request_that_names_two_users_is_refused_whatever_the_order_of_its_headers(envoy):
    agent, gateway = envoy()
    headers = {"x-plimsoll-user-segment": "gold", "x-plimsoll-user_segment": "tin"}
    for told in (headers, dict(reversed(headers.items()))):
        check = gateway.check(dict(told, **{"x-plimsoll-user": "alice"}))
        assert (check.status.code, check.denied_response.status.code) == (3, 400)
        error = json.loads(check.denied_response.body)["error"]
        assert error["type"] == "request" and all("'%s'" % header in error["message"] for header in headers)
    answer = gateway.should_rate_limit({"user": "alice"}, {"user": "bob"})
    assert answer.overall_code == OVER_LIMIT and [s.code for s in answer.statuses] == [OVER_LIMIT] * 2
    assert "user is told twice" in json.loads(answer.raw_body)["error"]["message"]
    agent.wait_for_output("event=question_refused")
    assert "gold" not in agent.output
    assert agent.api("budgets")["groups"] == []
    assert gateway.should_rate_limit({"user": "alice"}, {"user": "alice"}).overall_code == OK


def test_broken_and_unknown_requests_are_refused_and_the_server_goes_on(envoy):
    _, gateway = envoy()
    for method, data, code in (("/some.Service/Method", b"", grpc.StatusCode.UNIMPLEMENTED),
                               (CHECK, b"\x0a\xff", grpc.StatusCode.INVALID_ARGUMENT)):
        with pytest.raises(grpc.RpcError) as error:
            gateway.channel.unary_unary(method)(data, timeout=10)
        assert error.value.code() == code
    assert gateway.check({}).status.code == 0
