# SPDX-License-Identifier: Apache-2.0
"""limits.memory: a flood that nobody takes off the agent's hands is refused in time, and the process stays small."""
import re
from pathlib import Path

import pytest

import otlp
from agent import build_mode
from backend import Failure
from load import Load

LIMIT_MIB = 96


def status_kib(agent, name):
    text = Path("/proc/%d/status" % agent.process.pid).read_text()
    return int(re.search(name + r":\s+(\d+) kB", text)[1])


def hoarding(backend, **limits):
    """A dead back end behind a queue in memory that is far larger than the limit."""
    return {"limits": {"memory": dict({"limit_mib": LIMIT_MIB}, **limits)},
            "exporters": {"file/records": None, "otlp/backend": {
                "endpoint": backend.grpc_target, "tls": {"insecure": True},
                "sending_queue": {"queue_size": "4GiB"},
                "retry_on_failure": {"initial_interval": "1s", "max_interval": "1s", "max_elapsed_time": "0s"}}}}


@pytest.mark.skipif(build_mode() in ("asan", "tsan"), reason="a sanitizer keeps what was freed")
def test_a_flood_is_refused_and_memory_stays_bounded(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(hoarding(backend))
    load = Load(agent, grpc_senders=4, http_senders=2, text_bytes=100_000)
    for transport in ("grpc", "http"):
        agent.wait_for_metric("plimsoll_agent_refused_total", 5, transport=transport, reason="unavailable", timeout=60)
    assert agent.is_running
    peak_mib = status_kib(agent, "VmHWM") / 1024
    files_mib = (status_kib(agent, "RssFile") + status_kib(agent, "RssShmem")) / 1024
    print("limit %d MiB, peak %.0f MiB, of which files %.0f MiB" % (LIMIT_MIB, peak_mib, files_mib))
    assert peak_mib < LIMIT_MIB + files_mib + 16
    assert agent.metric("plimsoll_agent_memory_limit_bytes") == LIMIT_MIB << 20
    backend.always_fail = None  # the queue empties, and the senders get through
    load.stop()
    assert load.refused["UNAVAILABLE"] > 0 and load.refused["503 retry-after=1"] > 0


def test_above_the_limit_the_oldest_is_dropped_and_counted(start_agent, backend):
    """The soft limit lies so close that requests under way carry the process beyond the hard one."""
    backend.always_fail = Failure()
    agent = start_agent(hoarding(backend, spike_limit_mib=1, check_interval="1s", limit_mib=64))
    message, spans = otlp.request()
    for _ in range(40):
        otlp.add_call(spans, text="x" * 100_000)
    for _ in range(30):
        try:
            otlp.send_http(agent.http_url, message)
        except OSError:
            pass
    agent.wait_for_metric("plimsoll_agent_dropped_total", 40, reason="memory")
    assert agent.is_running
