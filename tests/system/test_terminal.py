# SPDX-License-Identifier: Apache-2.0
"""What the commands print of a running agent: names come from whoever sends, and must not reach a terminal as commands."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import otlp
from agent import BINARY
from waiting import wait_for

HOSTILE = "evil\x1b]0;title\x07\x1b[31m\u009b31m|<b>\r\nname"
LONG = "long-" * 30 + "end"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
SMALL_BUDGET = {"budgets": {"limits": {"day/each": {"limit_usd": 0.0001, "by": ["feature"]}}}}


def run(agent, *arguments):
    done = subprocess.run([BINARY, *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]], capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def lines_on_terminal(agent, columns, *arguments):
    """What it prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    done = subprocess.run([BINARY, *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]], stdout=theirs, timeout=30)
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    assert done.returncode == 0
    return text.decode().replace("\r", "").splitlines()


def send_calls_of(agent, *names):
    message, spans = otlp.request()
    for name in names:
        for version in ("1.0.0", "1.1.0"):
            otlp.add_call(spans, **{"plimsoll.feature": name, "gen_ai.prompt.name": "of " + name, "gen_ai.prompt.version": version})
    otlp.send_grpc(agent.grpc_target, message)
    wait_for(lambda: run(agent, "canary").count("undecided") == len(names), "all prompts in the list")


def test_no_name_moves_the_cursor_or_ends_a_line(start_agent):
    agent = start_agent(SMALL_BUDGET)
    send_calls_of(agent, HOSTILE)
    run(agent, "alerts", "silence", "feature=other", "--comment", "evil " + HOSTILE)
    wait_for(lambda: "evil" in run(agent, "alerts"), "the budget's alert")
    alert = run(agent, "alerts").split()[0]
    for arguments in (("top", "--once"), ("top", "--by", "prompt"), ("budgets",), ("canary",), ("canary", "of " + HOSTILE), ("audit",),
                      ("report", "--days", "1"), ("alerts",), ("alerts", "show", alert), ("alerts", "silences")):
        text = wait_for(lambda: (lambda told: "evil" in told and told)(run(agent, *arguments)), "the name in %s" % (arguments,))
        assert not CONTROL.search(text), (arguments, text)
        assert not any(line.startswith("name") for line in text.splitlines()), (arguments, text)
    done = subprocess.run([BINARY, "canary", "of " + HOSTILE, "--from", "9", "--agent", "localhost:%d" % agent.ports["metrics"]],
                          capture_output=True, timeout=30)
    assert done.returncode == 1 and b"evil" in done.stderr and not CONTROL.search(done.stderr.decode()), done.stderr


def columns_of(text):
    """What a terminal takes for it: two columns for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_a_comparison_names_both_versions_whole(start_agent):
    agent = start_agent()
    send_calls_of(agent, LONG, "gr\u00f6\u00dfe \u65e5")
    assert run(agent, "canary", "of " + LONG).startswith("of %s@1.1.0 against of %s@1.0.0: undecided" % (LONG, LONG))
    rows = run(agent, "canary").splitlines()
    assert any("of %s@1.0.0  of %s@1.1.0  " % (LONG, LONG) in row for row in rows)
    assert len({columns_of(row[:row.index("undecided")]) for row in rows[1:]}) == 1, rows


def test_the_audit_fits_a_terminal(start_agent):
    agent = start_agent()
    send_calls_of(agent, LONG, "answers of the shop")
    wait_for(lambda: len(run(agent, "audit").splitlines()) == 6, "both prompts and their versions in the audit")
    for columns in (80, 100):
        lines = lines_on_terminal(agent, columns, "audit")
        assert len(lines) == 6 and max(map(len, lines)) <= columns, lines
        assert sum("  answers of the shop  " in line for line in lines) == 3, "a name that has room is whole"
    assert LONG in run(agent, "audit"), "a pipe gets names whole"


def refused(agent, *arguments):
    done = subprocess.run([BINARY, *arguments, "--agent", "localhost:%d" % agent.ports["metrics"]], capture_output=True, timeout=30)
    assert done.returncode == 2, (arguments, done)
    return done.stderr.decode()


def test_an_empty_variable_of_a_script_is_no_verdict(start_agent):
    agent = start_agent()
    assert "--fail-undecided is of one prompt: its NAME is missing" in refused(agent, "canary", "--fail-undecided")
    assert "--env is of one prompt" in refused(agent, "canary", "--env", "production")
    assert "NAME is empty" in refused(agent, "canary", "", "--fail-undecided")
    assert "show wants an alert's id" in refused(agent, "alerts", "show", "")
