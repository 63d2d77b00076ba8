/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry_deploy.c - what was put where and is in force; gates.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/prompts/registry_priv.h"

#define TEXT_MAX 200u

/* ---------------------------------------------------------------- keeping */
static struct slice keep_text(struct buf *to, struct slice text)
{
	size_t at = to->len;

	buf_slice(to, text);
	return (struct slice){ to->ptr + at, text.len };
}

static bool copy_deployment(struct kept_deployment *to, const struct prompt_deployment *d)
{
	struct slice *const mine[] = { &to->d.name, &to->d.version, &to->d.environment, &to->d.previous,
				       &to->d.by,   &to->d.ticket,  &to->d.reason, &to->d.finding.verdict,
				       &to->d.finding.reason };
	size_t total = 1;

	*to = (struct kept_deployment){ .d = *d, .texts = BUF_INIT };
	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		total += mine[i]->len;
	if (buf_reserve(&to->texts, total) == NULL) /* once, so that nothing moves */
		return false;
	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		*mine[i] = keep_text(&to->texts, *mine[i]);
	return true;
}

bool registry_change_deployment(struct kept_deployment *kept, const struct prompt_deployment *d)
{
	struct kept_deployment changed;

	if (!copy_deployment(&changed, d))
		return false;
	buf_release(&kept->texts);
	*kept = changed;
	return true;
}

static void delete_deployment(struct registry *r, uint32_t i)
{
	buf_reset(&r->key);
	prompt_deployment_key(&r->deployments[i].d, &r->key);
	if (!buf_failed(&r->key))
		r->outlets.put(r->outlets.context, buf_view(&r->key), SLICE_NONE);
	buf_release(&r->deployments[i].texts);
	memmove(&r->deployments[i], &r->deployments[i + 1], (--r->deployment_count - i) * sizeof(r->deployments[0]));
}

/* The oldest that is history; the oldest of all where none is. */
static void drop_oldest(struct registry *r, struct slice name)
{
	uint32_t count = 0, oldest = 0;

	for (uint32_t i = r->deployment_count; i-- > 0;)
		if (slice_equal(r->deployments[i].d.name, name)) {
			count++;
			oldest = i;
		}
	if (count < REGISTRY_DEPLOYMENTS_MAX)
		return;
	for (uint32_t i = oldest; i < r->deployment_count; i++) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (slice_equal(d->name, name) && !registry_is_current(r, d)) {
			oldest = i;
			break;
		}
	}
	delete_deployment(r, oldest);
}

struct kept_deployment *registry_keep_deployment(struct registry *r, const struct prompt_deployment *d)
{
	struct kept_deployment kept;

	if (!copy_deployment(&kept, d))
		return NULL;
	drop_oldest(r, kept.d.name);
	if (r->deployment_count == r->deployment_cap) {
		uint32_t cap = r->deployment_cap * 2 + 16;
		struct kept_deployment *bigger = realloc(r->deployments, cap * sizeof(*bigger));
		if (bigger == NULL) {
			buf_release(&kept.texts);
			return NULL;
		}
		r->deployments = bigger;
		r->deployment_cap = cap;
	}
	if (d->number >= r->next_number)
		r->next_number = d->number + 1;
	r->stale = r->trials_stale = true;
	r->deployments[r->deployment_count] = kept;
	return &r->deployments[r->deployment_count++];
}

static int by_number(const void *x, const void *y)
{
	const struct kept_deployment *a = x, *b = y;

	return a->d.number < b->d.number ? -1 : a->d.number > b->d.number;
}

void registry_loaded(struct registry *r)
{
	if (r->deployment_count > 0)
		qsort(r->deployments, r->deployment_count, sizeof(*r->deployments), by_number);
}

void registry_put_deployment(struct registry *r, struct kept_deployment *kept)
{
	buf_reset(&r->key);
	buf_reset(&r->value);
	struct record record = record_writer(&r->value);
	prompt_deployment_key(&kept->d, &r->key);
	prompt_deployment_record(&record, &kept->d);
	kept->dirty = buf_failed(&r->key) || buf_failed(&r->value) ||
		      !r->outlets.put(r->outlets.context, buf_view(&r->key), buf_view(&r->value));
}

/* ---------------------------------------------------------------- what is in force */
bool registry_deployment_is_of(const struct prompt_deployment *d, struct slice name, struct slice environment)
{
	return prompt_deployment_holds(d) && slice_equal(d->name, name) && slice_equal(d->environment, environment);
}

const struct prompt_deployment *registry_in_force(const struct registry *r, struct slice name, struct slice environment)
{
	for (uint32_t i = r->deployment_count; i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (registry_deployment_is_of(d, name, environment) && d->canary_share >= 1)
			return d;
	}
	return NULL;
}

const struct prompt_deployment *registry_canary(const struct registry *r, struct slice name, struct slice environment)
{
	for (uint32_t i = r->deployment_count; i-- > 0;) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (registry_deployment_is_of(d, name, environment))
			return d->canary_share < 1 ? d : NULL;
	}
	return NULL;
}

bool registry_is_current(const struct registry *r, const struct prompt_deployment *d)
{
	return registry_in_force(r, d->name, d->environment) == d || registry_canary(r, d->name, d->environment) == d;
}

/* ---------------------------------------------------------------- deploying */
static bool has_control(struct slice text)
{
	bool any = false;

	for (size_t i = 0; i < text.len; i++)
		any = any || (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f;
	return any;
}

static struct status check_texts(const struct prompt_deployment *d, struct buf *why)
{
	const struct {
		const char *name;
		struct slice text;
		unsigned most;
		bool wanted;
	} texts[] = { { "environment", d->environment, NEWS_PLACE_MAX, true },
		      { "by", d->by, TEXT_MAX, true },
		      { "ticket", d->ticket, TEXT_MAX, false } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((texts[i].wanted && texts[i].text.len == 0) || texts[i].text.len > texts[i].most || has_control(texts[i].text)) {
			buf_printf(why, "%s: 1 to %u characters are wanted, none of them a control character", texts[i].name, texts[i].most);
			return FAIL(INVALID, "a text is missing or too long");
		}
	}
	if (d->canary_share > 0 && d->canary_share <= 1)
		return OK;
	buf_text(why, "canary: a share of the traffic, above 0 % and up to 100 %");
	return FAIL(INVALID, "out of range");
}

static struct status refuse_unknown(const struct registry *r, const struct prompt_deployment *d, struct buf *why)
{
	buf_printf(why, "no version '%.*s' of prompt '%.*s' is known", SLICE_ARG(d->version), SLICE_ARG(d->name));
	for (uint32_t i = 0, n = 0; i < r->entry_count && n < 8; i++) {
		if (!slice_equal(entry_name(r->entries[i]), d->name))
			continue;
		buf_printf(why, "%s%s", n++ == 0 ? "; known: " : ", ", r->entries[i]->version);
	}
	return FAIL(NOTFOUND, "no such version");
}

/* A version that serves all of the traffic cannot be tried against itself. */
static struct status check_canary(const struct registry *r, const struct prompt_deployment *d, struct buf *why)
{
	const struct prompt_deployment *now = registry_in_force(r, d->name, d->environment);

	if (d->canary_share >= 1 || now == NULL || !slice_equal(now->version, d->version))
		return OK;
	buf_printf(why, "version '%.*s' of '%.*s' is in force in '%.*s': a canary is another version beside it", SLICE_ARG(d->version),
		   SLICE_ARG(d->name), SLICE_ARG(d->environment));
	return FAIL(INVALID, "a canary of what is in force");
}

static struct slice put_text(char room[PROMPT_VERSION_MAX], struct slice text)
{
	text = slice_head(text, PROMPT_VERSION_MAX);
	if (text.len > 0)
		memcpy(room, text.ptr, text.len);
	return (struct slice){ room, text.len };
}

struct status registry_put_in_force(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
				    struct buf *why)
{
	TRY(check_texts(d, why));
	if (registry_find(r, d->name, d->version) == NULL)
		return refuse_unknown(r, d, why);
	TRY(check_canary(r, d, why));
	const struct prompt_deployment *before = registry_canary(r, d->name, d->environment);
	if (before == NULL || d->kind == PROMPT_DEPLOY)
		before = registry_in_force(r, d->name, d->environment);
	d->previous = before != NULL ? before->version : SLICE_NONE;
	d->number = r->next_number;
	struct kept_deployment *kept = registry_keep_deployment(r, d);
	if (kept == NULL) {
		buf_text(why, "no memory for the deployment");
		return FAIL(NOMEM, "no memory");
	}
	registry_put_deployment(r, kept);
	d->version = put_text(room->version, kept->d.version);
	d->previous = put_text(room->previous, kept->d.previous);
	return OK;
}

struct status registry_deploy(struct registry *r, struct prompt_deployment *d, struct prompt_versions *room,
			      struct buf *why)
{
	pthread_mutex_lock(&r->lock);
	struct status s = registry_put_in_force(r, d, room, why);
	pthread_mutex_unlock(&r->lock);
	return s;
}

bool registry_is_in_force(struct registry *r, struct slice name, struct slice version, struct slice environment)
{
	pthread_mutex_lock(&r->lock);
	const struct prompt_deployment *d = registry_in_force(r, name, environment);
	bool is = d != NULL && slice_equal(d->version, version) && registry_canary(r, name, environment) == NULL;
	pthread_mutex_unlock(&r->lock);
	return is;
}

void registry_command(struct registry *r, struct slice name, uint64_t at_s, uint32_t number, uint8_t state,
		      int64_t exit_status)
{
	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < r->deployment_count; i++) {
		struct prompt_deployment *d = &r->deployments[i].d;
		if (d->number != number || d->at_s != at_s || !slice_equal(d->name, name))
			continue;
		d->command = state;
		d->command_exit = exit_status;
		r->stale = r->trials_stale = true;
		registry_put_deployment(r, &r->deployments[i]);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- gates */
const struct kept_gate *registry_last_gate(const struct registry *r, struct slice name, struct slice version)
{
	const struct kept_gate *last = NULL;

	for (uint32_t i = 0; i < r->gate_count; i++)
		if (slice_equal(slice_of(r->gates[i].name), name) && slice_equal(slice_of(r->gates[i].version), version) &&
		    (last == NULL || r->gates[i].at_s >= last->at_s))
			last = &r->gates[i];
	return last;
}

static void key_of(const struct kept_gate *g, struct buf *key)
{
	const struct prompt_gate gate = { .name = slice_of(g->name), .version = slice_of(g->version), .at_s = g->at_s };

	prompt_gate_key(&gate, key);
}

static void drop_gate(struct registry *r, uint32_t i)
{
	buf_reset(&r->key);
	key_of(&r->gates[i], &r->key);
	if (!buf_failed(&r->key))
		r->outlets.put(r->outlets.context, buf_view(&r->key), SLICE_NONE);
	memmove(&r->gates[i], &r->gates[i + 1], (--r->gate_count - i) * sizeof(r->gates[0]));
}

static void make_room(struct registry *r, const struct prompt_gate *g)
{
	uint32_t count = 0, oldest = 0;

	for (uint32_t i = r->gate_count; i-- > 0;)
		if (slice_equal(slice_of(r->gates[i].name), g->name) &&
		    slice_equal(slice_of(r->gates[i].version), g->version)) {
			count++;
			oldest = i;
		}
	if (count >= PROMPT_GATES_MAX)
		drop_gate(r, oldest);
}

struct kept_gate *registry_keep_gate(struct registry *r, const struct prompt_gate *g)
{
	make_room(r, g);
	if (r->gate_count == r->gate_cap) {
		uint32_t cap = r->gate_cap * 2 + 16;
		struct kept_gate *bigger = realloc(r->gates, cap * sizeof(*bigger));
		if (bigger == NULL)
			return NULL;
		r->gates = bigger;
		r->gate_cap = cap;
	}
	struct kept_gate *kept = &r->gates[r->gate_count++];
	*kept = (struct kept_gate){ .at_s = g->at_s, .cases = g->cases, .pass_rate = g->pass_rate, .open = g->open };
	memcpy(kept->name, g->name.ptr, g->name.len < PROMPT_NAME_MAX ? g->name.len : PROMPT_NAME_MAX);
	memcpy(kept->version, g->version.ptr, g->version.len < PROMPT_VERSION_MAX ? g->version.len : PROMPT_VERSION_MAX);
	return kept;
}

static struct status put_gate(struct registry *r, struct prompt_gate *g)
{
	buf_reset(&r->key);
	buf_reset(&r->value);
	struct record record = record_writer(&r->value);
	prompt_gate_key(g, &r->key);
	prompt_gate_record(&record, g);
	if (buf_failed(&r->key) || buf_failed(&r->value))
		return FAIL(NOMEM, "no memory for the result");
	return r->outlets.put(r->outlets.context, buf_view(&r->key), buf_view(&r->value)) ?
		       OK : FAIL(FULL, "the result cannot be stored now, try again");
}

static struct status keep_gate(struct registry *r, struct prompt_gate *g)
{
	const struct kept_gate *last = registry_last_gate(r, g->name, g->version);

	if (last != NULL && last->at_s >= g->at_s)
		g->at_s = last->at_s + 1; /* the key says when; two of one second must not be one */
	if (registry_entry(r, g->name, g->version, PROMPT_FROM_MANIFEST, g->at_s) == NULL || registry_keep_gate(r, g) == NULL)
		return FAIL(NOMEM, "no room for the result");
	struct status s = put_gate(r, g);
	if (FAILED(s))
		r->gate_count--; /* it was the last one */
	return s;
}

struct status registry_gate(struct registry *r, struct prompt_gate *g, struct buf *why)
{
	if (!prompt_name_is_good(g->name) || !prompt_version_is_good(g->version)) {
		buf_text(why, "a prompt is named NAME@VERSION");
		return FAIL(INVALID, "no prompt's name");
	}
	if (g->json.len > PROMPT_GATE_MAX) {
		buf_printf(why, "the result is larger than %u KiB", PROMPT_GATE_MAX >> 10);
		return FAIL(TOOBIG, "the result is too large");
	}
	pthread_mutex_lock(&r->lock);
	struct status s = keep_gate(r, g);
	pthread_mutex_unlock(&r->lock);
	if (FAILED(s))
		buf_text(why, s.why);
	return s;
}

void registry_forget_gate(struct registry *r, const struct prompt_gate *g)
{
	pthread_mutex_lock(&r->lock);
	for (uint32_t i = r->gate_count; i-- > 0;)
		if (r->gates[i].at_s == g->at_s && slice_equal(slice_of(r->gates[i].name), g->name) &&
		    slice_equal(slice_of(r->gates[i].version), g->version))
			drop_gate(r, i);
	pthread_mutex_unlock(&r->lock);
}

bool registry_gate_key(struct registry *r, struct slice name, struct slice version, struct buf *key)
{
	pthread_mutex_lock(&r->lock);
	const struct kept_gate *last = registry_last_gate(r, name, version);
	if (last != NULL)
		key_of(last, key);
	pthread_mutex_unlock(&r->lock);
	return last != NULL;
}
