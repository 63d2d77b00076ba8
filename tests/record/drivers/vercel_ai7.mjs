// SPDX-License-Identifier: Apache-2.0
// Vercel AI SDK 7 with @ai-sdk/otel.
import { createOpenAI } from "@ai-sdk/openai-7";
import { OpenTelemetry } from "@ai-sdk/otel";
import * as ai from "ai-7";
import { run } from "./ai_calls.mjs";
import { makeProvider } from "./exporting.mjs";

const provider = makeProvider();
ai.registerTelemetry(new OpenTelemetry());
await run(process.argv[2], { ai, createOpenAI, telemetry: { telemetry: { functionId: "answer" } } });
await provider.shutdown();
