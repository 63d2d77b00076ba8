# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a model provider: the wire format of OpenAI's chat completions and embeddings and of Anthropic's
messages, with answers whose figures the caller chooses.

The request header x-serve holds a JSON object: input, output, cached, reasoning (tokens), ttft_ms, gap_ms (between
chunks), status (an error to answer), tools, model (what answers). What was served is kept in `served`: the truth that
tests compare with.
"""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFAULTS = {"input": 100, "output": 20, "cached": 0, "reasoning": 0, "ttft_ms": 0, "gap_ms": 0, "status": 200,
            "tools": False, "model": None}
CHUNKS = 4
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{\"q\":\"x\"}"}}


def chat_usage(truth):
    return {"prompt_tokens": truth["input"], "completion_tokens": truth["output"],
            "total_tokens": truth["input"] + truth["output"],
            "prompt_tokens_details": {"cached_tokens": truth["cached"], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": truth["reasoning"], "audio_tokens": 0}}


def chat_answer(truth):
    message = {"role": "assistant", "content": "Certainly.", "refusal": None}
    if truth["tools"]:
        message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [TOOL_CALL]}
    return {"id": truth["id"], "object": "chat.completion", "created": 1, "model": truth["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None,
                         "finish_reason": "tool_calls" if truth["tools"] else "stop"}],
            "usage": chat_usage(truth)}


def embeddings_answer(truth):
    return {"object": "list", "model": truth["model"],
            "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
            "usage": {"prompt_tokens": truth["input"], "total_tokens": truth["input"]}}


def messages_answer(truth):
    return {"id": truth["id"], "type": "message", "role": "assistant", "model": truth["model"],
            "content": [{"type": "text", "text": "Certainly."}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": truth["input"] - truth["cached"], "cache_read_input_tokens": truth["cached"],
                      "cache_creation_input_tokens": 0, "output_tokens": truth["output"]}}


ANSWERS = {"/v1/chat/completions": chat_answer, "/v1/embeddings": embeddings_answer, "/v1/messages": messages_answer}


def chat_chunks(truth, with_usage):
    base = {"id": truth["id"], "object": "chat.completion.chunk", "created": 1, "model": truth["model"]}
    for i in range(CHUNKS):
        yield dict(base, choices=[{"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None}])
    yield dict(base, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    if with_usage:
        yield dict(base, choices=[], usage=chat_usage(truth))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        truth = self.server.api.truth_of(self.path, request, json.loads(self.headers.get("x-serve", "{}")))
        time.sleep(truth["ttft_ms"] / 1000)
        if truth["status"] != 200:
            self.answer(truth["status"], {"error": {"message": "told to fail", "type": "told", "code": "told"}})
        elif truth["stream"]:
            self.stream(truth, truth["usage_sent"])
        else:
            self.answer(200, ANSWERS[self.path](truth))

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, truth, with_usage):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for chunk in chat_chunks(truth, with_usage):
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.flush()
            time.sleep(truth["gap_ms"] / 1000)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


class ModelApi:
    def __init__(self):
        self.served = []
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.api = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/v1" % self.server.server_address[1]

    def truth_of(self, path, request, asked):
        truth = dict(DEFAULTS, **asked)
        truth["path"], truth["request_model"] = path, request["model"]
        truth["model"] = truth["model"] or request["model"]
        truth["stream"] = bool(request.get("stream"))
        truth["usage_sent"] = not truth["stream"] or bool((request.get("stream_options") or {}).get("include_usage"))
        with self.lock:
            truth["id"] = "answer-%d" % (len(self.served) + 1)
            self.served.append(truth)
        return truth

    def close(self):
        self.server.shutdown()
        self.server.server_close()
