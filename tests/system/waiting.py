# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true, with a limit and a sentence for when it does not."""
import time

POLL_S = 0.02


def wait_for(condition, what, timeout=20.0):
    """Returns the first true value of condition(); fails the test with `what` when there is none in time."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %.0f s in vain for %s" % (timeout, what() if callable(what) else what))
        time.sleep(POLL_S)
