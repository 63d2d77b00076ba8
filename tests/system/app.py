# SPDX-License-Identifier: Apache-2.0
"""An application that calls a model, instrumented as its users would: run by test_sdk.py in a process of its own.

    app.py INSTRUMENTATION PROTOCOL SCENARIO...     endpoints come from the environment
"""
import json
import os
import sys

import openai
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

MODEL = "gpt-4o"


def exporter_for(protocol):
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    return OTLPSpanExporter()


def instrument(name, provider):
    if name == "openai-v2":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    else:
        from openinference.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument(tracer_provider=provider)


def ask(client, serve, **more):
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hello"}],
                                          extra_headers={"x-serve": json.dumps(serve)}, **more)


def chat(client):
    ask(client, {"input": 1000, "output": 50})


def cached(client):
    ask(client, {"input": 2000, "output": 30, "cached": 1536})


def tools(client):
    ask(client, {"input": 300, "output": 12, "tools": True}, tools=[
        {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}])


def stream(client):
    serve = {"input": 500, "output": 40, "ttft_ms": 200, "gap_ms": 20}
    for _ in ask(client, serve, stream=True, stream_options={"include_usage": True}):
        pass


def stream_without_usage(client):
    for _ in ask(client, {"input": 500, "output": 40, "gap_ms": 1}, stream=True):
        pass


def rate_limited(client):
    try:
        ask(client, {"status": 429})
    except openai.RateLimitError:
        pass


def unknown_model(client):
    client.chat.completions.create(model="nobodys-model-1", messages=[{"role": "user", "content": "hello"}],
                                   extra_headers={"x-serve": json.dumps({"input": 10, "output": 5})})


def embeddings(client):
    client.embeddings.create(model="text-embedding-3-small", input="hello", encoding_format="float",
                             extra_headers={"x-serve": json.dumps({"input": 700, "output": 0})})


SCENARIOS = {f.__name__: f for f in (chat, cached, tools, stream, stream_without_usage, rate_limited, unknown_model,
                                     embeddings)}


def main(instrumentation, protocol, *scenarios):
    resource = Resource.create({"service.name": "shop", "plimsoll.feature": "checkout"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter_for(protocol)))
    instrument(instrumentation, provider)
    client = openai.OpenAI(base_url=os.environ["MODEL_API"], api_key="none", max_retries=0)
    for name in scenarios:
        SCENARIOS[name](client)
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
