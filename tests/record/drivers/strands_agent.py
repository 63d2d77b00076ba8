# SPDX-License-Identifier: Apache-2.0
"""Strands Agents' own spans."""
import os
import sys

import exporting
from strands import Agent, tool
from strands.models.openai import OpenAIModel

provider = exporting.provider()


@tool
def look_up(q: str) -> str:
    """Looks up."""
    return "found"


model = OpenAIModel(client_args={"base_url": os.environ["MODEL_API"], "api_key": "none", "max_retries": 0},
                    model_id="gpt-4o")
Agent(model=model, tools=[look_up], system_prompt="You are brief.", callback_handler=None, name="clerk")("hello")
provider.shutdown()
