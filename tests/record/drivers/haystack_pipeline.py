# SPDX-License-Identifier: Apache-2.0
"""Haystack's own tracing, contents and all: a pipeline of one component, or an agent in it."""
import os
import sys

os.environ["HAYSTACK_CONTENT_TRACING_ENABLED"] = "true"  # read at import

import exporting  # noqa: E402
from haystack import Pipeline, tracing  # noqa: E402
from haystack.components.agents import Agent  # noqa: E402
from haystack.components.embedders import OpenAITextEmbedder  # noqa: E402
from haystack.components.generators.chat import OpenAIChatGenerator  # noqa: E402
from haystack.dataclasses import ChatMessage  # noqa: E402
from haystack.tools import tool  # noqa: E402
from haystack.utils import Secret  # noqa: E402
from haystack_integrations.tracing.opentelemetry import OpenTelemetryTracer  # noqa: E402

CLIENT = {"api_key": Secret.from_token("none"), "api_base_url": os.environ["MODEL_API"], "max_retries": 0}
QUESTION = {"messages": [ChatMessage.from_user("hello")]}


@tool
def look_up(q: str) -> str:
    """Looks up."""
    return "found"


def generator(**more):
    return OpenAIChatGenerator(model="gpt-4o", **CLIENT, **more)


def streaming():
    return generator(streaming_callback=lambda chunk: None, generation_kwargs={"stream_options": {"include_usage": True}})


def component(scenario):
    """(the component, its input)"""
    if scenario == "agent":
        return Agent(chat_generator=generator(), tools=[look_up], system_prompt="You are brief."), QUESTION
    if scenario == "embeddings":
        return OpenAITextEmbedder(model="text-embedding-3-small", **CLIENT), {"text": "hello"}
    return streaming() if scenario == "stream" else generator(), QUESTION


provider = exporting.provider()
tracing.enable_tracing(OpenTelemetryTracer(provider.get_tracer("haystack")))
pipeline = Pipeline()
made, asked = component(sys.argv[1])
pipeline.add_component("component", made)
try:
    pipeline.run({"component": asked})
except Exception as error:  # noqa: BLE001 - the client's, wrapped
    if sys.argv[1] != "rate_limited":
        raise error
provider.shutdown()
