# SPDX-License-Identifier: Apache-2.0
"""`plimsoll top` on a terminal: it has a screen of its own, and leaves with everything said on the other one."""
import os
import pty
import signal
import subprocess
import threading

from agent import BINARY
from waiting import wait_for

LEAVES = b"\x1b[?1049l"


class Terminal:
    """The command on a terminal of its own, and what it wrote there."""

    def __init__(self, *arguments):
        self.text = b""
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([BINARY, *arguments], stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while True:
            try:
                part = os.read(self.master, 4096)
            except OSError:  # the command has ended
                return
            self.text += part

    def end(self):
        code = self.process.wait(timeout=30)
        self.reader.join()
        os.close(self.master)
        return code


def watch(agent):
    terminal = Terminal("top", "--interval", "100ms", "--agent", "http://localhost:%d" % agent.ports["metrics"])
    wait_for(lambda: b"last minute" in terminal.text, lambda: terminal.text)
    return terminal


def test_an_agent_that_goes_away_is_told_on_the_screen_that_stays(start_agent):
    agent = start_agent()
    terminal = watch(agent)
    agent.stop()
    assert terminal.end() == 3
    assert b"cannot reach the agent" in terminal.text.rpartition(LEAVES)[2]


def test_an_interrupt_ends_it_and_is_no_failure(start_agent):
    terminal = watch(start_agent())
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0
    assert terminal.text.endswith(LEAVES)
