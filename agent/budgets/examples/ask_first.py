# SPDX-License-Identifier: Apache-2.0
"""Asks Plimsoll before a model is called; without an answer in time, the call is made.

    python3 ask_first.py user=alice model=gpt-4o provider=openai input_tokens=1200 max_output_tokens=400
"""
import json
import os
import sys
import urllib.request

AGENT = os.environ.get("PLIMSOLL_AGENT", "http://localhost:9464")
TIMEOUT_S = float(os.environ.get("PLIMSOLL_TIMEOUT_MS", "50")) / 1000


def ask(**call):
    """{"decision": "allow", "throttle" or "deny", ...}. Put its reservation_id, where it has one, on the call's span as
    plimsoll.reservation.id."""
    request = urllib.request.Request(AGENT + "/api/v1/budgets/decision", json.dumps(call).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):
        return {"decision": "allow", "reason": "no answer of the agent"}  # fails open


if __name__ == "__main__":
    decided = ask(**dict(argument.split("=", 1) for argument in sys.argv[1:]))
    print(json.dumps(decided))
    sys.exit(0 if decided["decision"] == "allow" else 1)
