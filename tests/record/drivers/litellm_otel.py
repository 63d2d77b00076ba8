# SPDX-License-Identifier: Apache-2.0
"""LiteLLM's callback `otel`."""
import os
import sys

import litellm
import openai_calls

litellm.callbacks = ["otel"]
OPENAI = {"model": "openai/gpt-4o", "api_base": os.environ["MODEL_API"]}
ANTHROPIC = {"model": "anthropic/claude-sonnet-4-0", "api_base": os.environ["MODEL_API"].removesuffix("/v1")}
QUESTION = [{"role": "user", "content": "hello"}]


def ask(messages=openai_calls.QUESTION, vendor=OPENAI, **more):
    return litellm.completion(messages=messages, api_key="none", num_retries=0, max_retries=0, **vendor, **more)


def stream():
    for _ in ask(stream=True, stream_options={"include_usage": True}):
        pass


def rate_limited():
    try:
        ask()
    except litellm.RateLimitError:
        pass


def embeddings():
    litellm.embedding(model="openai/text-embedding-3-small", input=["hello"], api_key="none", encoding_format="float",
                      api_base=os.environ["MODEL_API"], max_retries=0)


def cache_write_read():
    ask(QUESTION, ANTHROPIC, max_tokens=100)
    ask(QUESTION, ANTHROPIC, max_tokens=100)


SCENARIOS = {"chat": ask, "cached": ask, "stream": stream, "rate_limited": rate_limited,
             "embeddings": embeddings, "cache_write_read": cache_write_read}
SCENARIOS[sys.argv[1]]()
