# SPDX-License-Identifier: Apache-2.0
"""Logfire's instrument_openai and instrument_anthropic."""
import sys

import anthropic_calls
import logfire
import openai_calls

logfire.configure(send_to_logfire=False, console=False, service_name="shop", inspect_arguments=False)
logfire.instrument_openai()
logfire.instrument_anthropic()
if sys.argv[1] in ("cache_write_read", "cached_stream"):
    anthropic_calls.run(sys.argv[1])
else:
    openai_calls.run(sys.argv[1])
logfire.shutdown()
