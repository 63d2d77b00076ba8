# SPDX-License-Identifier: Apache-2.0
"""OpenLIT around OpenAI's and Anthropic's client libraries."""
import os
import sys

import anthropic_calls
import openai_calls
import openlit
from opentelemetry import trace

openlit.init(service_name="shop", environment="test", otlp_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"],
             disable_batch=False, disable_metrics=True)
if sys.argv[1] == "cache_write_read":
    anthropic_calls.run(sys.argv[1])
else:
    openai_calls.run(sys.argv[1])
trace.get_tracer_provider().shutdown()
