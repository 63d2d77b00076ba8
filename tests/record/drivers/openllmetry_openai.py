# SPDX-License-Identifier: Apache-2.0
"""OpenLLMetry's opentelemetry-instrumentation-openai."""
import sys

import exporting
import openai_calls
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

provider = exporting.provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
openai_calls.run(sys.argv[1])
provider.shutdown()
