// SPDX-License-Identifier: Apache-2.0
// OpenInference's @arizeai/openinference-instrumentation-openai.
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import OpenAI from "openai";
import { makeProvider } from "./exporting.mjs";
import { clientOptions, run } from "./openai_calls.mjs";

const provider = makeProvider();
const instrumentation = new OpenAIInstrumentation({ tracerProvider: provider });
instrumentation.manuallyInstrument(OpenAI);
await run(process.argv[2], new OpenAI(clientOptions));
await provider.shutdown();
