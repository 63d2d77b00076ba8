/* SPDX-License-Identifier: Apache-2.0
 * canary/arm.c - which sum a sample belongs to.
 */
#include "agent/canary/arm.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "agent/base/hash.h"

#define HOUR_S 3600u
#define FORMAT 2
#define FORMAT_WITHOUT_TRIAL 1
#define HOUR_FORMAT 1
#define LOG_MOST    745.0 /* of any double above zero */
#define NAMED_MOST  1e140 /* its square is far from overflowing */

const struct canary_metric_info canary_metric_infos[CANARY_METRIC_COUNT] = {
#define X(id, name, kind, worse, tau, margin) { name, CANARY_##kind, worse, tau },
	CANARY_METRIC_MAP(X)
#undef X
};

/* Which outcome is bad in which rate; error_rate is told apart by outcome_is_error. */
static const enum outcome outcome_of_rate[CANARY_RATE_COUNT] = {
	[CANARY_REFUSAL_RATE - CANARY_ERROR_RATE] = OUTCOME_REFUSAL,
	[CANARY_INVALID_JSON_RATE - CANARY_ERROR_RATE] = OUTCOME_INVALID_JSON,
	[CANARY_SCHEMA_VIOLATION_RATE - CANARY_ERROR_RATE] = OUTCOME_SCHEMA_VIOLATION,
	[CANARY_EMPTY_RATE - CANARY_ERROR_RATE] = OUTCOME_EMPTY,
	[CANARY_TRUNCATED_RATE - CANARY_ERROR_RATE] = OUTCOME_TRUNCATED,
};

/* ---------------------------------------------------------------- life */
uint64_t arm_id_of(const struct arm_labels *l)
{
	uint64_t id = hash_stable(l->feature.ptr, l->feature.len);

	id = hash_mix(id, hash_stable(l->model.ptr, l->model.len));
	id = hash_mix(id, hash_stable(l->version.ptr, l->version.len));
	return l->environment.len > 0 ? hash_mix(id, hash_stable(l->environment.ptr, l->environment.len)) : id;
}

struct arm *arm_new(const struct arm_labels *l)
{
	struct arm *a = calloc(1, sizeof(*a) + l->feature.len + l->model.len + l->version.len + l->environment.len);

	if (a == NULL)
		return NULL;
	char *at = a->text;
	a->labels.feature = slice_pack(&at, l->feature);
	a->labels.model = slice_pack(&at, l->model);
	a->labels.version = slice_pack(&at, l->version);
	a->labels.environment = slice_pack(&at, l->environment);
	a->id = arm_id_of(l);
	a->dirty = true;
	return a;
}

void arm_free(struct arm *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < ARM_HOURS; i++)
		free(a->hours[i]);
	free(a);
}

void arm_begin(struct arm *a, uint64_t since_s, uint64_t share_since_s)
{
	a->dirty = a->dirty || a->since_s != since_s || a->share_since_s != share_since_s;
	if (a->since_s != since_s)
		a->begun = (struct arm_hour){ .hour = (uint32_t)(since_s / HOUR_S) };
	if (a->share_since_s != share_since_s)
		a->share_calls = 0;
	a->since_s = since_s;
	a->share_since_s = share_since_s;
}

/* ---------------------------------------------------------------- samples */
static bool is_too_old(const struct arm *a, uint32_t hour)
{
	return hour == 0 || hour + ARM_HOURS <= a->newest_s / HOUR_S;
}

static struct arm_hour *hour_for(struct arm *a, uint32_t hour, uint32_t *gone)
{
	struct arm_hour **at = &a->hours[hour % ARM_HOURS];

	if (*at == NULL && (*at = calloc(1, sizeof(**at))) == NULL)
		return NULL;
	if ((*at)->hour != hour) {
		*gone = (*at)->hour;
		**at = (struct arm_hour){ .hour = hour };
	}
	(*at)->dirty = true;
	return *at;
}

static inline void add_log(struct arm_hour *h, enum canary_metric m, const struct sample *s, enum sample_log which,
			   double value)
{
	if (value > 0 && value <= DBL_MAX)
		moments_add(&h->logs[m], sample_log(s, which, value));
}

static void add_faults(struct arm *a, struct arm_hour *h, const struct sample *s)
{
	for (unsigned i = 0; i < CANARY_RATE_COUNT; i++) {
		if (i == 0 ? !outcome_is_error(s->outcome) : s->outcome != outcome_of_rate[i])
			continue;
		h->bad[i]++;
		memcpy(a->bad_trace[i], s->trace_id, sizeof(a->bad_trace[i]));
	}
}

/* Refusals keep their cost and time, but are no answers whose length says something. */
static void add_call(struct arm *a, struct arm_hour *h, const struct sample *s)
{
	bool failed = outcome_is_error(s->outcome);

	h->requests++;
	h->answered += !failed;
	if (s->outcome != OUTCOME_OK)
		add_faults(a, h, s);
	if (failed)
		return;
	add_log(h, CANARY_COST, s, SAMPLE_LOG_COST, s->cost_usd);
	add_log(h, CANARY_LATENCY, s, SAMPLE_LOG_LATENCY, s->latency_ms);
	add_log(h, CANARY_TTFT, s, SAMPLE_LOG_TTFT, s->ttft_ms);
	if (s->outcome != OUTCOME_REFUSAL)
		add_log(h, CANARY_OUTPUT_TOKENS, s, SAMPLE_LOG_OUTPUT_TOKENS, s->output_tokens);
}

unsigned arm_slot(const struct arm *a, enum canary_metric m, struct slice name)
{
	name = slice_head(name, ARM_NAME_BYTES);
	for (unsigned i = 0; i < a->name_count; i++)
		if (a->names[i].metric == m &&
		    slice_equal((struct slice){ a->names[i].text, a->names[i].length }, name))
			return i;
	return ARM_NAMES;
}

static unsigned slot_for(struct arm *a, enum canary_metric m, struct slice name)
{
	unsigned slot = arm_slot(a, m, name);

	if (slot < ARM_NAMES || a->name_count == ARM_NAMES)
		return slot;
	struct arm_name *n = &a->names[a->name_count];
	n->metric = (uint8_t)m;
	n->length = (uint8_t)slice_head(name, ARM_NAME_BYTES).len;
	memcpy(n->text, name.ptr, n->length);
	a->dirty = true;
	return a->name_count++;
}

static enum canary_metric metric_of(enum sample_kind kind)
{
	return kind == SAMPLE_VOTE   ? CANARY_FEEDBACK_NEGATIVE_RATE :
	       kind == SAMPLE_RATING ? CANARY_FEEDBACK_RATING :
				       CANARY_EVAL_SCORE;
}

static void add_named(struct arm *a, struct arm_hour *h, const struct sample *s)
{
	enum canary_metric m = metric_of(s->kind);
	unsigned slot = s->name.len > 0 && isfinite(s->value) ? slot_for(a, m, s->name) : ARM_NAMES;

	if (slot < ARM_NAMES)
		moments_add(&h->named[slot], m == CANARY_FEEDBACK_NEGATIVE_RATE ? 1 - s->value : s->value);
}

static void add(struct arm *a, struct arm_hour *h, const struct sample *s)
{
	if (s->kind == SAMPLE_CALL)
		add_call(a, h, s);
	if (s->name.len > 0)
		add_named(a, h, s);
}

/* What a trial counts apart. */
static void add_to_trial(struct arm *a, const struct sample *s, uint64_t unix_s)
{
	if (unix_s >= a->since_s && unix_s / HOUR_S == a->begun.hour) {
		add(a, &a->begun, s);
		a->dirty = true;
	}
	a->share_calls += s->kind == SAMPLE_CALL && unix_s >= a->share_since_s;
}

bool arm_add(struct arm *a, const struct sample *s, uint32_t *gone)
{
	uint64_t unix_s = s->time_unix_ms / 1000;
	uint32_t hour = (uint32_t)(unix_s / HOUR_S);

	*gone = 0;
	if (is_too_old(a, hour))
		return true;
	struct arm_hour *h = hour_for(a, hour, gone);
	if (h == NULL)
		return false;
	add(a, h, s);
	if (a->since_s > 0)
		add_to_trial(a, s, unix_s);
	if (s->kind == SAMPLE_CALL) {
		a->first_s = a->first_s == 0 || unix_s < a->first_s ? unix_s : a->first_s;
		a->newest_s = unix_s > a->newest_s ? unix_s : a->newest_s;
		a->dirty = true;
	}
	return true;
}

const struct arm_hour *arm_hour(const struct arm *a, uint32_t hour, uint64_t since_s)
{
	const struct arm_hour *h = a->hours[hour % ARM_HOURS];

	if (h == NULL || h->hour != hour || hour < since_s / HOUR_S)
		return NULL;
	if (since_s % HOUR_S == 0 || hour > since_s / HOUR_S)
		return h;
	return since_s == a->since_s ? &a->begun : NULL;
}

uint64_t arm_calls(const struct arm *a, uint64_t since_s)
{
	uint64_t calls = 0;

	for (unsigned i = 0; i < ARM_HOURS; i++) {
		const struct arm_hour *h = a->hours[i] != NULL ? arm_hour(a, a->hours[i]->hour, since_s) : NULL;
		calls += h != NULL ? h->requests : 0;
	}
	return calls;
}

static struct moments share(uint32_t n, uint32_t bad)
{
	double p = n > 0 ? (double)bad / n : 0;

	return (struct moments){ .n = n, .mean = p, .m2 = n * p * (1 - p) };
}

struct moments arm_moments(const struct arm_hour *h, enum canary_metric m, unsigned slot)
{
	if (m < CANARY_LOG_COUNT)
		return h->logs[m];
	if (m == CANARY_ERROR_RATE)
		return share(h->requests, h->bad[0]);
	if (m < CANARY_EVAL_SCORE)
		return share(h->answered, h->bad[m - CANARY_ERROR_RATE]);
	return slot < ARM_NAMES ? h->named[slot] : (struct moments){ 0 };
}

/* ---------------------------------------------------------------- stored form */
static void record_name(struct record *r, struct arm_name *n)
{
	struct slice text = { n->text, n->length };

	record_u8(r, &n->metric);
	record_slice(r, &text);
	if (record_writes(r))
		return;
	r->failed |= text.len > ARM_NAME_BYTES || n->metric < CANARY_EVAL_SCORE || n->metric >= CANARY_METRIC_COUNT;
	if (r->failed)
		return;
	n->length = (uint8_t)text.len;
	memcpy(n->text, text.ptr, text.len);
}

static void record_trial(struct record *r, struct arm *a, struct arm_labels *labels)
{
	record_slice(r, &labels->environment);
	record_uint(r, &a->since_s);
	record_uint(r, &a->share_since_s);
	record_uint(r, &a->share_calls);
	if (a->since_s > 0)
		arm_hour_record(r, &a->begun);
}

void arm_record(struct record *r, struct arm *a, struct arm_labels *labels)
{
	uint8_t format = record_format_since(r, FORMAT_WITHOUT_TRIAL, FORMAT);

	record_slice(r, &labels->feature);
	record_slice(r, &labels->model);
	record_slice(r, &labels->version);
	record_uint(r, &a->first_s);
	record_uint(r, &a->newest_s);
	record_uint(r, &a->told);
	record_u32(r, &a->name_count);
	r->failed |= a->name_count > ARM_NAMES;
	for (uint32_t i = 0; i < a->name_count && !r->failed; i++)
		record_name(r, &a->names[i]);
	record_bytes(r, a->bad_trace, sizeof(a->bad_trace));
	if (format > FORMAT_WITHOUT_TRIAL)
		record_trial(r, a, labels);
}

/* Of values between -most and most. Damaged sums would make every later comparison unknown, or wrong. */
static void record_moments(struct record *r, struct moments *m, double most)
{
	record_count(r, &m->n);
	if (m->n == 0)
		return;
	record_double(r, &m->mean);
	record_double(r, &m->m2);
	r->failed |= !(fabs(m->mean) <= most && m->m2 >= 0 && m->m2 <= m->n * most * most);
}

static bool adds_up(const struct arm_hour *h)
{
	for (unsigned i = 0; i < CANARY_RATE_COUNT; i++)
		if (h->bad[i] > (i == 0 ? h->requests : h->answered))
			return false;
	return h->answered <= h->requests;
}

void arm_hour_record(struct record *r, struct arm_hour *h)
{
	record_format(r, HOUR_FORMAT);
	record_u32(r, &h->hour);
	record_u32(r, &h->requests);
	record_u32(r, &h->answered);
	for (unsigned i = 0; i < CANARY_RATE_COUNT; i++)
		record_u32(r, &h->bad[i]);
	for (unsigned i = 0; i < CANARY_LOG_COUNT; i++)
		record_moments(r, &h->logs[i], LOG_MOST);
	for (unsigned i = 0; i < ARM_NAMES; i++)
		record_moments(r, &h->named[i], NAMED_MOST);
	r->failed |= !adds_up(h);
}

bool arm_put(struct arm *a, const struct arm_hour *h)
{
	uint32_t gone = 0;
	struct arm_hour *place = is_too_old(a, h->hour) ? NULL : hour_for(a, h->hour, &gone);

	if (place != NULL)
		*place = *h;
	return place != NULL || is_too_old(a, h->hour);
}
