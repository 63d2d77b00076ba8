# SPDX-License-Identifier: Apache-2.0
"""Pydantic AI's own spans, under the plain OpenTelemetry SDK."""
import asyncio
import os
import sys

import anthropic
import anthropic_calls
import exporting
import openai
import openai_calls
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

provider = exporting.provider()


def openai_model():
    api = openai.AsyncOpenAI(base_url=os.environ["MODEL_API"], api_key="none", max_retries=0)
    return OpenAIChatModel(openai_calls.MODEL, provider=OpenAIProvider(openai_client=api))


def anthropic_model():
    api = anthropic.AsyncAnthropic(base_url=anthropic_calls.base_url(), api_key="none", max_retries=0)
    return AnthropicModel(anthropic_calls.MODEL, provider=AnthropicProvider(anthropic_client=api))


def agent(model):
    made = Agent(model, name="clerk", instructions="You are brief.")

    @made.tool_plain
    def look_up(q: str) -> str:
        """Looks up."""
        return "found"

    return made


def ask():
    agent(openai_model()).run_sync("hello")


def stream():
    async def read():
        async with agent(openai_model()).run_stream("hello") as answer:
            async for _ in answer.stream_text():
                pass
    asyncio.run(read())


def cache_write_read():
    agent(anthropic_model()).run_sync("hello")
    agent(anthropic_model()).run_sync("hello")


def rate_limited():
    try:
        ask()
    except ModelHTTPError:
        pass


SCENARIOS = {"chat": ask, "cached": ask, "agent": ask, "stream": stream, "cache_write_read": cache_write_read,
             "rate_limited": rate_limited}
Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
SCENARIOS[sys.argv[1]]()
provider.shutdown()
