# SPDX-License-Identifier: Apache-2.0
"""sending_queue.storage: lmdb. Whatever was acknowledged arrives, whatever happens to the agent in between."""
import random
import time

import otlp
from backend import Failure
from load import Load, settle
from waiting import wait_for


def durable(backend, transport="otlp", **queue):
    endpoint = {"endpoint": backend.grpc_target, "tls": {"insecure": True}} if transport == "otlp" else {
        "endpoint": backend.http_url}
    return {"exporters": {transport + "/backend": dict(
        endpoint, sending_queue=dict({"storage": "lmdb"}, **queue),
        retry_on_failure={"initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "0s"})}}


def send_calls(agent, count, **attributes):
    message, spans = otlp.request()
    for _ in range(count):
        otlp.add_call(spans, **attributes)
    otlp.send_grpc(agent.grpc_target, message)
    return [span.span_id for span in spans]


def test_a_killed_agent_loses_nothing_that_it_acknowledged(start_agent, backend):
    agent = start_agent(durable(backend))
    load = Load(agent)
    for _ in range(6):
        load.wait_for_acknowledged(20)
        time.sleep(random.random() / 10)
        agent.kill()
        agent.start()
    load.stop()
    account = settle(load, backend)
    print(account)
    assert account.lost == 0, "%s\n%s" % (account, agent.output)
    assert account.acknowledged == account.sent >= 120


def test_what_a_dead_back_end_left_behind_goes_out_after_a_restart_in_order(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(durable(backend))
    sent = [send_calls(agent, 1)[0] for _ in range(20)]
    agent.kill()
    backend.always_fail = None
    agent.start()
    assert [span.span_id for span in backend.wait_for_spans(20)] == sent
    agent.wait_for_metric("plimsoll_agent_exported_total", 20, exporter="otlp/backend", kind="traces")
    assert agent.metric("plimsoll_agent_exported_total", exporter="otlp/backend", kind="traces") == 20


def test_a_stop_leaves_on_the_disk_what_could_not_be_sent_and_drops_nothing(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(durable(backend, "otlphttp"))
    send_calls(agent, 3)
    agent.stop()
    assert "payload_dropped" not in agent.output
    backend.always_fail = None
    agent.start()
    backend.wait_for_spans(3)


def test_a_full_queue_on_the_disk_tells_senders_to_come_again(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(durable(backend, queue_size="128KiB", batch={"max_size": "64KiB"}))
    load = Load(agent, text_bytes=5000)
    for transport in ("grpc", "http"):
        agent.wait_for_metric("plimsoll_agent_refused_total", 1, transport=transport, reason="full")
    backend.always_fail = None
    load.stop()
    account = settle(load, backend)
    assert account.lost == 0, account
    assert load.refused["UNAVAILABLE"] > 0 and load.refused["429 retry-after=1"] > 0
    assert agent.metric("plimsoll_agent_dropped_total", exporter="otlp/backend") == 0
    assert agent.metric("plimsoll_requests_total") == account.sent  # refused ones came again, and were counted once


def test_a_dead_exporter_holds_up_no_other_one(start_agent, backend):
    changes = durable(backend)
    changes["exporters"]["otlp/dead"] = {
        "endpoint": "127.0.0.1:9", "tls": {"insecure": True},
        "sending_queue": {"storage": "lmdb", "queue_size": "64KiB", "block_on_overflow": "false",
                          "batch": {"max_size": "32KiB"}}}
    agent = start_agent(changes)
    load = Load(agent, text_bytes=5000)
    load.wait_for_acknowledged(100)
    load.stop()
    assert settle(load, backend).lost == 0
    agent.wait_for_metric("plimsoll_agent_dropped_total", 1, exporter="otlp/dead", reason="queue_full")


def test_what_is_too_old_is_dropped_as_expired(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(durable(backend, max_age="1500ms"))
    send_calls(agent, 4)
    agent.wait_for_metric("plimsoll_agent_dropped_total", 4, reason="expired")
    backend.always_fail = None
    send_calls(agent, 1)
    assert len(backend.wait_for_spans(1)) == 1


def test_a_damaged_queue_is_moved_aside_and_the_agent_starts(start_agent, backend):
    backend.always_fail = Failure()
    agent = start_agent(durable(backend))
    assert agent.metric("plimsoll_agent_store_failures_total", store="queue", reason="damaged") == 0
    send_calls(agent, 50)
    agent.kill()
    backend.always_fail = None
    path = agent.directory / "state" / "queue" / "data.mdb"
    path.write_bytes(b"\xff" * 4096 + path.read_bytes()[4096:8192])
    agent.start()
    agent.wait_for_output("event=queue_damaged")
    assert agent.metric("plimsoll_agent_store_failures_total", store="queue", reason="damaged") == 1
    assert path.with_name("data.mdb.damaged").exists()
    send_calls(agent, 1)
    backend.wait_for_spans(1)


def test_a_refused_batch_is_counted_and_kept_to_look_at(start_agent, backend):
    backend.failures = [Failure(permanent=True)]
    agent = start_agent(durable(backend))
    send_calls(agent, 2)
    agent.wait_for_metric("plimsoll_agent_dropped_total", 2, reason="refused")
    agent.wait_for_metric("plimsoll_agent_set_aside", 1)
    batch, = wait_for(lambda: agent.api("refused")["batches"], "the batch in the store")
    assert agent.metric("plimsoll_agent_set_aside") == 1
    assert (batch["kind"], batch["items"]) == ("traces", 2) and "INVALID_ARGUMENT" in batch["why"]
    status, body = agent.get_bytes("/api/v1/refused/%d" % batch["id"])
    assert status == 200 and body == backend.refused[0].body
    send_calls(agent, 1)
    backend.wait_for_spans(1)
