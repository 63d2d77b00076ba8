/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_json.c - what the API answers.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/prompts/registry_priv.h"

static void comma(struct buf *out)
{
	char last = out->len > 0 ? out->ptr[out->len - 1] : '[';

	if (last != '[' && last != '{' && last != ':')
		buf_byte(out, ',');
}

/* ---------------------------------------------------------------- sums */
static struct prompt_place total_of(const struct entry *e)
{
	struct prompt_place t = { .calls = 0 };

	for (uint32_t i = 0; i < e->place_count; i++) {
		const struct prompt_place *p = &e->places[i].sums;
		t.calls += p->calls;
		t.failed += p->failed;
		t.flawed += p->flawed;
		t.input_tokens += p->input_tokens;
		t.output_tokens += p->output_tokens;
		t.priced += p->priced;
		t.cost_pusd += p->cost_pusd;
		t.latency_ms += p->latency_ms;
	}
	return t;
}

/* Shares and means are null where nothing is known. */
static double per(double sum, uint64_t n)
{
	return n > 0 ? sum / (double)n : NAN;
}

static void write_sums(const struct prompt_place *p, struct buf *out)
{
	json_write_count(out, "calls", p->calls);
	json_write_number(out, "error_rate", per((double)p->failed, p->calls));
	json_write_number(out, "flawed_rate", per((double)p->flawed, p->calls - p->failed));
	json_write_count(out, "input_tokens", p->input_tokens);
	json_write_count(out, "output_tokens", p->output_tokens);
	json_write_number(out, "cost_usd", p->priced > 0 ? (double)p->cost_pusd / 1e12 : NAN);
	json_write_number(out, "cost_per_call_usd", per((double)p->cost_pusd / 1e12, p->priced));
	json_write_number(out, "latency_ms", per((double)p->latency_ms, p->calls));
}

/* ---------------------------------------------------------------- a version */
static void write_place(const struct place *p, struct buf *out)
{
	comma(out);
	buf_byte(out, '{');
	json_write_text_if_any(out, "environment", slice_of(p->environment));
	json_write_text_if_any(out, "release", slice_of(p->release));
	json_write_count(out, "first_seen", p->sums.first_seen_s);
	json_write_count(out, "last_seen", p->sums.last_seen_s);
	write_sums(&p->sums, out);
	buf_byte(out, '}');
}

static void write_gate(const struct kept_gate *g, struct buf *out)
{
	buf_byte(out, '{');
	json_write_count(out, "time", g->at_s);
	json_write_flag(out, "open", g->open);
	json_write_number(out, "pass_rate", g->pass_rate);
	json_write_count(out, "cases", g->cases);
	buf_byte(out, '}');
}

static void write_gates(const struct registry *r, const struct entry *e, struct buf *out)
{
	json_write_key(out, "gates");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->gate_count; i++) {
		const struct kept_gate *g = &r->gates[i];
		if (!slice_equal(slice_of(g->name), entry_name(e)) || !slice_equal(slice_of(g->version), entry_version(e)))
			continue;
		comma(out);
		write_gate(g, out);
	}
	buf_byte(out, ']');
}

static void write_drift(const struct entry *e, struct buf *out)
{
	json_write_key(out, "drift");
	buf_byte(out, '{');
	for (int f = 0; f < DRIFT_FIELDS; f++) {
		uint64_t calls = atomic_load_explicit(&e->drift->counts[f], memory_order_relaxed);
		if (calls > 0)
			json_write_count(out, drift_field_names[f], calls);
	}
	buf_byte(out, '}');
}

static void write_environments(const struct registry *r, const struct entry *e, struct buf *out)
{
	json_write_key(out, "deployed_to");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->deployment_count; i++) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (!slice_equal(d->version, entry_version(e)) || !slice_equal(d->name, entry_name(e)) ||
		    !registry_is_current(r, d))
			continue;
		comma(out);
		buf_byte(out, '{');
		json_write_text_if_any(out, "environment", d->environment);
		json_write_number(out, "share", d->canary_share);
		buf_byte(out, '}');
	}
	buf_byte(out, ']');
}

/* What is said of a version everywhere. */
static void begin_version(const struct registry *r, const struct entry *e, struct buf *out)
{
	comma(out);
	buf_byte(out, '{');
	json_write_text_if_any(out, "version", entry_version(e));
	json_write_text_if_any(out, "source", slice_of(prompt_source_names[e->source]));
	json_write_flag(out, "has_manifest", e->manifest != NULL);
	json_write_count(out, "first_seen", e->first_seen_s);
	json_write_count(out, "last_seen", e->last_seen_s);
	write_environments(r, e, out);
}

static void write_brief(const struct registry *r, const struct entry *e, struct buf *out)
{
	begin_version(r, e, out);
	json_write_count(out, "calls", total_of(e).calls);
	buf_byte(out, '}');
}

static void write_full(const struct registry *r, const struct entry *e, struct buf *out)
{
	struct prompt_place total = total_of(e);

	begin_version(r, e, out);
	write_sums(&total, out);
	json_write_count(out, "scores", e->judged);
	json_write_number(out, "score", per(e->score_sum, e->judged));
	json_write_count(out, "alerts", e->alerts);
	if (e->alerts > 0)
		json_write_count(out, "last_alert", e->last_alert_s);
	write_drift(e, out);
	write_gates(r, e, out);
	json_write_key(out, "places");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < e->place_count; i++)
		if (e->places[i].sums.calls > 0)
			write_place(&e->places[i], out);
	buf_byte(out, ']');
	if (e->manifest != NULL) {
		char hash[17];
		snprintf(hash, sizeof(hash), "%016" PRIx64, e->manifest->content_hash);
		json_write_text(out, "content_hash", slice_of(hash));
		json_write_key(out, "manifest");
		manifest_write_json(e->manifest, out);
	}
	buf_byte(out, '}');
}

/* ---------------------------------------------------------------- answers */
static bool is_first_of_name(const struct registry *r, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (slice_equal(entry_name(r->entries[k]), entry_name(r->entries[i])))
			return false;
	return true;
}

void registry_write_list(struct registry *r, struct buf *out)
{
	pthread_mutex_lock(&r->lock);
	buf_text(out, "{\"prompts\":[");
	for (uint32_t i = 0; i < r->entry_count && !buf_failed(out); i++) {
		if (!is_first_of_name(r, i))
			continue;
		comma(out);
		buf_byte(out, '{');
		json_write_text_if_any(out, "name", entry_name(r->entries[i]));
		json_write_key(out, "versions");
		buf_byte(out, '[');
		for (uint32_t k = i; k < r->entry_count && !buf_failed(out); k++)
			if (slice_equal(entry_name(r->entries[k]), entry_name(r->entries[i])))
				write_brief(r, r->entries[k], out);
		buf_text(out, "]}");
	}
	buf_text(out, "]}");
	pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- the newest */

/* By when they were seen last, falling. */
struct newest {
	const struct entry *items[REGISTRY_TOP_MAX];
	size_t count, most;
};

static void newest_put(struct newest *n, const struct entry *e)
{
	size_t at = n->count;

	if (n->count == n->most && (n->most == 0 || n->items[at - 1]->last_seen_s >= e->last_seen_s))
		return;
	if (n->count < n->most)
		n->count++;
	else
		at--;
	for (; at > 0 && n->items[at - 1]->last_seen_s < e->last_seen_s; at--)
		n->items[at] = n->items[at - 1];
	n->items[at] = e;
}

/* One version stands for its prompt: the one that was seen last. */
static void newest_put_prompt(struct newest *n, const struct entry *e)
{
	for (size_t i = 0; i < n->count; i++) {
		if (!slice_equal(entry_name(n->items[i]), entry_name(e)))
			continue;
		if (n->items[i]->last_seen_s >= e->last_seen_s)
			return;
		memmove(&n->items[i], &n->items[i + 1], (--n->count - i) * sizeof(n->items[0]));
		break;
	}
	newest_put(n, e);
}

static void write_newest_gate(const struct registry *r, const struct entry *e, struct buf *out)
{
	uint32_t i = r->gate_count;

	while (i > 0 && (!slice_equal(slice_of(r->gates[i - 1].name), entry_name(e)) ||
			 !slice_equal(slice_of(r->gates[i - 1].version), entry_version(e))))
		i--;
	if (i == 0)
		return;
	json_write_key(out, "gate");
	write_gate(&r->gates[i - 1], out);
}

/* Releases of one environment are added up. */
static void write_environment(const struct entry *e, uint32_t first, struct buf *out)
{
	uint64_t last_seen_s = 0, calls = 0;

	for (uint32_t i = 0; i < e->place_count; i++) {
		const struct place *p = &e->places[i];
		if (strcmp(p->environment, e->places[first].environment) != 0)
			continue;
		if (i < first)
			return; /* it has been written */
		calls += p->sums.calls;
		last_seen_s = p->sums.last_seen_s > last_seen_s ? p->sums.last_seen_s : last_seen_s;
	}
	if (calls == 0)
		return;
	comma(out);
	buf_byte(out, '{');
	json_write_text_if_any(out, "environment", slice_of(e->places[first].environment));
	json_write_count(out, "last_seen", last_seen_s);
	json_write_count(out, "calls", calls);
	buf_byte(out, '}');
}

static void write_top_version(const struct registry *r, const struct entry *e, struct buf *out)
{
	begin_version(r, e, out);
	json_write_count(out, "calls", total_of(e).calls);
	write_newest_gate(r, e, out);
	write_drift(e, out);
	json_write_key(out, "seen_in");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < e->place_count; i++)
		write_environment(e, i, out);
	buf_text(out, "]}");
}

static size_t write_top_prompt(const struct registry *r, struct slice name, struct buf *out)
{
	struct newest versions = { .most = REGISTRY_TOP_VERSIONS };

	for (uint32_t i = 0; i < r->entry_count; i++)
		if (slice_equal(entry_name(r->entries[i]), name))
			newest_put(&versions, r->entries[i]);
	comma(out);
	buf_byte(out, '{');
	json_write_text_if_any(out, "name", name);
	json_write_key(out, "versions");
	buf_byte(out, '[');
	for (size_t i = 0; i < versions.count && !buf_failed(out); i++)
		write_top_version(r, versions.items[i], out);
	buf_text(out, "]}");
	return versions.count;
}

void registry_write_top(struct registry *r, size_t most, struct buf *out)
{
	struct newest prompts = { .most = most < REGISTRY_TOP_MAX ? most : REGISTRY_TOP_MAX };
	size_t written = 0;

	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < r->entry_count; i++)
		newest_put_prompt(&prompts, r->entries[i]);
	buf_text(out, "{\"prompts\":[");
	for (size_t i = 0; i < prompts.count && !buf_failed(out); i++)
		written += write_top_prompt(r, entry_name(prompts.items[i]), out);
	buf_printf(out, "],\"more_versions\":%zu}", r->entry_count - written);
	pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- one prompt */
static void write_finding(const struct prompt_finding *f, struct buf *out)
{
	if (f->verdict.len == 0)
		return;
	json_write_key(out, "canary");
	buf_byte(out, '{');
	json_write_text_if_any(out, "verdict", f->verdict);
	json_write_count(out, "time", f->at_s);
	json_write_count(out, "calls", f->calls);
	json_write_count(out, "calls_of_other", f->calls_of_other);
	json_write_text_if_any(out, "reason", f->reason);
	buf_byte(out, '}');
}

static void write_deployment(const struct prompt_deployment *d, struct buf *out)
{
	comma(out);
	buf_byte(out, '{');
	json_write_count(out, "time", d->at_s);
	json_write_count(out, "number", d->number);
	json_write_text(out, "kind", d->kind == PROMPT_ROLLBACK ? SLICE("rollback") : SLICE("deploy"));
	json_write_text_if_any(out, "version", d->version);
	json_write_text_if_any(out, "environment", d->environment);
	json_write_text_if_any(out, "previous", d->previous);
	json_write_number(out, "share", d->canary_share);
	json_write_text_if_any(out, "by", d->by);
	json_write_text_if_any(out, "ticket", d->ticket);
	json_write_text_if_any(out, "reason", d->reason);
	write_finding(&d->finding, out);
	if (d->command == PROMPT_COMMAND_RUNS)
		json_write_text(out, "command", SLICE("runs"));
	if (d->command == PROMPT_COMMAND_DONE) {
		json_write_key(out, "command_exit");
		buf_printf(out, "%" PRId64, d->command_exit);
	}
	buf_byte(out, '}');
}

bool registry_write_one(struct registry *r, struct slice name, struct buf *out)
{
	bool found = false;

	pthread_mutex_lock(&r->lock);
	buf_byte(out, '{');
	json_write_text_if_any(out, "name", name);
	json_write_key(out, "versions");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->entry_count && !buf_failed(out); i++)
		if (slice_equal(entry_name(r->entries[i]), name)) {
			write_full(r, r->entries[i], out);
			found = true;
		}
	buf_byte(out, ']');
	json_write_key(out, "deployments");
	buf_byte(out, '[');
	for (uint32_t i = 0; i < r->deployment_count && !buf_failed(out); i++)
		if (slice_equal(r->deployments[i].d.name, name))
			write_deployment(&r->deployments[i].d, out);
	buf_text(out, "]}");
	pthread_mutex_unlock(&r->lock);
	return found;
}
