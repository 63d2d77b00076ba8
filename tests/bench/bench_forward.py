#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What passing spans on costs the whole agent: received over OTLP/gRPC, enriched, counted, queued in memory or on the
disk, and sent over OTLP/gRPC or OTLP/HTTP, plain or gzipped, to a server that ignores them.

All in one run, because absolute figures move with the machine and its load: read the ratios. CPU is that of the agent's
process alone, user and system apart; of several rounds the median is printed. The rounds go around the servers, so that
a burst of other work meets them all.
"""
import argparse
import contextlib
import os
import statistics
import tempfile

from server import Server, agent_config, load

SPANS = {1: 50_000, 100: 1_000_000, 512: 1_000_000, 2000: 1_000_000}
HEADLINE_BATCH = 512
WAYS = {"memory": ("memory", "none"), "lmdb": ("lmdb", "none"), "gzip": ("memory", "gzip")}  # storage, compression
GRPC_PORT = r"^ready grpc=(\d+)"
HTTP_PORT = r"^ready grpc=\d+ http=(\d+)"
BANNER = r"OTLP/gRPC\s.*:(\d+)$"


def exporter(kind, port, storage, compression):
    endpoint = {"otlp": {"endpoint": "127.0.0.1:%d" % port, "tls": {"insecure": True}},
                "otlphttp": {"endpoint": "http://127.0.0.1:%d" % port}}[kind]
    return {kind + "/sink": dict(endpoint, compression=compression,
                                 sending_queue={"queue_size": "1GiB", "storage": storage})}  # what is dropped costs nothing


def agents(args, directory, ports):
    """name -> command of each agent; the server that does nothing comes first."""
    plimsoll = os.path.join(args.bin, "plimsoll")
    yield "no-op", [os.path.join(args.bin, "bench/noop_server")], GRPC_PORT
    for kind in ports:
        for way, (storage, compression) in WAYS.items():
            name = "%s %s" % (kind, way)
            config = agent_config(directory, name.replace(" ", "-"), exporter(kind, ports[kind], storage, compression))
            yield name, [plimsoll, "run", "--config", config], BANNER


def cost(args, server, batch, spans, seed):
    """(user, system): CPU seconds per million spans."""
    before = server.cpu_parts_s()
    load(args.bin, server, batch, spans, seed)
    return tuple((now - then) / spans * 1e6 for now, then in zip(server.cpu_parts_s(), before))


def measure(args, batch, kinds):
    """{name: (user, system)}: CPU seconds per million spans, medians."""
    spans = int(SPANS.get(batch, 1_000_000) * args.scale)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(*kind, directory=args.directory)) for kind in kinds]
        rounds = [{s.name: cost(args, s, batch, spans, seed + 1) for s in servers} for seed in range(args.rounds)]
    return {s.name: tuple(statistics.median(r[s.name][part] for r in rounds) for part in (0, 1)) for s in servers}


def print_costs(batch, costs):
    noop = sum(costs["no-op"])
    for name, (user, system) in costs.items():
        print("%6d  %-16s %8.2f %8.2f %8.2f %8.2fx" % (batch, name, user, system, user + system, (user + system) / noop),
              flush=True)


def print_headline(batch, costs):
    print("\nbeside a queue in memory and no compression, batch %d, CPU for the whole agent:" % batch)
    for kind in ("otlp", "otlphttp"):
        for way, what in (("lmdb", "the queue on the disk"), ("gzip", "gzip, the default")):
            plain, other = (sum(costs["%s %s" % (kind, w)]) for w in ("memory", way))
            print("  %-8s %-22s %+.0f %% (%.2f instead of %.2f s a million spans)" % (
                kind, what, (other / plain - 1) * 100, other, plain))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release", help="folder of the built programs")
    parser.add_argument("--directory", default="build", help="where the queues lie: on a disk, not in memory")
    parser.add_argument("--batches", type=int, nargs="+", default=list(SPANS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of spans")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, \
            Server("grpc sink", [os.path.join(args.bin, "bench/noop_server")], GRPC_PORT) as grpc_sink, \
            Server("http sink", [os.path.join(args.bin, "bench/receive_server")], HTTP_PORT) as http_sink:
        kinds = list(agents(args, directory, {"otlp": grpc_sink.port, "otlphttp": http_sink.port}))
        print("CPU seconds per million spans of about 1 KiB, median of %d rounds" % args.rounds)
        print("%6s  %-16s %8s %8s %8s %9s" % ("batch", "", "user", "system", "both", "to no-op"))
        costs = {}
        for batch in args.batches:
            costs[batch] = measure(args, batch, kinds)
            print_costs(batch, costs[batch])
        headline = HEADLINE_BATCH if HEADLINE_BATCH in costs else args.batches[-1]
        print_headline(headline, costs[headline])


if __name__ == "__main__":
    main()
