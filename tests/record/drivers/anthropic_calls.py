# SPDX-License-Identifier: Apache-2.0
"""An application on Anthropic's client library: one function a scenario, as in openai_calls.py."""
import os

import anthropic

MODEL = "claude-sonnet-4-0"
QUESTION = [{"role": "user", "content": "hello"}]
SYSTEM = [{"type": "text", "text": "You are brief.", "cache_control": {"type": "ephemeral"}}]
TOOLS = [{"name": "look_up", "description": "Looks up.", "input_schema": {
    "type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}}]


def base_url():
    return os.environ["MODEL_API"].removesuffix("/v1")


def client():
    return anthropic.Anthropic(base_url=base_url(), api_key="none", max_retries=0)


def ask(api, messages=QUESTION, **more):
    return api.messages.create(model=MODEL, max_tokens=100, messages=messages, **more)


def cache_write_read(api):
    ask(api, system=SYSTEM)
    ask(api, system=SYSTEM)


def stream(api):
    for _ in ask(api, stream=True):
        pass


def tools(api):
    call = ask(api, tools=TOOLS).content[0]
    turn = {"role": "assistant", "content": [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "found"}]}
    ask(api, QUESTION + [turn, result], tools=TOOLS)


def rate_limited(api):
    try:
        ask(api)
    except anthropic.RateLimitError:
        pass


SCENARIOS = {"chat": ask, "cache_write_read": cache_write_read, "stream": stream, "cached_stream": stream, "tools": tools,
             "rate_limited": rate_limited}


def run(scenario):
    SCENARIOS[scenario](client())
