# SPDX-License-Identifier: Apache-2.0
"""Starting, refusing to start, reloading, stopping: each says what happened and what to do."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import grpc
import pytest

import otlp
from agent import BINARY, Agent
from waiting import wait_for


def refused(agent, code, *words):
    """The agent ends by itself with this status and names all the words."""
    output = agent.launch().expect_exit(code)
    assert all(word in output for word in words), output


def test_without_a_configuration_the_defaults_are_right(tmp_path):
    checked = subprocess.run([BINARY, "check", os.devnull], capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    for protocol in ("grpc", "http"):
        with socket.create_server(("127.0.0.1", 0)) as other:
            endpoint = "127.0.0.1:%d" % other.getsockname()[1]
            changes = {"receivers": {"otlp": {"protocols": {protocol: {"endpoint": endpoint}}}}}
            refused(Agent(tmp_path, changes), 3, endpoint)


def free_low_port():
    for port in range(1023, 700, -1):
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            continue


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("part", ["admin", "envoy"])
def test_as_another_user_it_may_still_open_a_low_port(part):
    endpoint = {"endpoint": "127.0.0.1:%d" % free_low_port()}
    with tempfile.TemporaryDirectory() as directory:  # pytest's own are root's alone
        os.chmod(directory, 0o755)
        agent = Agent(directory, {"user": "nobody", "exporters": None})
        agent.config.update({"admin": endpoint} if part == "admin" else {"budgets": {"envoy": endpoint}})
        agent.start()
        assert os.stat("/proc/%d" % agent.process.pid).st_uid != 0
        agent.stop()


def test_an_agent_whose_broker_is_not_there_starts_and_stops(start_agent):
    """Of what it would have said of a failure nothing is left, either."""
    start_agent({"exporters": {"kafka": {"brokers": ["localhost:1"]}}}).stop()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_while_it_starts_is_taken_up_once_it_has(tmp_path, number):
    agent = Agent(tmp_path).launch()
    while not (tmp_path / "state").exists() and agent.is_running:  # it opens that first; no pause, it starts fast
        pass
    agent.process.send_signal(number)
    if number == signal.SIGHUP:
        agent.wait_for_output("reload_applied")
        agent.process.terminate()
    agent.expect_exit(0)


def test_a_second_agent_on_one_state_directory_is_refused(start_agent, tmp_path):
    first = start_agent()
    other = tmp_path / "other"
    other.mkdir()
    changes = {"storage": {"directory": str(tmp_path / "state")}}
    refused(Agent(other, changes), 3, "in use by process %d" % first.process.pid, "storage.directory")


def test_a_state_directory_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "state").write_text("in the way")
    refused(Agent(tmp_path), 3, str(tmp_path / "state"), "storage.directory")


def test_a_typo_in_the_configuration_is_named_with_its_place_and_the_likely_key(tmp_path):
    agent = Agent(tmp_path, {"recievers": {"otlp": {}}, "storage": {"max_size": "many"}})
    refused(agent, 2, str(agent.config_file), "recievers", "receivers", "max_size")


def test_stopping_drains_what_was_accepted(start_agent, backend, forwarding):
    backend.delay_s = 0.2
    agent = start_agent(forwarding)
    for _ in range(20):
        message, spans = otlp.request()
        otlp.add_call(spans)
        otlp.send_grpc(agent.grpc_target, message)
    agent.stop()
    assert len(backend.spans()) == 20
    assert len(agent.records()) == 20


def test_stopping_while_clients_send_ends_in_time(start_agent):
    agent = start_agent()
    over = threading.Event()

    def send():
        message, spans = otlp.request()
        otlp.add_call(spans)
        while not over.is_set():
            try:
                otlp.send_http(agent.http_url, message, timeout=5)
            except OSError:
                over.wait(0.05)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    try:
        agent.wait_for_metric("plimsoll_agent_accepted_total", 20)
        agent.stop()
    finally:
        over.set()
        for sender in senders:
            sender.join()


def test_signals_that_come_while_it_stops_do_not_end_it_early(start_agent):
    for _ in range(5):
        agent = start_agent()
        assert otlp.send_http(agent.http_url, {})[0] == 200
        agent.process.send_signal(signal.SIGTERM)
        while agent.is_running:
            agent.reload()
            time.sleep(0.0005)  # signals without a pause leave it no time of its own
        agent.expect_exit(0)


def test_sigint_stops_like_sigterm(start_agent):
    agent = start_agent()
    agent.process.send_signal(signal.SIGINT)
    agent.expect_exit(0)


def test_reloads_are_counted_from_zero_so_that_the_first_refused_one_is_an_increase(start_agent):
    agent = start_agent()
    assert [agent.metric("plimsoll_agent_config_reloads_total", result=result) for result in ("applied", "refused")] == [0, 0]


def test_a_reload_applies_and_a_bad_one_changes_nothing(start_agent):
    agent = start_agent({"log": {"level": "info"}})
    agent.write_config({"log": {"level": "warn"}})
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="applied")

    agent.config_file.write_text("recievers: {}\n")
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="refused")
    agent.wait_for_output("recievers")
    message, spans = otlp.request()
    otlp.add_call(spans)
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_records(1)


def restart_needed(agent):
    """The keys that each reload named."""
    return [set(keys.split(", ")) for keys in re.findall(r'event=restart_needed keys="([^"]*)"', agent.output)]


def test_a_reload_names_what_waits_for_a_restart_for_as_long_as_it_waits(start_agent, tmp_path):
    agent = start_agent({"exporters": {"file/all": {"path": str(tmp_path / "all.ndjson")}}})
    before = agent.config_file.read_text()
    agent.write_config({
        "log": {"level": "debug"},
        "redaction": {"enabled": True, "patterns": {"employee": "EMP-[0-9]{6}"}},
        "sampling": {"rate": 0.5, "keep": {"errors": False}},
        "routing": {"default": ["file/all"]},
        "exporters": {"file/all": {"redaction": "off", "sampling": "off", "match": {"plimsoll.feature": "checkout"}},
                      "file/new": {"path": str(tmp_path / "new.ndjson")}},
    })
    waits = {"redaction.enabled", "redaction.patterns", "sampling.rate", "sampling.keep.errors", "routing.default",
             "exporters.file/all.redaction", "exporters.file/all.sampling", "exporters.file/all.match", "exporters.file/new"}
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="applied")
    wait_for(lambda: restart_needed(agent) == [waits], lambda: restart_needed(agent))
    agent.reload()  # the file is the same, and what runs is not what it says
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 2, result="applied")
    wait_for(lambda: restart_needed(agent) == [waits, waits], lambda: restart_needed(agent))
    agent.config_file.write_text(before)  # nothing waits any more
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 3, result="applied")
    wait_for(lambda: agent.output.count("event=reload_applied") == 3, lambda: agent.output)
    assert len(restart_needed(agent)) == 2 and not (tmp_path / "new.ndjson").exists()


def test_a_reload_with_dimensions_that_cannot_be_used_changes_nothing(start_agent, webhook):
    agent = start_agent()
    agent.write_config({"dimensions": {"feature": ["one.key"] * 30},
                        "alerts": {"channels": {"webhook/new": {"url": webhook.url}}}})
    agent.reload()
    agent.wait_for_metric("plimsoll_agent_config_reloads_total", 1, result="refused")
    agent.wait_for_output("cannot use the new dimensions")
    message, spans = otlp.request()
    otlp.add_call(spans)
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_records(1)


def test_a_killed_agent_starts_again_on_its_state(start_agent):
    agent = start_agent()
    message, spans = otlp.request()
    otlp.add_call(spans)
    otlp.send_grpc(agent.grpc_target, message)
    agent.wait_for_records(1)
    agent.kill()
    agent.start()


def test_what_an_operator_was_told_is_done_outlives_a_kill(start_agent, tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "answer.yaml").write_text("name: answer\nversion: '1'\nmodel: gpt-4o\n")
    agent = start_agent({"prompts": {"directory": str(tmp_path / "prompts")},
                         "budgets": {"limits": {"day/all": {"limit_usd": 1}}}})
    for body, path, answer in (({"matchers": "feature=shop", "by": "ann", "duration_s": 3600}, "silences", 201),
                               ({"version": "1", "environment": "production", "by": "bob"}, "prompts/answer/deploy", 200),
                               ({"budget": "day/all", "by": "cleo"}, "budgets/reset", 200),
                               ({"kind": "deploy", "subject": "cart@2", "by": "dora"}, "audit", 201)):
        status, text = agent.post("/api/v1/" + path, body)
        assert status == answer, text
        agent.kill()  # the answer was all there was time for
        agent.start()
    assert "feature=shop" in agent.get("/api/v1/silences")[1]
    assert [d["by"] for d in agent.api("prompts/answer")["deployments"]] == ["bob"]
    assert [e["by"] for e in agent.api("audit")["entries"] if "by" in e] == ["ann", "bob", "cleo", "dora"]


def test_a_damaged_store_is_refused_with_a_sentence(start_agent, tmp_path):
    start_agent().stop()
    store = tmp_path / "state" / "data.mdb"
    store.write_bytes(store.read_bytes()[:9000])
    refused(Agent(tmp_path), 3, str(store), "damaged", "backup")


def test_health_checks_over_grpc_are_answered(start_agent):
    with grpc.insecure_channel(start_agent().grpc_target) as channel:
        assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10) == b"\x08\x01"  # SERVING


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/", "/api/v1/summary"])
def test_the_admin_endpoint_answers(start_agent, path):
    agent = start_agent()
    assert agent.get(path)[0] == 200
    assert agent.get("/no/such/page")[0] == 404


def test_many_scrapes_and_spans_at_once_agree_in_the_end(start_agent):
    agent = start_agent()
    over = threading.Event()
    scraper = threading.Thread(target=lambda: [agent.metrics() for _ in iter(over.is_set, True)])
    scraper.start()
    try:
        for _ in range(100):
            message, spans = otlp.request()
            for _ in range(10):
                otlp.add_call(spans)
            otlp.send_grpc(agent.grpc_target, message)
    finally:
        over.set()
        scraper.join()
    wait_for(lambda: agent.metric("plimsoll_requests_total") == 1000, "1000 requests")
    assert agent.metric("plimsoll_tokens_total", type="input") == 100000


def test_without_standard_streams_it_runs_and_stops_as_with_them(tmp_path):
    socket_path = tmp_path / "admin.socket"
    agent = Agent(tmp_path, {"admin": {"endpoint": "unix:%s" % socket_path}})
    agent.write_config()
    process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BINARY, "run", "--config", agent.config_file],
                               env=agent.env)
    try:
        wait_for(lambda: subprocess.run([BINARY, "alerts", "--agent", "unix:%s" % socket_path], capture_output=True).returncode == 0
                 or process.poll() is not None, "an answer")
        kept = {os.readlink("/proc/%d/fd/%d" % (process.pid, fd)) for fd in (1, 2)}  # 0 is taken by a library before main
        assert kept == {"/"}, "what is said goes into no file of the agent's"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
