/* SPDX-License-Identifier: Apache-2.0
 * daemon/decisions.c - the ring, and the answer.
 */
#include "agent/daemon/decisions.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/hex.h"
#include "agent/base/json.h"

struct decision {
	uint8_t trace_id[16], span_id[8];
	uint64_t key, other; /* as counting has them; other 0: nobody else decided it */
	uint64_t end_unix_ns;
	const char *why, *dialect; /* literals; NULL: none */
	uint8_t role, producer;
	bool counted;
};

struct decisions {
	pthread_mutex_t lock;
	uint64_t taken; /* so far; the newest is at (taken - 1) % DECISIONS_MAX */
	struct decision ring[DECISIONS_MAX];
};

struct decisions *decisions_new(void)
{
	struct decisions *d = calloc(1, sizeof(*d));

	if (d != NULL)
		pthread_mutex_init(&d->lock, NULL);
	return d;
}

void decisions_free(struct decisions *d)
{
	if (d == NULL)
		return;
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void keep(struct decisions *d, const struct counting_span *s, const struct call *c)
{
	struct decision *to = &d->ring[d->taken++ % DECISIONS_MAX];

	memcpy(to->trace_id, c->trace_id, sizeof(to->trace_id));
	memcpy(to->span_id, c->span_id, sizeof(to->span_id));
	to->key = s->key;
	to->other = s->other;
	to->end_unix_ns = c->end_unix_ns;
	to->why = c->not_counted;
	to->dialect = c->dialect;
	to->role = (uint8_t)c->role;
	to->producer = (uint8_t)c->producer;
	to->counted = c->counted && s->verdict == COUNTING_COUNTED;
}

void decisions_note(struct decisions *d, const struct counting_batch *b, const struct call *calls)
{
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < b->count; i++)
		if (b->spans[i].call != COUNTING_NO_CALL)
			keep(d, &b->spans[i], &calls[b->spans[i].call]);
	pthread_mutex_unlock(&d->lock);
}

static uint64_t oldest(const struct decisions *d)
{
	return d->taken > DECISIONS_MAX ? d->taken - DECISIONS_MAX : 0;
}

void decisions_promoted(struct decisions *d, const struct call *c)
{
	pthread_mutex_lock(&d->lock);
	for (uint64_t n = d->taken; n > oldest(d); n--) {
		struct decision *at = &d->ring[(n - 1) % DECISIONS_MAX];
		if (memcmp(at->span_id, c->span_id, sizeof(at->span_id)) != 0 ||
		    memcmp(at->trace_id, c->trace_id, sizeof(at->trace_id)) != 0)
			continue;
		at->counted = true;
		at->why = "it waited, and nobody else told of the call";
		break;
	}
	pthread_mutex_unlock(&d->lock);
}

/* ------------------------------------------------------------------ telling */

static const char *reason_of(const struct decision *at)
{
	if (at->why != NULL)
		return at->why;
	if (at->counted)
		return "a model call";
	return at->role == ROLE_NONE ? "speaks of the application only" : "no model call itself";
}

static const struct decision *find(const struct decisions *d, uint64_t key)
{
	for (uint64_t n = oldest(d); key != 0 && n < d->taken; n++)
		if (d->ring[n % DECISIONS_MAX].key == key)
			return &d->ring[n % DECISIONS_MAX];
	return NULL;
}

static void write_text(struct buf *out, const char *key, const char *text)
{
	json_write_key(out, key);
	json_write_string(out, slice_of(text));
}

static void write_one(const struct decisions *d, const struct decision *at, struct buf *out)
{
	const struct decision *other = find(d, at->other);
	char hex[17], time[21];

	hex_format(at->span_id, sizeof(at->span_id), hex);
	clock_format_utc(at->end_unix_ns / NS_PER_SECOND, time);
	buf_byte(out, '{');
	write_text(out, "span_id", hex);
	write_text(out, "time", time);
	write_text(out, "role", role_names[at->role]);
	write_text(out, "dialect", at->dialect != NULL ? at->dialect : "");
	write_text(out, "producer", producer_names[at->producer]);
	json_write_key(out, "counted");
	buf_text(out, at->counted ? "true" : "false");
	write_text(out, "why", reason_of(at));
	if (other != NULL) {
		hex_format(other->span_id, sizeof(other->span_id), hex);
		write_text(out, "because_of", hex);
	}
	buf_byte(out, '}');
}

/* At most what a page of text may be: a trace of more spans is cut. */
#define SPANS_MAX 1000u

static unsigned write_trace(struct decisions *d, const uint8_t trace_id[16], struct buf *out)
{
	unsigned found = 0;

	pthread_mutex_lock(&d->lock);
	for (uint64_t n = oldest(d); n < d->taken && found < SPANS_MAX; n++) {
		const struct decision *at = &d->ring[n % DECISIONS_MAX];
		if (memcmp(at->trace_id, trace_id, sizeof(at->trace_id)) != 0)
			continue;
		if (found++ > 0)
			buf_byte(out, ',');
		write_one(d, at, out);
	}
	pthread_mutex_unlock(&d->lock);
	return found;
}

static void answer_trace(void *context, const struct api_request *q, struct api_reply *reply)
{
	uint8_t trace_id[16];
	char hex[33];

	if (!hex_parse(q->rest, trace_id, sizeof(trace_id))) {
		api_fail(reply, 400, "a trace id has 32 hexadecimal digits");
		return;
	}
	hex_format(trace_id, sizeof(trace_id), hex);
	buf_printf(&reply->body, "{\"trace_id\":\"%s\",\"kept_spans\":%u,\"spans\":[", hex, DECISIONS_MAX);
	if (write_trace(context, trace_id, &reply->body) == 0)
		api_fail(reply, 404, "nothing of this trace is kept: the last %u spans about models are, until a restart",
			 DECISIONS_MAX);
	else
		buf_text(&reply->body, "]}");
}

const struct api_route decision_routes[] = {
	{ "GET", "/api/v1/traces/", false, answer_trace },
	{ .path = NULL },
};
