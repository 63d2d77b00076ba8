# SPDX-License-Identifier: Apache-2.0
"""MLflow's autologging, exported by OTLP."""
import sys

import anthropic_calls
import mlflow
import openai_calls

mlflow.openai.autolog()
mlflow.anthropic.autolog()


@mlflow.trace(name="answer")
def nested():
    openai_calls.run("chat")


if sys.argv[1] == "chain":
    nested()
elif sys.argv[1] == "cache_write_read":
    anthropic_calls.run(sys.argv[1])
else:
    openai_calls.run(sys.argv[1])
mlflow.flush_trace_async_logging()
