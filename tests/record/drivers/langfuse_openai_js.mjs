// SPDX-License-Identifier: Apache-2.0
// Langfuse's @langfuse/openai around OpenAI's Node client.
import { observeOpenAI } from "@langfuse/openai";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import OpenAI from "openai";
import { makeProvider } from "./exporting.mjs";
import { clientOptions, run } from "./openai_calls.mjs";

const provider = makeProvider([new LangfuseSpanProcessor({ publicKey: "pk-none", secretKey: "none",
	exporter: new OTLPTraceExporter() })]);
await run(process.argv[2], observeOpenAI(new OpenAI(clientOptions)));
await provider.shutdown();
