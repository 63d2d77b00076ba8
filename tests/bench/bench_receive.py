#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds per million spans, memory and start-up of the agent, beside a server on gRPC core that does nothing.

All in one run, because absolute figures move with the machine and its load: read the ratios. CPU is that of the
server's process alone, from /proc/PID/stat; of several rounds the median is printed.
"""
import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
SPANS = {1: 50_000, 100: 1_000_000, 512: 1_000_000, 2000: 1_000_000}


class Server:
    """A server under load. ready: pattern of the line that says it is, with its gRPC port in the first group.
    directory: where its state lies, None for /tmp, which may be memory."""

    def __init__(self, name, command, ready, directory=None):
        self.name, began = name, time.monotonic()
        self.state = tempfile.TemporaryDirectory(dir=directory)  # each start is a first one
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, BENCH_STATE=self.state.name))
        self.port = self.await_port(ready)
        self.start_ms = (time.monotonic() - began) * 1000
        time.sleep(0.3)
        self.idle_kib = self.memory("VmRSS")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.state.cleanup()

    def await_port(self, ready):
        for line in self.process.stdout:
            found = re.search(ready, line)
            if found:
                return int(found.group(1))
        raise SystemExit("%s ended before it was ready" % self.name)

    def cpu_parts_s(self):
        """(user, system)"""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def cpu_s(self):
        return sum(self.cpu_parts_s())

    def settled_cpu_s(self):
        """CPU once work that outlasts the load (queues, exports) is done."""
        before, now = -1.0, self.cpu_s()
        while now - before > 0.02:
            time.sleep(0.3)
            before, now = now, self.cpu_s()
        return now

    def memory(self, key):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(key + r":\s+(\d+) kB", f.read()).group(1))


def agent_config(directory, name, exporters):
    path = os.path.join(directory, name + ".yaml")
    with open(path, "w") as f:  # JSON is YAML
        json.dump({"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
                   "admin": {"endpoint": "127.0.0.1:0"},
                   "log": {"level": "warn"},
                   "storage": {"directory": "${env:BENCH_STATE}"},
                   "exporters": exporters}, f)
    return path


def commands(bin_dir, directory, sink_port):
    """name -> (command, pattern of the ready line)"""
    own = r"^ready grpc=(\d+)"
    banner = r"OTLP/gRPC\s.*:(\d+)$"
    forward = {"otlp/sink": {"endpoint": "127.0.0.1:%d" % sink_port, "tls": {"insecure": True}, "compression": "none",
                             "sending_queue": {"queue_size": "1GiB"}}}  # what is dropped would cost nothing
    plimsoll = os.path.join(bin_dir, "plimsoll")
    return {
        "noop": ([os.path.join(bin_dir, "bench/noop_server")], own),
        "receive": ([os.path.join(bin_dir, "bench/receive_server")], own),
        "agent": ([plimsoll, "run", "--config", agent_config(directory, "agent", {})], banner),
        "forward": ([plimsoll, "run", "--config", agent_config(directory, "forward", forward)], banner),
    }


def load(bin_dir, server, batch, spans, seed):
    """Sends spans; returns the server's CPU seconds per million of them, as (user, system)."""
    server.settled_cpu_s()
    before = server.cpu_parts_s()
    run = subprocess.run([os.path.join(bin_dir, "bench/otlp_load"), "127.0.0.1:%d" % server.port, "--batch", str(batch),
                          "--spans", str(spans), "--seed", str(seed)], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        print("%s: %s" % (server.name, run.stdout.strip()))
    sent = int(re.search(r"spans=(\d+)", run.stdout).group(1))
    server.settled_cpu_s()
    return tuple((now - then) / sent * 1e6 for now, then in zip(server.cpu_parts_s(), before))


def measure(args, kinds):
    """Prints the table of costs; returns the servers' memory and start-up, by name."""
    names, notes = args.servers, {name: [] for name in args.servers}
    print("CPU seconds per million spans of about 1 KiB, median of %d rounds; ratio to the no-op server" % args.rounds)
    print("%6s %9s" % ("batch", "spans") + "".join("%18s" % name for name in names))
    for batch in args.batches:
        spans = int(SPANS.get(batch, 1_000_000) * args.scale)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(Server(name, *kinds[name])) for name in names]
            costs = {server.name: [sum(load(args.bin, server, batch, spans, round_ + 1)) for round_ in range(args.rounds)]
                     for server in servers}
            for server in servers:
                notes[server.name].append((server.start_ms, server.idle_kib, server.memory("VmHWM")))
        medians = {name: statistics.median(costs[name]) for name in names}
        print("%6d %9d" % (batch, spans) +
              "".join("%10.2f %6.2fx" % (medians[n], medians[n] / medians[names[0]]) for n in names), flush=True)
    return notes


def print_notes(notes):
    print("\n%-10s %14s %14s %16s" % ("", "ready (ms)", "idle (MiB)", "peak (MiB)"))
    for name, rows in notes.items():
        starts, idles, peaks = zip(*rows)
        print("%-10s %14.0f %14.1f %16.1f" % (name, statistics.median(starts), statistics.median(idles) / 1024,
                                              max(peaks) / 1024))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default="build/release", help="folder of the built programs")
    parser.add_argument("--batches", type=int, nargs="+", default=list(SPANS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of spans")
    parser.add_argument("--servers", nargs="+", default=["noop", "receive", "agent", "forward"],
                        help="noop: gRPC core alone; receive: our receivers, no pipeline; agent: receive to observe; "
                             "forward: and export over OTLP; ratios are to the first")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        with Server("sink", [os.path.join(args.bin, "bench/noop_server")], r"^ready grpc=(\d+)") as sink:
            print_notes(measure(args, commands(args.bin, directory, sink.port)))


if __name__ == "__main__":
    main()
