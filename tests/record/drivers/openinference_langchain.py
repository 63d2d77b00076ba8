# SPDX-License-Identifier: Apache-2.0
"""OpenInference's openinference-instrumentation-langchain."""
import sys

import exporting
import langchain_calls
from openinference.instrumentation.langchain import LangChainInstrumentor

provider = exporting.provider()
LangChainInstrumentor().instrument(tracer_provider=provider)
langchain_calls.run(sys.argv[1])
provider.shutdown()
