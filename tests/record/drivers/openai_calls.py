# SPDX-License-Identifier: Apache-2.0
"""An application on OpenAI's client library: one function a scenario. The stand-in API's script says what is served."""
import os

import openai

MODEL = "gpt-4o"
QUESTION = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "hello"}]
TOOLS = [{"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": {
    "type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}}}]


def client(openai_class=openai.OpenAI):
    return openai_class(base_url=os.environ["MODEL_API"], api_key="none", max_retries=0)


def ask(api, messages=QUESTION, **more):
    return api.chat.completions.create(model=MODEL, messages=messages, **more)


def stream(api):
    for _ in ask(api, stream=True, stream_options={"include_usage": True}):
        pass


def stream_without_usage(api):
    for _ in ask(api, stream=True):
        pass


def tools(api):
    call = ask(api, tools=TOOLS).choices[0].message
    turn = call.model_dump(include={"role", "content", "tool_calls"})
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "found"}
    ask(api, QUESTION + [turn, result], tools=TOOLS)


def rate_limited(api):
    try:
        ask(api)
    except openai.RateLimitError:
        pass


def embeddings(api):
    api.embeddings.create(model="text-embedding-3-small", input="hello", encoding_format="float")


SCENARIOS = {"chat": ask, "cached": ask, "reasoning": ask, "stream": stream, "tools": tools,
             "stream_without_usage": stream_without_usage, "rate_limited": rate_limited, "embeddings": embeddings}


def run(scenario, api=None):
    SCENARIOS[scenario](api or client())
