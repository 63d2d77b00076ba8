# SPDX-License-Identifier: Apache-2.0
"""OpenTelemetry's opentelemetry-instrumentation-genai-openai, the successor of openai-v2."""
import sys

import exporting
import openai_calls
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

provider = exporting.provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
openai_calls.run(sys.argv[1])
provider.shutdown()
