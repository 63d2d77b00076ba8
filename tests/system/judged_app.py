# SPDX-License-Identifier: Apache-2.0
"""Makes model calls known by the OpenTelemetry SDK and says something about them, as an application would."""
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import set_span_in_context

RESOURCE = Resource.create({"service.name": "shop", "feature": "checkout"})
CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}


class Call:
    """Ids of a call, as an application hands them to its users with the answer."""

    def __init__(self, span, response_id):
        context = span.get_span_context()
        self.span, self.response_id = span, response_id
        self.trace_id, self.span_id = "%032x" % context.trace_id, "%016x" % context.span_id


class App:
    def __init__(self, agent):
        self.traces = TracerProvider(resource=RESOURCE)
        self.traces.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(agent.http_url + "/v1/traces")))
        self.tracer = self.traces.get_tracer("opentelemetry.instrumentation.openai_v2")
        self.logs = LoggerProvider(resource=RESOURCE)
        self.logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(agent.http_url + "/v1/logs")))
        self.logger = self.logs.get_logger("evaluator")

    def call(self, version, response_id, **more):
        attributes = dict(CALL, **{"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": version,
                                   "gen_ai.response.id": response_id}, **more)
        with self.tracer.start_as_current_span("chat gpt-4o", attributes=attributes) as span:
            return Call(span, response_id)

    def evaluate(self, call, name, score, label=None):
        """By a log record in the context of the judged span."""
        attributes = {"gen_ai.evaluation.name": name, "gen_ai.evaluation.score.value": score}
        if label:
            attributes["gen_ai.evaluation.score.label"] = label
        self.logger.emit(LogRecord(timestamp=time.time_ns(), context=set_span_in_context(call.span),
                                   severity_number=SeverityNumber.INFO, event_name="gen_ai.evaluation.result",
                                   attributes=attributes))

    def close(self):
        self.traces.shutdown()
        self.logs.shutdown()
