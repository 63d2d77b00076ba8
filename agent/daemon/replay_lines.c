/* SPDX-License-Identifier: Apache-2.0
 * daemon/replay_lines.c - a queue of lines; those of calls are also found by their span.
 */
#include "agent/daemon/replay_lines.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"
#include "agent/span/record.h"

#define BUCKETS 65536u

struct score {
	struct score *next;
	uint64_t unix_ns;
	double value;
	size_t name_len;
	char name[];
};

struct line {
	struct line *next, *same_bucket; /* the latter of calls only */
	uint64_t key;                    /* of a call's span; 0: another line, or a call without ids */
	bool is_call;
	struct record_judged judged;     /* of a call: where its judgements lie in the text */
	struct score *scores;            /* in the order of arrival */
	double rating;
	uint64_t rated_unix_ns; /* 0: not rated by what came apart from the call */
	size_t len;
	char text[];
};

struct replay_lines {
	FILE *out;
	struct line *oldest, **end;
	struct line *buckets[BUCKETS];
	size_t bytes;
	struct buf scratch;
};

struct replay_lines *replay_lines_new(FILE *out)
{
	struct replay_lines *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->out = out;
	l->end = &l->oldest;
	return l;
}

void replay_lines_free(struct replay_lines *l)
{
	if (l == NULL)
		return;
	replay_lines_flush(l);
	buf_release(&l->scratch);
	free(l);
}

/* 0: no ids. Records may have none, and nothing can be said of a call that has none. */
static uint64_t key_of(const uint8_t trace_id[16], const uint8_t span_id[8])
{
	static const uint8_t none[16];

	if (memcmp(trace_id, none, 16) == 0 && memcmp(span_id, none, 8) == 0)
		return 0;
	return hash_mix(hash_stable(trace_id, 16), hash_stable(span_id, 8)) | 1;
}

static struct line **find(struct replay_lines *l, uint64_t key)
{
	struct line **link = &l->buckets[(key >> 1) % BUCKETS];

	while (*link != NULL && (*link)->key != key)
		link = &(*link)->same_bucket;
	return link;
}

/* ------------------------------------------------------------------ out */

static void write_judged(struct buf *b, const struct line *line)
{
	const struct record_judged *j = &line->judged;
	const char *comma = "";

	buf_slice(b, (struct slice){ line->text, j->scores_end });
	for (const struct score *s = line->scores; s != NULL; s = s->next) {
		buf_text(b, comma);
		json_write_string(b, (struct slice){ s->name, s->name_len });
		buf_byte(b, ':');
		json_write_double(b, s->value);
		comma = ",";
	}
	buf_slice(b, (struct slice){ line->text + j->scores_end, j->rating - j->scores_end });
	if (line->rated_unix_ns == 0) {
		buf_slice(b, (struct slice){ line->text + j->rating, line->len - j->rating });
		return;
	}
	json_write_double(b, line->rating);
	buf_slice(b, (struct slice){ line->text + j->rating_end, line->len - j->rating_end });
}

static void print_oldest(struct replay_lines *l)
{
	struct line *line = l->oldest;

	buf_reset(&l->scratch);
	if (line->is_call)
		write_judged(&l->scratch, line);
	else
		buf_slice(&l->scratch, (struct slice){ line->text, line->len });
	buf_byte(&l->scratch, '\n');
	fwrite(l->scratch.ptr, 1, l->scratch.len, l->out);
	if (line->key != 0) {
		struct line **link = find(l, line->key);
		while (*link != line)
			link = &(*link)->same_bucket;
		*link = line->same_bucket;
	}
	l->oldest = line->next;
	if (l->oldest == NULL)
		l->end = &l->oldest;
	l->bytes -= sizeof(*line) + line->len;
	for (struct score *s = line->scores, *next; s != NULL; s = next) {
		next = s->next;
		l->bytes -= sizeof(*s) + s->name_len;
		free(s);
	}
	free(line);
}

void replay_lines_flush(struct replay_lines *l)
{
	while (l->oldest != NULL)
		print_oldest(l);
}

/* ------------------------------------------------------------------ in */

static struct line *append(struct replay_lines *l, struct slice text)
{
	struct line *line = malloc(sizeof(*line) + text.len);

	if (line == NULL) { /* nothing is lost: it goes out at once, after those before it */
		replay_lines_flush(l);
		fprintf(l->out, "%.*s\n", SLICE_ARG(text));
		return NULL;
	}
	*line = (struct line){ .len = text.len };
	memcpy(line->text, text.ptr, text.len);
	*l->end = line;
	l->end = &line->next;
	l->bytes += sizeof(*line) + text.len;
	return line;
}

static void keep_bound(struct replay_lines *l)
{
	while (l->bytes > LINES_MAX_BYTES)
		print_oldest(l);
}

void replay_lines_add(struct replay_lines *l, struct slice line)
{
	append(l, line);
	keep_bound(l);
}

static void take_score(struct replay_lines *l, struct line *line, struct slice name, double value, uint64_t unix_ns)
{
	struct score **link = &line->scores;

	while (*link != NULL && !slice_equal((struct slice){ (*link)->name, (*link)->name_len }, name))
		link = &(*link)->next;
	if (*link == NULL) {
		struct score *s = malloc(sizeof(*s) + name.len);
		if (s == NULL)
			return;
		*s = (struct score){ .name_len = name.len };
		memcpy(s->name, name.ptr, name.len);
		l->bytes += sizeof(*s) + s->name_len;
		*link = s;
	}
	if (unix_ns < (*link)->unix_ns)
		return;
	(*link)->unix_ns = unix_ns;
	(*link)->value = value;
}

static void make_findable(struct replay_lines *l, struct line *line, uint64_t key)
{
	struct line **bucket = &l->buckets[(key >> 1) % BUCKETS];

	if (key == 0)
		return;
	line->key = key;
	line->same_bucket = *bucket;
	*bucket = line;
}

void replay_lines_call(struct replay_lines *l, const struct call *c)
{
	struct record_judged judged;
	struct call unscored = *c;

	unscored.score_name = SLICE_NONE;
	buf_reset(&l->scratch);
	record_write_judged(&l->scratch, &unscored, "\"type\":\"call\"", &judged);
	struct line *line = append(l, buf_view(&l->scratch));
	if (line != NULL) {
		line->is_call = true;
		line->judged = judged;
		make_findable(l, line, key_of(c->trace_id, c->span_id));
		if (c->score_name.len > 0)
			take_score(l, line, c->score_name, c->score, 0);
	}
	keep_bound(l);
}

void replay_lines_judge(struct replay_lines *l, const struct joined_judgement *joined)
{
	const struct judgement *j = joined->judgement;
	uint64_t key = joined->call != NULL ? key_of(joined->call->trace_id, joined->call->span_id) : 0;
	struct line *line = key != 0 ? *find(l, key) : NULL;

	if (line == NULL || j->failed)
		return;
	if (j->kind == JUDGEMENT_EVALUATION && j->scale != SCALE_NONE)
		take_score(l, line, j->name, j->value, j->time_unix_ns);
	if (judgement_rates(j) && j->time_unix_ns >= line->rated_unix_ns) {
		line->rated_unix_ns = j->time_unix_ns > 0 ? j->time_unix_ns : 1;
		line->rating = j->value;
	}
	keep_bound(l);
}
