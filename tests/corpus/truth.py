# SPDX-License-Identifier: Apache-2.0
"""What the model API served, and what a record must say of it: one list of fields for all recordings."""

# Vendors' finish reasons in the record's words.
FINISH = {"stop": "stop", "end_turn": "stop", "complete": "stop", "stop_sequence": "stop", "completed": "stop",
          "length": "length", "max_tokens": "length", "tool_calls": "tool_call", "tool_use": "tool_call",
          "content_filter": "content_filter", "refusal": "refusal", "function_call": "tool_call"}
PROVIDER = {"gemini": "gcp.gemini", "aws_bedrock": "aws.bedrock", "azure_openai": "azure.ai.openai", "mistral": "mistral_ai"}
# What stands before a number that is such a count.
ABOUT = {"input": b"input|prompt|usage|token", "output": b"output|completion|candidates|usage|token", "cached": b"cach",
         "written": b"cach", "reason.": b"reason|thought", "outcome": b"status|code|error"}
# What the application says of itself stands as a whole value; a word of it elsewhere tells nothing.
OF_APPLICATION = ("feature", "session", "prompt")
# Told of a call by its own span or not at all.
OF_ITS_SPAN = ("id", "finish", "tools")


class Wanted:
    """One field of one call. values: any of them is right. vague: say too little, but nothing that is not so."""

    def __init__(self, column, member, values, vague=()):
        self.column, self.member, self.values, self.vague = column, member, values, vague


def tokens(call, key):
    """A class of tokens that was not used may go untold; one that nobody could know is not zero."""
    if call.get(key) is None or not call["usage_on_wire"]:
        return [None]
    return [0, None] if call[key] == 0 else [call[key]]


def outcome(call):
    return "rate_limited" if call["http_status"] == 429 else "error" if call["error"] else "ok"


def tool_names(call):
    return ",".join(sorted({t if isinstance(t, str) else t["name"] for t in call["tool_calls"]}))


def operations(call):
    return [call["operation"]] + (["generate_content", "text_completion"] if call["operation"] == "chat" else [])


def wanted(call, context):
    """What is right for each field of this call's record."""
    provider = PROVIDER.get(call["provider"], call["provider"])
    yield Wanted("provider", "provider", [provider] + (["gcp.vertex_ai"] if provider == "gcp.gemini" else []))
    yield Wanted("oper.", "operation", operations(call))
    yield Wanted("asked", "request_model", [call["request_model"]])
    yield Wanted("model", "model", [call["response_model"] or call["request_model"]], [call["request_model"]])
    yield Wanted("input", "input_tokens", tokens(call, "input_tokens"))
    yield Wanted("output", "output_tokens", tokens(call, "output_tokens"))
    yield Wanted("cached", "cache_read_tokens", tokens(call, "cached_read_tokens"))
    yield Wanted("written", "cache_write_tokens", tokens(call, "cache_write_tokens"))
    yield Wanted("reason.", "reasoning_tokens", tokens(call, "reasoning_tokens"))
    yield Wanted("outcome", "outcome", [outcome(call)], ["error"])
    if call.get("response_id") and not call["error"]:
        yield Wanted("id", "response_id", [call["response_id"]])
    if call.get("finish_reason") and not call["error"]:
        yield Wanted("finish", "finish_reasons", [[FINISH.get(call["finish_reason"].lower(), call["finish_reason"])]])
    if call.get("tool_calls"):
        yield Wanted("tools", "tools", [tool_names(call)])
    yield from wanted_of_application(context)


def wanted_of_application(context):
    features = [f for f in (context.get("metadata", {}).get("feature"), context.get("feature"), context.get("function_id")) if f]
    prompt = context.get("prompt") or {}
    if features:
        yield Wanted("feature", "feature", features)
    if context.get("session"):
        yield Wanted("session", "session_id", [context["session"].split(" ")[0]])
    if prompt.get("name"):
        yield Wanted("prompt", "prompt_version", ["%s@%s" % (prompt["name"], prompt.get("version", "unversioned"))])


def told(record, member):
    """What a record says. An estimate claims nothing."""
    if record.get("tokens_estimated") and member in ("input_tokens", "output_tokens"):
        return None
    value = record.get(member)
    if member == "tools" and value:
        return ",".join(sorted(value.split(",")))
    return value or None if member == "finish_reasons" else value


def words(want):
    """The words by which the source may tell of it."""
    for value in want.values:
        if want.column == "outcome":
            yield 429 if value == "rate_limited" else value
        elif want.column == "prompt":
            yield value.split("@")[0]
        elif want.column == "tools":
            yield value.split(",")[0]
        elif want.column == "finish":
            yield value[0]
        else:
            yield value
