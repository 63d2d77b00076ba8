// SPDX-License-Identifier: Apache-2.0
// The agent's page: reads /api/v1/summary, alerts, silences and budgets every two seconds, prompts now and then, and shows
// them.

import { $, NONE, count, details, element, fill, percent, say, seconds, span, speed, usd, whole } from "./words.js";
import { showAlerts } from "./alerts.js";
import { showBudgets } from "./budgets.js";
import { showPrompts } from "./prompts.js";

const POLL_MS = 2000;
const TIMEOUT_MS = 5000;
const GROUPS_SHOWN = 10;     // of each budget
const PROMPTS_SHOWN = 20;
const PROMPTS_EVERY = 5;     // polls: versions change seldom
const ALARMING = 0.05;       // share of errors from which it is coloured

const view = { by: "feature", sort: "cost_usd", descending: true, summary: null, shown: "" };

// ------------------------------------------------------------------ totals

function svg(name, attributes) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes))
		e.setAttribute(key, value);
	return e;
}

// The last five minutes as a line over 120 x 32 units.
function spark(target, values, label) {
	const top = Math.max(...values, 0), last = values.length - 1;
	const points = values.map((v, i) => `${(120 * i / last).toFixed(1)},${(30 - (top > 0 ? 26 * v / top : 0)).toFixed(1)}`);
	target.setAttribute("aria-label", label);
	target.replaceChildren(
		svg("polygon", { class: "area", points: `0,32 ${points.join(" ")} 120,32` }),
		svg("polyline", { class: "trace", points: points.join(" ") }));
}

function perMinute(lastMinute, value) {
	return 60 * Number(value) / lastMinute.seconds;
}

function alarm(row) {
	return row.errors / row.requests >= ALARMING ? "bad" : "";
}

function showRequests(s) {
	const t = s.totals, m = s.last_minute;
	$("requests").textContent = count(t.requests);
	$("requests").title = whole.format(t.requests);
	details($("requests-detail"), [
		m?.seconds > 0 && { text: `${count(Math.round(perMinute(m, m.requests)))} a minute` },
		t.errors > 0 && { text: `${percent(t.errors, t.requests)} errors`, className: alarm(t) },
	]);
}

function showCost(s) {
	const t = s.totals, m = s.last_minute;
	$("cost").textContent = t.cost_usd === null ? "unknown" : usd(t.cost_usd);
	$("cost").title = t.cost_usd === null ? "" : `${t.cost_usd} USD`;
	details($("cost-detail"), [
		m?.seconds > 0 && m.cost_usd !== null && { text: `${usd(perMinute(m, m.cost_usd))} a minute` },
		t.cost_per_success_usd !== null && { text: `${usd(t.cost_per_success_usd)} a success` },
		Number(t.cache_savings_usd ?? 0) > 0 && { text: `${usd(t.cache_savings_usd)} saved by caches` },
		t.unpriced > 0 && { text: `${count(t.unpriced)} unpriced`, className: "bad" },
	]);
}

function showTokens(s) {
	const t = s.totals, input = t.input_tokens ?? 0, output = t.output_tokens ?? 0;
	const known = t.input_tokens !== null || t.output_tokens !== null;
	$("tokens").textContent = known ? count(input + output) : "unknown";
	$("tokens").title = known ? whole.format(input + output) : "";
	details($("tokens-detail"), [{ text: `${count(t.input_tokens)} in` }, { text: `${count(t.output_tokens)} out` }]);
	$("tokens-split").firstElementChild.style.width = `${100 * input / (input + output || 1)}%`;
}

function showLatency(s) {
	const t = s.totals;
	$("latency").textContent = t.latency_p50_s === null ? "unknown" : seconds(t.latency_p50_s);
	details($("latency-detail"), [t.latency_p95_s !== null && { text: `95 % within ${seconds(t.latency_p95_s)}` }]);
	$("ttft").textContent = seconds(t.ttft_p50_s);
	$("speed").textContent = speed(t.output_tokens_per_second);
}

function showHistory(history) {
	if (!history)
		return;
	const requests = history.requests, costs = history.cost_usd.map(Number);
	const sum = (values) => values.reduce((a, b) => a + b, 0);
	spark($("requests-spark"), requests, `Requests over the last five minutes, ${count(sum(requests))} in all`);
	spark($("cost-spark"), costs, `Cost over the last five minutes, ${usd(sum(costs))} in all`);
}

// ------------------------------------------------------------------ the table

const NOT_SAID = new Set(["unknown", "unversioned"]);

function nameCell(row, share) {
	const cell = element("th"), name = element("span", "name");
	cell.scope = "row";
	name.title = row.provider === undefined ? row.name : `${row.name} (${row.provider})`;
	name.append(element("span", NOT_SAID.has(row.name) || row.overflow ? "unknown" : "", row.name));
	if (row.overflow)
		name.append(element("small", "", "beyond the series limit"));
	else if (row.provider !== undefined)
		name.append(element("small", "", row.provider));
	const bar = element("span", "share");
	bar.style.width = `${100 * share}%`;
	return fill(cell, name, bar);
}

function costCell(row) {
	const isPriced = row.cost_usd !== null, cell = element("td");
	if (row.unpriced > 0)
		cell.append(element("span", "tag", isPriced ? `${count(row.unpriced)} unpriced` : "unpriced"));
	if (isPriced) {
		cell.append(usd(row.cost_usd));
		cell.title = `${row.cost_usd} USD`;
	}
	return cell;
}

function errorCell(row) {
	if (row.errors === 0)
		return element("td", "none", "0");
	const cell = element("td", alarm(row), percent(row.errors, row.requests));
	cell.title = `${whole.format(row.errors)} of ${whole.format(row.requests)}`;
	return cell;
}

function plainCell(format) {
	return (row, key) => element("td", row[key] === null ? "none" : "", format(row[key]));
}

// Everything that was said of a row's calls, the most telling first.
function opinions(q) {
	const told = [];
	if (q.thumbs_up + q.thumbs_down > 0)
		told.push({ text: `${percent(q.thumbs_up, q.thumbs_up + q.thumbs_down)} up`, share: q.thumbs_up / (q.thumbs_up + q.thumbs_down),
			detail: `${whole.format(q.thumbs_up)} thumbs up, ${whole.format(q.thumbs_down)} down` });
	if (q.passed + q.failed > 0)
		told.push({ text: `${percent(q.passed, q.passed + q.failed)} pass`, share: q.passed / (q.passed + q.failed),
			detail: `${whole.format(q.passed)} evaluations passed, ${whole.format(q.failed)} failed` });
	for (const [name, score] of Object.entries(q.scores))
		told.push({ text: `${score.mean.toPrecision(2)} ${name}`, share: score.mean,
			detail: `${name}: ${score.mean.toPrecision(4)} on average of ${whole.format(score.count)}` });
	return told;
}

function qualityCell(row) {
	const told = row.quality ? opinions(row.quality) : [];
	const cell = element("td", told.length > 0 ? "quality" : "none", told.length > 0 ? told[0].text : NONE);
	cell.title = told.map((t) => t.detail).join("\n");
	return cell;
}

const COLUMNS = [
	{ key: "name", title: { feature: "Feature", prompt: "Prompt", model: "Model" } },
	{ key: "cost_usd", title: "Cost", cell: costCell },
	{ key: "requests", title: "Requests", cell: plainCell(count) },
	{ key: "errors", title: "Errors", cell: errorCell },
	{ key: "cost_per_request_usd", title: "Per request", cell: plainCell(usd) },
	{ key: "cost_per_success_usd", title: "Per success", cell: plainCell(usd) },
	{ key: "input_tokens", title: "Tokens in", cell: plainCell(count) },
	{ key: "output_tokens", title: "Tokens out", cell: plainCell(count) },
	{ key: "latency_p50_s", title: "Latency p50", cell: plainCell(seconds) },
	{ key: "latency_p95_s", title: "p95", cell: plainCell(seconds) },
	{ key: "ttft_p50_s", title: "First token", cell: plainCell(seconds) },
	{ key: "output_tokens_per_second", title: "Tokens/s", cell: plainCell((v) => v === null ? NONE : String(Math.round(v))) },
	{ key: "quality", title: "Quality", cell: qualityCell, isOptional: true },
];

// Where nobody has said anything about any call, the column would only be empty.
function columnsShown(s) {
	return COLUMNS.filter((c) => !c.isOptional || s.totals[c.key]);
}

function rank(row) {
	if (view.sort === "quality")
		return row.quality ? opinions(row.quality)[0]?.share ?? null : null;
	return view.sort === "errors" ? row.errors / row.requests : row[view.sort];
}

// What is unknown stays at the end in either direction.
function compareRows(a, b) {
	const x = rank(a), y = rank(b);
	if (x === null || y === null)
		return (x === null) - (y === null);
	const order = view.sort === "name" ? x.localeCompare(y) : Number(x) - Number(y);
	return view.descending ? -order : order;
}

function showTable(s) {
	const rows = [...s.by[view.by]].sort(compareRows), hidden = s.hidden[view.by];
	const columns = columnsShown(s), shown = JSON.stringify([view.by, hidden, rows]);
	if (shown === view.shown)
		return; // leaves the reader's selection alone
	view.shown = shown;
	const highest = Math.max(...rows.map((r) => Number(r.cost_usd ?? 0)), Number.MIN_VALUE);
	fill($("rows"), ...rows.map((row) => fill(element("tr"), nameCell(row, Number(row.cost_usd ?? 0) / highest),
		...columns.slice(1).map((c) => c.cell(row, c.key)))));
	for (const [i, cell] of [...$("columns").children].entries())
		cell.hidden = !columns.includes(COLUMNS[i]);
	$("hidden-rows").hidden = hidden === 0;
	$("hidden-rows").textContent = `${whole.format(hidden)} more, cheaper ones or without a price, are not shown; /metrics has them all.`;
}

function headCell(column) {
	const cell = element("th"), title = typeof column.title === "string" ? column.title : column.title[view.by];
	const button = element("button", "", title);
	cell.scope = "col";
	cell.dataset.key = column.key;
	button.type = "button";
	button.addEventListener("click", () => sortBy(column.key));
	return fill(cell, button);
}

function markSorted() {
	for (const cell of $("columns").children)
		if (cell.dataset.key === view.sort)
			cell.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
		else
			cell.removeAttribute("aria-sort");
}

function sortBy(key) {
	view.descending = key === view.sort ? !view.descending : key !== "name";
	view.sort = key;
	markSorted();
	if (view.summary)
		showTable(view.summary);
}

function groupBy(by) {
	view.by = by;
	for (const button of document.querySelectorAll("[data-by]"))
		button.setAttribute("aria-pressed", String(button.dataset.by === by));
	$("columns").firstElementChild.firstElementChild.textContent = COLUMNS[0].title[by];
	if (view.summary)
		showTable(view.summary);
}

// ------------------------------------------------------------------ empty state

function exportLine(endpoints) {
	if (endpoints.otlp_http)
		return `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoints.otlp_http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`;
	if (endpoints.otlp_grpc)
		return `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoints.otlp_grpc} OTEL_EXPORTER_OTLP_PROTOCOL=grpc`;
	return "No OTLP receiver is enabled in the agent's configuration";
}

async function copyCommand() {
	try {
		await navigator.clipboard.writeText($("command").textContent);
		$("copy").textContent = "Copied";
	} catch {
		getSelection().selectAllChildren($("command"));
		$("copy").textContent = "Selected";
	}
	setTimeout(() => { $("copy").textContent = "Copy"; }, 2000);
}

// ------------------------------------------------------------------ polling

function showSummary(s) {
	const isEmpty = s.totals.requests === 0;
	view.summary = s;
	$("about").textContent = `${s.version} \u00b7 up ${span(s.uptime_s)}`;
	$("empty").hidden = !isEmpty;
	$("totals").hidden = $("breakdown").hidden = $("note").hidden = isEmpty;
	$("command").textContent = exportLine(s.endpoints);
	if (isEmpty)
		return;
	showRequests(s);
	showCost(s);
	showTokens(s);
	showLatency(s);
	showHistory(s.history);
	showTable(s);
}

function showState(isLive, why) {
	say($("state"), isLive ? "live" : "not answering");
	$("state").className = `state ${isLive ? "live" : "gone"}`;
	document.body.classList.toggle("stale", !isLive);
	$("gone").hidden = isLive;
	if (!isLive)
		say($("gone"), `The agent does not answer (${why}). ` +
			(view.summary ? "What you see is its last answer; this page keeps trying." : "This page keeps trying."));
}

async function read(path) {
	const answer = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
	if (!answer.ok)
		throw new Error(`${path} answers ${answer.status}`);
	return answer.json();
}

const FAILURES = { TimeoutError: "no answer within 5 s", TypeError: "no connection", SyntaxError: "not the agent's answer: no JSON" };

async function readAll(...names) {
	try {
		return await Promise.all(names.map((name) => read(`api/v1/${name}`)));
	} catch (error) {
		throw new Error(FAILURES[error.name] ?? error.message);
	}
}

let polls = 0;

async function poll() {
	try {
		const [summary, alerts, silences, budgets] = await readAll("summary", "alerts", "silences",
			`budgets?top=${GROUPS_SHOWN}`);
		showSummary(summary);
		showAlerts(alerts, silences);
		showBudgets(budgets, summary.totals.requests > 0);
		if (polls % PROMPTS_EVERY === 0) {
			const [prompts, canary] = await readAll(`prompts?top=${PROMPTS_SHOWN}`, "canary");
			showPrompts(prompts, canary, summary.totals.requests > 0);
		}
		polls++;
		showState(true);
	} catch (error) {
		showState(false, error instanceof TypeError ? "its answer is not one that this page knows" : error.message);
	}
}

let timer = null;

async function run() {
	clearTimeout(timer);
	await poll();
	clearTimeout(timer);
	if (!document.hidden)
		timer = setTimeout(run, POLL_MS);
}

document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : run());
for (const button of document.querySelectorAll("[data-by]"))
	button.addEventListener("click", () => groupBy(button.dataset.by));
$("copy").addEventListener("click", copyCommand);
fill($("columns"), ...COLUMNS.map(headCell));
markSorted();
say($("state"), "connecting");
run();
