#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a real agent with its queue on the disk through one fault after the other, under a load that never gives up, and
prints for each what became of every span, as a table. Exit status 1 where an acknowledged span was lost.

    faults.py [--kills N] [--seconds S] [--down S] [NAME...]     all faults, or those whose name holds one of the words
"""
import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "system"))
import flood  # noqa: E402
from agent import Agent  # noqa: E402
from backend import REQUESTS, Backend, Failure, spans_of  # noqa: E402
from load import SPANS_PER_REQUEST, Load, settle  # noqa: E402
from proxy import Proxy, certificate  # noqa: E402
from waiting import wait_for  # noqa: E402

QUICK = {"initial_interval": "50ms", "max_interval": "300ms", "max_elapsed_time": "0s"}
SMALL_QUEUE = {"queue_size": "64KiB", "batch": {"max_size": "32KiB"}}


class Run:
    """An agent, a back end and a load; the fault happens in between. transport: the exporter's. proxied: there is a Proxy
    before the back end; tls: which speaks TLS. queue: of the exporter's sending_queue."""

    def __init__(self, directory, transport="otlp", proxied=False, tls=None, senders=4, **queue):
        self.directory, self.backend, self.proxy, self.tls, self.note = directory, Backend(), None, tls, ""
        port = self.backend.grpc_port if transport == "otlp" else self.backend.http_port
        if proxied:
            self.proxy = Proxy(port, tls.context if tls else None)
            port = self.proxy.port
        endpoint = {"endpoint": "%s://localhost:%d" % ("https" if tls else "http", port), "timeout": "2s",
                    "tls": {"ca_file": tls.ca_file} if tls else {}}
        self.agent = Agent(directory, {"exporters": {"file/records": None, transport + "/backend": dict(
            endpoint, sending_queue=dict({"storage": "lmdb"}, **queue), retry_on_failure=QUICK)}}).start()
        self.began = time.monotonic()
        self.load = Load(self.agent, grpc_senders=senders // 2, http_senders=senders - senders // 2)

    def delivered(self):
        return len(self.backend.spans())

    def wait_for_delivered(self, more=10):
        target = self.delivered() + more
        wait_for(lambda: self.delivered() >= target, "%d more spans at the back end" % more, 60)

    def set_aside(self):
        """Ids of the spans that the back end refused for good and that the agent kept to look at."""
        ids = set()
        for batch in self.agent.api("refused")["batches"]:
            body = self.agent.get_bytes("/api/v1/refused/%d" % batch["id"])[1]
            ids |= {span.span_id for span in spans_of(REQUESTS["traces"].FromString(body))}
        return ids

    def end(self):
        """Lets everything arrive, within time; returns the Account."""
        self.load.stop()
        account = settle(self.load, self.backend, kept=self.set_aside())
        account.seconds = time.monotonic() - self.began
        account.counted = self.agent.metric("plimsoll_agent_accepted_total", signal="traces")  # since its last start
        self.agent.stop()
        self.backend.close()
        if self.proxy is not None:
            self.proxy.close()
        return account


# ---------------------------------------------------------------- the faults: each leaves the world as it was

def kills(run, options):
    for _ in range(options.kills):
        run.load.wait_for_acknowledged(10)
        time.sleep(random.random() / 5)
        run.agent.kill()
        run.agent.start()


def terminated(run, options):
    for _ in range(3):
        run.load.wait_for_acknowledged(20)
        run.agent.stop()
        run.agent.start()


def answers(failure, seconds="seconds"):
    def fault(run, options):
        run.backend.always_fail = failure
        time.sleep(getattr(options, seconds))
        run.backend.always_fail = None
    return fault


def flaps(run, options):
    for _ in range(10):
        run.backend.always_fail = Failure()
        time.sleep(options.seconds / 20)
        run.backend.always_fail = None
        time.sleep(options.seconds / 20)


def is_slow(run, options):
    run.backend.delay_s = 0.5
    time.sleep(options.seconds)
    run.backend.delay_s = 0


def takes_little(run, options):
    run.backend.max_bytes = 3000
    time.sleep(options.seconds)
    run.backend.max_bytes = None


def poisoned(run, options):
    """One span in a stream that the back end never takes: it alone stays behind."""
    run.wait_for_delivered()
    run.backend.delay_s = 0.1  # so that requests wait and are joined
    run.load.say_next("poison")
    run.backend.poison = b"poison"
    run.agent.wait_for_metric("plimsoll_agent_set_aside", 1, timeout=30)
    run.backend.delay_s = 0
    wait_for(run.set_aside, "the span in what was set aside", timeout=30)
    time.sleep(options.seconds / 3)
    aside = run.set_aside()
    run.note = "%d set aside" % len(aside)
    assert len(aside) == 1, run.note


def resets(run, options):
    run.proxy.cut_after = 700  # in the body of the first request of a connection
    run.proxy.reset_all()
    time.sleep(options.seconds)
    run.proxy.cut_after = None
    run.note = "%d resets" % run.proxy.cuts
    assert run.proxy.cuts > 0


def expires(run, options):
    run.wait_for_delivered()
    valid, run.proxy.context = run.proxy.context, run.tls.expired
    run.proxy.reset_all()
    time.sleep(options.seconds)
    seen = run.delivered()
    time.sleep(0.3)
    assert run.delivered() == seen, "spans went out over an expired certificate"
    run.proxy.context = valid


def flooded(run, options):
    """More than the back end takes: what does not fit the queue is refused, with the time to come again."""
    run.backend.delay_s = 0.3
    first = len(run.load.acknowledged)
    run.load.refused.clear()
    time.sleep(options.seconds)
    wait_for(lambda: len(run.load.acknowledged) > first, "anything that it takes", 60)
    taken = (len(run.load.acknowledged) - first) / SPANS_PER_REQUEST
    refused = sum(run.load.refused.values())
    run.note = "offered %.1f times what it takes" % ((taken + refused) / taken)
    assert taken + refused >= 3 * taken, run.note
    assert set(run.load.refused) <= {"UNAVAILABLE", "429 retry-after=1"}, run.load.refused
    run.backend.delay_s = 0


def queue_full(run, options):
    run.backend.always_fail = Failure()
    run.agent.wait_for_metric("plimsoll_agent_refused_total", 1, timeout=60, reason="full")
    run.backend.always_fail = None


def disk_full(run, options):
    """Fills the disk that the state lies on; only where it is one that may be filled (see small_disk)."""
    filler = run.directory / "filler"
    subprocess.run(["dd", "if=/dev/zero", "of=%s" % filler, "bs=64k"], capture_output=True, check=False)
    run.backend.always_fail = Failure()
    run.agent.wait_for_metric("plimsoll_agent_store_failures_total", 1, timeout=60, store="queue", reason="full")
    time.sleep(options.seconds / 3)
    filler.unlink()
    run.backend.always_fail = None


def map_full(run, options):
    """Spans that take just over a page of the file each, so that it is full before the queue is."""
    run.backend.always_fail = Failure()
    flood.fill(run.agent, lambda: run.agent.metric("plimsoll_agent_store_failures_total", store="queue", reason="full"), run.load)
    run.backend.always_fail = None


class Tls:
    """A certificate that is good, one that has expired, and a file that trusts both."""

    def __init__(self, directory):
        good, self.context = certificate(directory, "good")
        old, self.expired = certificate(directory, "old", days=-1)
        self.ca_file = str(directory / "ca.pem")
        Path(self.ca_file).write_text(Path(good).read_text() + Path(old).read_text())


HTTP = {"transport": "otlphttp"}
FAULTS = [
    ("kill -9", kills, {}),
    ("kill -9, over HTTP", kills, HTTP),
    ("SIGTERM under load", terminated, {}),
    ("back end down", answers(Failure(), "down"), {}),
    ("back end answers 503", answers(Failure()), HTTP),
    ("back end answers 429 with Retry-After", answers(Failure(retry_after_s=1, http_code=429)), HTTP),
    ("back end answers 400 to one span in a stream", poisoned, {}),
    ("back end flaps", flaps, {}),
    ("back end slow", is_slow, {}),
    ("back end takes 3000 bytes", takes_little, HTTP),
    ("connections reset in mid-body", resets, {"transport": "otlphttp", "proxied": True}),
    ("connections reset in mid-body, gRPC", resets, {"proxied": True}),
    ("certificate expired", expires, {"transport": "otlphttp", "proxied": True, "tls": Tls}),
    ("certificate expired, gRPC", expires, {"proxied": True, "tls": Tls}),
    ("flooded", flooded, dict(SMALL_QUEUE, senders=16)),
    ("queue full", queue_full, SMALL_QUEUE),
    ("disk full", disk_full, {}),
    ("LMDB map full", map_full, {"queue_size": "160MiB"}),
]


# ---------------------------------------------------------------- running them

class small_disk:
    """A directory; for the disk-full fault a tmpfs of its own, or None where we may not mount one."""

    def __init__(self, wanted):
        self.wanted = wanted

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="plimsoll-faults-")
        self.mounted = self.wanted and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.path], capture_output=True).returncode == 0
        return Path(self.path) if self.mounted or not self.wanted else None

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=False)
        shutil.rmtree(self.path, ignore_errors=True)


COLUMNS = ("sent", "acknowledged", "delivered", "lost", "duplicated")


def print_head(width):
    print("%-*s" % (width, "fault") + "".join("%14s" % c for c in COLUMNS) + "%9s  %s" % ("seconds", "senders were told"), flush=True)


def told(run):
    words = sorted(run.load.refused.items(), key=lambda item: -item[1])
    return ", ".join([run.note] * bool(run.note) + ["%s x%d" % word for word in words])


def run_fault(directory, fault, settings, options):
    """Returns (the Account, what else is worth a word)."""
    tls = settings["tls"](directory) if "tls" in settings else None
    run = Run(directory, **dict(settings, tls=tls))
    try:
        fault(run, options)
        return run.end(), told(run)
    finally:
        if run.agent.is_running:  # the fault did not go as it should
            run.agent.kill()


def report(width, name, fault, settings, options):
    """Prints its row; returns whether nothing was lost."""
    with small_disk(fault is disk_full) as directory:
        if directory is None:
            print("%-*s left out: mounting a small disk is not allowed here" % (width, name), flush=True)
            return True
        account, words = run_fault(directory, fault, settings, options)
    print("%-*s" % (width, name) + "".join("%14d" % getattr(account, c) for c in COLUMNS) +
          "%9.1f  %s" % (account.seconds, words), flush=True)
    return account.lost == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a fault lasts")
    parser.add_argument("--down", type=float, default=10.0, help="how long the back end is down")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.names or any(word in f[0] for word in options.names)]
    width = max(len(name) for name, _, _ in FAULTS) + 1
    print_head(width)
    kept = [report(width, *fault, options) for fault in chosen]
    print("%d of %d faults lost nothing that was acknowledged" % (sum(kept), len(kept)))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
