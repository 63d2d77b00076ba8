# SPDX-License-Identifier: Apache-2.0
"""`plimsoll prompts import`: from what a platform wrote down to versions that the running agent knows, in one command."""
import pathlib
import re
import subprocess

from agent import BINARY
from test_prompts import App, folder, prompts, start, version, versions_of_records  # noqa: F401: two of them are fixtures
from waiting import wait_for

EXPORTS = pathlib.Path(__file__).parents[1] / "exports"


def run_import(path, *more):
    return subprocess.run([BINARY, "prompts", "import", path, *more], capture_output=True, text=True, timeout=30)


def test_imported_versions_are_known_to_the_running_agent(start, folder):  # noqa: F811
    agent = start()
    done = run_import(EXPORTS / "langfuse.prompts.json", "--into", folder)
    assert done.returncode == 0 and "2 written, 0 there already" in done.stderr
    assert "no place for config.top_p, labels, tags, commitMessage of movie-critic@3" in done.stderr
    wait_for(lambda: "movie-critic" in prompts(agent, "list"), "the agent reads the folder")
    assert version(agent, "3", "movie-critic")["manifest"]["temperature"] == 0.7
    App(agent).call("As a fair movie critic, rate Jaws out of 10.")
    wait_for(lambda: "movie-critic@3" in versions_of_records(agent), "a call finds its version")
    assert run_import(EXPORTS / "langfuse.prompts.json", "--into", folder).returncode == 0  # nothing changed


def test_what_is_there_is_never_overwritten(tmp_path):
    assert run_import(EXPORTS / "langfuse.prompts.json", "--into", tmp_path).returncode == 0
    path = tmp_path / "renamed.yaml"
    (tmp_path / "movie-critic@3.yaml").rename(path)
    path.write_text(path.read_text().replace("0.7", "0.9"))
    before = path.read_text()
    done = run_import(EXPORTS / "langfuse.prompts.json", "--into", tmp_path)
    assert done.returncode == 1 and path.read_text() == before and not (tmp_path / "movie-critic@3.yaml").exists()
    assert re.search(r"renamed.yaml: movie-critic@3 is there with another content", done.stderr)
    assert "0 written, 1 there already, 1 refused" in done.stderr


def test_a_folder_and_json_are_not_wanted_at_once(tmp_path):
    done = run_import(EXPORTS / "langfuse.prompts.json", "--into", tmp_path / "new", "--output", "json")
    assert (done.returncode, done.stdout) == (2, "") and "one of the two" in done.stderr and not (tmp_path / "new").exists()


def test_promptfoo_configuration_brings_the_files_that_it_names(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/answer.txt").write_text("Answer {{q}}.\n---\nAnswer {{q}}, please.\n")
    (tmp_path / "prompts/chat.json").write_text('[{"role": "system", "content": "Be short."}]')
    (tmp_path / "prompts/chat.yaml").write_text("- {role: system, content: Be kind.}\n")
    config = tmp_path / "promptfooconfig.yaml"
    config.write_text("prompts: [file://prompts/answer.txt, prompts/chat.json, 'file://prompts/*.yaml', 'Say {{q}}', "
                      "file://made.py, file://missing.txt]\nproviders: ['openai:chat:gpt-4o', 'anthropic:messages:x']\n")
    into = tmp_path / "manifests"
    done = run_import(config, "--into", into)
    assert done.returncode == 1, done.stderr
    assert sorted(p.name.split("@")[0] for p in into.iterdir()) == ["answer", "answer-2", "chat", "chat", "promptfoo"]
    assert "no place for provider anthropic:messages:x" in done.stderr
    assert "there is no file" in done.stderr and "made.py" in done.stderr and "missing.txt" in done.stderr
    assert subprocess.run([BINARY, "prompts", "check", into], timeout=30, stdout=subprocess.DEVNULL).returncode == 0


def test_mistakes_of_a_file_name_line_and_column(tmp_path):
    path = tmp_path / "export.json"
    path.write_text('{"name": "a",\n "version": ]}')
    done = run_import(path)
    assert done.returncode == 2 and "export.json:2:13: no JSON" in done.stderr
    path.write_text("prompts: [a\nproviders: x\n")
    done = run_import(path)
    assert done.returncode == 2 and re.search(r"export.json:\d+:\d+: ", done.stderr)
    assert run_import(tmp_path / "missing.json").returncode == 3
