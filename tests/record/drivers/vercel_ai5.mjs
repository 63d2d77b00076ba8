// SPDX-License-Identifier: Apache-2.0
// Vercel AI SDK 5 with experimental_telemetry.
import { createOpenAI } from "@ai-sdk/openai";
import * as ai from "ai";
import { run } from "./ai_calls.mjs";
import { makeProvider } from "./exporting.mjs";

const provider = makeProvider();
const telemetry = { experimental_telemetry: { isEnabled: true, functionId: "answer" } };
await run(process.argv[2], { ai, createOpenAI, telemetry });
await provider.shutdown();
