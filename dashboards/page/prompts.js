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

// As it was told; where traffic says otherwise, that too.
function deployedPlace(prompt, version, place, canaries) {
	const told = percent(shareIn(prompt, version, place), 1);
	const trial = canariesOf(prompt, version, canaries).find((c) => c.environment === place.environment && c.share?.differs);
	return { name: place.environment, text: trial ? `${told}, really ${percent(trial.share.actual, 1)}` : told,
		title: trial ? `${whole.format(trial.share.calls)} of ${whole.format(trial.share.of)} calls` : "as deployed" };
}

function serves(prompt, version, canaries) {
	const deployed = version.deployed_to.map((p) => deployedPlace(prompt, version, p, canaries));
	const names = new Set(deployed.map((p) => p.name)), now = Date.now() / 1000;
	const seen = version.seen_in.filter((p) => !names.has(p.environment) && now - p.last_seen < RECENT_S)
		.map((p) => ({ name: p.environment ?? "unknown", text: "seen", title: `${whole.format(p.calls)} calls, the last ${ago(p.last_seen)}` }));
	return [...deployed, ...seen];
}

function servesCell(prompt, version, canaries) {
	const places = serves(prompt, version, canaries), cell = element("td", places.length > 0 ? "" : "none");
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

// One line for each environment in which the version was put beside another one.
function canaryLine(prompt, canary) {
	const line = element("div", VERDICTS[canary.verdict] ?? "", canary.verdict), from = canary.from.slice(prompt.name.length + 1);
	const where = canary.environment ? `, ${canary.environment}` : "";
	line.append(" ", element("small", "", `against ${from}${where}`));
	line.title = `${canary.reason ?? ""}\nplimsoll canary ${prompt.name} shows the table`.trim();
	return line;
}

function canariesOf(prompt, version, canaries) {
	return canaries.filter((c) => c.prompt === prompt.name && c.to === `${prompt.name}@${version.version}`);
}

function canaryCell(prompt, version, canaries) {
	const lines = canariesOf(prompt, version, canaries).map((c) => canaryLine(prompt, c));
	return lines.length > 0 ? fill(element("td"), ...lines) : element("td", "none", NONE);
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
	return prompt.versions.map((v, i) => fill(element("tr"), nameCell(prompt, v, i === 0), servesCell(prompt, v, canaries), gateCell(v.gate),
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
	const prompts = [...answer.prompts].sort((a, b) => a.name.localeCompare(b.name)); // those seen last come first: that would never rest
	fill($("prompt-rows"), ...prompts.flatMap((p) => promptRows(p, canary.prompts)));
}
