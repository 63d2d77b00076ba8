/* SPDX-License-Identifier: Apache-2.0
 * observe/quality.c - see the header.
 */
#include "agent/observe/quality.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"

/* Most scores are shares of 1; some evaluators grade from 1 to 5 or to 10. */
static const double bounds[] = { 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10 };
static const char *const le[] = { "0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0", "2.0",
				  "3.0", "4.0", "5.0", "10.0" };

#define BOUNDS     (sizeof(bounds) / sizeof(bounds[0]))
#define TABLE_SIZE 1024u
#define SCORES_MAX 16u /* names in one row of the summary */

enum result { RESULT_PASS, RESULT_FAIL, RESULT_ERROR, RESULT_NONE, RESULT_COUNT };

static const char *const result_names[RESULT_COUNT] = { "pass", "fail", "error", "none" };

/* All that was said under one name of the calls of one label set. */
struct entry {
	struct entry *same_slot, *next;
	uint64_t hash;
	struct labels call;
	struct slice name;
	struct slice text; /* the labels but the name's, as the exposition wants them */
	enum judgement_kind kind;
	uint64_t results[RESULT_COUNT]; /* of evaluations */
	uint64_t yes, no, happened;     /* of feedback; happened: what is neither */
	uint64_t scored, counts[BOUNDS + 1];
	double sum;
};

struct quality {
	pthread_mutex_t lock;
	struct arena arena;
	size_t max_series, max_label_bytes, series;
	struct entry *slots[TABLE_SIZE];
	struct entry *first, **last;
	struct entry *overflow[JUDGEMENT_KIND_COUNT];
	struct slice names[QUALITY_NAMES];
	size_t name_count;
};

struct quality *quality_new(size_t max_series, size_t max_label_bytes)
{
	struct quality *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	pthread_mutex_init(&q->lock, NULL);
	arena_init(&q->arena, SIZE_MAX);
	q->max_series = max_series;
	q->max_label_bytes = max_label_bytes < LABEL_BYTES_MAX ? max_label_bytes : LABEL_BYTES_MAX;
	q->last = &q->first;
	return q;
}

void quality_free(struct quality *q)
{
	if (q == NULL)
		return;
	arena_release(&q->arena);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* ------------------------------------------------------------------ counting */

static struct slice or_word(struct slice text, const char *word)
{
	return text.len > 0 ? text : slice_of(word);
}

static void labels_of(const struct joined_judgement *j, size_t max_bytes, char text[LABEL_COUNT][LABEL_BYTES_MAX],
		      struct labels *out)
{
	static const struct call_labels unknown;
	const struct call_labels *l = j->labels != NULL ? j->labels : &unknown;
	struct labels raw;

	raw.value[LABEL_PROVIDER] = or_word(l->provider, "unknown");
	raw.value[LABEL_MODEL] = or_word(l->model, "unknown");
	raw.value[LABEL_FEATURE] = or_word(l->feature, "unknown");
	raw.value[LABEL_PROMPT] = or_word(l->prompt, j->labels != NULL ? "unversioned" : "unknown");
	labels_clean(&raw, max_bytes, text, out);
}

/* The name as it is counted: clean, and one of at most QUALITY_NAMES. */
static struct slice counted_name(struct quality *q, struct slice name)
{
	char text[LABEL_COUNT][LABEL_BYTES_MAX];
	struct labels clean, raw = { .value = { name, name, name, name } };

	labels_clean(&raw, q->max_label_bytes, text, &clean);
	for (size_t i = 0; i < q->name_count; i++)
		if (slice_equal(q->names[i], clean.value[0]))
			return q->names[i];
	if (q->name_count == QUALITY_NAMES)
		return SLICE("other");
	struct slice kept = arena_dup(&q->arena, clean.value[0]);
	if (kept.ptr == NULL)
		return SLICE("other");
	return q->names[q->name_count++] = kept;
}

static struct slice series_text(struct quality *q, const struct labels *l, enum judgement_source source,
				const struct known_call *call)
{
	static const char *const names[LABEL_COUNT] = { "provider", "model", "feature", "prompt" };
	struct buf text = BUF_INIT;
	bool is_evaluation = call != NULL && call->is_evaluation_traffic;

	for (int i = 0; i < LABEL_COUNT; i++)
		exposition_label(&text, names[i], l->value[i]);
	exposition_label(&text, "source", slice_of(judgement_source_names[source]));
	exposition_label(&text, "traffic",
			 call == NULL    ? SLICE("unknown")
			 : is_evaluation ? SLICE("evaluation")
					 : SLICE("production"));
	struct slice kept = buf_failed(&text) ? SLICE_NONE : arena_dup(&q->arena, buf_view(&text));
	buf_release(&text);
	return kept;
}

static struct entry *entry_new(struct quality *q, enum judgement_kind kind, struct slice name, struct slice text)
{
	struct entry *e = arena_alloc(&q->arena, sizeof(*e));

	if (e == NULL || text.ptr == NULL)
		return NULL;
	*e = (struct entry){ .kind = kind, .name = name, .text = text };
	*q->last = e;
	q->last = &e->next;
	return e;
}

static struct entry *overflow_of(struct quality *q, enum judgement_kind kind)
{
	if (q->overflow[kind] == NULL)
		q->overflow[kind] = entry_new(q, kind, SLICE_NONE, SLICE("otel_metric_overflow=\"true\""));
	return q->overflow[kind];
}

static struct entry *make_entry(struct quality *q, const struct joined_judgement *j, const struct labels *l, struct slice name,
				uint64_t hash)
{
	const struct judgement *judgement = j->judgement;

	if (q->series >= q->max_series)
		return overflow_of(q, judgement->kind);
	struct entry *e = entry_new(q, judgement->kind, name, series_text(q, l, judgement->source, j->call));
	if (e == NULL)
		return overflow_of(q, judgement->kind);
	for (int i = 0; i < LABEL_COUNT; i++)
		e->call.value[i] = arena_dup(&q->arena, l->value[i]);
	e->hash = hash;
	e->same_slot = q->slots[hash % TABLE_SIZE];
	q->slots[hash % TABLE_SIZE] = e;
	q->series++;
	return e;
}

static struct entry *find(struct quality *q, const struct joined_judgement *j)
{
	char text[LABEL_COUNT][LABEL_BYTES_MAX];
	struct labels l;
	struct slice name = counted_name(q, j->judgement->name);
	uint64_t traffic = j->call == NULL ? 2 : j->call->is_evaluation_traffic;

	labels_of(j, q->max_label_bytes, text, &l);
	uint64_t hash = hash_mix(labels_hash(&l), hash_slice(name));
	hash = hash_mix(hash, (uint64_t)j->judgement->source << 8 | (uint64_t)j->judgement->kind << 4 | traffic);
	for (struct entry *e = q->slots[hash % TABLE_SIZE]; e != NULL; e = e->same_slot)
		if (e->hash == hash && e->kind == j->judgement->kind && slice_equal(e->name, name) &&
		    labels_equal(&e->call, &l))
			return e;
	return make_entry(q, j, &l, name, hash);
}

static void count_value(struct entry *e, double value)
{
	unsigned i = 0;

	while (i < BOUNDS && value > bounds[i])
		i++;
	e->counts[i]++;
	e->scored++;
	e->sum += value;
}

static void count(struct entry *e, const struct judgement *j)
{
	if (j->kind == JUDGEMENT_EVALUATION)
		e->results[j->failed              ? RESULT_ERROR
			   : j->passed == TRI_YES ? RESULT_PASS
			   : j->passed == TRI_NO  ? RESULT_FAIL
						  : RESULT_NONE]++;
	else if (j->scale == SCALE_VOTE)
		*(j->value != 0 ? &e->yes : &e->no) += 1;
	else
		e->happened++;
	if (j->scale == SCALE_SCORE || j->scale == SCALE_RATING)
		count_value(e, j->value);
}

void quality_count(struct quality *q, const struct joined_judgement *j)
{
	pthread_mutex_lock(&q->lock);
	struct entry *e = find(q, j);
	if (e != NULL)
		count(e, j->judgement);
	pthread_mutex_unlock(&q->lock);
}

/* ------------------------------------------------------------------ /metrics */

/* What a vote's yes and no are called where the signal has words for them. */
static const struct {
	struct slice name;
	const char *yes, *no;
} votes[] = {
	{ { "thumbs", 6 }, "thumbs_up", "thumbs_down" },
	{ { "accepted", 8 }, "accepted", "rejected" },
	{ { "task_success", 12 }, "task_success", "task_failure" },
};

static void write_count(struct exposition *x, const struct metric_family *family, struct buf *labels, uint64_t n)
{
	if (n == 0)
		return;
	if (x->family != family)
		exposition_family(x, family);
	exposition_u64(x, buf_view(labels), n);
}

static void begin_labels(struct buf *labels, const struct entry *e, const char *key)
{
	buf_reset(labels);
	buf_slice(labels, e->text);
	if (e->name.len > 0)
		exposition_label(labels, key, e->name);
}

static void render_scores(struct exposition *x, const struct metric_family *family, const struct entry *e, struct buf *labels)
{
	if (e->scored == 0)
		return;
	if (x->family != family)
		exposition_family(x, family);
	begin_labels(labels, e, "name");
	exposition_buckets(x, buf_view(labels), le, e->counts, BOUNDS, e->sum);
}

static void render_evaluations(struct exposition *x, const struct metric_family *family, const struct entry *e,
			       struct buf *labels)
{
	for (int i = 0; i < RESULT_COUNT; i++) {
		begin_labels(labels, e, "name");
		exposition_label(labels, "result", slice_of(result_names[i]));
		write_count(x, family, labels, e->results[i]);
	}
}

static void signal_labels(struct buf *labels, const struct entry *e, bool yes)
{
	begin_labels(labels, &(struct entry){ .text = e->text }, "");
	if (e->name.len == 0)
		return;
	for (size_t i = 0; i < sizeof(votes) / sizeof(votes[0]); i++)
		if (slice_equal(e->name, votes[i].name)) {
			exposition_label(labels, "signal", slice_of(yes ? votes[i].yes : votes[i].no));
			return;
		}
	struct buf name = BUF_INIT;
	buf_text(&name, yes ? "" : "not_");
	buf_slice(&name, e->name);
	exposition_label(labels, "signal", buf_view(&name));
	buf_release(&name);
}

static void render_feedback(struct exposition *x, const struct metric_family *family, const struct entry *e,
			    struct buf *labels)
{
	signal_labels(labels, e, true);
	write_count(x, family, labels, e->yes + e->happened);
	signal_labels(labels, e, false);
	write_count(x, family, labels, e->no);
}

static const struct {
	struct metric_family family;
	void (*render)(struct exposition *x, const struct metric_family *family, const struct entry *e, struct buf *labels);
} families[] = {
	{ { "plimsoll_eval_score", METRIC_HISTOGRAM,
	    "Scores of evaluations and ratings of users; 0 to 1 where a range was declared, else as they came" },
	  render_scores },
	{ { "plimsoll_evaluations", METRIC_COUNTER, "Evaluations of model calls, by their verdict" }, render_evaluations },
	{ { "plimsoll_feedback", METRIC_COUNTER, "Signals of users about model calls" }, render_feedback },
};

void quality_render(struct quality *q, struct exposition *x)
{
	struct buf labels = BUF_INIT;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct entry *e = q->first; e != NULL; e = e->next)
			families[i].render(x, &families[i].family, e, &labels);
	pthread_mutex_unlock(&q->lock);
	buf_release(&labels);
}

/* ------------------------------------------------------------------ the summary */

struct row {
	struct {
		struct slice name;
		uint64_t count;
		double sum;
	} scores[SCORES_MAX];
	size_t score_count;
	uint64_t said, passed, failed, up, down;
};

static void add_score(struct row *r, const struct entry *e)
{
	size_t i = 0;

	while (i < r->score_count && !slice_equal(r->scores[i].name, e->name))
		i++;
	if (i == SCORES_MAX)
		return;
	if (i == r->score_count) {
		r->scores[i].name = e->name;
		r->score_count++;
	}
	r->scores[i].count += e->scored;
	r->scores[i].sum += e->sum;
}

static void add(struct row *r, const struct entry *e)
{
	bool is_thumbs = slice_equal(e->name, SLICE("thumbs"));

	r->said += e->scored + e->yes + e->no + e->happened + e->results[RESULT_PASS] + e->results[RESULT_FAIL];
	r->passed += e->results[RESULT_PASS];
	r->failed += e->results[RESULT_FAIL];
	r->up += is_thumbs ? e->yes : 0;
	r->down += is_thumbs ? e->no : 0;
	if (e->scored > 0)
		add_score(r, e);
}

static bool is_in_row(const struct entry *e, enum label by, struct slice value, struct slice provider)
{
	if (by == LABEL_COUNT)
		return true;
	return slice_equal(e->call.value[by], value) &&
	       (provider.len == 0 || slice_equal(e->call.value[LABEL_PROVIDER], provider));
}

static void write_row(const struct row *r, struct buf *out)
{
	if (r->said == 0) {
		buf_text(out, "null");
		return;
	}
	buf_text(out, "{\"scores\":{");
	for (size_t i = 0; i < r->score_count; i++) {
		if (i > 0)
			buf_byte(out, ',');
		json_write_string(out, r->scores[i].name);
		buf_printf(out, ":{\"count\":%llu,\"mean\":", (unsigned long long)r->scores[i].count);
		json_write_double(out, r->scores[i].sum / (double)r->scores[i].count);
		buf_byte(out, '}');
	}
	buf_printf(out, "},\"passed\":%llu,\"failed\":%llu,\"thumbs_up\":%llu,\"thumbs_down\":%llu}",
		   (unsigned long long)r->passed, (unsigned long long)r->failed, (unsigned long long)r->up,
		   (unsigned long long)r->down);
}

void quality_write_row(struct quality *q, enum label by, struct slice value, struct slice provider, struct buf *out)
{
	struct row row = { .score_count = 0 };

	pthread_mutex_lock(&q->lock);
	for (const struct entry *e = q->first; e != NULL; e = e->next)
		if (is_in_row(e, by, value, provider))
			add(&row, e);
	write_row(&row, out);
	pthread_mutex_unlock(&q->lock);
}
