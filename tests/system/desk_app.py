# SPDX-License-Identifier: Apache-2.0
"""An application whose users write personal data into their questions, instrumented by a real SDK. Run in a process of its own:

    desk_app.py PLAN      PLAN: a JSON file, [{"messages": [...], "serve": {...}, "json": false}, ...]
"""
import json
import os
import sys

import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main(plan):
    provider = TracerProvider(resource=Resource.create({"service.name": "desk", "plimsoll.feature": "desk"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=100000, schedule_delay_millis=100))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    client = openai.OpenAI(base_url=os.environ["MODEL_API"], api_key="none", max_retries=0)
    for call in plan:
        more = {"response_format": {"type": "json_object"}} if call.get("json") else {}
        try:
            client.chat.completions.create(model="gpt-4o", messages=call["messages"],
                                           extra_headers={"x-serve": json.dumps(call["serve"])}, **more)
        except openai.APIStatusError:
            pass
    provider.shutdown()


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        main(json.load(file))
