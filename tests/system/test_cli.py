# SPDX-License-Identifier: Apache-2.0
"""The commands that need no running agent: exit 0 done, 1 the check says no, 2 wrong usage, 3 a file cannot be reached."""
import json
import re
import subprocess

import pytest

from agent import BINARY


def plimsoll(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=60)


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "plimsoll.yaml"
        path.write_text(text)
        return path

    return write


def test_a_good_configuration_is_ok(config):
    done = plimsoll("check", config("storage: {max_size: 1GiB}\n"))
    assert (done.returncode, done.stderr) == (0, "")


def test_every_mistake_is_named_with_its_place_and_the_nearest_key(config):
    path = config("recievers: {otlp: {}}\nstorage: {max_size: many}\nlog: {level: loud}\n")
    done = plimsoll("check", path)
    assert done.returncode == 1
    assert "%s:1:1: unknown key 'recievers'; did you mean 'receivers'?" % path in done.stderr
    assert "%s:2:21: max_size" % path in done.stderr
    assert "%s:3:" % path in done.stderr


def test_mistakes_can_be_read_by_programs(config):
    done = plimsoll("check", "--output", "json", config("a: 1\n"))
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False and len(answer["errors"]) == 1


def test_a_missing_file_and_a_wrong_word_have_their_own_status(tmp_path):
    assert plimsoll("check", tmp_path / "missing").returncode == 3
    assert plimsoll("chekc").returncode == 2
    assert "did you mean 'check'" in plimsoll("chekc").stderr
    assert plimsoll("check").returncode == 2


def test_secrets_are_never_printed(config, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("whsec_c2VjcmV0c2VjcmV0\n")
    done = plimsoll("check", "--print", config(
        "admin: {token: open-sesame}\nalerts: {channels: {webhook/a: {url: 'http://localhost:1', signing_secret_file: %s}}}\n"
        "exporters: {otlphttp/a: {endpoint: 'http://localhost:1', headers: {authorization: Bearer-of-secrets}}}\n" % secret))
    assert done.returncode == 0, done.stderr
    for word in ("open-sesame", "c2VjcmV0", "Bearer-of-secrets"):
        assert word not in done.stdout + done.stderr


def test_the_sample_configuration_is_valid(config):
    sample = plimsoll("help", "--sample")
    assert sample.returncode == 0
    checked = plimsoll("check", config(sample.stdout))
    assert checked.returncode == 0, checked.stderr


def test_every_command_explains_itself():
    listed = plimsoll("help")
    assert listed.returncode == 0
    commands = re.findall(r"^  (\w+(?: \w+)?)  ", listed.stdout, re.M)
    assert {"run", "check", "price update", "version"} <= set(commands)
    for command in commands:
        told = plimsoll(*command.split(), "--help")
        assert told.returncode == 0 and "usage: plimsoll " + command in told.stdout


def test_the_version_names_what_it_was_built_with():
    done = plimsoll("version")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("plimsoll ", "lmdb", "grpc"))
