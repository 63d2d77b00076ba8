#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds per million spans, memory and start-up of the agent, beside a server on gRPC core that does nothing.

All in one run, because absolute figures move with the machine and its load: read the ratios. The servers take short
turns, so that what else the machine does meets all of them; ratios and differences are of one round, and of all rounds
the median is printed. CPU is that of the server's process alone, and of its threads: lanes receive, read, count and
answer; the loop learns what is usual and judges; the store writes. Before the rounds each server bears one long load,
which shows its memory and what the agent sheds: calls that no later judgement will find, and calls that no baseline
learnt from.
"""
import argparse
import contextlib
import os
import statistics
import tempfile

from server import THREADS, Server, agent_config, load

TURN_SPANS = {1: 4_000, 100: 50_000, 512: 51_200, 2000: 50_000}
LONG_LOAD_TURNS = 20
ADMIN = r"page\s.*:(\d+)/$"
SHED = {"not remembered": "plimsoll_agent_calls_forgotten_total", "not learnt": "plimsoll_agent_samples_dropped_total"}
AGENTS = {"agent": {}, "agent -j": {"judgements": {"enabled": False}}, "forward": {}}
NOTES = """noop: gRPC core alone. receive: our receivers, no pipeline. agent: receive to baselines, default configuration.
agent -j: with judgements.enabled: false. forward: as agent, and exports over OTLP/gRPC. lanes: receive to observe."""


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


class Turn:
    """What one load cost a server, in CPU seconds per million spans: in all, and by thread of an agent."""

    def __init__(self, bin_dir, server, batch, spans, seed):
        before = server.thread_cpu_s() if server.name in AGENTS else {}
        self.all = load(bin_dir, server, batch, spans, seed)
        after = server.thread_cpu_s() if before else {}
        self.threads = {kind: (after[kind] - before[kind]) / spans * 1e6 for kind in before}


def bear_long_load(bin_dir, server, batch, spans):
    """Percent of the calls that an agent sheds, by SHED."""
    before = server.counts(SHED.values()) if server.name in AGENTS else []
    load(bin_dir, server, batch, spans, 1)
    after = server.counts(SHED.values()) if before else []
    return {what: (now - then) / spans * 100 for what, now, then in zip(SHED, after, before)}


def run_rounds(args, kinds, batch, notes):
    """({name: {SHED: percent}}, a list of {name: Turn}, one a round)"""
    spans = TURN_SPANS.get(batch, 50_000)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(name, *kinds[name])) for name in args.servers]
        for server in servers:
            server.admin_port = server.await_port(ADMIN) if server.name in AGENTS else None
        shed = {server.name: bear_long_load(args.bin, server, batch, int(spans * LONG_LOAD_TURNS * args.scale))
                for server in servers}
        rounds = [{server.name: Turn(args.bin, server, batch, spans, round_ + 2) for server in servers}
                  for round_ in range(args.rounds)]
        for server in servers:
            notes[server.name].append((server.start_ms, server.idle_kib, server.memory("VmHWM")))
    return shed, rounds


def print_batch(names, batch, shed, rounds):
    def middle(value):
        return statistics.median(value(turns) for turns in rounds)

    def thread_cell(kind, name):
        if not rounds[0][name].threads:
            return " " * 18
        ratio = "%6.2fx" % middle(lambda t: t[name].threads[kind] / t[names[0]].all) if kind == "lanes" else ""
        return "%10.2f %-7s" % (middle(lambda t: t[name].threads[kind]), ratio)

    def shed_cell(what, name):
        return "%10.2f %-7s" % (shed[name][what], "%") if shed[name] else " " * 18

    print("%16d" % batch + "".join("%10.2f %6.2fx" % (middle(lambda t: t[n].all), middle(lambda t: t[n].all / t[names[0]].all))
                                   for n in names))
    for parts, cell in ((THREADS, thread_cell), (SHED, shed_cell)):
        for part in parts:
            cells = "".join(cell(part, name) for name in names).rstrip()
            if cells:
                print("%16s" % part + cells, flush=True)


GOAL_BATCH = 512


def print_goals(rounds):
    """The figures that the project holds itself to, with the spread of the rounds. The seconds are those of a machine on
    which the no-op server takes 0.45: elsewhere the multiples tell."""
    def line(what, goal, value):
        low, middle, high = statistics.quantiles(map(value, rounds), n=4) if len(rounds) > 1 else [value(rounds[0])] * 3
        print("%-46s %8.2f %8.2f    %.2f to %.2f" % (what, goal, middle, low, high))

    print("\n%-46s %8s %8s    %s" % ("at batch %d, of %d rounds" % (GOAL_BATCH, len(rounds)), "at most", "median",
                                     "middle half"))
    line("receive to observe, seconds a million spans", 2.0, lambda t: t["agent"].threads["lanes"])
    line("the same, times the no-op server", 4.5, lambda t: t["agent"].threads["lanes"] / t["noop"].all)
    line("forwarding, seconds more", 1.0, lambda t: t["forward"].all - t["agent"].all)
    line("the same, times the no-op server", 2.2, lambda t: (t["forward"].all - t["agent"].all) / t["noop"].all)


def measure(args, kinds):
    """Prints the table of costs; returns the servers' memory and start-up, by name."""
    names, notes, goal_rounds = args.servers, {name: [] for name in args.servers}, None
    print("CPU seconds per million spans of about 1 KiB, median of %d rounds; ratio to %s of the same round\n%s" %
          (args.rounds, names[0], NOTES))
    print("%16s" % "batch" + "".join("%18s" % name for name in names))
    for batch in args.batches:
        shed, rounds = run_rounds(args, kinds, batch, notes)
        print_batch(names, batch, shed, rounds)
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
    parser.add_argument("--batches", type=int, nargs="+", default=list(TURN_SPANS))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual length of the long load")
    parser.add_argument("--servers", nargs="+", default=["noop", "receive", *AGENTS], help="columns; ratios are to the first")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        with Server("sink", [os.path.join(args.bin, "bench/noop_server")], r"^ready grpc=(\d+)") as sink:
            print_notes(measure(args, commands(args.bin, directory, sink.port)))


if __name__ == "__main__":
    main()
