# SPDX-License-Identifier: Apache-2.0
"""The faults of tests/faults, each for a moment: nothing that was acknowledged is lost. `make faults` takes its time."""
import argparse
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
import faults  # noqa: E402

SHORT = argparse.Namespace(kills=2, seconds=0.5, down=0.5)
LONG_ONLY = (faults.map_full,)  # half a minute to fill
CHOSEN = [f for f in faults.FAULTS if f[1] not in LONG_ONLY]


@pytest.mark.parametrize("fault, settings", [f[1:] for f in CHOSEN], ids=[f[0] for f in CHOSEN])
def test_nothing_acknowledged_is_lost(fault, settings):
    with faults.small_disk(fault is faults.disk_full) as directory:
        if directory is None:
            pytest.skip("mounting a small disk is not allowed here")
        account, words = faults.run_fault(directory, fault, settings, SHORT)
    print(account, words)
    assert account.lost == 0 and account.acknowledged == account.sent > 0
    if fault is faults.disk_full:  # what the disk refused was counted as refused alone
        assert account.counted == account.acknowledged
