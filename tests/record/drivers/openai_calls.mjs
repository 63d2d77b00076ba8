// SPDX-License-Identifier: Apache-2.0
// An application on OpenAI's Node client: one function a scenario, as in openai_calls.py.
import { refused } from "./exporting.mjs";

const MODEL = "gpt-4o";
const QUESTION = [{ role: "system", content: "You are brief." }, { role: "user", content: "hello" }];
const TOOLS = [{ type: "function", function: { name: "look_up", description: "Looks up.", parameters: {
	type: "object", properties: { q: { type: "string" } }, required: ["q"] } } }];

export const clientOptions = { baseURL: process.env.MODEL_API, apiKey: "none", maxRetries: 0 };

const ask = (api, more = {}) => api.chat.completions.create({ model: MODEL, messages: QUESTION, ...more });

async function stream(api, more = {}) {
	for await (const _ of await ask(api, { stream: true, ...more }))
		;
}

async function tools(api) {
	const message = (await ask(api, { tools: TOOLS })).choices[0].message;
	const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "found" };
	await ask(api, { tools: TOOLS, messages: [...QUESTION, message, result] });
}

const scenarios = {
	chat: ask,
	cached: ask,
	tools,
	stream: (api) => stream(api, { stream_options: { include_usage: true } }),
	stream_without_usage: stream,
	rate_limited: (api) => refused(() => ask(api)),
	embeddings: (api) => api.embeddings.create({ model: "text-embedding-3-small", input: "hello", encoding_format: "float" }),
};

export const run = (scenario, api) => scenarios[scenario](api);
