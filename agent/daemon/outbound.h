/* SPDX-License-Identifier: Apache-2.0
 * daemon/outbound.h - what each exporter gets of a request: sampled, redacted, routed.
 *
 * Runs on the receiving thread, lane by lane: there it is spread over the lanes and its cost holds senders back, while
 * the loop, which all exporters and alerts share, stays free; and what is queued, also on the disk, is redacted already.
 * Only spans that waited for sampling are finished on the loop's lane. Where nothing of it is asked for, a payload passes
 * as it is, for the price of two comparisons.
 *
 * Whatever cannot be redacted or split for want of memory does not leave: it is dropped and counted.
 */
#ifndef PLIMSOLL_DAEMON_OUTBOUND_H
#define PLIMSOLL_DAEMON_OUTBOUND_H

#include "agent/config/config.h"
#include "agent/span/payload.h"
#include "exporters/sender.h"

struct outbound;

/* Payloads that go out, each with its exporters; the owner drops the references. */
struct outbound_list {
	struct payload *items[SENDERS_OFFER_MAX];
	size_t count;
};

/* config and senders: borrowed. lanes: how many threads. why: the mistake, named. Errors: INVALID; NOMEM. */
struct status outbound_new(const struct config *config, const struct senders *senders, unsigned lanes,
			   struct outbound **out, struct buf *why) MUST_USE;
void outbound_free(struct outbound *o);

/* Takes over the caller's reference of p, which nobody else may have seen, and adds what becomes of it to the list. */
void outbound_shape(struct outbound *o, unsigned lane, struct payload *p, struct outbound_list *list);

/* Adds what has waited for sampling long enough, or all of it. */
void outbound_due(struct outbound *o, unsigned lane, bool all, struct outbound_list *list);

/* This trace is to be kept, whatever the rate: an alert names it (as a runaway request, or else); or somebody judged it, and it is where the score is
 * low. Any thread. */
void outbound_keep(void *outbound, const uint8_t trace_id[16], bool is_runaway);
void outbound_keep_low(struct outbound *o, const uint8_t trace_id[16], double score);

/* Drops the list's references. */
void outbound_list_release(struct outbound_list *list);

#endif
