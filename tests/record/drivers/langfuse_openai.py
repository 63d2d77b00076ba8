# SPDX-License-Identifier: Apache-2.0
"""Langfuse's wrapper around OpenAI's client library."""
import sys

import openai_calls
from langfuse import Langfuse, observe
from langfuse.openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

langfuse = Langfuse(public_key="pk-none", secret_key="none", base_url="http://127.0.0.1:9",
                    span_exporter=OTLPSpanExporter())


@observe(name="answer")
def nested(scenario):
    openai_calls.run(scenario, openai_calls.client(OpenAI))


if sys.argv[1] == "chain":
    nested("chat")
else:
    openai_calls.run(sys.argv[1], openai_calls.client(OpenAI))
langfuse.flush()
