#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions per span by source folder, counted by valgrind's callgrind: the same on a busy machine.

Two runs of different length are subtracted, so that what happens once (start, first batches) falls out. Inlined
functions count where their source stands.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

BATCH = 512
SHORT, LONG = 24, 40  # batches


class Profile:
    """Self cost by (source file, function)."""

    def __init__(self, path):
        self.cost = collections.Counter()
        self.names = {}
        with open(path) as lines:
            self.read(lines)

    def name(self, kind, text):
        """Names come in full once, "(7) name", and as "(7)" from then on."""
        number, _, name = text.partition(" ")
        if name:
            self.names[kind, number] = name
        return self.names[kind, number]

    def read(self, lines):
        source = function = None
        skip = False
        for line in lines:
            key, _, rest = line.rstrip("\n").partition("=")
            if key in ("fl", "fi", "fe"):
                source = self.name("file", rest)
            elif key == "fn":
                function = self.name("function", rest)
            elif key in ("cfi", "cfl"):
                self.name("file", rest)
            elif key == "cfn":
                self.name("function", rest)
            elif key in ("ob", "cob"):
                self.name("object", rest)
            elif key == "calls":
                skip = True  # the next line is what the callee cost
            elif line[:1] in "+-*0123456789":
                if not skip:
                    self.cost[source, function] += int(line.split()[1])
                skip = False


def profile(program, mode, batches, directory):
    out = os.path.join(directory, "%s.%d" % (mode, batches))
    subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, "--toggle-collect=measured*",
                    program, mode, str(batches)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Profile(out).cost


def per_span(program, mode):
    with tempfile.TemporaryDirectory() as directory:
        cost = profile(program, mode, LONG, directory)
        cost.subtract(profile(program, mode, SHORT, directory))
    return {where: count / (LONG - SHORT) / BATCH for where, count in cost.items() if count > 0}


def folder(source):
    found = re.search(r"(?:agent/(\w+)|(exporters))/", source)
    return (found.group(1) or found.group(2)) if found else "libraries"


def summed(costs, key):
    sums = collections.Counter()
    for where, cost in costs.items():
        sums[key(*where)] += cost
    return sums


def print_table(modes, tables):
    folders = sorted(set().union(*tables.values()), key=lambda f: -max(t[f] for t in tables.values()))
    print("instructions per span of about 1 KiB, batches of %d" % BATCH)
    print("%-12s" % "" + "".join("%10s" % mode for mode in modes))
    for name in folders:
        print("%-12s" % name + "".join("%10.0f" % tables[mode][name] for mode in modes))
    totals = {mode: sum(tables[mode].values()) for mode in modes}
    print("%-12s" % "all" + "".join("%10.0f" % totals[mode] for mode in modes))
    if "walk" in totals:
        print("%-12s" % "to the walk" + "".join("%9.1fx" % (totals[mode] / totals["walk"]) for mode in modes))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("modes", nargs="*", default=["walk", "read", "lane", "agent", "forward"])
    parser.add_argument("--top", type=int, default=0, help="print the dearest functions of the last mode too")
    args = parser.parse_args()
    try:
        costs = {mode: per_span(args.program, mode) for mode in args.modes}
    except FileNotFoundError:
        sys.exit("bench_instructions: valgrind is not installed: apt-get install valgrind")
    print_table(args.modes, {mode: summed(costs[mode], lambda source, _: folder(source)) for mode in args.modes})
    for name, cost in summed(costs[args.modes[-1]], lambda _, function: function).most_common(args.top):
        print("%8.0f  %s" % (cost, name))


if __name__ == "__main__":
    main()
