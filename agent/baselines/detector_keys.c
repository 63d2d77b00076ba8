/* SPDX-License-Identifier: Apache-2.0
 * baselines/detector_keys.c - which keys and series there are: made when first observed, dropped when long silent.
 *
 * Room is bounded by max_series. A new key that does not fit takes the place of one that never learned enough to be
 * judged and was silent for an hour, else of one that was silent for a day, else it shares the key `other`. A first
 * version stays as long as there are later ones that are measured against it.
 */
#include <math.h>
#include <stdlib.h>

#include "agent/base/compiler.h"
#include "agent/baselines/detector_priv.h"

#define INHERIT_LEARNED_MIN 24
#define KEY_SERIES          10 /* that a key has as a rule */
#define YOUNG_IDLE_S        HOUR_S
#define OLD_IDLE_S          DAY_S

/* ---------------------------------------------------------------- names */
static bool keep_name(struct slice *place, struct slice name)
{
	char *text = malloc(name.len);

	if (text == NULL)
		return false;
	memcpy(text, name.ptr, name.len);
	*place = (struct slice){ text, name.len };
	return true;
}

uint8_t detector_name(struct detector *d, struct slice raw)
{
	const struct slice other = SLICE("other");
	struct slice name = slice_head(raw, LABEL_MAX);

	if (raw.len == 0)
		return 0;
	for (uint8_t i = 1; i < d->name_count; i++)
		if (slice_equal(d->names[i], name))
			return i;
	if (d->name_count > NAMES_MAX)
		return NAMES_MAX;
	if (d->name_count == NAMES_MAX && !slice_equal(name, other))
		return detector_name(d, other); /* one may be called so */
	if (!keep_name(&d->names[d->name_count], name)) {
		meter_add(d->meters.memory, 1);
		return 0;
	}
	d->names_dirty = true;
	return d->name_count++;
}

/* ---------------------------------------------------------------- dropping keys */
static void forget_stored(struct detector *d, char letter, const struct baseline_key *k, const struct watch *w)
{
	struct buf key = BUF_INIT;
	struct record r = record_writer(&key);
	uint32_t id = k->id;

	buf_byte(&key, letter);
	record_key_u32(&r, &id);
	if (w != NULL) {
		buf_byte(&key, (char)w->metric);
		if (w->name != 0)
			buf_byte(&key, (char)w->name);
	}
	buf_byte(&d->dropped, (char)key.len);
	buf_slice(&d->dropped, buf_view(&key));
	buf_release(&key);
}

void detector_forget_key(struct detector *d, struct baseline_key *k)
{
	d->series_count -= k->watch_count;
	meter_set(d->meters.series, (int64_t)d->series_count);
	key_table_drop(&d->table, k);
}

static void drop_key(struct detector *d, struct baseline_key *k)
{
	forget_stored(d, 'k', k, NULL);
	if (k->spend != NULL)
		forget_stored(d, 'p', k, NULL);
	for (unsigned i = 0; i < k->watch_count; i++)
		forget_stored(d, 's', k, &k->watches[i]);
	meter_add(d->meters.idle, 1);
	if (d->other == k)
		d->other = NULL;
	d->dirty = true;
	cohort_memo_clear(&d->found);
	detector_forget_key(d, k);
}

/* Whether it is the first of others. */
static bool has_later_versions(const struct baseline_key *k)
{
	return k->incumbent == k->id && k->next_version != k;
}

static bool has_learned(const struct baseline_key *k)
{
	for (unsigned i = 0; i < k->watch_count; i++)
		if (k->watches[i].series->scales[SCALE_1H].learned >= scale_infos[SCALE_1H].warm_up)
			return true;
	return false;
}

void detector_drop_idle(struct detector *d, int64_t now_s)
{
	for (uint32_t i = d->table.count; i-- > 0;) { /* later versions before the first one */
		struct baseline_key *k = d->table.keys[i];
		if (k != NULL && now_s - k->last_s >= d->idle_s && !has_later_versions(k))
			drop_key(d, k);
	}
}

static bool fits(struct slice wanted, struct slice is)
{
	return wanted.len == 0 || slice_equal(wanted, is);
}

uint64_t detector_reset(struct detector *d, struct slice feature, struct slice model, struct slice prompt_version)
{
	uint64_t marked = 0;

	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL || !fits(feature, k->labels.feature) || !fits(model, k->labels.model) ||
		    !fits(prompt_version, k->labels.prompt_version))
			continue;
		k->is_to_drop = d->is_to_drop = true;
		marked++;
	}
	return marked;
}

/* The first version of this one, where that goes and this one stays; else NULL. */
static struct baseline_key *going_first(const struct detector *d, struct baseline_key *k)
{
	struct baseline_key *first = k != NULL && !k->is_to_drop ? key_incumbent(&d->table, k) : NULL;

	return first != NULL && first->is_to_drop ? first : NULL;
}

static void inherit_spend(struct detector *d, struct baseline_key *heir, struct baseline_key *first)
{
	if (first->spend == NULL)
		return;
	forget_stored(d, 'p', first, NULL);
	free(heir->spend);
	heir->spend = first->spend;
	heir->spend->dirty = true;
	first->spend = NULL;
}

/* Of first versions that go: the earliest of the others takes their place, and has the day's spend. */
static void succeed_marked(struct detector *d)
{
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i], *first = going_first(d, k);
		struct baseline_key *heir = first != NULL ? key_incumbent(&d->table, first) : NULL;
		if (first != NULL && (heir == first || k->first_s < heir->first_s))
			first->incumbent = k->id;
	}
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i], *first = going_first(d, k);
		if (first == NULL)
			continue;
		k->incumbent = first->incumbent;
		k->dirty = true;
		if (k->incumbent == k->id)
			inherit_spend(d, k, first);
	}
}

static void end_alerts(struct detector *d, struct baseline_key *k)
{
	struct subject day = { d, k, NULL, true }, version = { d, k, NULL, false };

	if (k->spend != NULL)
		spend_accept(k->spend, d->open_s, detector_emit, &day);
	for (int of = 0; k->tails != NULL && of < TAIL_COUNT; of++)
		tail_latency_accept(&k->tails[of], (enum tail_of)of, d->open_s, detector_emit, &version);
	for (unsigned i = 0; i < k->watch_count; i++) {
		struct subject subject = { d, k, &k->watches[i], false };
		series_accept(k->watches[i].series, d->open_s, detector_emit, &subject);
	}
}

void detector_drop_marked(struct detector *d)
{
	if (d->is_to_drop)
		succeed_marked(d);
	for (uint32_t i = 0; d->is_to_drop && i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL || !k->is_to_drop)
			continue;
		end_alerts(d, k);
		drop_key(d, k);
	}
	d->is_to_drop = false;
}

static bool is_full(const struct detector *d)
{
	/* one place is kept for `other` */
	return d->table.live + 1 >= d->table.max || d->series_count + KEY_SERIES > d->max_series;
}

/* Makes room for a key by dropping the coldest one that may go. */
static bool evict(struct detector *d, int64_t now_s)
{
	struct baseline_key *victim = NULL;
	bool victim_is_old = true;

	if (now_s < d->full_until_s)
		return false;
	for (uint32_t i = 0; i < d->table.count; i++) {
		struct baseline_key *k = d->table.keys[i];
		if (k == NULL || k == d->other || now_s - k->last_s < YOUNG_IDLE_S)
			continue;
		bool old = has_learned(k);
		if ((old && (!victim_is_old || now_s - k->last_s < OLD_IDLE_S)) || has_later_versions(k))
			continue;
		if (victim == NULL || (victim_is_old && !old) || k->last_s < victim->last_s) {
			victim = k;
			victim_is_old = old;
		}
	}
	if (victim == NULL) {
		d->full_until_s = now_s + BUCKET_S; /* a look at all keys costs: not for each request */
		return false;
	}
	drop_key(d, victim);
	return true;
}

/* ---------------------------------------------------------------- keys */
static struct baseline_key *pooled(struct detector *d, int64_t now_s)
{
	struct slice other = SLICE("other");
	struct labels l = { other, other, other, SLICE_NONE, SLICE_NONE };

	if (d->other == NULL)
		d->other = key_table_find(&d->table, l);
	if (d->other == NULL)
		d->other = key_table_add(&d->table, l, key_table_free_id(&d->table), now_s);
	meter_add(d->meters.pooled, 1);
	return d->other;
}

struct baseline_key *detector_key(struct detector *d, struct labels raw, int64_t now_s)
{
	struct labels l = labels_normalise(raw);
	struct baseline_key *k = key_table_find(&d->table, l);

	if (k == NULL)
		k = is_full(d) && !evict(d, now_s) ? pooled(d, now_s) :
						     key_table_add(&d->table, l, key_table_free_id(&d->table), now_s);
	if (k == NULL)
		meter_add(d->meters.memory, 1);
	else if (k->last_s < now_s)
		k->last_s = now_s;
	return k;
}

struct spend *detector_spend(struct detector *d, struct baseline_key *k)
{
	struct baseline_key *owner = key_incumbent(&d->table, k);

	if (owner->spend == NULL) {
		owner->spend = malloc(sizeof(*owner->spend));
		if (owner->spend != NULL)
			spend_init(owner->spend);
	}
	return owner->spend;
}

/* ---------------------------------------------------------------- series */
void detector_refresh(struct watch *w)
{
	const struct scale *c = &w->series->scales[SCALE_1H];
	enum metric_kind kind = metric_infos[w->metric].kind;

	w->centre = kind == KIND_RATE ? 0.0 : c->weight > 0 ? c->mu : NAN;
	if (metric_tail_of(w->metric) != METRIC_NONE)
		w->spread = c->learned >= TAIL_LEARNED_MIN && c->weight > 0 ? scale_spread(c, kind) : 0.0;
}

struct watch *detector_adopt_series(struct detector *d, struct baseline_key *k, uint8_t name, struct series *s)
{
	struct watch *w = key_add_watch(k, s->metric, name, s);

	if (w == NULL) {
		meter_add(d->meters.memory, 1);
		series_free(s);
		return NULL;
	}
	detector_refresh(w);
	meter_set(d->meters.series, (int64_t)++d->series_count);
	return w;
}

/* The share whose requests a rare one's are among. */
static const struct watch *sibling_of(const struct baseline_key *k, enum metric m)
{
	bool of_all = m == METRIC_RATE_LIMITED_RATE || m == METRIC_TIMEOUT_RATE;

	return key_watch(k, of_all ? METRIC_ERROR_RATE : METRIC_REFUSAL_RATE, 0);
}

/* The first bad request of its kind: all those before it were good, in the bucket in progress too. */
static void start_from_none(const struct baseline_key *k, struct watch *w)
{
	const struct watch *sibling = sibling_of(k, w->metric);

	if (sibling == NULL)
		return;
	series_never(w->series, sibling->series);
	w->open.n = fmax(0, sibling->open.n - 1); /* without this request */
	w->canary.n = sibling->canary.n;
	detector_refresh(w);
}

static NOINLINE struct watch *watch_new(struct detector *d, struct baseline_key *k, enum metric m, uint8_t name)
{
	struct baseline_key *first = key_incumbent(&d->table, k);
	const struct watch *parent;
	struct watch *w;

	if (d->series_count >= d->max_series) {
		meter_add(d->meters.limit, 1);
		return NULL;
	}
	struct series *s = series_new(m);
	if (s == NULL) {
		meter_add(d->meters.memory, 1);
		return NULL;
	}
	s->dirty = true; /* what it inherits outlives the process */
	parent = first != k ? key_watch(first, m, name) : NULL;
	if (parent != NULL && parent->series->scales[SCALE_1H].learned >= INHERIT_LEARNED_MIN)
		series_inherit(s, parent->series);
	w = detector_adopt_series(d, k, name, s);
	if (w != NULL && metric_is(m, METRIC_RARE))
		start_from_none(k, w);
	return w;
}

struct watch *detector_watch(struct detector *d, struct baseline_key *k, enum metric m, uint8_t name)
{
	struct watch *w = key_watch(k, m, name);

	return w != NULL ? w : watch_new(d, k, m, name);
}
