/* SPDX-License-Identifier: Apache-2.0
 * span/payload.h - what exporters get: immutable bytes that several of them may hold.
 *
 * OTLP payloads are one ExportTraceServiceRequest (metrics, logs alike) with the edits applied. RECORDS are request
 * records, one JSON object a line. SAMPLES are all series of /metrics as of one moment: OpenMetrics text behind a line
 * `# AT unix-ms`, made for one exporter by itself. JUDGEMENTS are evaluations and feedback, one JSON object a line
 * (span/judgement.h). Reference counted, any thread may take and drop references; the bytes never change.
 */
#ifndef PLIMSOLL_SPAN_PAYLOAD_H
#define PLIMSOLL_SPAN_PAYLOAD_H

#include <stdatomic.h>

#include "agent/base/slice.h"

enum payload_kind { PAYLOAD_TRACES, PAYLOAD_METRICS, PAYLOAD_LOGS, PAYLOAD_RECORDS, PAYLOAD_SAMPLES, PAYLOAD_JUDGEMENTS,
		    PAYLOAD_KIND_COUNT };

struct payload {
	_Atomic uint32_t references;
	enum payload_kind kind;
	uint64_t exporters; /* bit 1 << place in the configuration: whom it is for; all of them where nothing routes */
	uint32_t items; /* spans, data points, log records or records */
	size_t size_bytes;
	size_t room_bytes; /* of the block that all of this lies in: base/block.h */
	char bytes[];
};

/* One reference, bytes not yet written: the maker fills them before anyone else sees it. NULL without memory. */
struct payload *payload_new(enum payload_kind kind, size_t size_bytes, uint32_t items);

struct payload *payload_ref(struct payload *p);

/* Drops one reference; the last one frees. NULL is allowed. */
void payload_unref(struct payload *p);

static inline bool payload_is_for(const struct payload *p, size_t exporter)
{
	return exporter < 64 && (p->exporters >> exporter & 1u) != 0;
}

static inline struct slice payload_view(const struct payload *p)
{
	return (struct slice){ p->bytes, p->size_bytes };
}

extern const char *const payload_kind_names[PAYLOAD_KIND_COUNT];

#endif
