#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a decision on a budget takes over HTTP: asking, reserving, with many groups, beside spans and scrapes.

The median and the 99th percentile of each row; a row is one agent of its own. Exits 1 where a median is not below a
millisecond.
"""
import argparse
import contextlib
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.request

from server import Server

ADMIN = r"page\s.*:(\d+)/$"
LIMIT_MS = 1.0
# name, method, connections, users, spans and scrapes beside it
ROWS = (("ask", "GET", 1, 1, False),
        ("reserve", "POST", 1, 1, False),
        ("reserve, four at a time", "POST", 4, 1, False),
        ("reserve, 10,000 users", "POST", 4, 10000, False),
        ("ask, beside spans and scrapes", "GET", 1, 10000, True),
        ("reserve, beside spans and scrapes", "POST", 1, 10000, True))


def config(directory):
    by_user = {"limit_usd": 1000, "hard": "deny", "by": ["user"], "max_groups": 20000}
    path = os.path.join(directory, "decision.yaml")
    with open(path, "w") as f:  # JSON is YAML
        json.dump({"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "unix:${env:BENCH_STATE}/otlp"}}}},
                   "admin": {"endpoint": "127.0.0.1:0"}, "log": {"level": "error"},
                   "storage": {"directory": "${env:BENCH_STATE}"},
                   "budgets": {"limits": {"day/user": by_user, "month/all": {"limit_usd": 1e6, "hard": "deny"},
                                          "request/one": {"limit_usd": 1, "hard": "deny"}}}}, f)
    return path


@contextlib.contextmanager
def beside(args, agent):
    """25,000 spans a second, and a scrape five times a second."""
    over = threading.Event()

    def send():
        while not over.wait(0.2):
            subprocess.run([os.path.join(args.bin, "bench/otlp_load"), "unix:%s/otlp" % agent.state.name, "--spans", "5000",
                            "--connections", "1", "--seed", str(time.monotonic_ns() % 2**31)], stdout=subprocess.DEVNULL)

    def scrape():
        while not over.wait(0.2):
            with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % agent.port, timeout=10) as answer:
                answer.read()

    threads = [threading.Thread(target=work) for work in (send, scrape)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def decide(args, agent, method, connections, users, count):
    done = subprocess.run([os.path.join(args.bin, "bench/decision_load"), str(agent.port), method, "--count", str(count),
                           "--connections", str(connections), "--users", str(users)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit("%s: an answer was none" % method)
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release", help="folder of the built programs")
    parser.add_argument("--directory", default="build", help="where the state lies: on a disk, not in memory")
    parser.add_argument("--count", type=int, default=15000, help="decisions of a row; 20,000 reservations may be open")
    args = parser.parse_args()
    slowest = 0
    print("%-36s %10s %10s %10s %10s" % ("milliseconds", "p50", "p99", "longest", "a second"))
    with tempfile.TemporaryDirectory() as directory:
        command = [os.path.join(args.bin, "plimsoll"), "run", "--config", config(directory)]
        for name, method, connections, users, is_busy in ROWS:
            with Server(name, command, ADMIN, os.path.abspath(args.directory)) as agent:
                if users > 1:
                    decide(args, agent, "POST", 4, users, users // 5)  # groups to scrape, and a part of the room
                with beside(args, agent) if is_busy else contextlib.nullcontext():
                    took = decide(args, agent, method, connections, users, args.count)
            print("%-36s %10.3f %10.3f %10.3f %10.0f" % (name, took["p50_ms"], took["p99_ms"], took["max_ms"], took["rate"]), flush=True)
            slowest = max(slowest, took["p50_ms"])
    return slowest >= LIMIT_MS


if __name__ == "__main__":
    raise SystemExit(main())
