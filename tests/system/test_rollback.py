# SPDX-License-Identifier: Apache-2.0
"""Going back by one command: what it runs, what becomes of it when that fails or hangs, and what it says where there is
nothing to go back to."""
import json
import os
import subprocess

import pytest

from agent import BINARY
from waiting import wait_for

# Says what it was told, and does what the file beside it says.
COMMAND = """echo "$PLIMSOLL_ACTION $PLIMSOLL_VERSION after $PLIMSOLL_PREVIOUS_VERSION by $PLIMSOLL_BY" >> "$0/told"
case "$(cat "$0/mode")" in
fail) exit 7 ;;
hang) sleep 300 & echo $! > "$0/child"; wait ;;
esac"""


class Desk:
    def __init__(self, start_agent, folder):
        self.folder = folder
        self.behave("work")
        manifests = folder / "manifests"
        manifests.mkdir()
        for version in "123":
            (manifests / (version + ".yaml")).write_text("name: answer\nversion: %s\n" % version)
        self.agent = start_agent({"prompts": {"directory": str(manifests), "deploy_timeout": "2s",
                                              "deploy_command": ["/bin/sh", "-c", COMMAND, str(folder)]}})

    def behave(self, mode):
        (self.folder / "mode").write_text(mode)

    def told(self):
        return (self.folder / "told").read_text().splitlines()

    def run(self, *arguments, status=0):
        done = subprocess.run([BINARY, "prompts", *arguments, "--env", "production", "--by", "ana", "--agent",
                               "localhost:%d" % self.agent.ports["metrics"]], capture_output=True, text=True, timeout=30)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def deployments(self):
        return self.agent.api("prompts/answer")["deployments"]

    def in_force(self):
        return [v["version"] for v in self.agent.api("prompts/answer")["versions"] if v["deployed_to"]]


@pytest.fixture
def desk(start_agent, tmp_path):
    return Desk(start_agent, tmp_path)


def lives(pid):
    try:
        os.kill(pid, 0)
        with open("/proc/%d/stat" % pid) as file:
            return file.read().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_it_runs_the_command_and_says_and_records_what_it_went_back_to(desk):
    desk.run("deploy", "answer", "1")
    desk.run("deploy", "answer", "2")
    text = desk.run("rollback", "answer", "--ticket", "INC-9")
    assert "answer@1 is in force again in production, after 2: the last version before it that was healthy" in text
    assert desk.told()[-1] == "rollback 1 after 2 by ana"
    last = desk.deployments()[-1]
    assert (last["kind"], last["version"], last["previous"], last["by"], last["ticket"], last["command_exit"]) == (
        "rollback", "1", "2", "ana", "INC-9", 0)
    entry = wait_for(lambda: [e for e in desk.agent.api("audit")["entries"] if e["kind"] == "rollback"], "the audit")[0]
    assert "answer@1 was taken back into production, after 2, by ana (INC-9): the last version" in entry["text"]
    assert desk.in_force() == ["1"]


def test_a_command_that_fails_or_hangs_changes_nothing_and_says_so(desk):
    desk.run("deploy", "answer", "1")
    desk.run("deploy", "answer", "2")
    desk.behave("fail")
    assert "the deploy command failed (7): the deployment does not count" in desk.run("rollback", "answer", status=1)
    assert desk.in_force() == ["2"]
    desk.behave("hang")
    assert "the deploy command failed (137): the deployment does not count" in desk.run("rollback", "answer", status=1)
    desk.agent.wait_for_output("deploy_command_killed")
    child = int((desk.folder / "child").read_text())
    wait_for(lambda: not lives(child), "the end of what the command had started")
    assert [d["command_exit"] for d in desk.deployments()] == [0, 0, 7, 137]
    desk.agent.restart()
    assert desk.in_force() == ["2"]
    desk.behave("work")
    desk.run("rollback", "answer")
    assert desk.in_force() == ["1"]


def test_going_back_during_a_canary_ends_it(desk):
    desk.run("deploy", "answer", "1")
    desk.run("deploy", "answer", "2", "--canary", "5%")
    text = desk.run("rollback", "answer")
    assert "answer@1 is in force again in production, after 2: ends the canary of 2, which was undecided after 0 calls" in text
    assert desk.told()[-1] == "rollback 1 after 2 by ana"
    assert desk.in_force() == ["1"]
    assert "nothing to go back to" in desk.run("rollback", "answer", status=1)


def test_with_no_healthy_version_it_says_why_and_does_nothing(desk):
    assert "(there was none); name one with --to" in desk.run("rollback", "answer", status=1)
    desk.run("deploy", "answer", "1")
    closed = {"version": "1", "gate": {"open": False, "criteria": {"pass_rate": {"value": 0.5}}, "cases": []}}
    assert desk.agent.post("/api/v1/prompts/answer/gate", closed)[0] == 200
    desk.run("deploy", "answer", "2")
    text = desk.run("rollback", "answer", status=1)
    assert "(1: its gate is closed); name one with --to" in text, text
    assert len(desk.told()) == 2 and len(desk.deployments()) == 2
    desk.run("rollback", "answer", "--to", "1")
    assert desk.in_force() == ["1"] and json.dumps(desk.deployments()[-1]["reason"]) == '"as asked for"'
