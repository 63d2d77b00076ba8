// SPDX-License-Identifier: Apache-2.0
// The budgets panel: of each budget the groups that are nearest to their limit, as /api/v1/budgets?top=N lists them.

import { $, NONE, count, element, fill, percent, span, usd, whole } from "./words.js";

// What a budget limits: field of the limit, of what was used, and how to write it.
const UNITS = [
	{ limit: "limit_usd", used: (g) => g.spent_usd - g.forgiven_usd, write: usd, word: "" },
	{ limit: "limit_tokens", used: (g) => g.spent_tokens - g.forgiven_tokens, write: count, word: " tokens" },
	{ limit: "limit_requests", used: (g) => g.calls - g.forgiven_requests, write: count, word: " calls" },
];

const NEXT_CALL = {
	allow: { className: "none", title: "A call is let through" },
	throttle: { className: "tag", title: "The budget is used up: calls are let through at a lower rate" },
	deny: { className: "tag", title: "The budget is used up: calls are refused until it starts anew" },
};

let shown = "";

// The unit that is nearest to its limit; the first one that has a limit where nothing was used.
function tightest(group) {
	const limited = UNITS.filter((u) => group[u.limit] !== null);
	const share = (u) => u.used(group) / group[u.limit];
	return limited.reduce((a, b) => share(b) > share(a) ? b : a);
}

function limits(budget) {
	return UNITS.filter((u) => budget[u.limit] !== null).map((u) => u.write(budget[u.limit]) + u.word).join(", ");
}

const HARD = { none: "only tells", deny: "denies", throttle: "throttles" };

// "each user: $5.00 a day, denies"
function terms(budget) {
	const period = budget.budget.split("/")[0], by = budget.by.length > 0 ? `each ${budget.by.join(" and ").replace("_", " ")}: ` : "";
	const zone = budget.time_zone !== "UTC" ? ` (${budget.time_zone})` : "";
	return `${by}${limits(budget)} ${period === "request" ? "a call" : `${period === "hour" ? "an" : "a"} ${period}`}${zone}, ${HARD[budget.hard]}`;
}

function label(group) {
	const values = Object.values(group.group);
	return values.length > 0 ? values.join(" \u00b7 ") : "all calls";
}

// ------------------------------------------------------------------ cells

function nameCell(group) {
	const cell = element("th"), name = element("span", "name", label(group));
	cell.scope = "row";
	name.title = Object.entries(group.group).map(([key, value]) => `${key} ${value}`).join(", ");
	return fill(cell, name);
}

// A bar of what is spent, and of what is held back for calls under way, up to the limit.
function meter(group) {
	const bar = element("span", group.used >= 1 ? "meter over" : "meter"), spent = element("i"), reserved = element("i", "held");
	const held = group.limit_usd > 0 ? group.reserved_usd / group.limit_usd : 0;
	spent.style.width = `${100 * Math.min(1, group.used)}%`;
	reserved.style.width = `${100 * Math.max(0, Math.min(1 - group.used, held))}%`;
	bar.setAttribute("aria-hidden", "true");
	return fill(bar, spent, reserved);
}

function spentCell(group) {
	const unit = tightest(group), cell = element("td", group.used >= 1 ? "spent bad" : "spent");
	const words = `${unit.write(unit.used(group))} of ${unit.write(group[unit.limit])}${unit.word}`;
	const forgiven = group.forgiven_usd > 0 ? `${usd(group.forgiven_usd)} more were forgiven. ` : "";
	cell.append(words, " ", element("small", "", percent(group.used, 1)));
	if (group.unpriced_calls > 0)
		cell.append(" ", element("span", "tag", `${count(group.unpriced_calls)} unpriced`));
	cell.append(meter(group));
	cell.title = `${forgiven}${whole.format(group.calls)} calls, ${whole.format(group.spent_tokens)} tokens, ${group.spent_usd} USD`;
	return cell;
}

// Money is all that is forecast.
function forecastCell(group) {
	if (group.limit_usd === null)
		return element("td", "none", NONE);
	const known = group.forecast_usd !== null, isOver = group.forecast_usd > group.limit_usd;
	const cell = element("td", !known ? "none" : isOver ? "bad" : "", usd(group.forecast_usd));
	cell.title = known ? "At the period's end, at this rate" : "Too early to tell";
	return cell;
}

function nextCallCell(group) {
	const { className, title } = NEXT_CALL[group.state], cell = element("td");
	const word = element("span", className, group.state);
	word.title = title;
	return fill(cell, word);
}

function endCell(group) {
	const end = new Date(group.period_ends), cell = element("td", "", `in ${span(Math.max(0, (end - Date.now()) / 1000))}`);
	cell.title = end.toLocaleString();
	return cell;
}

function groupRow(group) {
	const reserved = element("td", group.reserved_usd > 0 ? "" : "none", group.reserved_usd > 0 ? usd(group.reserved_usd) : NONE);
	return fill(element("tr"), nameCell(group), spentCell(group), reserved, forecastCell(group), nextCallCell(group), endCell(group));
}

// ------------------------------------------------------------------ a budget

function headRow(budget) {
	const row = element("tr", "group-head"), name = element("th"), about = element("td", "", terms(budget));
	const refused = budget.decisions.deny + budget.decisions.throttle;
	name.scope = "rowgroup";
	name.textContent = budget.budget;
	name.title = budget.budget;
	about.colSpan = 5;
	if (refused > 0)
		about.append(" \u00b7 ", element("span", "bad", `${count(refused)} ${refused === 1 ? "call" : "calls"} refused`));
	return fill(row, name, about);
}

function noteRow(text) {
	const row = element("tr", "note"), cell = element("td", "none", text);
	cell.colSpan = 6;
	return fill(row, cell);
}

function budgetRows(budget, groups) {
	const more = budget.groups - groups.length, rows = [headRow(budget), ...groups.map(groupRow)];
	if (groups.length === 0 && !budget.budget.startsWith("request"))
		rows.push(noteRow("Nothing was spent yet"));
	if (more > 0)
		rows.push(noteRow(`${whole.format(more)} more ${more === 1 ? "has" : "have"} spent less of theirs; plimsoll budgets show ${budget.budget} lists them all`));
	return rows;
}

function summary(answer) {
	const open = answer.reservations;
	return open > 0 ? `${whole.format(open)} open ${open === 1 ? "reservation" : "reservations"}` : "";
}

// hasCalls: without any, the page says how to send some, and nothing else.
export function showBudgets(answer, hasCalls) {
	const text = JSON.stringify(answer.budgets) + JSON.stringify(answer.groups) + Math.floor(Date.now() / 60000);
	const isConfigured = answer.budgets.length > 0;
	$("budgets").hidden = !isConfigured;
	$("no-budgets").hidden = isConfigured || !hasCalls;
	$("setup").hidden = $("no-budgets").hidden && $("no-prompts").hidden;
	$("budgets-detail").textContent = summary(answer);
	if (text === shown)
		return; // leaves the reader's selection alone
	shown = text;
	fill($("budget-rows"), ...answer.budgets.flatMap((b) => budgetRows(b, answer.groups.filter((g) => g.budget === b.budget))));
}
