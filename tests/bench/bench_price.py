#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the C benchmark and the Python package genai-prices on the same calls in turn, and prints both and their ratio.

    bench_price.py PROGRAM
"""
import json
import subprocess
import sys
import time
from datetime import datetime, timezone

from genai_prices import Usage, calc_price

CALLS = 4000
WHEN = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
MIX = [  # as in bench_price.c; the package knows its own provider names only, and does not answer for unknown models
    ("openai", "gpt-4o-2024-11-20", {}),
    ("openai", "gpt-5.4-2026-03-05", {"service_tier": "flex"}),
    ("openai", "gpt-4o-mini-2024-07-18", {"service_tier": "default"}),
    ("anthropic", "claude-sonnet-4-5-20250929", {}),
    ("anthropic", "claude-haiku-4-5-20251001", {}),
    ("google", "gemini-2.5-pro", {}),
    ("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", {}),
    ("mistral", "mistral-large-2411", {}),
]


def price(i):
    provider, model, context = MIX[i % len(MIX)]
    usage = Usage(input_tokens=900 + i * 37 % 5000, output_tokens=100 + i * 13 % 900, cache_read_tokens=300 + i % 400)
    return calc_price(usage, model, provider_id=provider, genai_request_timestamp=WHEN, price_context=context)


def python_rate():
    for i in range(len(MIX)):
        price(i)  # its caches are filled, as ours are
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        for i in range(CALLS):
            price(i)
        best = max(best, CALLS / (time.process_time() - start))
    return best


def main(program):
    ours = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    theirs = python_rate()
    ours["python_calls_per_second"] = round(theirs)
    ours["times_faster"] = round(ours["calls_per_second"] / theirs)
    print(json.dumps(ours))


if __name__ == "__main__":
    main(sys.argv[1])
