// SPDX-License-Identifier: Apache-2.0
// The prompts panel: the versions of the prompts seen last, where they serve, what their gate and their canary said.

import { $, NONE, count, element, fill, percent, span, whole } from "./words.js";

const RECENT_S = 3600; // a version that nobody deployed serves where it was seen within this time

const VERDICTS = { better: "good", equal: "good", worse: "bad", undecided: "none" };

let shown = "";

function ago(unixSeconds) {
	return unixSeconds > 0 ? `${span(Math.max(0, Date.now() / 1000 - unixSeconds))} ago` : NONE;
}

// ------------------------------------------------------------------ where a version serves

// The share that canaries of other versions leave to it.
function shareIn(prompt, version, place) {
	if (place.share < 1)
		return place.share;
	const canaries = prompt.versions.filter((v) => v !== version)
		.flatMap((v) => v.deployed_to.filter((p) => p.environment === place.environment && p.share < 1));
	return 1 - canaries.reduce((sum, p) => sum + p.share, 0);
}

function serves(prompt, version) {
	const deployed = version.deployed_to.map((p) => ({ name: p.environment, text: percent(shareIn(prompt, version, p), 1),
		title: "as deployed" }));
	const names = new Set(deployed.map((p) => p.name)), now = Date.now() / 1000;
	const seen = version.seen_in.filter((p) => !names.has(p.environment) && now - p.last_seen < RECENT_S)
		.map((p) => ({ name: p.environment ?? "unknown", text: "seen", title: `${whole.format(p.calls)} calls, the last ${ago(p.last_seen)}` }));
	return [...deployed, ...seen];
}

function servesCell(prompt, version) {
	const places = serves(prompt, version), cell = element("td", places.length > 0 ? "" : "none");
	for (const place of places) {
		const chip = element("span", "chip", place.name);
		chip.title = place.title;
		chip.append(" ", element("b", "", place.text));
		cell.append(chip);
	}
	if (places.length === 0)
		cell.textContent = NONE;
	return cell;
}

// ------------------------------------------------------------------ cells

function nameCell(prompt, version, isFirst) {
	const cell = element("th"), name = element("span", "name");
	cell.scope = "row";
	name.title = `${prompt.name}@${version.version}`;
	name.append(element("span", isFirst ? "" : "again", prompt.name), element("small", "", version.version));
	return fill(cell, name);
}

function gateCell(gate) {
	if (!gate)
		return element("td", "none", NONE);
	const cell = element("td", gate.open ? "good" : "bad", gate.open ? "open" : "closed");
	if (gate.pass_rate !== null)
		cell.append(" ", element("small", "", percent(gate.pass_rate, 1)));
	cell.title = `${whole.format(gate.cases)} cases, ${new Date(gate.time * 1000).toLocaleString()}`;
	return cell;
}

function canaryCell(prompt, version, canaries) {
	const found = canaries.find((c) => c.prompt === prompt.name && c.to === `${prompt.name}@${version.version}`);
	if (!found)
		return element("td", "none", NONE);
	const cell = element("td", VERDICTS[found.verdict] ?? "", found.verdict), from = found.from.slice(prompt.name.length + 1);
	cell.append(" ", element("small", "", `against ${from}`));
	cell.title = `plimsoll canary ${prompt.name} shows the table`;
	return cell;
}

function driftCell(drift) {
	const fields = Object.entries(drift);
	const cell = element("td", fields.length > 0 ? "bad" : "none", fields.map(([field]) => field.replaceAll("_", " ")).join(", ") || NONE);
	cell.title = fields.map(([field, calls]) => `${field}: ${whole.format(calls)} calls not as the manifest says`).join("\n");
	return cell;
}

function seenCell(version) {
	const cell = element("td", version.last_seen > 0 ? "" : "none", ago(version.last_seen));
	cell.title = version.last_seen > 0 ? new Date(version.last_seen * 1000).toLocaleString() : "";
	return cell;
}

function promptRows(prompt, canaries) {
	return prompt.versions.map((v, i) => fill(element("tr"), nameCell(prompt, v, i === 0), servesCell(prompt, v), gateCell(v.gate),
		canaryCell(prompt, v, canaries), driftCell(v.drift), element("td", v.calls > 0 ? "" : "none", count(v.calls)), seenCell(v)));
}

// hasCalls: without any, the page says how to send some, and nothing else.
export function showPrompts(answer, canary, hasCalls) {
	const text = JSON.stringify(answer) + JSON.stringify(canary) + Math.floor(Date.now() / 60000), more = answer.more_versions;
	const isConfigured = answer.prompts.length > 0;
	$("prompts").hidden = !isConfigured;
	$("no-prompts").hidden = isConfigured || !hasCalls;
	$("setup").hidden = $("no-budgets").hidden && $("no-prompts").hidden;
	$("prompts-detail").textContent = more > 0 ? `${whole.format(more)} older versions: plimsoll prompts list` : "";
	if (text === shown)
		return; // leaves the reader's selection alone
	shown = text;
	fill($("prompt-rows"), ...answer.prompts.flatMap((p) => promptRows(p, canary.prompts)));
}
