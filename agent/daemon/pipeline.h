/* SPDX-License-Identifier: Apache-2.0
 * daemon/pipeline.h - the life of a batch from the receiver to the queues: the one place where stages meet.
 *
 * Runs to completion on the receiving thread (a lane). A request takes effect as a whole: its calls are counted,
 * judged and passed on only after all of it was read without a broken frame.
 */
#ifndef PLIMSOLL_DAEMON_PIPELINE_H
#define PLIMSOLL_DAEMON_PIPELINE_H

#include "agent/budgets/budgets.h"
#include "agent/config/config.h"
#include "agent/counting/counting.h"
#include "agent/daemon/recall.h"
#include "agent/daemon/outbound.h"
#include "agent/daemon/sample_chunk.h"
#include "agent/daemon/settings.h"
#include "agent/observe/observe.h"
#include "agent/pricing/price.h"
#include "agent/prompts/prompt_table.h"
#include "agent/receivers/receiver.h"
#include "exporters/sender.h"

struct pipeline;

/* Where results go. All are borrowed and outlive the pipeline. */
struct pipeline_outlets {
	struct observer *observer;
	struct counting *counting;
	struct decisions *decisions; /* NULL: nobody asks about them */
	struct model_watch *models; /* NULL: nobody asks whether another one answers */
	const struct runaway_bars *bars; /* NULL: no request is marked as one that ran away */
	struct case_words *words; /* NULL: no texts are kept */
	struct senders *senders; /* NULL: nothing is passed on */
	struct outbound *outbound; /* what becomes of it on the way to them; NULL where senders is */
	struct budgets *budgets; /* NULL: none are kept */
	void (*judge)(void *context, struct sample_chunk *chunk); /* takes the chunk over; any lane's thread */
	void *judge_context;
	/* The same of calls and judgements; NULL: nobody joins them. */
	void (*recall)(void *context, struct recall_chunk *chunk);
	size_t (*admit)(void *context, size_t calls); /* how many of them are to be recalled; NULL: all */
	void *recall_context;
	void (*call)(void *context, const struct call *c); /* each counted call and each retrieval; NULL in the daemon */
	void *call_context;
	bool is_alone; /* requests are a user's own files, one after the other: false in the daemon */
};

/* lanes: the last one is the loop's, the one before it HTTP's; how many threads will call pipeline_ingest, each with
 * its own lane number. Takes over prices on success. why: what is wrong, to print. */
struct status pipeline_new(const struct config *config, struct price_book *prices, unsigned lanes,
			   const struct pipeline_outlets *outlets, struct pipeline **out, struct buf *why) MUST_USE;
void pipeline_free(struct pipeline *p);

/* These settings hold from each lane's next batch on. Takes over the reference. Any thread. */
void pipeline_adopt(struct pipeline *p, struct settings *settings);

/* This table names and counts prompt versions from each lane's next batch on. Takes over the reference. Any thread. */
void pipeline_adopt_prompts(struct pipeline *p, struct prompt_table *prompts);

/* An ingest_fn; context is the pipeline. */
void pipeline_ingest(void *context, unsigned lane, enum signal signal, struct slice wire, struct ingest_reply *reply);

/* The latest time that something in the lane's last request has, in unix ns; 0: none. On the lane's thread. */
uint64_t pipeline_event_time(const struct pipeline *p, unsigned lane);

/* Counts, on this lane, what was held until its trace fell silent (counting/counting.h, also for now_s). all: whatever is
 * held. */
void pipeline_promote(struct pipeline *p, unsigned lane, uint64_t now_s, bool all);

/* Passes on, from this lane, what has waited for sampling long enough. all: whatever waits. */
void pipeline_release(struct pipeline *p, unsigned lane, bool all);

/* A call that did not come as a span, such as a record that is replayed: priced where it has no cost, then counted and
 * judged like any other. */
void pipeline_call(struct pipeline *p, unsigned lane, struct call *c);

#endif
