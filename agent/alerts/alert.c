/* SPDX-License-Identifier: Apache-2.0
 * alerts/alert.c - make one, know it again, keep it.
 */
#include "agent/alerts/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/json.h"

#define FORMAT 5
#define FORMAT_WITHOUT_ENVIRONMENT 4

static struct slice own(char **at, struct slice s)
{
	struct slice copy = slice_pack(at, s);

	*(*at)++ = '\0';
	return copy;
}

/* The strings of a verdict beside its metric. */
static const size_t strings[] = {
	offsetof(struct verdict, name),		 offsetof(struct verdict, feature),
	offsetof(struct verdict, model),	 offsetof(struct verdict, prompt_version),
	offsetof(struct verdict, workflow),	 offsetof(struct verdict, user_segment),
	offsetof(struct verdict, reference_version), offsetof(struct verdict, request_model),
	offsetof(struct verdict, previous_model), offsetof(struct verdict, context),
	offsetof(struct verdict, environment), /* the last: alerts of before have none */
};

#define STRING_COUNT (sizeof(strings) / sizeof(strings[0]))

static struct slice *string_of(struct verdict *v, size_t i)
{
	return (struct slice *)(void *)((char *)v + strings[i]);
}

static void write_id(const struct verdict *v, uint64_t start_s, char out[ALERT_ID_SIZE])
{
	const struct slice parts[] = { slice_of(verdict_kind_names[v->kind]), slice_of(v->metric), v->feature, v->model,
				       v->prompt_version };
	uint64_t hash = start_s;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = hash_mix(hash, hash_stable(parts[i].ptr, parts[i].len));
	const struct slice rare[] = { v->name, v->workflow, v->user_segment, v->context, v->environment };
	for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (rare[i].len > 0)
			hash = hash_mix(hash, hash_stable(rare[i].ptr, rare[i].len) + i);
	snprintf(out, ALERT_ID_SIZE, "%016" PRIx64, hash);
}

static struct alert *copy_of(const struct verdict *v)
{
	struct verdict copy = *v;
	size_t size = strlen(v->metric) + 1;

	for (size_t i = 0; i < STRING_COUNT; i++)
		size += string_of(&copy, i)->len + 1;
	struct alert *a = calloc(1, sizeof(*a) + size);
	if (a == NULL)
		return NULL;
	char *at = a->text;
	a->verdict = copy;
	a->verdict.group = NULL; /* borrowed, for the call */
	a->verdict.metric = own(&at, slice_of(v->metric)).ptr;
	for (size_t i = 0; i < STRING_COUNT; i++)
		*string_of(&a->verdict, i) = own(&at, *string_of(&copy, i));
	alert_id(v, a->id);
	write_id(v, 0, a->identity);
	return a;
}

struct alert *alert_new(const struct verdict *v)
{
	struct alert *a = copy_of(v);

	if (a == NULL)
		return NULL;
	memcpy(a->incident, a->id, ALERT_ID_SIZE);
	a->group = v->group != NULL ? v->group->id : 0;
	a->state = ALERT_FIRING;
	a->firing_since_s = v->started_at_s;
	a->dirty = true;
	return a;
}

void alert_free(struct alert *a)
{
	if (a == NULL)
		return;
	buf_release(&a->evidence);
	buf_release(&a->cause);
	free(a);
}

void alert_id(const struct verdict *v, char out[ALERT_ID_SIZE])
{
	write_id(v, v->started_at_s, out);
}

bool alert_same_key(const struct verdict *a, const struct verdict *b)
{
	struct slice all = SLICE("*");

	return slice_equal(a->feature, b->feature) && slice_equal(a->model, b->model) &&
	       (slice_equal(a->prompt_version, b->prompt_version) || slice_equal(a->prompt_version, all) ||
		slice_equal(b->prompt_version, all));
}

/* ---------------------------------------------------------------- stored form */
/* One byte for a small enum. */
static void record_choice(struct record *r, uint8_t *choice, unsigned count)
{
	record_u8(r, choice);
	r->failed |= *choice >= count;
}

static void record_evidence(struct record *r, struct verdict *v)
{
	uint8_t direction = (uint8_t)(v->direction + 1);

	record_uint(r, &v->started_at_s);
	record_double(r, &v->value);
	record_double(r, &v->baseline_mean);
	record_double(r, &v->baseline_stddev);
	record_double(r, &v->deviation);
	record_double(r, &v->pooled_deviation);
	record_double(r, &v->ratio);
	record_double(r, &v->sample_size);
	record_u32(r, &v->run);
	record_u32(r, &v->window_s);
	record_choice(r, &direction, 3);
	v->direction = direction - 1;
	record_u32(r, &v->trace_count);
	r->failed |= v->trace_count > VERDICT_TRACES_MAX;
	for (uint32_t i = 0; i < v->trace_count && !r->failed; i++)
		record_bytes(r, v->trace_ids[i], sizeof(v->trace_ids[i]));
}

/* What becomes of it. */
static void record_life(struct record *r, struct alert *a)
{
	record_uint(r, &a->firing_since_s);
	record_uint(r, &a->ended_at_s);
	record_uint(r, &a->group);
	record_u32(r, &a->tellings);
	record_uint(r, &a->told_at_s);
	record_bool(r, &a->end_is_told);
	record_bytes(r, a->incident, sizeof(a->incident));
	record_bytes(r, a->muted_by, sizeof(a->muted_by));
	r->failed |= a->incident[ALERT_ID_SIZE - 1] != '\0' || a->muted_by[ALERT_ID_SIZE - 1] != '\0';
}

/* Strings that an alert does not own while it is read or written. */
struct borrowed {
	struct slice metric, evidence, cause;
};

static void record_alert(struct record *r, struct alert *a, struct borrowed *text)
{
	uint8_t kind = (uint8_t)a->verdict.kind, state = (uint8_t)a->state, end = (uint8_t)a->end;
	uint8_t mute = (uint8_t)a->mute;

	uint8_t format = record_format_since(r, FORMAT_WITHOUT_ENVIRONMENT, FORMAT);
	record_choice(r, &kind, VERDICT_KIND_COUNT);
	record_choice(r, &state, 2);
	record_choice(r, &end, ALERT_END_COUNT);
	record_choice(r, &mute, ALERT_MUTE_COUNT);
	record_life(r, a);
	record_slice(r, &text->metric);
	record_slice(r, &text->evidence);
	record_slice(r, &text->cause);
	for (size_t i = 0; i + 1 < STRING_COUNT; i++)
		record_slice(r, string_of(&a->verdict, i));
	record_evidence(r, &a->verdict);
	if (format > FORMAT_WITHOUT_ENVIRONMENT)
		record_slice(r, string_of(&a->verdict, STRING_COUNT - 1));
	if (r->failed)
		return;
	a->verdict.kind = (enum verdict_kind)kind;
	a->state = (enum alert_state)state;
	a->end = (enum alert_end)end;
	a->mute = (enum alert_mute)mute;
}

void alert_save(const struct alert *a, struct buf *out)
{
	struct alert copy = *a; /* of the fields: the strings are borrowed */
	struct borrowed text = { slice_of(a->verdict.metric), buf_view(&a->evidence), buf_view(&a->cause) };
	struct record r = record_writer(out);

	record_alert(&r, &copy, &text);
}

/* What was read, with strings of its own. */
static struct alert *adopt(const struct alert *read, const struct borrowed *text)
{
	struct alert *a = copy_of(&read->verdict);

	if (a == NULL)
		return NULL;
	memcpy(a->incident, read->incident, ALERT_ID_SIZE);
	memcpy(a->muted_by, read->muted_by, ALERT_ID_SIZE);
	a->group = read->group;
	a->state = read->state;
	a->end = read->end;
	a->mute = read->mute;
	a->firing_since_s = read->firing_since_s;
	a->ended_at_s = read->ended_at_s;
	a->tellings = read->tellings;
	a->told_at_s = read->told_at_s;
	a->end_is_told = read->end_is_told;
	buf_slice(&a->evidence, text->evidence);
	buf_slice(&a->cause, text->cause);
	return a;
}

/* It is written between other members as it is. */
static bool is_json_members(struct slice evidence)
{
	struct buf object = BUF_INIT;

	buf_byte(&object, '{');
	buf_slice(&object, evidence);
	buf_byte(&object, '}');
	bool is_valid = !buf_failed(&object) && json_is_valid(buf_view(&object));
	buf_release(&object);
	return is_valid;
}

struct alert *alert_load(struct slice value)
{
	struct alert read = { .end = ALERT_END_NONE };
	struct borrowed text = { SLICE_NONE, SLICE_NONE, SLICE_NONE };
	struct record r = record_reader(value);
	char name[64];

	record_alert(&r, &read, &text);
	if (!record_ok(&r) || text.metric.len >= sizeof(name) || !is_json_members(text.evidence))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(text.metric));
	read.verdict.metric = name;
	return adopt(&read, &text);
}
