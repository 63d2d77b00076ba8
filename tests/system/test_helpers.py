# SPDX-License-Identifier: Apache-2.0
"""The tests' own parts do what the tests rely on."""
import urllib.error
import urllib.request

import grpc
import openai
import pytest

import otlp
from agent import merge, parse_metrics
from backend import Backend, Failure
from webhook import SECRET, is_signed


def test_metrics_are_parsed_with_labels_and_exemplars():
    text = '# TYPE a counter\na_total{x="1",y="b\\"c"} 3 # {trace_id="00"} 1.0\nb 1e+06\n'
    assert parse_metrics(text) == [("a_total", {"x": "1", "y": 'b"c'}, 3.0), ("b", {}, 1e6)]


def test_a_configuration_is_changed_in_depth():
    assert merge({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}) == {"a": {"c": 2, "d": 3}}


def test_the_signature_of_the_standard_is_accepted_and_others_are_not():
    # the example of the Standard Webhooks specification, apart from its time
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
               "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    body, secret = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: 1614265330)
        assert is_signed(headers, body, secret)
        assert not is_signed(headers, body + b" ", secret)
        assert not is_signed(headers, body, SECRET)


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_the_back_end_keeps_bytes_and_fails_as_told(backend, transport):
    message, spans = otlp.request()
    otlp.add_span(spans, "one")
    backend.failures = [Failure(retry_after_s=2)]
    if transport == "grpc":
        with pytest.raises(grpc.RpcError) as failure:
            otlp.send_grpc(backend.grpc_target, message)
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
        assert otlp.send_grpc(backend.grpc_target, message) == b""
    else:
        status, headers, _ = otlp.send_http(backend.http_url, message)
        assert (status, headers["retry-after"]) == (503, "2")
        assert otlp.send_http(backend.http_url, message, content_encoding="gzip")[0] == 200
    assert backend.span("one").name == "one"
    assert backend.received[0].body == message.SerializeToString()


def test_the_back_end_can_come_back_on_its_ports():
    first = Backend()
    grpc_port, http_port = first.grpc_port, first.http_port
    first.close()
    Backend(grpc_port, http_port).close()


def test_the_model_api_serves_what_it_is_asked_for_and_remembers_it(model_api):
    client = openai.OpenAI(base_url=model_api.url, api_key="none", max_retries=0)
    ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
    answer = client.chat.completions.create(**ask, extra_headers={"x-serve": '{"input": 7, "cached": 3}'})
    assert (answer.usage.prompt_tokens, answer.usage.prompt_tokens_details.cached_tokens) == (7, 3)
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.completion_tokens == 20
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**ask, extra_headers={"x-serve": '{"status": 429}'})
    assert [t["status"] for t in model_api.served] == [200, 200, 429]


def test_the_webhook_fails_as_often_as_told(webhook):
    webhook.fail_next = 1
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(webhook.url, b"{}"))
    assert urllib.request.urlopen(urllib.request.Request(webhook.url, b"{}")).status == 204
    assert (len(webhook.failed), len(webhook.accepted)) == (1, 1)
