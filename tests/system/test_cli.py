# SPDX-License-Identifier: Apache-2.0
"""The commands that need no running agent: exit 0 done, 1 the check says no, 2 wrong usage, 3 a file cannot be reached."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from agent import BINARY

ROOT = Path(__file__).resolve().parents[2]

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


NAMES_FILES = """receivers:
  otlp:
    protocols:
      grpc:
        endpoint: localhost:0
        tls: {cert_file: DIR/a.crt, key_file: DIR/a.key, client_ca_file: DIR/ca.crt}
        auth: {bearer: {filename: DIR/tokens}, basic: {htpasswd: {file: DIR/htpasswd}}, header: {name: x-key, filename: DIR/keys}}
admin: {tls: {cert_file: DIR/b.crt, key_file: DIR/b.key}, token_file: DIR/token}
exporters:
  otlp/a: {endpoint: "https://localhost:1", tls: {ca_file: DIR/peer.crt}, auth: {bearer_token_file: DIR/bearer}}
  otlphttp/b: {preset: langfuse, public_key: pk, api_key_file: DIR/langfuse}
  kafka: {brokers: ["localhost:1"], tls: {ca_file: DIR/brokers.crt}}
prices: {file: DIR/prices.json, override_file: DIR/contract.yaml}
alerts: {channels: {slack: {url_file: DIR/slack}}}
"""


def test_files_that_are_not_there_are_named_with_their_place(config, tmp_path):
    path = config(NAMES_FILES.replace("DIR", str(tmp_path)))
    names = {"a.crt", "a.key", "ca.crt", "tokens", "htpasswd", "keys", "b.crt", "b.key", "token", "peer.crt", "bearer", "langfuse",
             "brokers.crt", "prices.json", "contract.yaml", "slack"}
    for name in sorted(names):
        (tmp_path / name).write_text("https://hooks.example.com/x\n")
    assert "cannot read" not in plimsoll("check", path).stderr
    for name in sorted(names):
        (tmp_path / name).unlink()
        done = plimsoll("check", path)
        line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if re.search(r"/%s\b(?!\.)" % re.escape(name), text))
        assert done.returncode == 1 and done.stderr.count("\n") == 1, name
        assert re.fullmatch(r"%s:%d:\d+: \w+: cannot read '%s': No such file or directory\n" % (path, line, tmp_path / name), done.stderr)
        (tmp_path / name).mkdir()
        assert plimsoll("check", path).stderr.endswith("'%s': Is a directory\n" % (tmp_path / name))
        (tmp_path / name).rmdir()
        (tmp_path / name).write_text("https://hooks.example.com/x\n")


@pytest.mark.parametrize("text, words", [
    ("receivers: {otlp: {protocols: {http: {tls: {cert_file: FILE, key_file: FILE}}}}}", "http.tls: cert_file holds no PEM certificate"),
    ("receivers: {otlp: {protocols: {grpc: {auth: {basic: {htpasswd: {file: FILE}}}}}}}", "htpasswd: line 1 is not user:hash"),
    ("receivers: {otlp: {protocols: {http: {auth: {bearer: {filename: /dev/null}}}}}}", "http.auth.bearer: the file holds no key"),
    ("admin: {tls: {cert_file: FILE, key_file: FILE}}", "admin.tls: cert_file holds no PEM certificate"),
    ("prices: {file: FILE}", "FILE:1:1: expected a value"),
    ("user: nobody-of-this-name", "user: this machine knows no user 'nobody-of-this-name'"),
    ("alerts: {channels: {webhook/a: {url: 'http://h', signing_secret: whsec_!}}}", "alerts.channels.webhook/a: signing_secret must be"),
    ("redaction: {patterns: {a: '('}}", "redaction"),
    ("dimensions: {feature: [k, k, k, k, k, k, k]}", "an attribute key is given more than six meanings"),
], ids=lambda value: value.split(":")[0])
def test_what_the_agent_would_not_start_with_is_told_in_the_same_words(config, tmp_path, text, words):
    file = tmp_path / "file"
    file.write_text("garbage\n")
    path = config("admin: {endpoint: 'localhost:0'}\n" * ("admin" not in text) + text.replace("FILE", str(file)) + "\n")
    done = plimsoll("check", path)
    assert done.returncode == 1 and done.stderr.startswith("%s: " % path), done.stderr
    assert words.replace("FILE", str(file)) in done.stderr
    started = plimsoll("run", "--config", path)
    assert started.returncode == 2 and words.replace("FILE", str(file)) in started.stderr


def test_a_configuration_for_another_machine_is_checked_without_its_files(config, tmp_path):
    done = plimsoll("check", "--elsewhere", config(NAMES_FILES.replace("DIR", str(tmp_path / "none"))))
    assert (done.returncode, done.stderr) == (0, "")
    done = plimsoll("check", "--elsewhere", config("admin: {token_file: /none, endpont: localhost}\n"))
    assert done.returncode == 1 and "did you mean 'endpoint'" in done.stderr


OF_OTHER_KINDS = ("name:", "prompts: [")  # manifests, suites, Promptfoo's


def test_every_configuration_of_the_documents_is_valid(config, monkeypatch):
    checked = 0
    for document in [ROOT / "README.md", *(ROOT / "agent").glob("*/README.md"), *(ROOT / "exporters").rglob("README.md")]:
        for block in re.findall(r"```yaml\n(.*?)```", document.read_text(), re.S):
            if block.startswith(OF_OTHER_KINDS):
                continue
            for variable in re.findall(r"\$\{env:(\w+)\}", block):
                monkeypatch.setenv(variable, "set")
            done = plimsoll("check", "--elsewhere", config(block))
            assert done.returncode == 0, (document, done.stderr)
            checked += 1
    assert checked > 10


def test_secrets_are_never_printed(config, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("whsec_%s\n" % ("c2VjcmV0" * 4))
    done = plimsoll("check", "--print", config(
        "admin: {token: open-sesame}\nalerts: {channels: {webhook/a: {url: 'http://localhost:1', signing_secret_file: %s}}}\n"
        "exporters: {otlphttp/a: {endpoint: 'http://localhost:1', headers: {authorization: Bearer-of-secrets}}}\n" % secret))
    assert done.returncode == 0, done.stderr
    for word in ("open-sesame", "c2VjcmV0", "Bearer-of-secrets"):
        assert word not in done.stdout + done.stderr


def test_what_is_wrong_is_told_beside_what_is_in_force(config):
    done = plimsoll("check", "--print", config("alerts: {channels: {webhook/a: {url: 'http://h', signing_secret: whsec_!}}}\n"))
    assert (done.returncode, done.stderr.count("signing_secret")) == (1, 1) and "webhook/a" in done.stdout


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
