#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a real agent with its queue on the disk through one fault after the other, under a load that never gives up, and
prints for each what became of every span. Exit status 1 where an acknowledged span was lost.

    faults.py [--kills N] [NAME...]     all faults, or those whose name holds one of the words
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
from agent import Agent  # noqa: E402
from backend import Backend, Failure  # noqa: E402
from load import Load, settle  # noqa: E402
from waiting import wait_for  # noqa: E402

FAULT_S = 3.0


class Run:
    """An agent, a back end and a load; the fault happens in between."""

    def __init__(self, directory, transport="otlp", **queue):
        self.backend = Backend()
        endpoint = {"otlp": {"endpoint": self.backend.grpc_target, "tls": {"insecure": True}, "timeout": "2s"},
                    "otlphttp": {"endpoint": self.backend.http_url, "timeout": "2s"}}[transport]
        self.agent = Agent(directory, {"exporters": {"file/records": None, transport + "/backend": dict(
            endpoint, sending_queue=dict({"storage": "lmdb"}, **queue),
            retry_on_failure={"initial_interval": "50ms", "max_interval": "300ms", "max_elapsed_time": "0s"})}})
        self.agent.start()
        self.load = Load(self.agent, grpc_senders=2, http_senders=2)

    def end(self):
        self.load.stop()
        account = settle(self.load, self.backend)
        self.refused = dict(self.load.refused)
        self.agent.stop()
        self.backend.close()
        return account


def backend_says(run, failure):
    run.backend.always_fail = failure
    time.sleep(FAULT_S)
    run.backend.always_fail = None


# ---------------------------------------------------------------- the faults

def kills(run, options):
    for _ in range(options.kills):
        run.load.wait_for_acknowledged(10)
        time.sleep(random.random() / 5)
        run.agent.kill()
        run.agent.start()


def back_end_down(run, options):
    backend_says(run, Failure())


def back_end_throttles(run, options):
    backend_says(run, Failure(retry_after_s=1, http_code=429))


def back_end_flaps(run, options):
    for _ in range(10):
        run.backend.always_fail = Failure()
        time.sleep(FAULT_S / 20)
        run.backend.always_fail = None
        time.sleep(FAULT_S / 20)


def back_end_slow(run, options):
    run.backend.delay_s = 0.5
    time.sleep(FAULT_S)
    run.backend.delay_s = 0


def back_end_takes_little(run, options):
    run.backend.max_bytes = 3000
    time.sleep(FAULT_S)
    run.backend.max_bytes = None


def terminated_under_load(run, options):
    for _ in range(3):
        run.load.wait_for_acknowledged(20)
        run.agent.stop()
        run.agent.start()


def queue_full(run, options):
    run.backend.always_fail = Failure()
    wait_for(lambda: run.agent.metric("plimsoll_agent_refused_total", reason="full"), "the queue is full", 60)
    run.backend.always_fail = None


def disk_full(run, options):
    """Fills the disk that the state lies on; only where it is one that may be filled (see small_disk)."""
    filler = run.agent.directory / "filler"
    subprocess.run(["dd", "if=/dev/zero", "of=%s" % filler, "bs=64k"], capture_output=True, check=False)
    run.backend.always_fail = Failure()
    time.sleep(FAULT_S)
    filler.unlink()
    run.backend.always_fail = None


FAULTS = [
    ("kill -9", kills, {}),
    ("kill -9, over HTTP", kills, {"transport": "otlphttp"}),
    ("back end down", back_end_down, {}),
    ("back end answers 429 with Retry-After", back_end_throttles, {"transport": "otlphttp"}),
    ("back end flaps", back_end_flaps, {}),
    ("back end slow", back_end_slow, {}),
    ("back end takes 3000 bytes", back_end_takes_little, {"transport": "otlphttp"}),
    ("SIGTERM", terminated_under_load, {}),
    ("queue full", queue_full, {"queue_size": "64KiB", "batch": {"max_size": "32KiB"}}),
    ("disk full", disk_full, {}),
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


def run_fault(name, fault, settings, options):
    with small_disk(fault is disk_full) as directory:
        if directory is None:
            print("%-40s left out: mounting a small disk is not allowed here" % name, flush=True)
            return True
        run = Run(directory, **settings)
        fault(run, options)
        account = run.end()
        print("%-40s %s, refused %s" % (name, account, run.refused), flush=True)
        return account.lost == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.names or any(word in f[0] for word in options.names)]
    kept = [run_fault(*fault, options) for fault in chosen]
    print("%d of %d faults lost nothing that was acknowledged" % (sum(kept), len(kept)))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
