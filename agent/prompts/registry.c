/* SPDX-License-Identifier: Apache-2.0
 * prompts/registry.c - the versions, and how they come to be known.
 */
#include "agent/prompts/registry.h"

#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/base/log.h"
#include "agent/prompts/registry_priv.h"

struct slice entry_name(const struct entry *e)
{
	return slice_of(e->name);
}

struct slice entry_version(const struct entry *e)
{
	return slice_of(e->version);
}

void registry_copy_text(char *to, size_t size, struct slice from)
{
	size_t n = from.len < size - 1 ? from.len : size - 1;

	if (n > 0)
		memcpy(to, from.ptr, n);
	to[n] = '\0';
}

struct status registry_new(const struct registry_outlets *outlets, struct registry **out)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->news = calloc(1, sizeof(*r->news))) == NULL) {
		free(r);
		return FAIL(NOMEM, "no memory for the prompts");
	}
	pthread_mutex_init(&r->lock, NULL);
	r->outlets = *outlets;
	r->stale = r->trials_stale = true;
	*out = r;
	return OK;
}

static void entry_free(struct entry *e)
{
	for (uint32_t i = 0; i < e->place_count; i++)
		free(e->places[i].use);
	manifest_free(e->manifest);
	free(e->drift);
	free(e);
}

void registry_free(struct registry *r)
{
	if (r == NULL)
		return;
	for (uint32_t i = 0; i < r->entry_count; i++)
		entry_free(r->entries[i]);
	for (uint32_t i = 0; i < r->deployment_count; i++)
		buf_release(&r->deployments[i].texts);
	free(r->entries);
	free(r->deployments);
	free(r->gates);
	free(r->news);
	buf_release(&r->key);
	buf_release(&r->value);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* ---------------------------------------------------------------- entries */
struct entry *registry_find(const struct registry *r, struct slice name, struct slice version)
{
	for (uint32_t i = 0; i < r->entry_count; i++)
		if (slice_equal(entry_version(r->entries[i]), version) && slice_equal(entry_name(r->entries[i]), name))
			return r->entries[i];
	return NULL;
}

/* "name@version": the last '@' parts them. */
struct entry *registry_find_prompt(const struct registry *r, struct slice prompt)
{
	size_t at = prompt.len;

	while (at > 0 && prompt.ptr[at - 1] != '@')
		at--;
	return at > 0 ? registry_find(r, slice_head(prompt, at - 1), slice_skip(prompt, at)) : NULL;
}

static bool grow(void **items, uint32_t count, uint32_t *cap, size_t size)
{
	if (count < *cap)
		return true;
	uint32_t more = *cap * 2 + 16;
	void *bigger = realloc(*items, more * size);
	if (bigger == NULL)
		return false;
	*items = bigger;
	*cap = more;
	return true;
}

static struct entry *entry_new(struct slice name, struct slice version)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL || (e->drift = calloc(1, sizeof(*e->drift))) == NULL) {
		free(e);
		return NULL;
	}
	registry_copy_text(e->name, sizeof(e->name), name);
	registry_copy_text(e->version, sizeof(e->version), version);
	return e;
}

static void tell(const struct registry *r, enum registry_event_kind kind, struct slice name, struct slice version,
		 const char *path)
{
	const struct registry_event e = { kind, name, version, path };

	if (r->outlets.event != NULL)
		r->outlets.event(r->outlets.context, &e);
}

struct entry *registry_entry(struct registry *r, struct slice name, struct slice version, uint8_t source, uint64_t now_s)
{
	struct entry *e = registry_find(r, name, version);
	void *items = r->entries;

	if (e != NULL)
		return e;
	bool is_full = r->entry_count == REGISTRY_VERSIONS_MAX;
	if (is_full && !r->full_told)
		tell(r, REGISTRY_FULL, name, version, NULL);
	r->full_told |= is_full;
	if (is_full || !grow(&items, r->entry_count, &r->entry_cap, sizeof(*r->entries)))
		return NULL;
	r->entries = items;
	e = entry_new(name, version);
	if (e == NULL)
		return NULL;
	e->source = source;
	e->first_seen_s = e->last_seen_s = now_s;
	e->dirty = true;
	r->entries[r->entry_count++] = e;
	r->stale = true;
	return e;
}

/* Traffic or a deployment. */
static bool is_released(const struct registry *r, const struct entry *e)
{
	for (uint32_t i = 0; i < e->place_count; i++)
		if (e->places[i].sums.calls > 0)
			return true;
	for (uint32_t i = 0; i < r->deployment_count; i++)
		if (slice_equal(r->deployments[i].d.name, entry_name(e)) &&
		    slice_equal(r->deployments[i].d.version, entry_version(e)))
			return true;
	return false;
}

/* ---------------------------------------------------------------- manifests */
static void put_in(struct registry *r, struct entry *e, struct manifest **m)
{
	manifest_free(e->manifest);
	e->manifest = *m;
	*m = NULL;
	e->dirty = true;
	r->stale = true;
}

static bool adopt_one(struct registry *r, struct manifest **m, uint8_t source, uint64_t now_s)
{
	struct slice name = slice_of((*m)->name), version = slice_of((*m)->version);
	struct entry *e = registry_entry(r, name, version, source, now_s);

	if (e == NULL)
		return false;
	e->last_seen_s = now_s > e->last_seen_s ? now_s : e->last_seen_s;
	const char *path = (*m)->path;
	bool is_new = e->manifest == NULL, is_other = !is_new && e->manifest->content_hash != (*m)->content_hash;
	if (is_other && is_released(r, e)) {
		if (e->refused_hash != (*m)->content_hash)
			tell(r, REGISTRY_REFUSED, name, version, path);
		e->refused_hash = (*m)->content_hash;
		return false;
	}
	if (is_new)
		e->source = source;
	if (is_new || is_other)
		tell(r, is_new ? REGISTRY_ADDED : REGISTRY_CHANGED, name, version, path);
	e->refused_hash = 0;
	put_in(r, e, m);
	return true;
}

size_t registry_adopt(struct registry *r, struct manifest_set *set, uint8_t source, uint64_t now_s)
{
	size_t refused = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i] != NULL)
			refused += !adopt_one(r, &set->items[i], source, now_s);
	pthread_mutex_unlock(&r->lock);
	return refused;
}

struct status registry_learn(struct registry *r, struct slice name, struct slice version, uint8_t source, uint64_t now_s)
{
	pthread_mutex_lock(&r->lock);
	bool is_known = registry_entry(r, name, version, source, now_s) != NULL;
	pthread_mutex_unlock(&r->lock);
	return is_known ? OK : FAIL(NOMEM, "the registry of prompt versions is full");
}

void registry_set_rules(struct registry *r, const struct string_list *rules)
{
	pthread_mutex_lock(&r->lock);
	r->rules = rules;
	r->stale = true;
	pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- from the store */
struct place *registry_add_place(struct entry *e, struct slice environment, struct slice release, bool is_counted)
{
	struct place *p = &e->places[e->place_count];

	if (e->place_count == PROMPT_PLACES_MAX)
		return NULL;
	*p = (struct place){ .use = is_counted ? calloc(1, sizeof(*p->use)) : NULL };
	if (is_counted && p->use == NULL)
		return NULL;
	registry_copy_text(p->environment, sizeof(p->environment), environment);
	registry_copy_text(p->release, sizeof(p->release), release);
	e->place_count++;
	return p;
}

/* What is stored under another key than its own, which r->key has, would be loaded again by every later start. */
static bool is_key(const struct registry *r, struct slice key)
{
	return !buf_failed(&r->key) && slice_equal(key, buf_view(&r->key));
}

static struct status load_version(struct registry *r, struct slice key, struct slice value)
{
	struct prompt_version v = { .source = 0 };
	struct record record = record_reader(value);
	struct buf errors = BUF_INIT;

	prompt_version_record(&record, &v);
	prompt_version_key(v.name, v.version, &r->key);
	if (!record_ok(&record) || !is_key(r, key) || !prompt_name_is_good(v.name) || !prompt_version_is_good(v.version))
		return FAIL(CORRUPT, "a prompt version is damaged");
	struct entry *e = registry_entry(r, v.name, v.version, v.source, v.first_seen_s);
	if (e == NULL)
		return FAIL(NOMEM, "no room for a prompt version");
	e->first_seen_s = v.first_seen_s;
	e->last_seen_s = v.last_seen_s;
	e->alerts = v.alerts;
	e->first_alert_s = v.first_alert_s;
	e->last_alert_s = v.last_alert_s;
	e->judged = v.judged;
	e->score_sum = v.score_sum;
	for (uint32_t i = 0; i < v.place_count; i++) {
		struct place *p = registry_add_place(e, v.places[i].environment, v.places[i].release, true);
		if (p != NULL)
			p->sums = v.places[i];
	}
	e->dirty = false;
	if (v.manifest.len > 0 && e->manifest == NULL) {
		struct status s = manifest_read("the store", v.manifest, &e->manifest, &errors);
		buf_release(&errors);
		return s;
	}
	return OK;
}

static struct status load_deployment(struct registry *r, struct slice key, struct slice value)
{
	struct prompt_deployment d = { .kind = 0 };
	struct record record = record_reader(value);

	prompt_deployment_record(&record, &d);
	prompt_deployment_key(&d, &r->key);
	if (!record_ok(&record) || !is_key(r, key))
		return FAIL(CORRUPT, "a deployment is damaged");
	if (d.command == PROMPT_COMMAND_RUNS) { /* who ran it is gone, and with it what it said */
		d.command = PROMPT_COMMAND_DONE;
		d.command_exit = -1;
	}
	return registry_keep_deployment(r, &d) != NULL ? OK : FAIL(NOMEM, "no room for a deployment");
}

static struct status load_gate(struct registry *r, struct slice key, struct slice value)
{
	struct prompt_gate g = { .open = false };
	struct record record = record_reader(value);

	prompt_gate_record(&record, &g);
	prompt_gate_key(&g, &r->key);
	if (!record_ok(&record) || !is_key(r, key) || !json_is_valid(g.json))
		return FAIL(CORRUPT, "a gate's result is damaged");
	return registry_keep_gate(r, &g) != NULL ? OK : FAIL(NOMEM, "no room for a gate's result");
}

struct status registry_load(struct registry *r, struct slice key, struct slice value)
{
	buf_reset(&r->key);
	switch (key.len > 0 ? key.ptr[0] : '\0') {
	case 'v':
		return load_version(r, key, value);
	case 'd':
		return load_deployment(r, key, value);
	case 'g':
		return load_gate(r, key, value);
	default:
		return FAIL(CORRUPT, "an unknown kind of entry");
	}
}

/* ---------------------------------------------------------------- to the store */
static void put_entry(struct registry *r, struct entry *e)
{
	struct prompt_version v = {
		.name = entry_name(e),
		.version = entry_version(e),
		.source = e->source,
		.content_hash = e->manifest != NULL ? e->manifest->content_hash : 0,
		.first_seen_s = e->first_seen_s,
		.last_seen_s = e->last_seen_s,
		.alerts = e->alerts,
		.first_alert_s = e->first_alert_s,
		.last_alert_s = e->last_alert_s,
		.judged = e->judged,
		.score_sum = e->score_sum,
		.place_count = e->place_count,
	};
	struct buf manifest = BUF_INIT;

	for (uint32_t i = 0; i < e->place_count; i++) {
		v.places[i] = e->places[i].sums;
		v.places[i].environment = slice_of(e->places[i].environment);
		v.places[i].release = slice_of(e->places[i].release);
	}
	if (e->manifest != NULL)
		manifest_write_json(e->manifest, &manifest);
	v.manifest = buf_view(&manifest);
	buf_reset(&r->key);
	buf_reset(&r->value);
	struct record record = record_writer(&r->value);
	prompt_version_key(v.name, v.version, &r->key);
	prompt_version_record(&record, &v);
	e->dirty = buf_failed(&manifest) || buf_failed(&r->key) || buf_failed(&r->value) ||
		   !r->outlets.put(r->outlets.context, buf_view(&r->key), buf_view(&r->value));
	buf_release(&manifest);
}

void registry_save(struct registry *r, bool all)
{
	pthread_mutex_lock(&r->lock);
	for (uint32_t i = 0; i < r->entry_count; i++)
		if (all || r->entries[i]->dirty)
			put_entry(r, r->entries[i]);
	for (uint32_t i = 0; i < r->deployment_count; i++)
		if (all || r->deployments[i].dirty)
			registry_put_deployment(r, &r->deployments[i]);
	pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- the lanes' table */
struct collecting {
	struct prompt_table_version *versions;
	struct prompt_table_place *places;
	struct prompt_table_deployed *deployed;
	uint32_t place_count, deployed_count;
};

static void collect_versions(const struct registry *r, struct collecting *c)
{
	for (uint32_t i = 0; i < r->entry_count; i++) {
		const struct entry *e = r->entries[i];
		c->versions[i] =
			(struct prompt_table_version){ entry_name(e), entry_version(e), e->manifest, e->drift };
		for (uint32_t k = 0; k < e->place_count; k++)
			c->places[c->place_count++] =
				(struct prompt_table_place){ i, slice_of(e->places[k].environment),
							     slice_of(e->places[k].release), e->places[k].use,
							     e->places[k].sums.told > 0 };
	}
}

static uint32_t number_of(const struct registry *r, const struct entry *e)
{
	uint32_t i = 0;

	while (r->entries[i] != e)
		i++;
	return i;
}

/* What is in force, where no canary takes part of the traffic. */
static void collect_deployed(const struct registry *r, struct collecting *c)
{
	for (uint32_t i = 0; i < r->deployment_count; i++) {
		const struct prompt_deployment *d = &r->deployments[i].d;
		if (registry_in_force(r, d->name, d->environment) != d ||
		    registry_canary(r, d->name, d->environment) != NULL)
			continue;
		const struct entry *e = registry_find(r, d->name, d->version);
		if (e != NULL)
			c->deployed[c->deployed_count++] =
				(struct prompt_table_deployed){ number_of(r, e), d->environment };
	}
}

static struct prompt_table *make_table(struct registry *r)
{
	struct collecting c = { .versions = calloc(r->entry_count + 1, sizeof(*c.versions)),
				.places = calloc(r->entry_count * PROMPT_PLACES_MAX + 1, sizeof(*c.places)),
				.deployed = calloc(r->deployment_count + 1, sizeof(*c.deployed)) };
	struct prompt_table *table = NULL;

	if (c.versions != NULL && c.places != NULL && c.deployed != NULL) {
		collect_versions(r, &c);
		collect_deployed(r, &c);
		const struct prompt_table_input in = {
			.versions = c.versions, .version_count = r->entry_count,
			.places = c.places,     .place_count = c.place_count,
			.deployed = c.deployed, .deployed_count = c.deployed_count,
			.rules = r->rules,      .news = r->news,
		};
		struct status s = prompt_table_new(&in, &table);
		if (FAILED(s) && !r->table_failed)
			LOG(ERROR, "prompts", "table_not_made", "reason=\"%s\" next=\"calls are counted by the one before\"", s.why);
		r->stale = r->table_failed = FAILED(s); /* without memory: again in a second */
	}
	free(c.versions);
	free(c.places);
	free(c.deployed);
	return table;
}

struct prompt_table *registry_table(struct registry *r)
{
	pthread_mutex_lock(&r->lock);
	struct prompt_table *table = r->stale ? make_table(r) : NULL;
	pthread_mutex_unlock(&r->lock);
	return table;
}
