// SPDX-License-Identifier: Apache-2.0
// Words and numbers as the whole page writes them, and elements made of them.
// Names come from spans, so every text is set as text, never as HTML. What is unknown is shown as unknown, not as zero.

const LAST_BUCKET_S = 81.92; // latencies are not told apart beyond it

export const $ = (id) => document.getElementById(id);

// ------------------------------------------------------------------ words and numbers

export const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
export const NONE = "\u2013";

export function count(n) {
	if (n === null || n === undefined)
		return NONE;
	return n < 10000 ? whole.format(n) : compact.format(n);
}

// Costs come as decimal strings: three digits that count below a dollar, cents above.
export function usd(text) {
	const value = Number(text);
	if (text === null || text === undefined)
		return NONE;
	if (value === 0)
		return "$0";
	if (value >= 100000)
		return "$" + compact.format(value);
	if (value >= 0.9995)
		return "$" + value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
	if (value < 1e-9)
		return "< $0.000000001";
	const digits = value.toLocaleString("en-US", { maximumSignificantDigits: 3, maximumFractionDigits: 20 });
	return "$" + digits.replace(/^0\.\d$/, "$&0");
}

export function seconds(s) {
	if (s === null || s === undefined)
		return NONE;
	if (s >= LAST_BUCKET_S)
		return "> 82 s";
	if (s < 1)
		return Math.round(s * 1000) + " ms";
	return s.toFixed(s < 10 ? 2 : 1) + " s";
}

export function speed(perSecond) {
	return perSecond === null || perSecond === undefined ? NONE : Math.round(perSecond) + " tok/s";
}

export function span(s) {
	const days = Math.floor(s / 86400), hours = Math.floor(s / 3600) % 24, minutes = Math.floor(s / 60) % 60;
	if (days > 0)
		return `${days} d ${hours} h`;
	if (hours > 0)
		return `${hours} h ${minutes} min`;
	return minutes > 0 ? `${minutes} min` : `${Math.floor(s)} s`;
}

export function percent(part, all) {
	const p = 100 * part / all;
	if (p > 0 && p < 0.05)
		return "< 0.1 %";
	if (p > 99 && p < 100)
		return (Math.floor(10 * p) / 10).toFixed(1) + " %"; // never all of it
	return (p > 0 && p < 10 ? p.toFixed(1) : whole.format(Math.round(p))) + " %";
}

// ------------------------------------------------------------------ building elements

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g; // marks that show what follows in another order than it is written

export function element(name, className, text) {
	const e = document.createElement(name);
	if (className)
		e.className = className;
	if (text !== undefined)
		e.textContent = (text ?? "").replace(TURNING, "");
	return e;
}

export function fill(parent, ...children) {
	parent.replaceChildren(...children);
	return parent;
}

// Sets a text that may be read aloud: one that is there already is left alone, so that nobody hears it twice.
export function say(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

// As fill, for items with ids: those that have not changed stay, and a focused link in one that has keeps the focus.
export function renew(parent, ...items) {
	const focused = parent.contains(document.activeElement) ? document.activeElement.closest("[id]").id : null;
	for (const [i, item] of items.entries()) {
		const old = parent.children[i];
		if (!old)
			parent.append(item);
		else if (!old.isEqualNode(item))
			old.replaceWith(item);
	}
	while (parent.children.length > items.length)
		parent.lastElementChild.remove();
	if (focused && !parent.contains(document.activeElement))
		document.getElementById(focused)?.querySelector("a")?.focus({ preventScroll: true });
}

// Shows parts such as { text: "3 errors", className: "bad" } with dots between them; false is no part.
export function details(parent, parts) {
	const nodes = parts.filter(Boolean).flatMap((p) => ["\u00a0\u00b7 ", element("span", p.className, p.text)]);
	parent.replaceChildren(...nodes.slice(1));
}
