// SPDX-License-Identifier: Apache-2.0
// The alerts panel: what fires, what builds up, what is silenced, as /api/v1/alerts and /api/v1/silences list them.

import { $, details, element, fill, renew, say, span, usd, whole } from "./words.js";

const ALERTS_SHOWN = 6;      // the others in one line
const TRACES_SHOWN = 3;      // of an alert
const CHANGES_SHOWN = 3;     // before it

// A link to a web page and to nothing else, such as javascript:
function link(url, text) {
	if (!/^https?:\/\//.test(url ?? ""))
		return null;
	const a = element("a", "", text);
	a.href = url;
	a.rel = "noreferrer";
	return a;
}

const FACTORS = { input_tokens: "input tokens", output_tokens: "output tokens", cache_share: "cache share",
	model_mix: "model mix", price: "price" };

// A bar of what the change of cost per request is made of. Parts that pull the other way are told in words only.
function decomposition(movement) {
	const cost = movement?.cost_per_request;
	if (!cost || !cost.change_usd)
		return null;
	const parts = cost.parts.filter((p) => Math.abs(p.percent_of_change) >= 1);
	const bar = element("span", "parts"), words = [];
	for (const part of parts) {
		const name = FACTORS[part.factor] ?? part.factor;
		words.push(`${name} ${Math.round(part.percent_of_change)} %`);
		if (part.percent_of_change > 0) {
			const piece = element("i", `part ${part.factor}`);
			piece.style.flexGrow = part.percent_of_change;
			piece.title = words.at(-1);
			bar.append(piece);
		}
	}
	bar.setAttribute("aria-hidden", "true");
	const change = `${usd(cost.before_usd)} \u2192 ${usd(cost.after_usd)} a request`;
	return fill(element("small", "decomposition"), bar, element("span", "", `${change}: ${words.join(", ")}`));
}

// Someone's own runbook, else the built-in one.
function runbook(alert) {
	const own = link(alert.runbook_url, "Runbook");
	if (own || !alert.runbook)
		return own;
	const a = element("a", "", "Runbook");
	a.href = `runbooks/${encodeURIComponent(alert.runbook)}`;
	return a;
}

function changeLine(change) {
	const when = new Date(change.time * 1000).toLocaleString();
	return element("small", "", `Before: ${change.text} (${when})`);
}

// An alert object is flat: agent/alerts/alert_json.c writes it. "*" stands for all. others: of the same incident.
function alertItem(alert, others) {
	const item = element("li"), about = [alert.kind, alert.severity];
	for (const label of ["feature", "prompt_version", "model"])
		if (alert[label] && alert[label] !== "*")
			about.push(`${label.replace("_", " ")} ${alert[label]}`);
	about.push(`for ${span(Math.max(0, Date.now() / 1000 - alert.started_at))}`);
	if (alert.muted_by)
		about.push(`nobody is told: ${alert.muted_by}`);
	const detail = element("small"), help = runbook(alert);
	details(detail, about.map((text) => ({ text })));
	if (help)
		detail.append(" \u00b7 ", help);
	item.id = `alert-${alert.id}`;
	fill(item, element("strong", "", alert.summary), detail);
	const isNews = (change) => alert.kind !== "budget" && !alert.cause?.includes(change.text); // money that is spent is its own cause
	const changes = (alert.changes ?? []).filter(isNews);
	for (const more of [alert.cause && alert.kind !== "budget" && element("small", "", alert.cause),
			decomposition(alert.movement ?? alert.movement_of_feature),
			...changes.slice(0, CHANGES_SHOWN).map(changeLine),
			others.length > 0 && element("small", "", `Also: ${others.map((o) => o.summary).join("; ")}`)])
		if (more)
			item.append(more);
	if (alert.trace_ids?.length > 0)
		item.append(element("small", "traces", `Traces ${alert.trace_ids.slice(0, TRACES_SHOWN).join(" ")}`));
	return item;
}

function pendingItem(p) {
	return element("li", "pending", `Building up: ${p.metric} of ${p.feature || "unknown"} is ` +
		`${Math.abs(p.deviation).toFixed(1)} sigma from its baseline in its newest hour`);
}

function silenceItem(s) {
	const until = new Date(s.until * 1000).toLocaleString(), why = s.comment ? ` (${s.comment})` : "";
	return element("li", "", `Silence: ${s.matchers} until ${until}, by ${s.by || "unknown"}${why}`);
}

// The one that the address names comes first: a notification has led here.
function urgency(alert) {
	return 2 * (location.hash === `#alert-${alert.id}`) + (alert.severity === "critical");
}

export function showAlerts(answer, silences) {
	const active = (answer?.alerts ?? []).filter((a) => a.state !== "resolved"), pending = answer?.pending ?? [];
	const quiet = (silences?.silences ?? []).filter((s) => s.active);
	const isCovered = (a) => !a.told && active.some((b) => b.told && b.incident === a.incident);
	const isUsedUp = (a) => a.kind === "budget" && a.severity === "critical"; // then nobody needs to know that half is
	const isOutdone = (a) => a.kind === "budget" && !isUsedUp(a) && active.some((b) => isUsedUp(b) && b.name === a.name);
	const leads = active.filter((a) => !isCovered(a) && !isOutdone(a)).sort((a, b) => urgency(b) - urgency(a));
	const beyond = leads.length - ALERTS_SHOWN;
	const others = (lead) => lead.told ? active.filter((a) => isCovered(a) && a.incident === lead.incident) : [];
	$("alerts").hidden = leads.length + pending.length + quiet.length === 0;
	const title = leads.length === 1 ? "1 active alert" : `${leads.length || "No"} active alerts`;
	say($("alerts-title"), title);
	renew($("alert-list"), ...leads.slice(0, ALERTS_SHOWN).map((a) => alertItem(a, others(a))));
	renew($("quiet-list"), ...(beyond > 0 ? [element("li", "", `${whole.format(beyond)} more: plimsoll alerts list`)] : []),
		...pending.map(pendingItem), ...quiet.map(silenceItem));
}
