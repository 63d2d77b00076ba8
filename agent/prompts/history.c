/* SPDX-License-Identifier: Apache-2.0
 * prompts/history.c - the stored shapes as bytes, and their keys.
 */
#include "agent/prompts/history.h"

#define GATE_FORMAT 1
#define VERSION_FORMAT 2
#define VERSION_WITHOUT_TOLD 1
#define DEPLOYMENT_FORMAT 2
#define DEPLOYMENT_WITHOUT_FINDING 1

const char *const prompt_source_names[PROMPT_SOURCE_COUNT] = {
#define X(id, name) [PROMPT_FROM_##id] = name,
	PROMPT_SOURCE_MAP(X)
#undef X
};

static void record_place(struct record *r, uint8_t format, struct prompt_place *p)
{
	record_slice(r, &p->environment);
	record_slice(r, &p->release);
	record_uint(r, &p->first_seen_s);
	record_uint(r, &p->last_seen_s);
	record_uint(r, &p->calls);
	record_uint(r, &p->failed);
	record_uint(r, &p->flawed);
	record_uint(r, &p->input_tokens);
	record_uint(r, &p->output_tokens);
	record_uint(r, &p->priced);
	record_uint(r, &p->cost_pusd);
	record_uint(r, &p->latency_ms);
	if (format > VERSION_WITHOUT_TOLD)
		record_uint(r, &p->told);
	else
		p->told = p->calls;
}

void prompt_version_record(struct record *r, struct prompt_version *v)
{
	uint8_t format = record_format_since(r, VERSION_WITHOUT_TOLD, VERSION_FORMAT);

	record_slice(r, &v->name);
	record_slice(r, &v->version);
	record_u8(r, &v->source);
	record_uint(r, &v->content_hash);
	record_slice(r, &v->manifest);
	record_uint(r, &v->first_seen_s);
	record_uint(r, &v->last_seen_s);
	record_uint(r, &v->alerts);
	record_uint(r, &v->first_alert_s);
	record_uint(r, &v->last_alert_s);
	record_uint(r, &v->judged);
	record_double(r, &v->score_sum);
	record_u32(r, &v->place_count);
	r->failed |= v->place_count > PROMPT_PLACES_MAX || v->source >= PROMPT_SOURCE_COUNT;
	if (r->failed)
		v->place_count = 0;
	for (uint32_t i = 0; i < v->place_count; i++)
		record_place(r, format, &v->places[i]);
}

static void record_finding(struct record *r, struct prompt_finding *f)
{
	record_slice(r, &f->verdict);
	record_slice(r, &f->reason);
	record_uint(r, &f->at_s);
	record_uint(r, &f->calls);
	record_uint(r, &f->calls_of_other);
}

void prompt_deployment_record(struct record *r, struct prompt_deployment *d)
{
	uint64_t exit_status = (uint64_t)(d->command_exit + 1); /* -1: could not be started */
	uint8_t format = record_format_since(r, DEPLOYMENT_WITHOUT_FINDING, DEPLOYMENT_FORMAT);

	record_u8(r, &d->kind);
	record_uint(r, &d->at_s);
	record_u32(r, &d->number);
	record_slice(r, &d->name);
	record_slice(r, &d->version);
	record_slice(r, &d->environment);
	record_slice(r, &d->previous);
	record_double(r, &d->canary_share);
	record_slice(r, &d->by);
	record_slice(r, &d->ticket);
	record_slice(r, &d->reason);
	record_u8(r, &d->command);
	record_uint(r, &exit_status);
	r->failed |= exit_status > INT64_MAX;
	d->command_exit = r->failed ? 0 : (int64_t)exit_status - 1;
	if (format > DEPLOYMENT_WITHOUT_FINDING)
		record_finding(r, &d->finding);
	r->failed |= d->kind > PROMPT_ROLLBACK || d->command > PROMPT_COMMAND_DONE ||
		     !(d->canary_share > 0 && d->canary_share <= 1);
}

void prompt_gate_record(struct record *r, struct prompt_gate *g)
{
	record_format(r, GATE_FORMAT);
	record_slice(r, &g->name);
	record_slice(r, &g->version);
	record_uint(r, &g->at_s);
	record_bool(r, &g->open);
	record_double(r, &g->pass_rate);
	record_uint(r, &g->cases);
	record_slice(r, &g->json);
}

static void key_text(struct buf *key, struct slice text)
{
	buf_slice(key, text);
	buf_byte(key, '\0');
}

static void key_number(struct buf *key, uint64_t n, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf_byte(key, (char)(n >> 8 * i));
}

void prompt_version_key(struct slice name, struct slice version, struct buf *key)
{
	buf_byte(key, 'v');
	key_text(key, name);
	key_text(key, version);
}

void prompt_deployment_key(const struct prompt_deployment *d, struct buf *key)
{
	buf_byte(key, 'd');
	key_text(key, d->name);
	key_number(key, d->at_s, 8);
	key_number(key, d->number, 4);
}

void prompt_gate_key(const struct prompt_gate *g, struct buf *key)
{
	buf_byte(key, 'g');
	key_text(key, g->name);
	key_text(key, g->version);
	key_number(key, g->at_s, 8);
}

static bool is_printable(struct slice s, size_t most)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0 && s.len <= most;
}

bool prompt_name_is_good(struct slice name)
{
	return is_printable(name, PROMPT_NAME_MAX);
}

/* '@' parts name and version in labels, so that the last one does. */
bool prompt_version_is_good(struct slice version)
{
	return is_printable(version, PROMPT_VERSION_MAX) && memchr(version.ptr, '@', version.len) == NULL;
}
