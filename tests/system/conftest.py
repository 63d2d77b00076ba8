# SPDX-License-Identifier: Apache-2.0
"""The parts that tests ask for by name. Every agent that a test starts is stopped by SIGTERM at its end, must exit
with 0 and leave no sanitizer report."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent import Agent
from backend import Backend
from model_api import ModelApi
from webhook import Webhook


@pytest.fixture
def start_agent(tmp_path):
    """start_agent(changes) gives a running agent; start_agent(changes, launch_only=True) does not wait for it."""
    agents = []

    def start(changes=None, launch_only=False, env=None, directory=None):
        agent = Agent(directory or tmp_path, changes, env)
        agents.append(agent)
        return agent.launch() if launch_only else agent.start()

    yield start
    failures = []
    for agent in agents:
        if agent.is_running:
            try:
                agent.stop()
            except AssertionError as failure:
                failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def backend():
    b = Backend()
    yield b
    b.close()


@pytest.fixture
def forwarding(backend):
    """Configuration that forwards to the back end over gRPC, with retries quick enough for a test."""
    return {"exporters": {"otlp/backend": {"endpoint": backend.grpc_target, "tls": {"insecure": True},
                                           "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms"}}}}


@pytest.fixture
def webhook():
    w = Webhook()
    yield w
    w.close()


@pytest.fixture
def model_api():
    api = ModelApi()
    yield api
    api.close()


@pytest.fixture
def run_app(model_api):
    """run_app(agent, instrumentation, protocol, *scenarios) runs app.py against the agent and the model API."""

    def run(agent, instrumentation, protocol, *scenarios):
        endpoint = "http://" + agent.grpc_target if protocol == "grpc" else agent.http_url
        env = dict(os.environ, MODEL_API=model_api.url, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_SDK_DISABLED="false",
                   OTEL_BSP_SCHEDULE_DELAY="100", OTEL_EXPORTER_OTLP_INSECURE="true")
        done = subprocess.run([sys.executable, str(Path(__file__).parent / "app.py"), instrumentation, protocol, *scenarios],
                              env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return model_api.served

    return run
