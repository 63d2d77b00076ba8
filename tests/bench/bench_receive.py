#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds per million spans, memory and start-up of the agent, beside a server on gRPC core that does nothing.

All in one run, because absolute figures move with the machine and its load: read the ratios. In each round every server
takes its turn; a ratio is to the no-op server of the same round, and of several rounds the median is printed. CPU is
that of the server's process alone, from /proc/PID/stat, and of its threads, from /proc/PID/task: lanes receive, read,
count and answer; the loop learns what is usual and judges; the store writes. What the agent sheds under load costs
nothing, so it is printed too: calls that no later judgement will find, and calls that no baseline learnt from.
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
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
SPANS = {1: 50_000, 100: 1_000_000, 512: 1_000_000, 2000: 1_000_000}
ADMIN = r"page\s.*:(\d+)/$"
THREADS = ("lanes", "loop", "store", "rest")
SHED = {"not remembered": "plimsoll_agent_calls_forgotten_total", "not learnt": "plimsoll_agent_samples_dropped_total"}
AGENTS = {"agent": {}, "agent -j": {"judgements": {"enabled": False}}, "forward": {}}
NOTES = """noop: gRPC core alone. receive: our receivers, no pipeline. agent: receive to baselines, default configuration.
agent -j: with judgements.enabled: false. forward: as agent, and exports over OTLP/gRPC. lanes: receive to observe."""


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

    def thread_cpu_s(self):
        """By THREADS; those that gRPC core and others start and end by themselves are in the rest."""
        spent = dict.fromkeys(THREADS, 0.0)
        for thread in os.listdir("/proc/%d/task" % self.process.pid):
            with contextlib.suppress(FileNotFoundError):
                with open("/proc/%d/task/%s/stat" % (self.process.pid, thread)) as f:
                    name, fields = re.match(r"\d+ \((.*)\) (.*)", f.read()).groups()
                kind = "loop" if int(thread) == self.process.pid else name.split("-")[0].replace("lane", "lanes")
                spent[kind if kind in THREADS else "rest"] += sum(map(int, fields.split()[11:13])) / TICKS
        spent["rest"] = self.cpu_s() - sum(spent[kind] for kind in THREADS if kind != "rest")
        return spent

    def counts(self, families):
        """Sums of counters on /metrics."""
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.admin_port, timeout=10) as answer:
            text = answer.read().decode()
        return [sum(map(float, re.findall(r"^%s(?:{[^}]*})? (\S+)$" % family, text, re.M))) for family in families]

    def memory(self, key):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(key + r":\s+(\d+) kB", f.read()).group(1))


def agent_config(directory, name, exporters, more=None):
    path = os.path.join(directory, name + ".yaml")
    with open(path, "w") as f:  # JSON is YAML
        json.dump({"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
                   "admin": {"endpoint": "127.0.0.1:0"},
                   "log": {"level": "error"},
                   "storage": {"directory": "${env:BENCH_STATE}"},
                   "exporters": exporters, **(more or {})}, f)
    return path


def commands(bin_dir, directory, sink_port):
    """name -> (command, pattern of the ready line)"""
    own = r"^ready grpc=(\d+)"
    banner = r"OTLP/gRPC\s.*:(\d+)$"
    forward = {"otlp/sink": {"endpoint": "127.0.0.1:%d" % sink_port, "tls": {"insecure": True}, "compression": "none",
                             "sending_queue": {"queue_size": "1GiB"}}}  # what is dropped would cost nothing
    plimsoll = os.path.join(bin_dir, "plimsoll")
    kinds = {"noop": ([os.path.join(bin_dir, "bench/noop_server")], own),
             "receive": ([os.path.join(bin_dir, "bench/receive_server")], own)}
    for name, more in AGENTS.items():
        config = agent_config(directory, name.replace(" ", ""), forward if name == "forward" else {}, more)
        kinds[name] = ([plimsoll, "run", "--config", config], banner)
    return kinds


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


class Cost:
    """What one load cost a server, per million spans: CPU seconds in all and by thread, and what was shed, in percent."""

    def __init__(self, bin_dir, server, batch, spans, seed):
        is_agent = server.name in AGENTS
        threads, shed = server.thread_cpu_s(), server.counts(SHED.values()) if is_agent else []
        self.all = sum(load(bin_dir, server, batch, spans, seed))
        self.parts = {}
        if is_agent:
            now = server.thread_cpu_s()
            self.parts = {kind: (now[kind] - threads[kind]) / spans * 1e6 for kind in THREADS}
            self.parts.update((what, (after - before) / spans * 100)
                              for what, after, before in zip(SHED, server.counts(SHED.values()), shed))


def run_rounds(args, kinds, batch, spans, notes):
    """A list of {name: Cost}, one a round."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(name, *kinds[name])) for name in args.servers]
        for server in servers:
            server.admin_port = server.await_port(ADMIN) if server.name in AGENTS else None
        rounds = [{server.name: Cost(args.bin, server, batch, spans, round_ + 1) for server in servers}
                  for round_ in range(args.rounds)]
        for server in servers:
            notes[server.name].append((server.start_ms, server.idle_kib, server.memory("VmHWM")))
    return rounds


def print_batch(names, batch, spans, rounds):
    def middle(value):
        return statistics.median(value(costs) for costs in rounds)

    print("%6d %9d" % (batch, spans) +
          "".join("%10.2f %6.2fx" % (middle(lambda c: c[n].all), middle(lambda c: c[n].all / c[names[0]].all))
                  for n in names))
    def cell(part, name):
        if part not in rounds[0][name].parts:
            return " " * 18
        ratio = "%6.2fx" % middle(lambda c: c[name].parts[part] / c[names[0]].all) if part == "lanes" else ""
        return "%10.2f %-7s" % (middle(lambda c: c[name].parts[part]), "%" if part in SHED else ratio)

    for part in THREADS + tuple(SHED):
        cells = "".join(cell(part, name) for name in names).rstrip()
        if cells:
            print("%16s" % part + cells, flush=True)


GOAL_BATCH = 512


def print_goals(rounds):
    """The figures that the project holds itself to. The lowest of all rounds is what the work costs by itself: whoever
    shares a processor with it can only add."""
    def lanes(costs):
        return costs["agent"].parts["lanes"]

    def line(what, goal, median, lowest):
        print("%-44s %8.2f %8.2f %8.2f" % (what, goal, median, lowest))

    print("\n%-44s %8s %8s %8s" % ("at batch %d" % GOAL_BATCH, "at most", "median", "lowest"))
    line("receive to observe, seconds a million spans", 2.0, statistics.median(map(lanes, rounds)), min(map(lanes, rounds)))
    line("the same, times the no-op server", 4.5, statistics.median(lanes(c) / c["noop"].all for c in rounds),
         min(map(lanes, rounds)) / min(c["noop"].all for c in rounds))
    line("forwarding, seconds more", 1.0, statistics.median(c["forward"].all - c["agent"].all for c in rounds),
         min(c["forward"].all for c in rounds) - min(c["agent"].all for c in rounds))


def measure(args, kinds):
    """Prints the table of costs; returns the servers' memory and start-up, by name."""
    names, notes, goal_rounds = args.servers, {name: [] for name in args.servers}, None
    print("CPU seconds per million spans of about 1 KiB, median of %d rounds; ratio to %s of the same round\n%s" %
          (args.rounds, names[0], NOTES))
    print("%6s %9s" % ("batch", "spans") + "".join("%18s" % name for name in names))
    for batch in args.batches:
        spans = int(SPANS.get(batch, 1_000_000) * args.scale)
        rounds = run_rounds(args, kinds, batch, spans, notes)
        print_batch(names, batch, spans, rounds)
        if batch == GOAL_BATCH and {"noop", "agent", "forward"} <= set(names):
            goal_rounds = rounds
    if goal_rounds is not None:
        print_goals(goal_rounds)
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
    parser.add_argument("--servers", nargs="+", default=["noop", "receive", *AGENTS], help="columns; ratios are to the first")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        with Server("sink", [os.path.join(args.bin, "bench/noop_server")], r"^ready grpc=(\d+)") as sink:
            print_notes(measure(args, commands(args.bin, directory, sink.port)))


if __name__ == "__main__":
    main()
