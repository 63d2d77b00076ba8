/* SPDX-License-Identifier: Apache-2.0
 * span/batch.h - one export request on its way through the agent.
 *
 * wire holds OTLP protobuf bytes (JSON was transcoded before). It is borrowed from the receiver and lives until the
 * pipeline returns; so does everything in the arena. The stages add edits to the wire bytes; nobody changes the bytes
 * themselves. A batch belongs to the thread that received it.
 */
#ifndef PLIMSOLL_SPAN_BATCH_H
#define PLIMSOLL_SPAN_BATCH_H

#include "agent/base/arena.h"
#include "agent/base/slice.h"
#include "agent/otlp/edit.h"

enum signal { SIGNAL_TRACES, SIGNAL_METRICS, SIGNAL_LOGS, SIGNAL_COUNT };

/* "traces", "metrics", "logs" */
extern const char *const signal_names[SIGNAL_COUNT];

struct batch {
	enum signal signal;
	struct slice wire;
	struct arena *arena;
	uint64_t received_unix_ns;
	uint64_t latest_unix_ns; /* of what is in it: the end of a span, the time of a record or point; 0: none */
	struct edit_list edits;  /* sorted by offset; empty where the batch passes through untouched */
	uint32_t items;          /* spans, data points or log records seen */
	uint32_t rejected_items; /* of them unreadable: answered as partial success */
	const char *rejected_why; /* literal; NULL where none was rejected */
};

#endif
