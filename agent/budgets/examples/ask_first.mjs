// SPDX-License-Identifier: Apache-2.0
// Asks Plimsoll before a model is called; without an answer in time, the call is made.
//
//     node ask_first.mjs user=alice model=gpt-4o provider=openai input_tokens=1200 max_output_tokens=400
import { pathToFileURL } from "node:url";

const AGENT = process.env.PLIMSOLL_AGENT ?? "http://localhost:9464";
const TIMEOUT_MS = Number(process.env.PLIMSOLL_TIMEOUT_MS ?? 50);

// {decision: "allow" | "throttle" | "deny", ...}. Put its reservation_id, where it has one, on the call's span as
// plimsoll.reservation.id.
export async function ask(call, timeoutMs = TIMEOUT_MS) {
	try {
		const answer = await fetch(`${AGENT}/api/v1/budgets/decision`, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify(call),
			signal: AbortSignal.timeout(timeoutMs),
		});
		if (answer.ok)
			return await answer.json();
	} catch {
		// fails open
	}
	return { decision: "allow", reason: "no answer of the agent" };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	const call = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split(/=(.*)/s, 2)));
	const decided = await ask(call, Number(process.env.PLIMSOLL_TIMEOUT_MS ?? 1000)); // Node's first fetch takes long
	console.log(JSON.stringify(decided));
	process.exit(decided.decision === "allow" ? 0 : 1);
}
