# SPDX-License-Identifier: Apache-2.0
"""OpenInference's openinference-instrumentation-anthropic."""
import sys

import anthropic_calls
import exporting
from openinference.instrumentation.anthropic import AnthropicInstrumentor

provider = exporting.provider()
AnthropicInstrumentor().instrument(tracer_provider=provider)
anthropic_calls.run(sys.argv[1])
provider.shutdown()
