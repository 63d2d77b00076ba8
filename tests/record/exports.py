#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what evaluation tools and prompt platforms write down, made by the tools' own packages: tests/exports/.

    exports.py PROMPTFOO       PROMPTFOO: the folder where Promptfoo is installed

Run with the packages of requirements/exports.txt; `make record-exports` does. Nothing leaves the machine: LangSmith and
Braintrust evaluate without uploading, Promptfoo asks a stand-in for the model. What differs from run to run (times,
ids, folders) is made the same, so that recording anew shows what the tools changed.
"""
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "exports"
sys.path.insert(0, str(HERE.parent / "system"))

QUESTIONS = ["Where is order %d?" % i for i in range(4)]
ANSWERS = ['{"status": "on its way"}', '{"status": "delivered"}', 'Sure! {"status": "lost"', '{"status": "returned"}']


def write(name, text):
    (TARGET / name).write_text(text if text.endswith("\n") else text + "\n")
    print("recorded tests/exports/%s" % name, flush=True)


def as_json(value):
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)


class Steady:
    """The same in every recording: times, and ids in the order in which they come."""

    TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?")
    UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

    def __init__(self):
        self.ids = {}

    def text(self, text):
        root = str(HERE.parents[1])
        text = text.replace(root, "/eval").replace(root.replace("/", "\\/"), "\\/eval")
        text = self.UUID.sub(lambda m: str(uuid.UUID(int=self.ids.setdefault(m[0], len(self.ids) + 1))), text)
        return self.TIME.sub(lambda m: "2026-01-01" + m[0][10] + "12:00:00", text)


# ---------------------------------------------------------------- Promptfoo
def promptfoo_config(url):
    return {"description": "orders", "prompts": [
        {"id": "answer", "label": "answer-1.4.0", "raw": "Answer as JSON. {{question}}"}],
        "providers": [{"id": "openai:chat:gpt-4o", "label": "small",
                       "config": {"apiBaseUrl": url, "apiKey": "none", "temperature": 0.2, "max_tokens": 64}}],
        "tests": [{"description": "order-%d" % i, "vars": {"question": q}, "metadata": {"id": "case-%d" % i},
                   "assert": [{"type": "is-json"}]} for i, q in enumerate(QUESTIONS)]}


def promptfoo_steady(text, folder, url):
    text = text.replace(str(folder), "/eval").replace(url, "http://localhost:8000/v1")
    text = re.sub(r'("?(?:latencyMs|totalLatencyMs|durationMs|generationDurationMs|evaluationDurationMs)"?: ?)\d+', r"\g<1>120", text)
    return re.sub(r"eval-\w{3}-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "eval-abc-2026-01-01T12:00:00", text)


def record_promptfoo(installed):
    from model_api import ModelApi
    shapes = ["json", "jsonl", "yaml"]
    with tempfile.TemporaryDirectory() as name:
        folder, steady = Path(name), Steady()
        script = [{"input": 300, "output": 20, "text": ANSWERS[i // 2] if i != 7 else "no JSON"} for i in range(8)]
        api = ModelApi(script=script)
        (folder / "config.json").write_text(json.dumps(promptfoo_config(api.url)))
        outputs = [word for shape in shapes for word in ("-o", folder / ("promptfoo." + shape))]
        subprocess.run([installed / "node_modules/.bin/node", installed / "node_modules/promptfoo/dist/src/main.js", "eval",
                        "-c", folder / "config.json", "--no-cache", "-j", "1", "--repeat", "2", *outputs], timeout=300,
                       env=dict(os.environ, PROMPTFOO_DISABLE_TELEMETRY="1", PROMPTFOO_DISABLE_UPDATE="1",
                                PROMPTFOO_CONFIG_DIR=str(folder / "home")), capture_output=True)
        api.close()
        for shape in shapes:
            text = (folder / ("promptfoo." + shape)).read_text()
            write("promptfoo." + shape, steady.text(promptfoo_steady(text, folder, api.url)))


# ---------------------------------------------------------------- LangSmith
def record_langsmith():
    os.environ.update(LANGSMITH_TRACING="false", LANGSMITH_ENDPOINT="http://127.0.0.1:9")  # nobody listens there
    from langsmith import evaluate, schemas
    examples = [schemas.Example(id=uuid.UUID(int=i + 1), dataset_id=uuid.UUID(int=99), inputs={"question": q},
                                outputs={"answer": ANSWERS[i]}) for i, q in enumerate(QUESTIONS)]

    def target(inputs):
        if inputs["question"] == QUESTIONS[3]:
            raise ValueError("the tool is gone")
        return {"answer": ANSWERS[QUESTIONS.index(inputs["question"])]}

    def is_json(outputs):
        try:
            return {"key": "is_json", "score": bool(json.loads((outputs or {}).get("answer", "")))}
        except ValueError:
            return {"key": "is_json", "score": False, "comment": "no JSON"}

    rows = list(evaluate(target, data=examples, evaluators=[is_json], num_repetitions=2, upload_results=False,
                         max_concurrency=0))
    rows.sort(key=lambda row: row["example"].id)
    steady = Steady()
    write("langsmith.rows.json", steady.text(as_json([
        {"run": json.loads(row["run"].model_dump_json(exclude={"child_runs", "serialized", "events", "dotted_order", "session_name", "extra"})),
         "example": json.loads(row["example"].model_dump_json()),
         "evaluation_results": {"results": [json.loads(r.model_dump_json()) for r in row["evaluation_results"]["results"]]}}
        for row in rows])))

    class Again:  # what to_pandas reads, in the order of the examples
        _results = rows
    from langsmith.evaluation._runner import _to_pandas
    frame = _to_pandas(Again._results)
    frame["execution_time"] = 0.25
    write("langsmith.pandas.jsonl", steady.text(frame.to_json(orient="records", lines=True, default_handler=str)))
    write("langsmith.pandas.csv", steady.text(frame.to_csv(index=False)))


# ---------------------------------------------------------------- LangSmith's prompts, as LangChain writes them down
def record_langchain():
    os.environ["OPENAI_API_KEY"] = "none"
    from langchain_core.load import dumpd
    from langchain_core.messages import SystemMessage
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import (ChatMessagePromptTemplate, ChatPromptTemplate, MessagesPlaceholder,
                                        PromptTemplate)
    from langchain_core.prompts.structured import StructuredPrompt
    from langchain_openai import ChatOpenAI
    from langsmith.schemas import PromptCommit
    chat = ChatPromptTemplate.from_messages([
        ("system", "You answer for {company}. Braces: {{}}."), MessagesPlaceholder("history", optional=True),
        ("human", "{question}"), ("ai", "Let me look.")])
    model = ChatOpenAI(model="gpt-4o", temperature=0.2, max_tokens=500, top_p=0.9)
    tool = {"type": "function", "function": {"name": "look_up", "description": "Finds an order.", "parameters": {
        "type": "object", "properties": {"id": {"type": "string"}}}}}
    schema = {"title": "order", "description": "An order.", "type": "object",
              "properties": {"status": {"type": "string"}}, "required": ["status"]}
    parts = ChatPromptTemplate.from_messages([
        SystemMessage("Answer in {one} word."), ChatMessagePromptTemplate.from_template("{note}", role="developer"),
        ("human", [{"type": "text", "text": "{question}"}, {"type": "image_url", "image_url": "{photo}"}])])
    prompts = {
        "chat": chat, "bound": chat | model.bind_tools([tool]), "parsed": chat | model | StrOutputParser(),
        "parts": parts.partial(note="Be kind."),
        "text": PromptTemplate.from_template("Answer {question} as JSON."),
        "mustache": ChatPromptTemplate.from_messages([("system", "You answer for {{company}}.")],
                                                     template_format="mustache"),
        "structured": StructuredPrompt.from_messages_and_schema([("system", "Order of {customer}."),
                                                                 ("human", "{question}")], schema),
    }
    commits = [json.loads(PromptCommit(owner="acme", repo="answer-" + name, commit_hash="%040x" % (i + 1),
                                       manifest=dumpd(prompt), examples=[]).model_dump_json())
               for i, (name, prompt) in enumerate(prompts.items())]
    write("langsmith.prompts.json", as_json(commits))


# ---------------------------------------------------------------- Langfuse
def record_langfuse():
    from langfuse.api import ChatMessage, PlaceholderMessage, Prompt_Chat, Prompt_Text
    text = Prompt_Text(name="movie-critic", version=3, config={"model": "gpt-4o", "temperature": 0.7, "max_tokens": 400,
                                                              "top_p": 0.9}, labels=["production", "latest"],
                       tags=["entertainment"], commit_message="Improved critic persona",
                       prompt="As a {{criticLevel}} movie critic, rate {{movie}} out of 10.")
    chat = Prompt_Chat(name="support/answer", version=2, config={"model": "gpt-4o-mini", "tools": []}, labels=["staging"],
                       tags=[], prompt=[ChatMessage(role="system", content="You answer for {{company}}."),
                                        PlaceholderMessage(name="history", type="placeholder"),
                                        ChatMessage(role="user", content="{{question}}")])
    write("langfuse.prompts.json", as_json([json.loads(p.json()) for p in (text, chat)]))


# ---------------------------------------------------------------- Braintrust
def record_braintrust():
    from braintrust import EvalAsync, EvalCase

    def task(question):
        if question == QUESTIONS[3]:
            raise ValueError("the tool is gone")
        return ANSWERS[QUESTIONS.index(question)]

    def is_json(input, output, expected):
        try:
            return 1.0 if json.loads(output) else 0.0
        except ValueError:
            return 0.0

    cases = [EvalCase(input=q, expected=ANSWERS[i], metadata={"case_id": "case-%d" % i}) for i, q in enumerate(QUESTIONS)]
    done = asyncio.run(EvalAsync("orders", data=cases, task=task, scores=[is_json], trial_count=2, no_send_logs=True,
                                 max_concurrency=1))
    rows = sorted((json.loads(json.dumps(row.as_dict(), default=str)) for row in done.results), key=lambda row: row["input"])
    for row in rows:
        row["exc_info"] = row.get("exc_info") and "Traceback"
    write("braintrust.results.jsonl", "\n".join(json.dumps(row) for row in rows))


# ---------------------------------------------------------------- pytest
PYTEST = '''
import pathlib, pytest

tries = []

def test_answers(): pass

@pytest.mark.parametrize("n", [1, 2])
def test_json(n): assert n == 1, "no JSON: <b>&"

@pytest.mark.skip(reason="no key")
def test_skipped(): pass

@pytest.mark.xfail(reason="known")
def test_known(): assert False

@pytest.fixture
def broken(): raise OSError("no model")

def test_error(broken): pass

@pytest.fixture
def torn():
    yield
    raise OSError("cannot close")

def test_teardown(torn): pass

@pytest.mark.flaky(reruns=2)
def test_flaky():
    tries.append(1)
    assert len(tries) > 1
'''


def record_pytest():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_prompts.py").write_text(PYTEST)
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", folder / "out.xml",
                        "test_prompts.py"], cwd=folder, capture_output=True, timeout=120)
        text = Steady().text((folder / "out.xml").read_text()).replace(str(folder), "/eval")
    text = re.sub(r'time="[0-9.]+"', 'time="0.250"', re.sub(r'hostname="[^"]*"', 'hostname="ci"', text))
    write("pytest.xml", text)


def main(installed):
    TARGET.mkdir(exist_ok=True)
    record_promptfoo(installed)
    record_langsmith()
    record_langchain()
    record_langfuse()
    record_braintrust()
    record_pytest()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
