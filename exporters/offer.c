/* SPDX-License-Identifier: Apache-2.0
 * exporters/offer.c - what one request yields, to every queue: at once, or when the disk has it.
 *
 * Where any exporter keeps its queue on the disk, nobody gets the payloads before they are there: were the write to
 * fail, the sender would bring the request again, and the others would have it twice.
 */
#include <assert.h>
#include <stdlib.h>

#include "exporters/sender_priv.h"

struct offer {
	struct senders *senders;
	struct payload *payloads[SPOOL_WRITE_MAX], *on_disk[SPOOL_WRITE_MAX];
	struct spool_entry entries[SPOOL_WRITE_MAX]; /* of on_disk */
	size_t count, disk_count;
	offer_stored stored;
	void *context;
};

struct status senders_admit(struct senders *s, enum payload_kind kind, size_t bytes)
{
	for (size_t i = 0; i < s->count; i++) {
		struct sender *one = &s->list[i];
		if (!one->holds_senders_back ||
		    (!sender_accepts(one, kind) && !sender_accepts(one, PAYLOAD_RECORDS)))
			continue;
		if (sender_accepts(one, kind) && bytes > one->queue.limit_bytes)
			return FAIL(TOOBIG, "request is larger than an exporter's sending_queue.queue_size");
		TRY(send_queue_fits(&one->queue, sender_accepts(one, kind) ? bytes : 0));
	}
	return OK;
}

static const struct spool_entry *entry_of(const struct offer *o, const struct payload *p)
{
	for (size_t i = 0; i < o->disk_count; i++)
		if (o->on_disk[i] == p)
			return &o->entries[i];
	return NULL;
}

static void hand_out(const struct offer *o)
{
	bool is_taken = false;

	for (size_t n = 0; n < o->count; n++) {
		const struct spool_entry *entry = entry_of(o, o->payloads[n]);
		for (size_t i = 0; i < o->senders->count; i++) {
			struct sender *s = &o->senders->list[i];
			if (!sender_accepts(s, o->payloads[n]->kind))
				continue;
			if (payload_is_for(o->payloads[n], i))
				is_taken |= sender_take(s, o->payloads[n], entry);
			else if (entry != NULL && s->queue.spool != NULL)
				send_queue_skip(&s->queue, entry);
		}
	}
	if (is_taken)
		uv_async_send(&o->senders->wake);
}

/* The sender brings its request again, but what was made of it beside is made once only. */
static void drop_unstored(const struct offer *o, bool all, const char *why)
{
	for (size_t n = 0; n < o->count; n++)
		for (size_t i = 0; (all || o->payloads[n]->kind == PAYLOAD_RECORDS) && i < o->senders->count; i++)
			if (sender_accepts(&o->senders->list[i], o->payloads[n]->kind) &&
			    payload_is_for(o->payloads[n], i))
				sender_drop(&o->senders->list[i], o->payloads[n]->kind, o->payloads[n]->items,
					    DROP_NOT_STORED, why);
}

static void offer_free(struct offer *o)
{
	for (size_t i = 0; i < o->count; i++)
		payload_unref(o->payloads[i]);
	free(o);
}

/* On the store's thread. */
static void on_stored(void *context, struct status result)
{
	struct offer *o = context;

	if (FAILED(result))
		drop_unstored(o, o->stored == NULL, result.why);
	else
		hand_out(o);
	if (o->stored != NULL)
		o->stored(o->context, result);
	offer_free(o);
}

static struct status store(struct offer *o, bool *is_pending)
{
	struct offer *kept = malloc(sizeof(*kept));

	if (kept == NULL)
		return FAIL(NOMEM, "no memory to queue the request");
	*kept = *o;
	for (size_t i = 0; i < kept->count; i++)
		payload_ref(kept->payloads[i]);
	*is_pending = true; /* before done can be called */
	struct status status = spool_write(kept->senders->spool, kept->on_disk, kept->disk_count, kept->entries,
					   on_stored, kept);
	if (FAILED(status)) {
		*is_pending = false;
		offer_free(kept);
	}
	return status;
}

struct status senders_offer_all(struct senders *s, struct payload *const *payloads, size_t count, offer_stored stored,
				void *context, bool *is_pending)
{
	struct offer o = { .senders = s, .stored = stored, .context = context };

	assert(count <= SPOOL_WRITE_MAX);
	*is_pending = false;
	for (size_t i = 0; i < count; i++) {
		if (payloads[i]->size_bytes == 0)
			continue;
		o.payloads[o.count++] = payloads[i];
		if (s->spool != NULL && spool_wants(s->spool, payloads[i]))
			o.on_disk[o.disk_count++] = payloads[i];
	}
	if (o.disk_count == 0) {
		hand_out(&o);
		return OK;
	}
	struct status status = store(&o, is_pending);
	if (FAILED(status))
		drop_unstored(&o, stored == NULL, status.why);
	return status;
}

void senders_offer(struct senders *s, struct payload *p)
{
	bool is_pending;
	struct status status = senders_offer_all(s, &p, 1, NULL, NULL, &is_pending);

	(void)status; /* counted as dropped */
}
