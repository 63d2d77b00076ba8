# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a model provider: the wire format of OpenAI's chat completions and embeddings and of Anthropic's
messages, with answers whose figures the caller chooses.

What to serve is a JSON object: input, output, cached, written (to the cache), reasoning (tokens; input and output are
all of them), ttft_ms, gap_ms (between chunks), status (an error to answer), tools, model (what answers), text (of an
OpenAI answer). It is the next one of the script, where ModelApi was given one, or else the request header x-serve. What
was served is kept in `served`: the truth that tests compare with.
"""
import base64
import json
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULTS = {"input": 100, "output": 20, "cached": 0, "written": 0, "reasoning": 0, "ttft_ms": 0, "gap_ms": 0,
            "status": 200, "tools": False, "model": None, "text": None}
CHUNKS = 4
TEXT = "Certainly."
TOOL, ARGUMENTS = "look_up", {"q": "x"}
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}}
VECTOR = [0.125, 0.25]


# ---------------------------------------------------------------- OpenAI
def chat_usage(truth):
    return {"prompt_tokens": truth["input"], "completion_tokens": truth["output"],
            "total_tokens": truth["input"] + truth["output"],
            "prompt_tokens_details": {"cached_tokens": truth["cached"], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": truth["reasoning"], "audio_tokens": 0}}


def chat_answer(truth, request):
    message = {"role": "assistant", "content": truth["text"] or TEXT, "refusal": None}
    if truth["tools"]:
        message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [TOOL_CALL]}
    return {"id": truth["id"], "object": "chat.completion", "created": 1, "model": truth["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": truth["finish_reason"]}],
            "usage": chat_usage(truth)}


def chat_chunks(truth):
    base = {"id": truth["id"], "object": "chat.completion.chunk", "created": 1, "model": truth["model"]}
    delta = {"role": "assistant", "content": "word "}
    if truth["tools"]:
        yield dict(base, choices=[{"index": 0, "delta": {"role": "assistant", "content": None, "tool_calls": [
            dict(TOOL_CALL, index=0)]}, "finish_reason": None}])
    else:
        for _ in range(CHUNKS):
            yield dict(base, choices=[{"index": 0, "delta": delta, "finish_reason": None}])
    yield dict(base, choices=[{"index": 0, "delta": {}, "finish_reason": truth["finish_reason"]}])
    if truth["usage_sent"]:
        yield dict(base, choices=[], usage=chat_usage(truth))


def chat_stream(truth):
    for chunk in chat_chunks(truth):
        yield "data: %s\n\n" % json.dumps(chunk)
    yield "data: [DONE]\n\n"


def embeddings_answer(truth, request):
    vector = VECTOR
    if request.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<%df" % len(VECTOR), *VECTOR)).decode()
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    return {"object": "list", "model": truth["model"],
            "data": [{"object": "embedding", "index": i, "embedding": vector} for i in range(len(inputs))],
            "usage": {"prompt_tokens": truth["input"], "total_tokens": truth["input"]}}


# ---------------------------------------------------------------- Anthropic
def messages_usage(truth):
    """Anthropic's input_tokens are those that were neither read from the cache nor written to it."""
    return {"input_tokens": truth["input"] - truth["cached"] - truth["written"],
            "cache_read_input_tokens": truth["cached"], "cache_creation_input_tokens": truth["written"],
            "cache_creation": {"ephemeral_5m_input_tokens": truth["written"], "ephemeral_1h_input_tokens": 0},
            "output_tokens": truth["output"], "service_tier": "standard"}


def messages_answer(truth, request):
    content = {"type": "text", "text": TEXT}
    if truth["tools"]:
        content = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": ARGUMENTS}
    return {"id": truth["id"], "type": "message", "role": "assistant", "model": truth["model"], "content": [content],
            "stop_reason": truth["finish_reason"], "stop_sequence": None, "usage": messages_usage(truth)}


def messages_events(truth):
    message = dict(messages_answer(truth, None), content=[], stop_reason=None)
    message["usage"] = dict(message["usage"], output_tokens=1)
    yield {"type": "message_start", "message": message}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for _ in range(CHUNKS):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": truth["finish_reason"], "stop_sequence": None},
           "usage": {"output_tokens": truth["output"]}}
    yield {"type": "message_stop"}


def messages_stream(truth):
    for event in messages_events(truth):
        yield "event: %s\ndata: %s\n\n" % (event["type"], json.dumps(event))


# ---------------------------------------------------------------- who serves what
ANSWERS = {"/v1/chat/completions": chat_answer, "/v1/embeddings": embeddings_answer, "/v1/messages": messages_answer}
STREAMS = {"/v1/chat/completions": chat_stream, "/v1/messages": messages_stream}
FINISH_REASONS = {"/v1/chat/completions": ("stop", "tool_calls"), "/v1/messages": ("end_turn", "tool_use")}


def tells_usage(path, request):
    """OpenAI's streams tell it only to those who ask."""
    asked = bool((request.get("stream_options") or {}).get("include_usage"))
    return path != "/v1/chat/completions" or not request.get("stream") or asked


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms apart with it

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        truth = self.server.api.truth_of(self.path, request, json.loads(self.headers.get("x-serve", "{}")))
        time.sleep(truth["ttft_ms"] / 1000)
        if truth["status"] != 200:
            self.answer(truth["status"], {"type": "error", "error": {"message": "told to fail", "type": "told",
                                                                     "code": "told"}})
        elif truth["stream"]:
            self.stream(truth)
        else:
            self.answer(200, ANSWERS[self.path](truth, request))

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, truth):
        self.send_response_only(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for chunk in STREAMS[self.path](truth):
            self.wfile.write(chunk.encode())
            self.wfile.flush()
            time.sleep(truth["gap_ms"] / 1000)
        self.close_connection = True


class ModelApi:
    """script: what to serve, one a request; None: each request says it. name: how the ids of answers begin, which are
    unique in the world outside. aliases: {model asked for: model that answers}."""

    def __init__(self, script=None, name="answer", aliases=None):
        self.served = []
        self.script, self.name, self.aliases = script, name, aliases or {}
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.api = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return "http://127.0.0.1:%d/v1" % self.port

    def truth_of(self, path, request, asked):
        with self.lock:
            if self.script is not None:
                asked = self.script[len(self.served)]
            truth = dict(DEFAULTS, **asked)
            truth["id"] = "%s-%d" % (self.name, len(self.served) + 1)
            self.served.append(truth)
        truth["path"], truth["request_model"] = path, request["model"]
        truth["model"] = truth["model"] or self.aliases.get(request["model"], request["model"])
        truth["stream"] = bool(request.get("stream"))
        truth["usage_sent"] = tells_usage(path, request)
        truth["finish_reason"] = FINISH_REASONS.get(path, (None, None))[truth["tools"]]
        return truth

    def close(self):
        self.server.shutdown()
        self.server.server_close()
