#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every #include of agent/ and exporters/ against the rules of who may know whom. The Makefile hands over FLOW.

    layers.py FOLDER...     the folders of agent/ in the order in which a span meets them
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)
GROUND = {"base", "span", "config"}

# What a folder may include beside itself and the ground; a stage that is not listed here nothing more.
MAY = {
    "base": set(),
    "span": {"base", "otlp"},  # a batch carries the edits of its wire bytes,
    "otlp": {"base", "span"},  # and the walker speaks of its signals
    "config": {"base"},
    "net": {"base", "config"},
    "receivers": GROUND | {"otlp", "net"},
    "dialects": GROUND | {"otlp"},
    "enrich": GROUND | {"otlp"},
    "redaction": GROUND | {"otlp"},
    "sampling": GROUND | {"otlp"},
    "routing": GROUND | {"otlp"},
    "alerts": GROUND | {"net"},
    "budgets": GROUND | {"net"},  # its gateway endpoint listens
    "admin": GROUND | {"net", "observe", "store"},
    "exporters": GROUND | {"net", "otlp", "store"},  # splitting walks the wire bytes; the queue on disk
}
# cli builds the subcommands on the stages; daemon joins them.
SEES_ALL = {"cli", "daemon"}

# A library stays behind the folders that hide it: (header, folders).
CONTAINED = [
    (re.compile(r"^lmdb\.h$"), {"store"}),
    (re.compile(r"^grpc/"), {"receivers", "exporters/otlp", "budgets"}),
    (re.compile(r"\.pb-c\.h$|^protobuf-c/"), {"otlp", "receivers", "exporters", "budgets"}),
    (re.compile(r"^microhttpd\.h$"), {"receivers", "admin", "net"}),
    (re.compile(r"^curl/"), {"net"}),
    (re.compile(r"^yaml\.h$"), {"config"}),
    (re.compile(r"^expat\.h$"), {"gate"}),
    (re.compile(r"^librdkafka/"), {"exporters/kafka"}),
    (re.compile(r"^snappy-c\.h$"), {"exporters/remotewrite"}),
    (re.compile(r"^pcre2\.h$"), {"redaction", "pricing", "gate"}),
    (re.compile(r"^(zlib|zstd|libdeflate)\.h$"), {"receivers", "admin", "net", "store", "exporters", "cli", "pricing", "daemon"}),
]


def folder_of(path):
    """"store" of agent/store/open.c, "exporters" and "exporters/otlp" of exporters/otlp/send.c."""
    parts = Path(path).parts
    if parts[0] == "agent":
        return {parts[1]}
    return {"exporters"} | ({"/".join(parts[:2])} if len(parts) > 2 else set())


def complaint(path, header, is_ours):
    """Why this file may not include this header, or None."""
    here = folder_of(path)
    folder = min(here, key=len)
    for library, homes in CONTAINED:
        if library.search(header) and not here & homes:
            return "belongs behind %s" % ", ".join(sorted(homes))
    if not is_ours or header.startswith("proto/"):
        return None
    if not header.startswith(("agent/", "exporters/")):
        return "paths start at the root"
    there = min(folder_of(header), key=len)
    if there == folder or folder in SEES_ALL or there in MAY.get(folder, GROUND):
        return None
    return "%s may include %s" % (folder, ", ".join(sorted(MAY.get(folder, GROUND) | {folder})))


def main(flow):
    sources = sorted(p for top in ("agent", "exporters") for p in Path(top).rglob("*.[ch]") if "example" not in p.parts)
    passed, failed = 0, 0
    for path in sources:
        if path.parts[0] == "agent" and path.parts[1] not in flow:
            print("%s: folder %s is not in FLOW" % (path, path.parts[1]))
            failed += 1
        for kind, header in INCLUDE.findall(path.read_text()):
            why = complaint(str(path), header, kind == '"')
            if why:
                print("%s: must not include %s: %s" % (path, header, why))
            failed += bool(why)
            passed += not why
    print("%d includes of %d files" % (passed + failed, len(sources)))
    print("%d passed, %d failed" % (not failed, failed))
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
