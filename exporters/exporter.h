/* SPDX-License-Identifier: Apache-2.0
 * exporters/exporter.h - the contract of an exporter: one row in registry.c, one file or folder.
 *
 * An exporter turns a payload into its protocol and says what became of it. Queueing, joining, retry with back-off and
 * counting are the sender's (sender.h), the same for all. Everything is called on the loop thread.
 */
#ifndef PLIMSOLL_EXPORTERS_EXPORTER_H
#define PLIMSOLL_EXPORTERS_EXPORTER_H

#include <uv.h>

#include "agent/base/status.h"
#include "agent/config/config.h"
#include "agent/net/http_client.h"
#include "agent/span/payload.h"

struct exporter_env {
	uv_loop_t *loop;
	struct http_client *http;
	const char *queue_directory; /* for queues on the disk; NULL: none can be */
	/* Appends all series of /metrics in OpenMetrics; NULL: there are none. */
	struct {
		void (*write)(void *context, struct buf *out);
		void *context;
	} scrape;
	/* For an exporter that makes payloads of its own: into its queue. Set by the sender for each; loop thread. */
	void (*offer)(void *own_queue, struct payload *p);
	void *own_queue;
};

/* What became of one payload. */
struct delivery {
	enum delivery_result {
		DELIVERY_DONE,
		DELIVERY_RETRY,  /* worth another attempt, after retry_after_ms or the back-off */
		DELIVERY_TOO_BIG, /* not in this size: it is split, and its parts are sent */
		DELIVERY_REFUSED  /* never: the peer says the data is bad, or ours is misconfigured */
	} result;
	uint64_t retry_after_ms; /* the peer's wish; 0: none */
	uint64_t rejected_items; /* partial success: these were dropped by the peer, the rest is delivered */
	char reason[160];        /* for the log and, its first word, for the failure counter; when done: "", or the
				  * peer's words about what it rejected or warns of */
};

/* What the peer takes. 0: any (of max_bytes: nothing is joined either). The sender joins and splits payloads to fit, and
 * shortens attributes. */
struct payload_limits {
	uint64_t max_bytes; /* of a payload, before compression */
	uint64_t max_items;
	uint64_t max_attribute_bytes; /* of a string value */
};

typedef void (*delivery_done)(void *context, const struct delivery *d);

/* Payloads that go together, as bits 1u << PAYLOAD_...: requests of OTLP; lines of JSON. */
#define PAYLOADS_OTLP  (1u << PAYLOAD_TRACES | 1u << PAYLOAD_METRICS | 1u << PAYLOAD_LOGS)
#define PAYLOADS_LINES (1u << PAYLOAD_RECORDS | 1u << PAYLOAD_JUDGEMENTS)

static inline bool payload_is_lines(enum payload_kind kind)
{
	return (PAYLOADS_LINES >> kind & 1u) != 0;
}

struct exporter_kind {
	const char *name, *doc;
	uint32_t accepts; /* bits 1u << PAYLOAD_...: other payloads are not handed to it */
	/* Which of these this instance wants. NULL: all. */
	uint32_t (*wants)(const void *options);
	const struct conf_option *options;
	size_t options_size;
	/* As in struct config_kind: run by config_load. NULL: nothing to check. */
	struct status (*check)(const void *options, struct buf *why);
	/* id: as configured, "otlp/backend". options: filled by the table, outlives the exporter. env: borrowed for the call.
	 * why: on failure, "cannot open '/x': ...". */
	struct status (*open)(const char *id, const void *options, struct exporter_env *env, void **state,
			      struct buf *why);
	/* Starts one attempt; p is borrowed until done, which is called exactly once, perhaps before this returns. Who
	 * needs the bytes for longer takes a reference. */
	void (*send)(void *state, struct payload *p, delivery_done done, void *context);
	bool takes_pieces; /* send understands payloads in pieces (span/payload.h); for others they are copied together */
	/* The agent stops: the last moment to offer payloads of its own. NULL: makes none. */
	void (*flush)(void *state);
	/* Ends the attempts that run: done is called for each of them soon, or before this returns. NULL: none ever
	 * runs on after send. */
	void (*cancel)(void *state);
	/* Called with no attempt running. Frees the state; handles on the loop may need one more turn of it. */
	void (*close)(void *state);
	/* Where the options struct keeps these; SIZE_MAX: the kind has none, and payloads are handed on at once. */
	size_t queue_offset, retry_offset; /* struct queue_config, struct retry_config */
	/* Lowers the limits of sending_queue.batch to what this peer is known to take. NULL: they hold as configured. */
	void (*limits)(const void *options, struct payload_limits *limits);
};

/* All kinds, ends at NULL. */
extern const struct exporter_kind *const exporter_kinds[];

#endif
