# SPDX-License-Identifier: Apache-2.0
"""An application that asks a model for JSON, by two versions of a prompt, instrumented by a real SDK.

The model API is asked for real and at once; a call that stands for another time (`at`) is put there, so that days of traffic
take seconds. Run in a process of its own; each line of standard input is a plan, and is answered by a line when all of its
spans are sent:

    [{"at": unix_s, "version": "1.4.0", "broken": false}, ...]        without at: now
"""
import json
import os
import sys

import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

PROMPT = "triage"
QUESTION = [{"role": "system", "content": "Answer with an order as JSON."}, {"role": "user", "content": "Where is it?"}]
GOOD, BROKEN = '{"status": "on its way"}', 'Sure, happy to help! {"status": "on its way"'


class Stamp(SpanProcessor):
    """Names the prompt's version, and moves the span to the time that the call stands for."""

    def __init__(self, following):
        self.following, self.call = following, None

    def on_start(self, span, parent_context=None):
        span.set_attributes({"gen_ai.prompt.name": PROMPT, "gen_ai.prompt.version": self.call["version"]})
        self.following.on_start(span, parent_context)

    def on_end(self, span):
        if "at" in self.call:
            took_ns = span._end_time - span._start_time
            span._end_time = int(self.call["at"] * 1e9)
            span._start_time = span._end_time - took_ns
        self.following.on_end(span)

    def shutdown(self):
        self.following.shutdown()

    def force_flush(self, timeout_millis=30000):
        return self.following.force_flush(timeout_millis)


def main(plans):
    provider = TracerProvider(resource=Resource.create({"service.name": "desk", "plimsoll.feature": "triage",
                                                        "deployment.environment.name": "production"}))
    stamp = Stamp(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=100000, schedule_delay_millis=100))
    provider.add_span_processor(stamp)
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    client = openai.OpenAI(base_url=os.environ["MODEL_API"], api_key="none", max_retries=0)
    for line in plans:
        for call in json.loads(line):
            stamp.call = call
            serve = {"input": 300, "output": 20, "text": BROKEN if call["broken"] else GOOD}
            client.chat.completions.create(model="gpt-4o", messages=QUESTION, response_format={"type": "json_object"},
                                           extra_headers={"x-serve": json.dumps(serve)})
        provider.force_flush()
        print("sent", flush=True)
    provider.shutdown()


if __name__ == "__main__":
    main(sys.stdin)
