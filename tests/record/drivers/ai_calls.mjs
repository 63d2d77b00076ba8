// SPDX-License-Identifier: Apache-2.0
// An application on the Vercel AI SDK; its majors differ in name, not in these calls.
import { z } from "zod";
import { refused } from "./exporting.mjs";

export async function run(scenario, { ai, createOpenAI, telemetry }) {
	const openai = createOpenAI({ baseURL: process.env.MODEL_API, apiKey: "none" });
	const common = { model: openai.chat("gpt-4o"), system: "You are brief.", prompt: "hello", maxRetries: 0, ...telemetry };
	const tools = { look_up: ai.tool({ description: "Looks up.", inputSchema: z.object({ q: z.string() }),
		execute: async () => "found" }) };
	const stream = async (more = {}) => {
		for await (const _ of ai.streamText({ ...common, ...more }).textStream)
			;
	};
	const scenarios = {
		chat: () => ai.generateText(common),
		cached: () => ai.generateText(common),
		reasoning: () => ai.generateText(common),
		stream,
		tools: () => ai.generateText({ ...common, tools, stopWhen: ai.stepCountIs(3) }),
		stream_tools: () => stream({ tools, stopWhen: ai.stepCountIs(3) }),
		rate_limited: () => refused(() => ai.generateText(common)),
		embeddings: () => ai.embed({ model: openai.embedding("text-embedding-3-small"), value: "hello", ...telemetry }),
	};
	await scenarios[scenario]();
}
