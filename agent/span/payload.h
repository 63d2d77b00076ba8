/* SPDX-License-Identifier: Apache-2.0
 * span/payload.h - what exporters get: immutable bytes that several of them may hold.
 *
 * OTLP payloads are one ExportTraceServiceRequest (metrics, logs alike) with the edits applied. RECORDS are request
 * records, one JSON object a line. SAMPLES are all series of /metrics as of one moment: OpenMetrics text behind a line
 * `# AT unix-ms`, made for one exporter by itself. JUDGEMENTS are evaluations and feedback, one JSON object a line
 * (span/judgement.h). Reference counted, any thread may take and drop references; the bytes never change.
 *
 * Joined payloads are pieces: the bytes stay where they are, in other payloads, and follow each other. OTLP requests may be
 * joined so because protobuf merges repeated fields of messages that follow each other, records because they are lines.
 */
#ifndef PLIMSOLL_SPAN_PAYLOAD_H
#define PLIMSOLL_SPAN_PAYLOAD_H

#include <assert.h>
#include <stdatomic.h>

#include "agent/base/slice.h"

enum payload_kind { PAYLOAD_TRACES, PAYLOAD_METRICS, PAYLOAD_LOGS, PAYLOAD_RECORDS, PAYLOAD_SAMPLES, PAYLOAD_JUDGEMENTS,
		    PAYLOAD_KIND_COUNT };

struct payload {
	_Atomic uint32_t references;
	enum payload_kind kind;
	uint64_t exporters; /* bit 1 << place in the configuration: whom it is for; all of them where nothing routes */
	uint32_t items; /* spans, data points, log records or records */
	uint32_t piece_count; /* 0: the bytes lie here; else those of so many others are meant, see payload_pieces */
	size_t size_bytes; /* of all pieces */
	size_t room_bytes; /* of the block that all of this lies in: base/block.h */
	_Alignas(void *) char bytes[];
};

/* One reference, bytes not yet written: the maker fills them before anyone else sees it. NULL without memory. */
struct payload *payload_new(enum payload_kind kind, size_t size_bytes, uint32_t items);

struct payload *payload_ref(struct payload *p);

/* Drops one reference; the last one frees, and drops those of its pieces. NULL is allowed. */
void payload_unref(struct payload *p);

/* One reference to a payload without a piece yet. NULL without memory. */
struct payload *payload_new_joined(enum payload_kind kind, uint32_t pieces_max);

/* Adds a piece, itself in one piece, by reference; before anyone else sees the joined payload. */
void payload_join(struct payload *joined, struct payload *piece);

/* A reference to it in one piece: itself or a copy. NULL without memory. */
struct payload *payload_flat(struct payload *p);

/* In order, piece_count of them. */
static inline struct payload **payload_pieces(const struct payload *p)
{
	return (struct payload **)(uintptr_t)p->bytes;
}

static inline bool payload_is_for(const struct payload *p, size_t exporter)
{
	return exporter < 64 && (p->exporters >> exporter & 1u) != 0;
}

/* The bytes of a payload in one piece. */
static inline struct slice payload_view(const struct payload *p)
{
	assert(p->piece_count == 0);
	return (struct slice){ p->bytes, p->size_bytes };
}

extern const char *const payload_kind_names[PAYLOAD_KIND_COUNT];

#endif
