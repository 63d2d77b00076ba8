# SPDX-License-Identifier: Apache-2.0
"""plimsoll store: what an agent keeps, while it runs and after; a copy that another agent goes on from."""
import json
import os
import shutil
import stat
import subprocess

from agent import BINARY
from backend import Failure
import otlp


def store(agent, *arguments):
    return subprocess.run([BINARY, "store", *map(str, arguments), "--storage", str(agent.directory / "state")],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def stats(agent):
    done = store(agent, "stats", "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["environments"]


def holding_back(backend):
    """A back end that is down, and an agent that keeps what it is sent."""
    backend.always_fail = Failure()
    return {"exporters": {"otlp/backend": {
        "endpoint": backend.grpc_target, "tls": {"insecure": True}, "sending_queue": {"storage": "lmdb"},
        "retry_on_failure": {"initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "0s"}}}}


def send_calls(agent, requests, calls=2):
    for _ in range(requests):
        message, spans = otlp.request()
        for _ in range(calls):
            otlp.add_call(spans)
        otlp.send_grpc(agent.grpc_target, message)


def test_stats_shows_tables_and_the_queue_of_a_running_agent(start_agent, backend):
    agent = start_agent(holding_back(backend))
    send_calls(agent, 5)
    main, queue = stats(agent)
    assert main["tables"]["meta"]["entries"] > 0 and 0 < main["used_bytes"] < main["limit_bytes"]
    assert (queue["waiting"]["traces"]["requests"], queue["waiting"]["traces"]["items"]) == (5, 10)
    assert "10 items" in store(agent, "stats").stdout


def test_stats_shows_what_was_set_aside(start_agent, backend):
    agent = start_agent(holding_back(backend))
    backend.always_fail = Failure(permanent=True)
    send_calls(agent, 1)
    agent.wait_for_metric("plimsoll_agent_set_aside", 1)
    agent.stop()
    assert stats(agent)[1]["set_aside"]["items"] == 2


def test_check_finds_a_sound_store_sound_and_a_damaged_value_damaged(start_agent, backend):
    agent = start_agent(holding_back(backend))
    send_calls(agent, 3)
    assert store(agent, "check").returncode == 0  # while it runs
    agent.kill()
    path = agent.directory / "state" / "queue" / "data.mdb"
    bytes_of_it = path.read_bytes()
    assert bytes_of_it.count(b"gpt-4o-2024-08-06") > 0
    path.write_bytes(bytes_of_it.replace(b"gpt-4o-2024-08-06", b"gpt-4o-2024-08-07"))
    done = store(agent, "check")
    assert done.returncode == 1 and "table queue" in done.stderr, done.stderr


def test_check_survives_a_file_that_was_cut_off(start_agent, backend):
    agent = start_agent(holding_back(backend))
    send_calls(agent, 30)
    agent.kill()
    path = agent.directory / "state" / "queue" / "data.mdb"
    os.truncate(path, path.stat().st_size // 3)
    done = store(agent, "check")
    assert done.returncode == 1 and "damaged" in done.stderr


def test_an_agent_goes_on_from_the_copy_of_a_running_one(start_agent, backend, tmp_path):
    agent = start_agent(holding_back(backend))
    send_calls(agent, 5)
    copy = tmp_path / "copy"
    assert store(agent, "backup", copy).returncode == 0
    assert stat.S_IMODE((copy / "queue" / "data.mdb").stat().st_mode) == 0o600
    send_calls(agent, 1)  # is not in the copy
    agent.kill()
    shutil.rmtree(agent.directory / "state")
    copy.rename(agent.directory / "state")
    backend.always_fail = None
    agent.start()
    backend.wait_for_spans(10)
    agent.stop()
    assert len(backend.spans()) == 10


def test_a_copy_is_never_written_over_another(start_agent, backend, tmp_path):
    agent = start_agent()
    assert store(agent, "backup", tmp_path / "copy").returncode == 0
    again = store(agent, "backup", tmp_path / "copy")
    assert again.returncode == 1 and "is there already" in again.stderr


def test_no_store_and_no_word_have_their_own_status(start_agent, tmp_path):
    agent = start_agent()
    missing = subprocess.run([BINARY, "store", "stats", "--storage", str(tmp_path / "none")], capture_output=True, text=True)
    assert missing.returncode == 3 and "there is no store in" in missing.stderr
    assert store(agent, "polish").returncode == 2
