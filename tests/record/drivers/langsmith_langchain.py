# SPDX-License-Identifier: Apache-2.0
"""LangSmith's tracer, which exports LangChain's runs by OTLP where LANGSMITH_TRACING_MODE says so."""
import sys

import exporting
import langchain_calls
from langchain_core.tracers.langchain import wait_for_all_tracers

provider = exporting.provider()
langchain_calls.run(sys.argv[1])
wait_for_all_tracers()
provider.shutdown()
