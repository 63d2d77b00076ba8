# SPDX-License-Identifier: Apache-2.0
"""What is recorded: the scripts that the stand-in model API follows, and the instrumentations with their scenarios."""

TOOL_LOOP = [{"input": 300, "output": 12, "tools": True}, {"input": 340, "output": 25}]

# What the API serves, one a request.
SCRIPTS = {
    "chat": [{"input": 1000, "output": 50}],
    "chain": [{"input": 1000, "output": 50}],
    "cached": [{"input": 2000, "output": 30, "cached": 1536}],
    "reasoning": [{"input": 400, "output": 300, "reasoning": 256}],
    "stream": [{"input": 500, "output": 40, "ttft_ms": 200, "gap_ms": 20}],
    "stream_without_usage": [{"input": 500, "output": 40, "gap_ms": 1}],
    "cached_stream": [{"input": 2500, "output": 45, "cached": 1024, "written": 512, "ttft_ms": 150, "gap_ms": 10}],
    "tools": TOOL_LOOP,
    "agent": TOOL_LOOP,
    "stream_tools": TOOL_LOOP,
    "rate_limited": [{"status": 429}],
    "embeddings": [{"input": 700, "output": 0}],
    "cache_write_read": [{"input": 3000, "output": 60, "written": 2048}, {"input": 3000, "output": 61, "cached": 2048}],
}

# Asked for by an alias, a model answers by its dated name.
ALIASES = {"gpt-4o": "gpt-4o-2024-08-06", "claude-sonnet-4-0": "claude-sonnet-4-20250514"}

OPENAI = ["chat", "cached", "reasoning", "stream", "stream_without_usage", "tools", "rate_limited", "embeddings"]
ANTHROPIC = ["chat", "cache_write_read", "stream", "cached_stream", "tools", "rate_limited"]
LANGCHAIN = ["chain", "cached", "stream", "stream_without_usage", "agent", "rate_limited"]
AI = ["chat", "cached", "reasoning", "stream", "tools", "stream_tools", "rate_limited", "embeddings"]
GENAI_ATTRIBUTES = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}

# By name: dialect, driver, environment (requirements/<environment>.txt), packages whose versions the truth names.
INSTRUMENTATIONS = {
    "otel-openai-v2": {
        "dialect": "otel-genai", "driver": "otel_openai_v2.py", "environment": "litellm", "scenarios": OPENAI,
        "packages": ["opentelemetry-instrumentation-openai-v2", "openai"]},
    "otel-genai-openai": {
        "dialect": "otel-genai", "driver": "otel_genai_openai.py", "environment": "direct", "scenarios": OPENAI,
        "packages": ["opentelemetry-instrumentation-genai-openai", "openai"], "variables": GENAI_ATTRIBUTES},
    "openinference-openai": {
        "dialect": "openinference", "driver": "openinference_openai.py", "environment": "direct", "scenarios": OPENAI,
        "packages": ["openinference-instrumentation-openai", "openai"]},
    "openinference-anthropic": {
        "dialect": "openinference", "driver": "openinference_anthropic.py", "environment": "direct",
        "scenarios": ANTHROPIC, "packages": ["openinference-instrumentation-anthropic", "anthropic"]},
    "openinference-langchain": {
        "dialect": "openinference", "driver": "openinference_langchain.py", "environment": "chains",
        "scenarios": LANGCHAIN,
        "packages": ["openinference-instrumentation-langchain", "langchain", "langchain-openai"]},
    "openllmetry-openai": {
        "dialect": "openllmetry", "driver": "openllmetry_openai.py", "environment": "direct", "scenarios": OPENAI,
        "packages": ["opentelemetry-instrumentation-openai", "openai"]},
    "openllmetry-anthropic": {
        "dialect": "openllmetry", "driver": "openllmetry_anthropic.py", "environment": "direct", "scenarios": ANTHROPIC,
        "packages": ["opentelemetry-instrumentation-anthropic", "anthropic"]},
    "langfuse-openai": {
        "dialect": "langfuse", "driver": "langfuse_openai.py", "environment": "chains", "scenarios": OPENAI + ["chain"],
        "packages": ["langfuse", "openai"]},
    "langsmith-langchain": {
        "dialect": "langsmith", "driver": "langsmith_langchain.py", "environment": "chains", "scenarios": LANGCHAIN,
        "packages": ["langsmith", "langchain", "langchain-openai"],
        "variables": {"LANGSMITH_TRACING": "true", "LANGSMITH_TRACING_MODE": "otel", "LANGSMITH_OTEL_ENABLED": "true",
                      "LANGSMITH_OTEL_ONLY": "true", "LANGCHAIN_REVISION_ID": "1", "LANGSMITH_API_KEY": "none",
                      "LANGSMITH_ENDPOINT": "http://127.0.0.1:9", "LANGSMITH_PROJECT": "shop"}},
    "logfire": {
        "dialect": "logfire", "driver": "logfire_direct.py", "environment": "agents",
        "scenarios": ["chat", "cached", "reasoning", "stream", "tools", "rate_limited", "cache_write_read",
                      "cached_stream"],
        "packages": ["logfire", "openai", "anthropic"]},
    "pydantic-ai": {
        "dialect": "logfire", "driver": "pydantic_ai_agent.py", "environment": "agents",
        "scenarios": ["chat", "cached", "agent", "stream", "cache_write_read", "rate_limited"],
        "packages": ["pydantic-ai-slim", "openai", "anthropic"]},
    "mlflow": {
        "dialect": "mlflow", "driver": "mlflow_autolog.py", "environment": "agents",
        "scenarios": ["chat", "chain", "cached", "stream", "tools", "rate_limited", "cache_write_read", "embeddings"],
        "packages": ["mlflow-tracing", "openai", "anthropic"],
        "variables": {"MLFLOW_DISABLE_TELEMETRY": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}},
    "litellm": {
        "dialect": "litellm", "driver": "litellm_otel.py", "environment": "litellm",
        "scenarios": ["chat", "cached", "stream", "rate_limited", "embeddings", "cache_write_read"],
        "packages": ["litellm", "openai"],
        "variables": {"OTEL_EXPORTER": "otlp_http", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}},
    "openlit": {
        "dialect": "openlit", "driver": "openlit_direct.py", "environment": "openlit",
        "scenarios": OPENAI + ["cache_write_read"], "packages": ["openlit", "openai", "anthropic"]},
    "strands": {
        "dialect": "strands", "driver": "strands_agent.py", "environment": "strands", "scenarios": ["agent"],
        "packages": ["strands-agents", "openai"]},
    "haystack": {
        "dialect": "haystack", "driver": "haystack_pipeline.py", "environment": "haystack",
        "scenarios": ["chat", "cached", "stream", "agent", "rate_limited", "embeddings"],
        "packages": ["haystack-ai", "opentelemetry-haystack", "openai"], "variables": {"HAYSTACK_TELEMETRY_ENABLED": "False"}},
    "vercel-ai5": {
        "dialect": "vercel-ai", "driver": "vercel_ai5.mjs", "scenarios": AI, "packages": ["ai", "@ai-sdk/openai"]},
    "vercel-ai7": {
        "dialect": "vercel-ai", "driver": "vercel_ai7.mjs", "scenarios": AI, "packages": ["ai-7", "@ai-sdk/otel"]},
    "openinference-openai-js": {
        "dialect": "openinference", "driver": "openinference_openai_js.mjs",
        "scenarios": ["chat", "cached", "stream", "stream_without_usage", "tools", "embeddings"],
        "packages": ["@arizeai/openinference-instrumentation-openai", "openai"]},
    "langfuse-openai-js": {
        "dialect": "langfuse", "driver": "langfuse_openai_js.mjs",
        "scenarios": ["chat", "cached", "stream", "stream_without_usage", "tools", "rate_limited", "embeddings"],
        "packages": ["@langfuse/openai", "openai"]},
}
